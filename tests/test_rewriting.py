"""Follow-ups in the form that can be searched for by themselves, on a corpus that is not the packaged one."""

import pytest

from app.understanding.request import Known, State
from app.understanding.rewriting import Rewritten, in_context, standalone

KNOWN = (
    Known("zebra", "ZebraNet: Tracking Herds"),
    Known("lion", "LionHeart: Roars at Night"),
    Known("emu", "EmuBench"),
)
STATE = State(spoken=("zebra", "lion"), earlier=("emu",), questions=("How does ZebraNet track?",), documents=KNOWN)


@pytest.mark.parametrize(
    ("message", "question", "documents"),
    [
        ("does it need collars?", "does ZebraNet need collars?", ("zebra",)),
        ("and its code?", "ZebraNet's code?", ("zebra",)),
        ("why?", "why (ZebraNet)?", ("zebra",)),
        ("does the other one do that?", "does LionHeart do that?", ("lion",)),
        ("what about the second one?", "How does LionHeart track?", ("lion",)),
        ("how does the first one track?", "how does ZebraNet track?", ("zebra",)),
        ("why does the first word win over all the others, whatever I write after it in the prompt?", None, ()),
        ("and the battery life?", "the battery life (ZebraNet)?", ("zebra",)),
        ("which of them has code?", "which of them has code?", ()),
        ("how do birds find their way over open water when nobody has ever shown them the route at all?", None, ()),
    ],
)
def test_follow_ups(message, question, documents):
    found = standalone(message, STATE)
    assert (found.question, found.documents) == (question or message, documents)


ASKED = {
    "What is swapped in the collar layers?": ("and its paper?", "ZebraNet's paper?", "ZebraNet's paper?"),
    "What is a mating call?": ("why is it loud?", "why is mating call loud (ZebraNet)?", "why is ZebraNet loud?"),
    "What is weighted sampling?": ("where is its code?", "where is weighted sampling's code (ZebraNet)?",
                                   "where is ZebraNet's code?"),
}  # fmt: skip


@pytest.mark.parametrize("asked", ASKED)
def test_it_is_the_term_that_was_asked_about_and_a_link_is_the_documents(asked):
    state = State(spoken=("zebra",), questions=(asked,), documents=KNOWN)
    message, of_the_term, of_the_document = ASKED[asked]
    assert standalone(message, state).question == of_the_term
    assert standalone(message, state, wants_link=True).question == of_the_document


def test_a_named_document_is_left_as_it_stands():
    assert standalone("what is EmuBench?", STATE, ("emu",)) == Rewritten("what is EmuBench?", ("emu",))


def test_nothing_was_spoken_of():
    assert standalone("and its code?", State(documents=KNOWN)) == Rewritten("and its code?")
    assert in_context("and its code?", State(documents=KNOWN)) is None


def test_in_context_asks_of_what_was_last_spoken_of():
    again = in_context("any collars", STATE)
    assert again is not None and again.question == "any collars (ZebraNet)?"
