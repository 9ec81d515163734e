"""Whether what is asked for is in the document that is asked, on a corpus that nothing was fitted on."""

import pytest

from app.answering.missing import WEIGHTS, measure, presence
from app.answering.reading import Reading


def read(second, question: str) -> Reading:
    return Reading(second.search(question, top_k=24))


THERE = [
    "How many nurses did the study on night shifts follow?",
    "What does TideCast remove with the recurrent filter?",
    "What does the contact microphone of LoafScope record?",
    "What does MothNet compare?",
]
NOT_THERE = [
    "What learning rate does TideCast use?",
    "Who are the authors of LoafScope?",
    "Which optimizer trains MothNet?",
    "What licence does MothNet have?",
    "How much does LoafScope cost?",
]


@pytest.mark.parametrize("question", THERE)
def test_what_a_document_says_is_there(second, question):
    assert presence(read(second, question)) > 0


@pytest.mark.parametrize("question", NOT_THERE)
def test_what_it_does_not_say_is_missing(second, question):
    assert presence(read(second, question)) <= 0


def test_every_measure_has_its_weight(second):
    found = measure(read(second, THERE[0]))
    assert set(found) | {"bias"} == set(WEIGHTS)
    assert all(-1.0 <= value <= 1.001 for value in found.values())
