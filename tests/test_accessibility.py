"""axe-core finds nothing serious or critical on the page: empty, answered and rendered, in light and in dark."""

from __future__ import annotations

import shutil

import pytest

from tests.browsing import (
    CHROMIUM,
    DESKTOP,
    MAIN,
    PHONE,
    RENDERED,
    ask_the_seed_question,
    chromium,
    open_page,
    render,
    served,
    settle,
)
from tools.models import EMBEDDED_FOLDER

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
    pytest.mark.skipif(not (EMBEDDED_FOLDER / "SHA256SUMS").is_file(), reason="needs the embedded model"),
    pytest.mark.timeout(600),
]
GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def address(seed_home, tmp_path_factory):
    home = shutil.copytree(seed_home, tmp_path_factory.mktemp("accessible") / "home")
    with served(home, home.parent / "page.log") as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def rendered(browser, address):
    """The address of a conversation with an answer and its render."""
    page = open_page(browser, address, DESKTOP)
    ask_the_seed_question(page)
    render(page)
    settle(page)
    yield page.url
    page.close()


def grave_problems(page):
    """What axe-core calls serious or critical: (rule, what it is about)."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(one["id"], node["html"][:200]) for one in found if one["impact"] in GRAVE for node in one["nodes"]]


def test_the_check_finds_what_is_wrong(browser):
    page = browser.new_page()
    page.set_content('<html lang="en"><title>x</title><main><img src="data:,"><button></button></main></html>')
    assert {rule for rule, _ in grave_problems(page)} == {"image-alt", "button-name"}
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_keeps_people_out_of_the_page(browser, address, rendered, scheme, size):
    page = open_page(browser, address, size, scheme)
    assert grave_problems(page) == []
    page.goto(rendered)
    page.locator(RENDERED).wait_for()
    settle(page)
    page.get_by_text("Under the hood: what was measured in this run").click()
    for tab in ("Layers", "Weights", "Record"):
        page.get_by_role("tab", name=tab).click()
        settle(page)
        assert grave_problems(page) == [], tab
    page.locator(f"{MAIN} button.citation").first.click()
    page.get_by_role("dialog").wait_for()
    settle(page)
    assert grave_problems(page) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_system_and_what_is_on_a_primary_button_can_be_read(browser, rendered, address, scheme):
    page = open_page(browser, address, DESKTOP, scheme)
    page.goto(rendered)
    button = page.get_by_role("button", name="Render again")
    button.wait_for()
    light = """([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 :
        ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0)"""
    colours = button.evaluate(
        f"""(button) => [getComputedStyle(button.querySelector('p')).color, getComputedStyle(button).backgroundColor,
            getComputedStyle(document.querySelector('.stApp')).backgroundColor]
            .map((colour) => colour.match(/[0-9.]+/g).slice(0, 3).map(Number)).map({light})"""
    )
    words, ground, paper = colours
    assert (max(words, ground) + 0.05) / (min(words, ground) + 0.05) >= 4.5
    assert (paper > 0.5) == (scheme == "light")
    page.close()
