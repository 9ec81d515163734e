"""Documents on the page: added, browsed, removed and taken back, in corpora by name; without a browser."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.conversation.transcripts import read_transcript
from app.ui.answer import PASSAGE
from app.ui.dialogs import OPEN
from app.ui.opening import open_home
from tests.test_page import PAGE, TIMEOUT_S, ask, buttons, marks, words

TEXT = "Dough was kneaded by robots for nine hours. The robots need three cameras each. They cannot see flour."


@pytest.fixture
def home(seed_home, tmp_path):
    return shutil.copytree(seed_home, tmp_path / "home")


@pytest.fixture
def page(home, monkeypatch):
    monkeypatch.setenv("UNDERTONE_HOME", str(home))
    st.cache_resource.clear()
    yield AppTest.from_file(PAGE, default_timeout=TIMEOUT_S).run()
    st.cache_resource.clear()


def click(page, start):
    buttons(page, start)[0].click().run()
    assert not page.exception
    return page


def typed(page, start, text):
    field = next(one for one in [*page.text_input, *page.text_area] if one.key.startswith(start))
    return field.set_value(text)


def paste(page):
    click(page, "add documents")
    typed(page, "pasted title", "Kneading Robots")
    next(one for one in page.text_area if one.key.startswith("pasted")).set_value(TEXT)
    click(page, "add text")
    deadline = time.monotonic() + TIMEOUT_S
    while "Kneading Robots: Kneading Robots" not in words(page).replace("*", ""):
        assert time.monotonic() < deadline, words(page)
        time.sleep(0.3)
        page.run()


def closed(page):
    """The page without its dialog, as its own cross closes it."""
    page.session_state["dialog"] = ()
    return page.run()


def test_a_pasted_text_is_asked_about_browsed_removed_and_taken_back(page):
    paste(page)
    closed(page)
    assert "Corpus (5 documents)" in [expander.label for expander in page.sidebar.expander]
    ask(page, "How many cameras do the Kneading Robots need?")
    assert any("three cameras" in quote for mark in marks(page) for quote in mark["quotes"])
    click(page, "browse corpus")
    assert "5 of 5 documents" in [caption.value for caption in page.caption]
    typed(page, "corpus words", "kneading").run()
    assert "1 of 5 documents" in [caption.value for caption in page.caption]
    click(page, "outline kneading-robots")
    assert "How many cameras" in words(page) and "3 sentences" in " ".join(c.value for c in page.caption)
    click(page, "remove document")
    assert "Removed: Kneading Robots" in words(page)
    assert "4 of 4 documents" in [caption.value for caption in page.caption]
    click(page, "undo removal")
    deadline = time.monotonic() + TIMEOUT_S
    while "Corpus (5 documents)" not in [expander.label for expander in page.sidebar.expander]:
        assert time.monotonic() < deadline
        time.sleep(0.3)
        page.run()


def test_a_document_of_the_folder_has_an_outline_and_no_removal(page):
    click(page, "browse corpus")
    click(page, "outline wsam")
    assert not buttons(page, "remove document")
    click(page, "back to corpus")
    assert "4 of 4 documents" in [caption.value for caption in page.caption]


def test_another_corpus_is_begun_empty_and_answers_from_its_own_documents_alone(page):
    click(page, "browse corpus")
    typed(page, "corpus name", "Bakery")
    click(page, "begin corpus")
    assert page.query_params["corpus"] in ("bakery", ["bakery"])
    closed(page)
    assert "Corpus (0 documents)" in [expander.label for expander in page.sidebar.expander]
    assert any("empty" in info.value for info in page.info)
    paste(page)
    closed(page)
    ask(page, "What is FedStyle?")
    assert marks(page) == []
    page.sidebar.selectbox[0].select("").run()
    assert not page.exception
    assert "Corpus (4 documents)" in [expander.label for expander in page.sidebar.expander]


def test_ticked_corpora_are_searched_from_the_next_question_on_and_found_again(page, home):
    assert not page.sidebar.multiselect, "with one corpus there is nothing to tick"
    click(page, "browse corpus")
    typed(page, "corpus name", "Bakery")
    click(page, "begin corpus")
    closed(page)
    paste(page)
    closed(page)
    page.sidebar.selectbox[0].select("").run()
    assert "Searching 4 documents" in [caption.value for caption in page.caption]
    page.sidebar.multiselect[0].select("bakery").run()
    assert "Searching 5 documents" in [caption.value for caption in page.caption]
    ask(page, "How many cameras do the Kneading Robots need?")
    quotes = [quote for mark in marks(page) for quote in mark["quotes"]]
    assert any("three cameras" in quote for quote in quotes)
    assert page.sidebar.multiselect[0].value == ["bakery"]
    again = AppTest.from_file(PAGE, default_timeout=TIMEOUT_S)
    again.query_params["c"] = page.session_state.conversation
    again.run()
    assert again.sidebar.multiselect[0].value == ["bakery"], "the conversation says it, in another tab too"
    again.sidebar.multiselect[0].unselect("bakery").run()
    assert "Searching 4 documents" in [caption.value for caption in again.caption]
    again.session_state[OPEN] = PASSAGE, *cited_first(again)
    again.run()
    assert any("cannot see flour" in block.value for block in again.markdown), "the whole document, not its quote alone"
    closed(again)
    key = buttons(again, "edit")[0].key.removeprefix("edit ")
    again.sidebar.multiselect[0].select("bakery").run()
    click(again, f"edit {key}")
    typed(again, f"anew {key}", "How many hours do the Kneading Robots need?").run()
    click(again, f"ask anew {key}")
    assert again.sidebar.multiselect[0].value == ["bakery"], "a question asked anew is asked of the same corpora"
    click(again, "new conversation")
    assert again.sidebar.multiselect[0].value == []
    shutil.rmtree(home / "corpora" / "bakery")
    page.run()
    assert any("bakery is not searched: there is no corpus" in w.value.replace("\\", "") for w in page.warning)
    ask(page, "What is FedStyle?")
    assert any("FedStyle" in quote for mark in marks(page) for quote in mark["quotes"])


def cited_first(page):
    """The key of the first answer, and what it cites first."""
    entries = read_transcript(open_home(None, "")[0].chat.messages(page.session_state.conversation))
    entry = next(entry for entry in entries if entry.answer)
    return entry.key, entry.answer.citations[:1]


def test_a_corpus_that_is_not_there_is_the_first_one(page):
    again = AppTest.from_file(PAGE, default_timeout=TIMEOUT_S)
    again.query_params["corpus"] = "../elsewhere"
    again.run()
    assert not again.exception and "Corpus (4 documents)" in [e.label for e in again.sidebar.expander]
    assert Path(PAGE).exists()
