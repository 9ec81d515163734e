"""Two corpora in a real browser: the second is ticked and answers, and its passage opens when it is unticked again."""

from __future__ import annotations

import shutil

import pytest

from app.application import open_corpus, open_for
from app.corpora.homes import begin_corpus, home_of
from app.settings import Settings
from ingest.index import Index
from tests.browsing import CHROMIUM, DESKTOP, MAIN, PHONE, SAID, ask, choose, chromium, open_page, served, settle
from tests.second_corpus import documents
from tests.test_accessibility import grave_problems

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium"),
    pytest.mark.timeout(600),
]
DIALOG, SIDEBAR = '[role="dialog"]', '[data-testid="stSidebar"]'
LABEL, ASKED, SAYS = (
    "Sources for this conversation",
    "What does LoafScope record with a microphone?",
    "A contact microphone records the bubbles",
)
WHOLE = "wasted dough fell by a fifth"
"""Stands in the same document, and in no answer to the question."""


def open_passage(page):
    settle(page)
    page.locator(f"{MAIN} button.citation").first.click()
    page.locator(DIALOG).get_by_text(WHOLE).first.wait_for()
    page.keyboard.press("Escape")
    page.locator(DIALOG).wait_for(state="detached")
    settle(page)


def test_a_corpus_that_is_gone_is_told_above_the_conversation_on_a_phone_too(seed_home, tmp_path, embedder):
    settings = Settings(home=shutil.copytree(seed_home, tmp_path / "home"))
    begin_corpus(settings, "bakery")
    open_for(open_corpus(settings, ""), None).answer(ASKED, "c", ["bakery"])
    with served(settings.home, tmp_path / "log") as address, chromium() as browser:
        shutil.rmtree(home_of(settings, "bakery"))
        page = open_page(browser, f"{address}/?c=c", PHONE, "dark")
        page.locator(MAIN).get_by_text("bakery is not searched: there is no corpus").wait_for()
        page.get_by_test_id("stExpandSidebarButton").click()
        page.locator(SIDEBAR).get_by_text("Searching 4 documents").wait_for()
        settle(page)
        assert grave_problems(page) == []


def test_a_second_corpus_is_ticked_and_answers_and_is_found_ticked_again(seed_home, tmp_path, embedder):
    settings = Settings(home=shutil.copytree(seed_home, tmp_path / "home"))
    begin_corpus(settings, "bakery")
    known = list(documents())
    Index(home_of(settings, "bakery"), embedder).sync(known, prune=True)
    with served(settings.home, tmp_path / "log") as address, chromium() as browser:
        page = open_page(browser, address, DESKTOP)
        sidebar = page.locator(SIDEBAR)
        sidebar.get_by_text("Searching 4 documents").wait_for()
        choose(page, LABEL, "bakery")
        sidebar.get_by_text(f"Searching {4 + len(known)} documents").wait_for()
        page.keyboard.press("Escape")
        settle(page)
        page.reload()
        sidebar.get_by_text(f"Searching {4 + len(known)} documents").wait_for()
        ask(page, ASKED)
        assert "sources=" not in page.url  # it stands with the question now
        page.locator(SAID).last.get_by_text(SAYS).first.wait_for()
        open_passage(page)
        assert grave_problems(page) == []
        page.reload()
        page.locator(SAID).last.get_by_text(SAYS).first.wait_for()
        sidebar.get_by_text(f"Searching {4 + len(known)} documents").wait_for()
        settle(page)
        sidebar.get_by_role("button", name="Remove bakery").click()
        sidebar.get_by_text("Searching 4 documents").wait_for()
        open_passage(page)
        ask(page, ASKED)
        page.locator(SAID).last.get_by_text("The corpus says nothing about this").first.wait_for()
        settle(page)
        page.reload()
        page.locator(SAID).nth(3).wait_for()
        sidebar.get_by_text("Searching 4 documents").wait_for()
