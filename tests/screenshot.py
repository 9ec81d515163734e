"""`make screenshot`: the pictures of the page in docs/, made by the page itself.

The seed's question is asked and its blend rendered, in a home of their own; nothing is retouched.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browsing import (
    MAIN,
    PHONE,
    ROOT,
    ask_the_seed_question,
    choose,
    chromium,
    open_page,
    render,
    scroll_to,
    served,
    settle,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DOCS = ROOT / "docs"
MARK = f"{MAIN} button.citation"
RENDERED = 'img[alt^="Rendered image"]'


def photograph_phone(browser: Browser, address: str) -> None:
    """The same question on a phone, with its render."""
    page = open_page(browser, address, PHONE)
    ask_the_seed_question(page)
    render(page)
    settle(page)
    scroll_to(page, RENDERED, above_px=420)
    page.screenshot(path=DOCS / "phone.png")
    page.close()


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder) / "home", Path(folder) / "page.log") as address,
        chromium() as browser,
    ):
        page = open_page(browser, address, {"width": 1280, "height": 1000})
        ask_the_seed_question(page)
        choose(page, "Method", "Composable")
        render(page)
        settle(page)
        scroll_to(page, '[data-testid="stChatMessage"]', above_px=70)
        page.screenshot(path=DOCS / "screenshot.png")
        scroll_to(page, RENDERED, above_px=220)
        page.screenshot(path=DOCS / "render.png")
        page.get_by_text("Under the hood: what was measured in this run").last.click()
        page.get_by_role("tab", name="Layers").click()
        page.get_by_text("Which layers listened to which phrase").wait_for()
        settle(page)
        scroll_to(page, '[data-testid="stExpander"]:has-text("Which layers listened to which phrase")')
        page.screenshot(path=DOCS / "measured.png")
        page.get_by_role("button", name="Sweep", exact=True).click()
        page.locator('img[alt^="Rendered: "]').nth(8).wait_for()
        settle(page)
        scroll_to(page, 'img[alt^="Rendered: "]')
        page.screenshot(path=DOCS / "page-sweep.png")
        page.get_by_role("button", name="See it happen").first.click()
        page.get_by_text("What the reference shows").wait_for()
        page.get_by_role("button", name="Render", exact=True).last.click()
        page.locator('img[alt="Compared: swap off"]').wait_for()
        settle(page)
        scroll_to(page, 'img[alt^="Compared"]', above_px=200)
        page.screenshot(path=DOCS / "swap.png")
        scroll_to(page, MARK, above_px=300)
        page.locator(MARK).first.click()
        page.get_by_role("dialog").wait_for()
        settle(page)
        page.screenshot(path=DOCS / "passage.png")
        page.close()
        photograph_phone(browser, address)
    print("wrote", *sorted(path.relative_to(ROOT).as_posix() for path in DOCS.glob("*.png")))


if __name__ == "__main__":
    main()
