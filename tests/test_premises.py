"""What a question takes for granted, on a made-up corpus."""

import pytest

from app.answering.premises import corrected, said_of_another
from app.answering.reading import Reading


def read(second, question: str) -> Reading:
    return Reading(second.search(question, top_k=24))


def test_what_is_said_of_another_document_is_told_with_its_sentence(second):
    first, true, *rest = said_of_another(read(second, "Why does TideCast paste drawn moths into empty videos?"))
    assert first.text == "The corpus does not say that of TideCast; it says it of MothNet:"
    assert true.text.startswith("During training we paste drawn moths") and true.citations[0].document_id == "mothnet"
    assert all(sentence.kind == "framing" or sentence.document_id == "tidecast" for sentence in rest)


@pytest.mark.parametrize(
    "question",
    [
        "Why does MothNet paste drawn moths into empty videos?",
        "Does TideCast paste drawn moths into empty videos?",
        "Why is it dark?",
        "How does TideCast compare with MothNet?",
    ],
)
def test_what_is_true_or_takes_nothing_for_granted_is_let_be(second, question):
    assert not said_of_another(read(second, question))


@pytest.mark.parametrize(
    ("question", "denying"),
    [
        ("Why did nurses on rotating shifts recall more words than day workers?", "recalled three words fewer"),
        ("Why did wasted dough rise by a fifth in the trial of LoafScope?", "wasted dough fell by a fifth"),
        ("Is it true that MothNet labels real moths in training?", "instead of labelling real ones"),
    ],
)
def test_what_the_document_denies_is_answered_with_its_own_sentence(second, question, denying):
    first, sentence = corrected(read(second, question))
    assert first.kind == "framing" and "does not say so" in first.text
    assert denying in sentence.text and sentence.citations


@pytest.mark.parametrize(
    "question",
    ["Why is the impairment of nurses on night shifts reversible?", "How are moths counted without harm by MothNet?"],
)
def test_what_it_says_itself_is_not_denied(second, question):
    assert not corrected(read(second, question))
