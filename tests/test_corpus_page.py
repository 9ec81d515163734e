"""Documents on the page: added, browsed, removed and taken back, in corpora by name; without a browser."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

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


def test_a_corpus_that_is_not_there_is_the_first_one(page):
    again = AppTest.from_file(PAGE, default_timeout=TIMEOUT_S)
    again.query_params["corpus"] = "../elsewhere"
    again.run()
    assert not again.exception and "Corpus (4 documents)" in [e.label for e in again.sidebar.expander]
    assert Path(PAGE).exists()
