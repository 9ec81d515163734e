"""Where the page is served to others: what belongs to a person is listed, opened and deleted by nobody else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import application as undertone_module
from app.conversation.feedback import Feedback
from app.conversation.store import Conversations
from app.ui.dialogs import OPEN
from app.ui.gallery import GALLERY
from app.ui.login import NobodyNamed, person_of
from app.ui.pictures import picture_of
from app.ui.sidebar import ACTIONS
from tests.browsing import CHROMIUM, DESKTOP, QUESTION, SAID, chromium, free_port, served, settle
from tests.browsing import ask as ask_there
from tests.identity_provider import IdentityProvider
from tests.test_page import PAGE, TIMEOUT_S, ask, buttons, components, conversation_of, fake_run, pictures, rendered

ISSUER = "https://accounts.example.org"


@pytest.fixture
def home(seed_home, tmp_path, monkeypatch):
    home = shutil.copytree(seed_home, tmp_path / "home")
    monkeypatch.setenv("UNDERTONE_HOME", str(home))
    monkeypatch.setattr(undertone_module, "run_tool", fake_run)
    st.cache_resource.clear()
    yield home
    st.cache_resource.clear()


def page_of(name: str | None, **claims) -> AppTest:
    """The page as it is for who logged in by this name; None is before."""
    page = AppTest.from_file(PAGE, default_timeout=TIMEOUT_S)
    page.secrets["auth"] = {"redirect_uri": "https://undertone.example.org/oauth2callback", "cookie_secret": "x"}
    page.user = {"is_logged_in": True, "iss": ISSUER, "sub": name, "name": name, **claims} if name else {}
    return page


def folder_of(home: Path, name: str) -> Path:
    return home / "people" / person_of({"iss": ISSUER, "sub": name})


def test_a_person_is_named_by_issuer_and_subject_and_by_nothing_else():
    ada = {"iss": ISSUER, "sub": "1", "email": "ada@example.org"}
    assert person_of(ada) == person_of({**ada, "email": "ada.lovelace@example.org", "name": "Ada"})
    others = [{**ada, "sub": "2"}, {**ada, "iss": "https://other.example.org"}, {"iss": ISSUER + "1", "sub": ""}]
    assert person_of(ada) not in [person_of(other) for other in others[:2]]
    for nobody in (others[2], {}, {"sub": "1"}, {"iss": ISSUER}, {"iss": ISSUER, "sub": ["1"]}, {"email": "a@b.c"}):
        with pytest.raises(NobodyNamed):
            person_of(nobody)
    assert person_of({"iss": "../..", "sub": "../../ben"}).isalnum(), "it is fit for the name of a folder"


def test_who_is_let_in_without_a_name_sees_nothing(home):
    page = page_of("x", sub=None).run()
    assert not page.exception and "names nobody" in page.error[0].value
    assert not page.chat_input and not (home / "people").exists()


def test_what_one_person_asks_renders_and_says_is_there_for_no_other(home):
    ada = ask(page_of("ada").run(), "Mix watercolor and pixel art for a red house")
    hers = conversation_of(ada)
    ada.get("feedback")[0].set_value(1).run()
    rendered(buttons(ada, "render")[0].click().run())
    assert pictures(ada)
    (run_id,) = (path.name for path in (folder_of(home, "ada") / "renders").iterdir() if path.is_dir())

    ben = page_of("ben").run()
    assert not buttons(ben, "open ") and not ben.exception, "he lists what is his"
    assert cards(opened(ben, GALLERY)) == []
    ben = at_link(page_of("ben"), hers)
    assert "not there any more" in ben.warning[0].value and not ben.chat_message, "a link opens what is one's own"
    ask(ben, "What is FedStyle?")
    his = conversation_of(ben)
    assert his != hers
    kept = next(kept for kept in conversations_of(home, "ben"))
    assert [button.key for button in buttons(opened(ben, ACTIONS, kept), "delete ")] == [f"delete {his}"]
    buttons(ben, "delete ")[0].click().run()
    assert not conversations_of(home, "ben") and not ben.exception

    ada = at_link(page_of("ada"), hers)
    assert pictures(ada) and len(buttons(ada, "open ")) == 1
    assert [card["id"] for card in cards(opened(ada, GALLERY))] == [run_id]
    assert [line["rating"] for line in Feedback(folder_of(home, "ada") / "feedback.sqlite").export()] == ["up"]
    assert not list(Feedback(folder_of(home, "ben") / "feedback.sqlite").export())
    assert {path.name for path in (home / "people").iterdir()} == {folder_of(home, n).name for n in ("ada", "ben")}
    assert not {"conversations.sqlite", "feedback.sqlite", "renders"} & {path.name for path in home.iterdir()}
    renders = folder_of(home, "ben") / "renders"
    renders.mkdir(exist_ok=True)
    theirs = f"../../{folder_of(home, 'ada').name}/renders/{run_id}"
    assert (renders / theirs / "image.png").is_file() and picture_of(renders, theirs) is None, "nor does a made-up run"


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")
def test_two_who_log_in_at_a_provider_share_no_conversation(seed_home, tmp_path):
    """The documented command, a real provider's log-in, two browsers."""
    home, port = shutil.copytree(seed_home, tmp_path / "home"), free_port()
    provider, told = IdentityProvider("ada", "ben"), tmp_path / "secrets.toml"
    told.write_text(provider.secrets_toml(f"http://127.0.0.1:{port}/oauth2callback"))
    options = ["--secrets.files", str(told)]
    with served(home, tmp_path / "page.log", port=port, options=options) as address, chromium() as browser:
        ada = logged_in(browser, address, "ada")
        ask_there(ada, "What is FedStyle?")
        ada.wait_for_url("**/?c=*")
        link = ada.url
        ben = logged_in(browser, address, "ben")
        assert kept_in(ada) == 1 and kept_in(ben) == 0
        ben.goto(link)
        ben.get_by_text("This conversation is not there any more").wait_for()
        assert ben.locator(SAID).count() == 0
        ask_there(ben, "What is WSAM?")
        settle(ben)
        assert kept_in(ben) == 1
        ada.goto(link)
        ada.locator(SAID).nth(1).wait_for()
        settle(ada)
        assert kept_in(ada) == 1 and "FedStyle" in ada.locator(SAID).first.inner_text()
        ada.get_by_role("button", name="Log out").click()
        ada.get_by_role("button", name="Log in").wait_for()
        ada.goto(link)
        ada.get_by_role("button", name="Log in").wait_for()
        assert ada.locator(SAID).count() == 0, "nor does it open for who has logged out"
    provider.close()
    names = {person_of({"iss": provider.url, "sub": name}) for name in ("ada", "ben")}
    assert {path.name for path in (home / "people").iterdir()} == names


def logged_in(browser, address, name):
    """A browser of one's own, through the provider's page."""
    page = browser.new_context(viewport=DESKTOP).new_page()
    page.set_default_timeout(TIMEOUT_S * 1000)
    page.goto(address)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name=name).click()
    page.locator(QUESTION).wait_for()
    settle(page)
    return page


def kept_in(page):
    return page.locator('[class*="st-key-open-"] button').count()


def at_link(page, conversation_id):
    page.query_params["c"] = conversation_id
    return page.run()


def opened(page, *dialog):
    page.session_state[OPEN] = dialog
    return page.run()


def conversations_of(home, name):
    store = Conversations(folder_of(home, name) / "conversations.sqlite")
    kept = store.all()
    store.close()
    return kept


def cards(page):
    return [card for data in components(page, "cards") for card in data["cards"]]
