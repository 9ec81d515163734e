"""The long answer, on both corpora."""

import pytest

from app.answering.explanation import Aim, Told, explain, key_passage, says_how, supporting, unheld_words
from app.answering.reading import Reading

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
