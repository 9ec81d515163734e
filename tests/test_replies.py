"""Answers that need no search: proposals, the program, small talk, asking back."""

import pytest

from app.answering.replies import Background, reply_to
from app.understanding.clarification import LABELS
from app.understanding.request import Request, StyleShare
from tools.registry import TOOLS


def request(kind: str, message: str = "message", **slots) -> Request:
    return Request(message=message, kind=kind, question=message, **slots)


def styles(**shares: float) -> tuple[StyleShare, ...]:
    return tuple(StyleShare(text=text, share=share) for text, share in shares.items())


def text(answer) -> str:
    return " ".join(s.text for s in answer.sentences)


def call(asked: Request, background: Background = Background()):  # noqa: B008
    (proposal,) = reply_to(asked, background, "reader").proposals
    TOOLS[proposal["tool"]].arguments.model_validate(proposal["arguments"])
    return proposal


def test_shares_that_cannot_be_used_are_answered_with_the_reason_and_proposed_as_nothing_else():
    answer = reply_to(request("render", refusal="A share cannot be negative."), Background(), "reader")
    assert (answer.status, answer.proposals, text(answer)) == ("answered", (), "A share cannot be negative.")


def test_of_two_likely_readings_it_does_neither_and_asks():
    answer = reply_to(request("render", runner_up="ask"), Background(), "reader")
    assert answer.follow_ups == (LABELS["render"], LABELS["ask"]) and not answer.proposals


@pytest.mark.parametrize("kind", ["ask", "links", "foreign"])
def test_the_corpus_is_searched_for_these(kind):
    assert reply_to(request(kind), Background(), "reader") is None


@pytest.mark.parametrize("kind", ["run", "compare"])
def test_before_anything_was_rendered_it_says_so(kind):
    assert "Nothing was rendered" in text(reply_to(request(kind), Background(), "reader"))
