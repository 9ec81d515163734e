"""Asking back, and taking the answer for what it is."""

import itertools

import pytest

from app.understanding.clarification import LABELS, are_far_apart, choice_of
from app.understanding.request import KINDS, Request

OPEN = Request(message="ink and chalk", kind="render", runner_up="ask", question="ink and chalk")


def test_every_kind_has_a_label_of_its_own():
    assert set(LABELS) == set(KINDS) and len(set(LABELS.values())) == len(KINDS)


@pytest.mark.parametrize("kind", ["render", "ask"])
def test_an_offered_label_settles_what_is_open_however_it_is_written(kind):
    assert choice_of(LABELS[kind], OPEN) == kind
    assert choice_of(f"  {LABELS[kind].upper().rstrip('?')}.", OPEN) == kind


def test_another_label_another_message_or_nothing_open_settles_nothing():
    assert choice_of(LABELS["program"], OPEN) is None
    assert choice_of("render a cat", OPEN) is None
    assert choice_of(LABELS["render"], None) is None


def test_it_is_asked_only_between_kinds_that_lead_elsewhere():
    assert are_far_apart("render", "ask") and not are_far_apart("render", "adjust")
    for one, other in itertools.product(KINDS, KINDS):
        assert are_far_apart(one, other) == are_far_apart(other, one)
        assert not are_far_apart(one, one) and not are_far_apart(one, "social")
