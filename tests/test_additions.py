"""What is added from the page: taken or not, and why; removed and taken back. And corpora by name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from app.corpora.additions import Additions, NotTaken
from app.corpora.homes import NoSuchCorpus, begin_corpus, home_of, named_corpora
from app.settings import Settings
from ingest.fetching import Unfetched
from ingest.index import Index
from tests.test_index import HashEmbedder
from tests.test_pdf import paper

WAIT_S = 60
CARD = b"---\nlicense: mit\n---\n# Soft Brush\n\nIt mixes two styles.\n"


def no_network(identifier: str, folder: Path) -> Path:
    raise Unfetched(f"{identifier} could not be fetched: there is no network here")


@pytest.fixture
def additions(tmp_path):
    return Additions(tmp_path / "home", lambda: Index(tmp_path / "home", HashEmbedder("hash")), no_network)


def index_of(additions: Additions) -> Index:
    return additions.open_index()


def test_files_are_taken_one_by_one_and_what_is_not_says_why(additions):
    for name, data in (
        ("README.md", CARD),
        ("../../soft paper.PDF", bytes(paper().output())),
        ("picture.png", b"x"),
        ("broken.json", b"[1,"),
        ("README.md", CARD.replace(b"Soft", b"Hard")),
    ):
        additions.add_file(name, data)
    additions.wait(WAIT_S)
    hard, broken, picture, pdf, soft = additions.known()
    assert [one.state for one in (soft, pdf, picture, broken, hard)] == [
        "taken",
        "taken",
        "not taken",
        "not taken",
        "taken",
    ]
    assert soft.titles == ("Soft Brush",) and pdf.titles == ("Soft Brushes for Two Styles",)
    assert "not a kind of file" in picture.said and "not JSON" in broken.said and "\n" not in broken.said
    documents = {d.id: d for d in index_of(additions).documents()}
    assert set(documents) == {"soft-brush", "hard-brush", "soft-paper"}
    assert all(Path(d.origin).is_relative_to(additions.folder) for d in documents.values())
    assert not list(additions.folder.rglob("broken*")), "what was not taken is not kept"


def test_a_pasted_text_and_a_fetched_paper(additions):
    additions.add_text("Soft Brushes", "They mix two styles.", is_model_card=False)
    additions.add_text("Hard Brush", "It cuts.", is_model_card=True)
    additions.add_named("2402.12974")
    additions.wait(WAIT_S)
    named, card, text = additions.known()
    assert named.state == "not taken" and "no network" in named.said
    assert [(d.id, d.kind, d.title) for d in index_of(additions).documents()] == [
        ("soft-brushes", "paper", "Soft Brushes"),
        ("hard-brush", "model_card", "Hard Brush"),
    ]
    assert (card.state, text.state) == ("taken", "taken")


def test_what_was_added_is_removed_and_taken_back(additions):
    additions.add_file("soft-brush.md", CARD)
    additions.wait(WAIT_S)
    (document,) = index_of(additions).documents()
    assert additions.remove(document) == ["soft-brush"]
    assert index_of(additions).documents() == [] and not Path(document.origin).exists()
    additions.take_back(document.origin)
    additions.wait(WAIT_S)
    assert index_of(additions).documents() == [document]
    with pytest.raises(NotTaken, match="cannot be taken back"):
        additions.take_back(document.origin)


def test_a_document_from_elsewhere_keeps_its_id_and_its_place(additions, tmp_path):
    (tmp_path / "soft-brush.md").write_bytes(CARD.replace(b"two", b"three"))
    index_of(additions).sync_paths([tmp_path / "soft-brush.md"])
    additions.add_file("soft-brush.md", CARD)
    additions.wait(WAIT_S)
    (one,) = additions.known()
    assert one.state == "not taken" and "is taken by “Soft Brush”" in one.said
    (document,) = index_of(additions).documents()
    assert "three styles" in document.text
    with pytest.raises(NotTaken, match="was not added here"):
        additions.remove(document)
    assert not additions.is_added(dataclasses.replace(document, origin=""))


def test_corpora_are_homes_by_name(tmp_path):
    settings = Settings(home=tmp_path)
    assert named_corpora(settings) == []
    assert begin_corpus(settings, " My papers! ") == "my-papers"
    assert named_corpora(settings) == ["my-papers"]
    assert home_of(settings, "my-papers") == tmp_path / "corpora" / "my-papers" and home_of(settings, "") == tmp_path
    for name in ("", "my papers"):
        with pytest.raises(NoSuchCorpus):
            begin_corpus(settings, name)
