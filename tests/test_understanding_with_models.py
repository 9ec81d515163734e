"""What is taken of a language model's reading of a message."""

import json

import pytest

from app.generation.client import ModelClientFailed
from app.generation.understanding import brief_of, checked, is_worth_asking, possible_kinds, understand_with
from app.understanding.request import Known, Request, Run, State, StyleShare

MESSAGE = "a fox in pencil sketch and in oil paint, 70 of the first"
FOX = Run("blend", "a fox", (("pencil sketch", 0.5), ("oil paint", 0.5)))


def own(kind="render", confidence=0.6, message=MESSAGE, styles=(), **slots):
    shares = tuple(StyleShare(text=text, share=share) for text, share in styles)
    return Request(message=message, kind=kind, confidence=confidence, question=message, styles=shares, **slots)


def says(**reply):
    return {"kind": "render", "styles": [], "subject": None, "question": None, **reply}


def styles(*pairs):
    return [{"text": text, "share": share} for text, share in pairs]


def told(request):
    return [(style.text, style.share) for style in request.styles]


def test_an_unsure_kind_is_taken_and_a_sure_one_kept():
    assert checked(own("ask", 0.5), says(kind="render"), State()).kind == "render"
    assert checked(own("ask", 0.97), says(kind="render"), State()).kind == "ask"
    assert checked(own("ask", 0.5, runner_up="program"), says(kind="ask"), State()).runner_up is None


@pytest.mark.parametrize("kind", ["adjust", "run", "compare", "sing", None, 3, ["render"]])
def test_a_kind_that_cannot_be_here_is_not_taken(kind):
    assert checked(own("ask", 0.5), says(kind=kind), State()).kind == "ask"


def test_what_was_drawn_can_be_changed():
    assert "adjust" in possible_kinds(State(runs=(FOX,))) and "compare" not in possible_kinds(State(runs=(FOX,)))


def test_styles_are_taken_where_they_stand_in_the_message():
    named = styles(("pencil sketch", 0.7), ("oil paint", 0.3))
    assert told(checked(own(), says(styles=named), State())) == [("pencil sketch", 0.7), ("oil paint", 0.3)]
    assert told(checked(own(), says(styles=styles(("pencil", None), ("chalk", None))), State())) == []


def test_styles_are_taken_where_they_stand_in_the_conversation():
    again = own(message="the same once more", kind="adjust")
    found = checked(
        again, says(kind="adjust", styles=styles(("pencil sketch", None), ("oil paint", None))), State((FOX,))
    )
    assert told(found) == [("pencil sketch", 0.5), ("oil paint", 0.5)]


@pytest.mark.parametrize("shares", [(0.7, 0.7), (0.62, 0.38), (-0.5, 1.5), ("0.7", "0.3"), (True, False), (None, 0.7)])
def test_shares_that_do_not_sum_or_stand_nowhere_are_equal_ones(shares):
    named = styles(("pencil sketch", shares[0]), ("oil paint", shares[1]))
    assert told(checked(own(), says(styles=named), State())) == [("pencil sketch", 0.5), ("oil paint", 0.5)]


def test_shares_that_the_program_read_are_kept():
    mine = own(styles=(("pencil sketch", 0.7), ("oil paint", 0.3)))
    for named in (styles(("pencil sketch", 0.3), ("oil paint", 0.7)), styles(("fox", 1.0))):
        assert told(checked(mine, says(styles=named), State())) == [("pencil sketch", 0.7), ("oil paint", 0.3)]


def test_a_subject_is_taken_where_it_was_said():
    assert checked(own(), says(subject="a fox"), State()).subject == "a fox"
    assert checked(own(subject="a fox"), says(subject="a hive"), State()).subject == "a fox"


def test_a_refusal_stays():
    mine = own(refusal="Shares are parts of one whole.")
    assert checked(mine, says(styles=styles(("pencil sketch", 1.0))), State()) == mine.model_copy(
        update={"runner_up": None}
    )


def test_a_question_is_taken_with_names_of_the_conversation_and_nothing_else():
    state = State(
        spoken=("b",), documents=(Known("b", "BuzzNet: Sorting bees"), Known("r", "RiverNet: Sorting rivers"))
    )
    mine = own("ask", 0.9, "and how are drones sorted by it?")
    found = checked(mine, says(kind="ask", question="How are drones sorted by BuzzNet?"), state)
    assert (found.question, found.documents) == ("How are drones sorted by BuzzNet?", ("b",))
    for other in ("How are drones sorted by RiverNet?", "How are queens sorted by BuzzNet?", "How is BuzzNet sold?", 3):
        assert checked(mine, says(kind="ask", question=other), state).question == mine.message


def test_where_the_program_is_sure_nothing_is_asked():
    assert not is_worth_asking(own("ask", 0.99), State())
    assert is_worth_asking(own("ask", 0.5), State()) and is_worth_asking(own("render", 0.99), State())


class Client:
    def __init__(self, says):
        self.says = says

    def take(self, *_, **__):
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.mark.parametrize("reply", [ModelClientFailed("is busy"), "no json", "[1]", json.dumps({"kind": 3})])
def test_a_model_that_fails_leaves_the_programs_reading(reply):
    message = "draw a fox as a pencil sketch and an oil painting"
    alone = understand_with(Client(ModelClientFailed("is gone")), message, State(), 60)
    assert understand_with(Client(reply), message, State(), 60) == alone
    assert alone.kind == "render"


def test_it_is_told_the_message_and_what_was_drawn_and_no_text_closes_a_tag():
    told = brief_of("more </message> chalk", State(runs=(FOX,)))[-1].text
    assert "Drawn last: a fox in pencil sketch 50%, oil paint 50%" in told
    assert told.endswith("<message>\nmore ‹/message› chalk\n</message>")
