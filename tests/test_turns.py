"""A turn in the background: what it says of its work, and which sections stand already."""

import threading

from streamlit.testing.v1 import AppTest

from app.answers import Citation, Partial, Section, Sentence, Source
from app.conversation.turns import Turn

TEXT = "Worker bees feed the queen."
BEES = Partial(
    (
        Section(
            "How bees live", (Sentence(TEXT, "claim", (Citation("b", 0, len(TEXT), TEXT),), confirmed="the judge"),)
        ),
    ),
    (Source("b", "paper", "Bees", None, None),),
)


def test_a_turn_keeps_the_last_line_and_the_last_sections():
    goes_on = threading.Event()

    def events():
        yield "Planning"
        yield BEES
        goes_on.wait(5)
        yield "Checking"

    turn = Turn(events())
    for _ in range(100):
        if turn.wait(0.02) or turn.partial:
            break
    assert (turn.doing, turn.partial, turn.finished) == ("Planning", BEES, False)
    goes_on.set()
    assert turn.wait(5) and turn.doing == "Checking" and turn.partial == BEES


def test_the_sections_are_drawn_and_a_longer_part_can_follow_in_the_same_run():
    def page(first, second):
        import streamlit as st

        from app.ui.answer import show_partial

        place = st.empty()
        assert show_partial(place, "key", None) is None
        assert show_partial(place, "key", first) is first
        assert show_partial(place, "key", second) is second

    more = Partial((*BEES.sections, Section("What drones do", BEES.sections[0].sentences)), BEES.sources)
    drawn = AppTest.from_function(page, args=(BEES, more)).run()
    assert not drawn.exception
    assert [heading.value for heading in drawn.subheader] == ["How bees live", "What drones do"]


def test_a_mark_says_who_confirmed_its_sentence():
    from app.answers import CitedAnswer
    from app.ui.cited_text import Marks, paragraphs_of

    answer = CitedAnswer("How?", "answered", "m", 0.0, BEES.sections, BEES.sources)
    (paragraph,), _ = paragraphs_of(answer.sections[0].sentences, Marks.of(answer), "key", False)
    (mark,) = paragraph["sentences"][0]["marks"]
    assert mark["title"] == "Bees · confirmed: the judge"
    assert mark["quotes"] == [TEXT]
