"""The documented page, served by a subprocess, and Debian's chromium to look at it with.

`python -m streamlit run app/serving/server.py` puts another folder on the path than the tests do, so only a subprocess
can tell that it starts.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
TIMEOUT_S = 240  # generous: two busy cores open the corpus and the image model meanwhile
SEED_STARTER = "photographic style"
SAID = '[data-testid="stChatMessage"]'
RENDERED = 'img[alt^="Rendered image"]'
QUESTION = '[data-testid="stChatInputTextArea"]'
REST_MS = 700
SCROLLER = '[data-testid="stAppScrollToBottomContainer"], [data-testid="stMain"]'
MAIN = '[data-testid="stMainBlockContainer"]'


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def served(
    home: Path,
    log: Path,
    *,
    port: int | None = None,
    options: Sequence[str] = (),
    checkout: Path = ROOT,
    **environ: str,
) -> Iterator[str]:
    """Serve the page from a home; yields its address.

    Args:
        port: None takes a free one.
        options: Of `streamlit run`, beside its port and address.
        checkout: Whose page; the first ones had no server of their own.
    """
    port = port or free_port()
    servers = ("app/serving/server.py", "app/server.py", "app/page.py")
    script = next(one for one in servers if (checkout / one).exists())
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port), *options]
    # One thread: beside a browser on two cores, a second one mostly waits for the first.
    environment = {**os.environ, "UNDERTONE_HOME": str(home), "OMP_NUM_THREADS": "1", **environ}
    environment.pop("PYTHONPATH", None)
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--server.address", "127.0.0.1"], cwd=checkout, env=environment, stdout=output, stderr=output
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/_stcore/health", process, log)
            yield address
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def open_page(browser: Browser, address: str, size: dict[str, int], scheme: str = "light") -> Page:
    """Open the page and wait until it stands; the scheme is the system's, light or dark."""
    page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page.set_default_timeout(TIMEOUT_S * 1000)
    page.goto(address)
    page.locator(QUESTION).wait_for()
    settle(page)
    return page


def ask_the_seed_question(page: Page) -> None:
    """Click the first starter; the sidebar's buttons, some of the same name, are another place."""
    page.locator(MAIN).get_by_role("button", name=SEED_STARTER).first.click()
    page.get_by_role("button", name="Render", exact=True).wait_for()
    settle(page)  # a page that still scrolls can move a button from under the pointer


def ask(page: Page, question: str) -> None:
    """Type a question and wait until its answer begins."""
    said = page.locator(SAID)
    answer = said.nth(said.count() + 1)
    page.locator(QUESTION).fill(question)
    page.locator(QUESTION).press("Enter")
    answer.filter(has_not=page.locator(".st-key-turn"), has_text=re.compile(r"\w")).wait_for()


def render(page: Page) -> None:
    """Click Render on the last card and wait for its image."""
    images = page.locator(RENDERED)
    before = images.count()
    page.get_by_role("button", name="Render", exact=True).last.click()
    images.nth(before).wait_for()


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a list; it closes when the page scrolls, so not before the page rests where the list is in view."""
    settle(page)
    page.get_by_role("combobox", name=label).scroll_into_view_if_needed()
    settle(page)
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option).click()


def slow_down(page: Page, times: int = 4) -> None:
    """Give the page a processor so many times slower."""
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": times})


def scroll_to(page: Page, selector: str, above_px: int = 120) -> None:
    """Bring an element near the top of the window."""
    page.locator(selector).first.evaluate(
        """(element, [scroller, above]) => {
            const box = document.querySelector(scroller);
            if (box) box.scrollTop += element.getBoundingClientRect().top - above;
        }""",
        [SCROLLER, above_px],
    )
    page.wait_for_timeout(500)


def settle(page: Page) -> None:
    """Wait until the page has rested for a moment: its script has ended, every widget is drawn, and nothing scrolls.

    Widgets' code is loaded when it is first needed; what they add is scrolled to.
    """
    page.evaluate(
        """async ([scroller, rest_ms]) => {
            let since = performance.now(), place = "";
            while (performance.now() - since < rest_ms) {
                await new Promise((done) => setTimeout(done, 50));
                const box = document.querySelector(scroller), now = `${box?.scrollTop} of ${box?.scrollHeight}`;
                const is_drawn = document.querySelector('[data-test-script-state="notRunning"]')
                    && !document.querySelector('[data-testid="stSkeleton"]');
                if (!is_drawn || now !== place) since = performance.now();
                place = now;
            }
        }""",
        [SCROLLER, REST_MS],
    )


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the page ended: {log.read_text()[-2_000:]}")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    raise TimeoutError(f"the page did not start: {log.read_text()[-2_000:]}")
