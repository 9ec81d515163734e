"""The empty page's example agrees with itself, and its starters fit any corpus."""

from __future__ import annotations

import json

from app.ui.welcome import FOLDER, bears_on_the_seed, example_pictures, shortened
from ingest.index import Index
from tests.conftest import CORPUS
from tools.search import Searcher


def test_the_example_marks_the_first_picture_after_the_turn():
    findings = json.loads((FOLDER / "findings.json").read_text("utf-8"))
    pictures = example_pictures(findings)
    assert [one.label for one in pictures] == ["0 %", "25 %", "50 %", "75 %", "100 %"]
    assert all(one.file.is_file() for one in pictures)
    (turn,) = [mark for figure in findings["figures"] for mark in figure["marks"] if mark["label"] == "turns"]
    marked = [float(one.label.removesuffix(" %")) / 100 for one in pictures if one.mark]
    assert marked == [min(w for w in (0, 0.25, 0.5, 0.75, 1) if w >= turn["end"])]
    assert f"{(turn['start'] + turn['end']) / 2:.0%}" in findings["verdict"]


def test_the_seed_question_is_offered_as_soon_as_the_corpus_bears_on_it(tmp_path, embedder):
    index = Index(tmp_path, embedder)
    searcher = Searcher(index)
    assert not bears_on_the_seed(searcher)
    index.sync_paths([CORPUS])
    assert bears_on_the_seed(searcher)


def test_a_title_is_shortened_at_its_subtitle_or_at_a_word():
    assert shortened("FedStyle: A Framework") == "FedStyle"
    long = shortened("word " * 40)
    assert len(long) <= 60 and long.endswith("word…")
