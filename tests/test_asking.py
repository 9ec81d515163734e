"""The form of a question, whatever it is about."""

import pytest

from app.answering.asking import (
    asks_how_or_why,
    asks_who,
    compares,
    depth_of,
    focus_of,
    form_words,
    wants_number,
)


@pytest.mark.parametrize(
    ("question", "focus"),
    [
        ("What learning rate does TideCast use?", "learning rate"),
        ("How many nurses were followed?", "nurses"),
        ("Which layers of the network are trained?", "layers"),
        ("What is the output of the model?", "output"),
        ("Whose code is it?", "code"),
        ("What does it do?", ""),
        ("Is the impairment reversible?", ""),
        ("What long and very winding string follows?", "long"),
        ("What one two three four five six comes next?", "one"),
    ],
)
def test_the_noun_that_is_asked_for(question, focus):
    assert focus_of(question) == focus


@pytest.mark.parametrize(
    ("question", "is_so"),
    [
        ("How does LoafScope listen?", True),
        ("and why is that?", True),
        ("Explain the filter", True),
        ("I mixed two doughs, how does it tell them apart?", True),
        ("How many nurses were followed?", False),
        ("How good is the forecast?", False),
        ("What is MothNet?", False),
    ],
)
def test_how_and_why_are_asked_and_not_how_many(question, is_so):
    assert asks_how_or_why(question) is is_so


def test_numbers_people_and_comparisons():
    assert wants_number("How long do currents last?") and wants_number("When was it measured?")
    assert not wants_number("How is it measured?")
    assert asks_who("Who funded it?") and asks_who("By whom?") and not asks_who("A whole loaf?")
    assert compares("LoafScope vs MothNet") and compares("What do they have in common?") and not compares("What is it?")


@pytest.mark.parametrize(
    ("question", "depth"),
    [
        ("Explain it simply", "simple"),
        ("eli5 please", "simple"),
        ("tell me in detail", "detailed"),
        ("Explain it", "usual"),
    ],
)
def test_how_much_is_wanted(question, depth):
    assert depth_of(question) == depth


def test_words_that_say_how_to_answer_are_no_topic():
    assert form_words("Explain TideCast simply") == {"explain", "simply"}
    assert form_words("What does TideCast explain?") == frozenset()
