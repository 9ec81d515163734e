"""Search: the right document first, evidence that is the corpus's own, and a refusal where there is nothing."""

from __future__ import annotations

import time

import numpy as np
import pytest

from app.answering.starters import SEED_QUESTION
from ingest.documents import Document
from ingest.index import Index
from ingest.words import background_frequency, content_words
from tests.evals.search import read_questions
from tests.test_index import HashEmbedder
from tools.search import Searcher


def test_the_seeds_question_is_relevant(searcher):
    result = searcher.search(SEED_QUESTION)
    assert result.relevant and result.documents[0] == "visual-style-prompting"
    assert {d.id for d in result.found} == {"henmixreal", "fedstyle", "visual-style-prompting", "wsam"}


@pytest.mark.parametrize("question", read_questions("corpus")[::4], ids=lambda q: q["id"])
def test_questions_about_the_corpus_find_their_document(searcher, question):
    result = searcher.search(question["question"])
    assert result.relevant, result.reason
    assert result.documents[0] in question["documents"], result.reason


@pytest.mark.parametrize("question", read_questions("unrelated")[::7], ids=lambda q: q["id"])
def test_questions_about_anything_else_are_refused(searcher, question):
    result = searcher.search(question["question"])
    assert not result.relevant, result.reason


def test_the_lists_are_as_long_as_they_say():
    assert len(read_questions("unrelated")) == 100 and len(read_questions("corpus")) >= 30
    lists = [read_questions(n) for n in ("unrelated", "corpus", "unrelated_held_out", "corpus_held_out")]
    questions = [q["question"].lower() for part in lists for q in part]
    assert len(questions) == len(set(questions)), "no question stands in two lists"


def test_evidence_is_the_corpus_to_the_letter_and_best_first(searcher):
    result = searcher.search("What is content leakage?")
    assert "content leakage" in result.evidence[0].passage.text
    assert len(result.evidence) == 12 and len(searcher.search("What is content leakage?", top_k=3).evidence) == 3
    scores = [e.score for e in result.evidence]
    few = searcher.search("What is content leakage?", top_k=3)
    whole = {e.passage for e in (*few.evidence, *few.leading) if e.document.id == few.documents[0]}
    assert whole == {p for p in few.passages if p.document_id == few.documents[0]}  # the leading document is whole
    assert scores == sorted(scores, reverse=True) and 0 <= scores[-1] <= scores[0] <= 1
    for e in result.evidence:
        assert e.document.text[e.passage.start : e.passage.end] == e.passage.text
    assert list(result.document_scores) == list(result.documents) and all(
        0 <= s <= 1 for s in result.document_scores.values()
    )


def test_a_link_is_found_in_the_fields(searcher):
    result = searcher.search("Where is the code of WSAM?")
    assert result.evidence[0].passage.text == "GitHub: https://github.com/fmorenovr/WSAM_Style"


def test_words_that_the_corpus_does_not_know_are_named(searcher):
    result = searcher.search("Does FedStyle bake sourdough?")
    assert "sourdough" in result.unknown_terms and "fedstyle" not in result.unknown_terms
    assert "sourdough" in result.reason
    assert "drawing" not in searcher.search("a drawing by an artist").unknown_terms, "a neighbour of artwork"


@pytest.mark.parametrize("query", ["", "   ", "?!…", "🙂🙃", "\0", "\n\n"])
def test_nothing_asked_is_refused(searcher, query):
    result = searcher.search(query)
    assert not result.relevant and result.evidence == () and result.reason == "nothing was asked"


ANY = [
    '"style"',
    "style AND (NEAR OR",
    "text:* ^style",
    "'; DROP TABLE documents; --",
    "{style}",
    "what is the",
    "a\0b style",
]
ANY += [
    "スタイルとは何ですか",
    "Wie backe ich ein Brot?",
    "Какой сегодня день?",
    "كيف حالك",
    "x" * 10_000,
    "-" * 50 + " a",
]


@pytest.mark.parametrize("query", ANY)
def test_any_query_is_answered_without_an_error(searcher, query):
    result = searcher.search(query)
    assert len(result.documents) == 4 and np.isfinite(list(result.measures.values())).all()


def test_a_long_query_is_cut_and_stays_quick(searcher):
    query = "What is style augmentation? " + "Lorem ipsum dolor sit amet consectetur. " * 250
    assert len(query) > 10_000
    searcher.search(query)
    start = time.perf_counter()
    searcher.search(query)
    assert time.perf_counter() - start < 5, "seconds, on a busy machine; it is some 100 ms"


def test_an_empty_corpus_refuses(tmp_path, embedder):
    result = Searcher(Index(tmp_path, embedder)).search("What is style augmentation?")
    assert not result.relevant and result.reason == "the corpus is empty"


def test_a_change_of_the_index_is_seen(tmp_path):
    embedder = HashEmbedder()
    index = Index(tmp_path, embedder)
    searcher = Searcher(index)
    papers = [Document(i, "paper", f"About {i}", f"It tells of {i}.", None, None) for i in ("whales", "glaciers")]
    index.sync(papers[:1], prune=True)
    assert searcher.search("glaciers").documents == ("whales",)
    index.sync(papers, prune=True)
    assert searcher.search("glaciers").documents[0] == "glaciers"
    index.sync(papers[:1], prune=True)
    assert searcher.search("glaciers").documents == ("whales",)


def test_a_document_alone_can_be_found(tmp_path, embedder):
    index = Index(tmp_path, embedder)
    text = "Humpback whales sing for hours. Their songs change from year to year."
    index.sync([Document("whales", "paper", "The song of whales", text, None, None)], prune=True)
    searcher = Searcher(index)
    assert searcher.search("Do whales sing?").relevant
    assert not searcher.search("How do I register a trademark?").relevant


def test_content_words():
    assert content_words("What’s the style of THE Style-transfer in GPT-3?") == ("style", "transfer", "gpt", "3")
    assert background_frequency("the") > 99 > 50 > background_frequency("style") > background_frequency("fedstyle") == 0
