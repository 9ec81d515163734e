"""A page process that is open while another one indexes a changed corpus: its next answer is the new corpus's."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from app.application import open_undertone
from app.settings import read_settings
from tests.browsing import ROOT
from tests.test_index import chroma_server  # noqa: F401

QUESTION = "What does Brushlight need to learn a painter's style?"
PAPER = """---
id: brushlight
title: Brushlight
kind: paper
---

Brushlight learns a painter's style from {needs}. It keeps the painter's strokes apart from what they show.
"""


@pytest.fixture(params=["files", "server"])
def chroma_url(request):
    """Vectors in the home, and in a Chroma server."""
    return None if request.param == "files" else request.getfixturevalue("chroma_server")


def index(home, folder, chroma_url, *flags):
    """Index as an operator does, in a process of its own."""
    environ = {**os.environ, **({"UNDERTONE_CHROMA_URL": chroma_url} if chroma_url else {})}
    command = [sys.executable, "-m", "ingest", str(folder), "--home", str(home), *flags]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def said(answer):
    return " ".join(sentence.text for sentence in answer.sentences)


def test_an_answer_is_the_new_corpuss_without_a_restart(tmp_path, chroma_url):
    home, folder = tmp_path / "home", tmp_path / "papers"
    folder.mkdir()
    (folder / "brushlight.md").write_text(PAPER.format(needs="twelve sketches"))
    (folder / "other.md").write_text(PAPER.replace("rushlight", "asalt").format(needs="stone"))
    index(home, folder, chroma_url)
    environ = {"UNDERTONE_CHROMA_URL": chroma_url} if chroma_url else {}
    page = open_undertone(read_settings(environ, home=home), keep=False)
    assert "twelve sketches" in said(page.answer(QUESTION))
    (folder / "brushlight.md").write_text(PAPER.format(needs="three etchings"))
    index(home, folder, chroma_url)
    now = said(page.answer(QUESTION))
    assert "three etchings" in now and "twelve sketches" not in now
    (folder / "brushlight.md").unlink()
    index(home, folder, chroma_url)
    assert "etchings" not in said(page.answer(QUESTION))
    (folder / "brushlight.md").write_text(PAPER.format(needs="one fresco"))
    index(home, folder, chroma_url, "--reindex")  # every vector is made anew
    assert "one fresco" in said(page.answer(QUESTION))
    assert len(page.index) == 2
