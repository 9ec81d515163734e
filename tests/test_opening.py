"""The page's first second: something stands at once, and the page takes its place."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import app.serving.front
from app.serving.opening import Opening
from app.serving.opening import opening as of_the_process

ROOT = Path(__file__).resolve().parent.parent
FRONT = str(ROOT / "app" / "serving" / "front.py")


@pytest.fixture
def home(seed_home, tmp_path, monkeypatch):
    home = shutil.copytree(seed_home, tmp_path / "home")
    monkeypatch.setenv("UNDERTONE_HOME", str(home))
    return home


@pytest.fixture
def front(home):
    return AppTest.from_file(FRONT, default_timeout=120)


def test_the_page_takes_the_place_of_its_frame(front):
    shown = front.run()
    assert not shown.exception
    assert len(shown.chat_input) == 1 and [title.value for title in shown.title] == ["Undertone"]


def test_the_frame_stands_while_the_page_is_not_there(front, monkeypatch):
    there, asked = threading.Event(), []

    def wait(seconds):
        asked.append(seconds)
        if len(asked) > 2:
            there.set()
        return there.is_set()

    monkeypatch.setattr(of_the_process, "wait", wait)
    shown = front.run()
    assert len(asked) == 3 and not shown.exception and len(shown.chat_input) == 1


def test_what_was_opened_is_handed_over_once(home):
    opening = Opening()
    assert opening.wait(120)
    assert opening.take() is not None and opening.take() is None


def test_what_cannot_be_opened_is_left_to_the_page_to_tell(tmp_path, monkeypatch):
    monkeypatch.setenv("UNDERTONE_HOME", str(tmp_path))
    monkeypatch.setenv("UNDERTONE_EMBEDDER", str(tmp_path / "none"))
    opening = Opening()
    assert opening.wait(120) and opening.take() is None


def test_the_frame_needs_nothing_that_takes_long_to_import():
    heavy = "{'torch', 'transformers', 'langchain_core', 'chromadb', 'diffusers'}"
    seen = f"import sys, app.serving.front, app.serving.server; print(sorted({heavy} & set(sys.modules)))"
    # the opening thread, started by app.serving.server, would import them: it is kept from starting
    code = f"import app.serving.opening; app.serving.opening.Opening.start = lambda self: None; {seen}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
    assert app.serving.front.WAIT_S < 1
