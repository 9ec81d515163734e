"""The long answer, on both corpora."""

import pytest

from app.answering.explanation import (
    Aim,
    Told,
    explain,
    key_passage,
    mechanism,
    says_how,
    supporting,
    unheld_words,
)
from app.answering.reading import Candidate, Reading
from app.answering.starters import SEED_QUESTION
from app.answers import UNDER_THE_HOOD

WORKING = [
    ("seed", "FedStyle"),
    ("seed", "WSAM"),
    ("second", "TideCast"),
    ("second", "LoafScope"),
    ("second", "MothNet"),
]


def read(searcher, question: str) -> Reading:
    return Reading(searcher.search(question, top_k=24))


@pytest.mark.parametrize(("corpus", "name"), WORKING)
def test_the_key_passage_says_how(searchers, corpus, name):
    reading = read(searchers[corpus], f"How does {name} work?")
    (key,) = key_passage(reading, reading.named[0])
    assert says_how(key) > 0
    assert key.score + says_how(key) == max(c.score + says_how(c) for c in reading.sentences(reading.named[0]))


@pytest.mark.parametrize(("corpus", "name"), WORKING)
@pytest.mark.parametrize("depth", ["simple", "usual", "detailed"])
def test_every_claim_is_cited_and_none_stands_twice(searchers, corpus, name, depth):
    question = f"How does {name} work?"
    told = explain(Aim(question, depth=depth), read(searchers[corpus], question))
    claims = [s for section in told.sections for s in section.sentences if s.kind == "claim"]
    assert claims and all(s.citations for s in claims)
    keys = [(c.document_id, c.start) for s in claims for c in s.citations if " — " not in s.text]
    keys += [(c.document_id, c.start) for stage in told.workflow or () for c in stage.citations]
    assert len(keys) == len(set(keys))


def under_the_hood(searcher, question: str, depth) -> list[Candidate]:
    """The claims under the hood as what was read of them, in the order in which they are told."""
    reading = read(searcher, question)
    told = explain(Aim(question, depth=depth), reading)
    (hood,) = [section for section in told.sections if section.heading == UNDER_THE_HOOD]
    by_key = {c.key: c for d in reading.documents for c in reading.sentences(d)}
    return [by_key[c.document_id, c.start] for s in hood.sentences for c in s.citations]


ASKED = [*((corpus, f"How does {name} work?") for corpus, name in WORKING), ("seed", SEED_QUESTION)]


@pytest.mark.parametrize(("corpus", "question"), ASKED)
def test_under_the_hood_stands_what_says_how_and_nothing_else(searchers, corpus, question):
    assert all(says_how(c) > 0 for c in under_the_hood(searchers[corpus], question, "usual"))


@pytest.mark.parametrize(("corpus", "question"), ASKED)
def test_in_detail_a_document_is_told_in_its_order(searchers, corpus, question):
    told = under_the_hood(searchers[corpus], question, "detailed")
    places = [(c.document.id, c.passage.start) for c in told]
    documents = list(dict.fromkeys(document for document, _ in places))
    assert places == sorted(places, key=lambda place: (documents.index(place[0]), place[1]))


def test_no_result_opens_under_the_hood(searcher):
    told = under_the_hood(searcher, SEED_QUESTION, "usual")
    assert told and all(max(c.roles, key=c.roles.get) == "method" for c in told)
    assert not any("superiority" in c.passage.text for c in told)


def test_where_the_answer_in_short_has_told_all_of_it_that_is_said(searcher):
    for depth in ("usual", "detailed"):
        told = explain(Aim(SEED_QUESTION, depth=depth), read(searcher, SEED_QUESTION))
        (hood,) = [section for section in told.sections if section.heading == UNDER_THE_HOOD]
        assert hood.sentences[0].kind == "framing" and "told in short" in hood.sentences[0].text


def test_a_mechanism_is_told_by_those_that_say_how_about_as_surely_as_the_surest(searcher):
    reading = read(searcher, SEED_QUESTION)
    for document in reading.documents:
        sentences = reading.sentences(document)
        surest = max(map(says_how, sentences), default=0.0)
        found = mechanism(sentences, sentences, 20)
        assert all(says_how(c) >= surest / 2 and says_how(c) > 0 for c in found)
        assert mechanism([c for c in sentences if says_how(c) <= 0], sentences, 20) == []


def test_documents_that_are_named_support_it_and_no_others(second):
    question = "How do TideCast and MothNet work?"
    assert {d.id for d in supporting(read(second, question), Aim(question))} == {"tidecast", "mothnet"}


def test_what_is_asked_and_stands_nowhere_is_said(second):
    question = "How does TideCast avoid icebergs?"
    reading = read(second, question)
    assert "icebergs" in unheld_words(reading, reading.named) and "currents" not in unheld_words(reading, reading.named)
    told = explain(Aim(question), reading)
    framed = " ".join(s.text for section in told.sections for s in section.sentences if s.kind == "framing")
    assert "“icebergs”" in framed


def test_what_was_told_is_taken_once(second):
    reading = read(second, "How does MothNet work?")
    told, some = Told(), reading.sentences(reading.named[0])
    taken = told.take([some[3], some[1]])
    assert [c.passage.start for c in taken] == sorted(c.passage.start for c in taken)
    assert not {c.key for c in told.left(some)} & {some[1].key, some[3].key}
