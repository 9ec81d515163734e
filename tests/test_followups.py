"""Follow-ups: what they point at, and the form in which they are searched for."""

import pytest

from app.answers import Citation, CitedAnswer, Section, Sentence, Source
from app.understanding.followups import Asked, Conversation, focus_of, in_context, standalone


def turn(
    question, *document_ids, titles=("Visual Style Prompting with Swapping Self-Attention", "FedStyle: Federated")
):
    claims = tuple(Sentence("x", "claim", (Citation(d, 0, 1, "x"),)) for d in document_ids)
    sources = tuple(Source(d, "paper", t, None, None) for d, t in zip(document_ids, titles, strict=False))
    return CitedAnswer(question, "answered", "reader", 0.0, (Section("", claims),), sources)


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("and in which layers?", "in which layers (Visual Style Prompting)?"),
        ("does it need fine-tuning?", "does Visual Style Prompting need fine-tuning?"),
        ("where is its code?", "where is Visual Style Prompting's code?"),
        ("what about the other one?", "what about FedStyle?"),
        ("what about the second one?", "what about FedStyle?"),
        ("How do I bake bread?", None),
        ("What does stochastic sampling with noise addition improve in WSAM style augmentation?", None),
    ],
)
def test_follow_ups_stand_alone(question, searched):
    turns = [turn("how?", "visual-style-prompting", "fedstyle")]
    assert standalone(question, Conversation(tuple(turns))).query == (searched or question)


def test_a_first_question_is_never_rewritten():
    assert standalone("and in which layers?", Conversation()) == Asked("and in which layers?")


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("what about the other one?", "Where is the code of FedStyle?"),
        ("why was the trial stopped?", "why was the trial stopped (Visual Style Prompting)?"),
        ("And federated learning: what does it share?", "federated learning: what does it share?"),
        ("which of these uses contrastive learning?", None),
    ],
)
def test_a_follow_up_keeps_what_was_asked_and_a_new_topic_is_let_go(question, searched):
    told = Conversation(
        (
            turn("what is WSAM and FedStyle?", "visual-style-prompting", "fedstyle"),
            turn("Where is the code of Visual Style Prompting?", "visual-style-prompting"),
        )
    )
    assert standalone(question, told).query == (searched or question)


def test_what_a_question_defined_is_what_it_means_next():
    told = Conversation((turn("What is content leakage?", "visual-style-prompting"),))
    assert standalone("how is it avoided?", told).query == "how is content leakage avoided (Visual Style Prompting)?"


def test_a_pronoun_binds_and_a_connective_only_leans():
    told = Conversation((turn("how?", "visual-style-prompting"),))
    assert standalone("does it need training?", told).is_bound
    leaning = standalone("and in which layers?", told)
    assert leaning.focus == "visual-style-prompting" and not leaning.is_bound


def test_the_document_asked_about_by_name_is_the_focus_whatever_is_cited_first():
    corrected = turn("Why does FedStyle swap keys?", "visual-style-prompting", "fedstyle")
    assert focus_of(corrected) == "fedstyle"


def test_ordinals_without_a_list_count_what_the_conversation_took_up():
    told = Conversation((turn("a?", "visual-style-prompting"), turn("b?", "fedstyle", titles=("FedStyle: Federated",))))
    assert standalone("what did the first paper find?", told).query == "what did Visual Style Prompting find?"


def test_nothing_was_said_yet_so_nothing_gives_context():
    assert in_context("how many took part?", Conversation()) is None
    told = Conversation((turn("how?", "visual-style-prompting"),))
    assert in_context("how many took part?", told).query == "how many took part (Visual Style Prompting)?"
