"""A stress run in a real browser: ask about texture, click, see a flip and its map, switch to who keeps the answer."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.browsing import CHROMIUM, DESKTOP, ask, chromium, open_page, served, settle
from tools.studio.vocabulary import STYLES

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def page(seed_home, tmp_path_factory):
    home = shutil.copytree(seed_home, tmp_path_factory.mktemp("stress") / "home")
    with served(home, home.parent / "page.log") as address, chromium() as browser:
        yield open_page(browser, address, DESKTOP)


def changed(page):
    """How many restyled pictures change the shown classifier's answer."""
    told = page.get_by_text(re.compile(r"restyled pictures change its answer")).last.inner_text()
    return int(re.search(r"(\d+) of \d+ restyled", told)[1])


def stages_of(page, question):
    """The buttons of a workflow's stages, asked for in a new conversation."""
    page.get_by_role("button", name="New conversation").click()
    settle(page)
    ask(page, question)
    settle(page)
    return page.locator("button.run")


def test_a_flip_is_seen_and_the_classifier_trained_with_styles_holds(page):
    ask(page, "Are networks biased toward recognizing textures rather than shapes?")
    page.get_by_role("button", name="See it happen").first.click()
    run = page.get_by_role("button", name="Run", exact=True)
    run.wait_for()
    settle(page)  # a card that still moves into its place may lose a click
    run.click()
    slider = page.get_by_role("slider", name="Strength of the style")
    slider.wait_for()
    settle(page)
    flipped = page.locator("figure.flipped")
    assert flipped.count() > 0, "at full strength the one trained without styles answers otherwise"
    assert page.get_by_text("flipped", exact=True).count() == flipped.count()
    before = changed(page)

    slider.press("Home")
    assert flipped.count() == 0, "at 0 it is the picture itself"
    pictures = page.locator(".styles .picture").evaluate_all("all => new Set(all.map((one) => one.src)).size")
    assert pictures == 1
    slider.press("End")

    evidence = page.get_by_role("radio", name="evidence")
    evidence.evaluate("radio => radio.scrollIntoView({block: 'center'})")
    evidence.check(force=True)
    map_ = page.get_by_role("img", name=re.compile("^Map: evidence .* at 100 % oil painting"))
    assert map_.is_visible()
    page.get_by_role("radio", name="both").check(force=True)
    assert changed(page) < before
    assert page.get_by_text("A reconstruction from a description in words").is_visible()

    page.reload()
    slider.wait_for()
    page.get_by_text("What was found, and how").click()
    page.get_by_text(re.compile(f"^Of {4 * len(STYLES)} restyled pictures")).first.wait_for()


def test_a_workflow_is_run_stage_by_stage_and_a_reload_loses_nothing(page):
    runs = stages_of(page, "How does WSAM work?")
    assert runs.count() == 3
    runs.nth(0).click()
    page.get_by_text("What came of the stage “input”").wait_for()
    page.get_by_role("button", name="Run all stages").click()
    page.get_by_text("What came of the stage “output”").wait_for()
    page.reload()
    page.get_by_text("What came of the stage “output”").wait_for()
    page.locator("button.run.done").nth(2).wait_for()  # the workflow is drawn in a frame of its own, a moment later
    settle(page)
    assert page.locator("button.run.done").count() == 3
    assert page.get_by_role("button", name="Run all stages").count() == 0


def test_the_workflow_of_a_reference_shows_the_reference_and_the_swap_off_and_on(page):
    runs = stages_of(page, "How does Visual Style Prompting work?")
    runs.nth(2).wait_for()
    for number, stage in ((0, "input"), (2, "output")):
        runs.nth(number).click()
        page.get_by_text(f"What came of the stage “{stage}”").wait_for()
        settle(page)
    for shown in ("without the swap", "with the swap"):
        page.get_by_role("img", name=re.compile(f", {shown}$")).wait_for()
    page.locator("button.run.done").nth(1).wait_for()
    assert page.locator("button.run.done").count() == 2
