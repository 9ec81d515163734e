"""What speaks against a sentence although its words stand in the passage: on texts about bees, rivers and trains."""

from __future__ import annotations

import pytest

from app.understanding.stems import stem
from app.verification.alignment import align
from app.verification.objections import objections
from app.verification.opposites import are_opposite

BEES = "Worker bees feed the queen, while drones never gather pollen. A hive may hold 40,000 bees in summer."


def kinds(sentence, *passages):
    return {objection.kind for objection in objections(align(sentence, passages or [BEES]))}


@pytest.mark.parametrize(
    "sentence",
    [
        "Worker bees feed the queen.",
        "Drones never gather pollen.",
        "A hive may hold 40,000 bees.",
    ],
)
def test_nothing_speaks_against_what_the_passage_says(sentence):
    assert kinds(sentence) == set()


@pytest.mark.parametrize(
    "sentence",
    [
        "A hive may hold 14,000 bees.",
        "Drones gather pollen.",
        "Worker bees never feed the queen.",
        "The queen feeds worker bees.",
        "A hive holds 40,000 bees in summer.",
    ],
)
def test_a_changed_number_negation_role_or_hedge_is_objected_to(sentence):
    assert kinds(sentence)


def test_each_objection_says_which_words_and_why():
    (objection,) = objections(align("A hive may hold 14,000 bees.", [BEES]))
    assert "14,000" in " ".join(str(value) for value in vars(objection).values())


def test_words_and_their_opposites():
    assert are_opposite(stem("increase"), stem("decreased")) and not are_opposite(stem("river"), stem("train"))
