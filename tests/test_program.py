"""The program answers for itself, from its registries and settings."""

import pytest

from app.answering.program import TOPICS, Setup, tell_program
from app.understanding.request import Request, StyleShare
from tools.experiments.experiments import EXPERIMENTS
from tools.studio.captions import STYLES


def told(message: str, setup: Setup = Setup(), **slots) -> str:  # noqa: B008
    sentences = tell_program(Request(message=message, kind="program", question=message, **slots), setup)
    assert sentences and all(sentence.kind == "program" and not sentence.citations for sentence in sentences)
    return " ".join(sentence.text for sentence in sentences)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("which styles can you draw?", STYLES[-1]),
        ("what objects do you know?", "rocket"),
        ("How do I set the weights here?", "shares of one whole"),
        ("how is that different from (word:1.3)?", "other programs"),
        ("what model are you using?", "all-MiniLM-L6-v2"),
        ("which experiments can you run?", EXPERIMENTS["flip"].question),
        ("what are the blend methods?", "composable"),
        ("what can I ask you?", "corpus"),
        ("does it work offline?", "this machine"),
        ("am I allowed to print these on mugs and sell them?", "Apache License"),
        ("will my old laptop without nvidia do?", "none is needed"),
    ],
)
def test_the_program_answers_for_itself(message, words):
    assert words in told(message)


def test_two_questions_in_one_message_are_both_answered():
    said = told("can I use your pictures for a client, and what hardware do I need?")
    assert "Apache License" in said and "none is needed" in said
    assert "Apache License" not in told("my machine is ten years old. does it need a GPU?")


@pytest.mark.parametrize(("style", "says"), [("watercolour", "Yes"), ("sketch", "Yes"), ("gouache", "No")])
def test_it_says_whether_it_draws_a_style(style, says):
    assert told(f"can you draw {style}?", styles=(StyleShare(text=style, share=1.0),)).startswith(says)


def test_another_image_model_takes_any_style():
    assert "some/model" in told("which styles can you draw?", Setup(image_model="some/model"))


def test_what_is_in_use_is_told_by_its_name():
    setup = Setup("qwen3:8b", "some/model", "another-embedder")
    said = told("what models are you running?", setup)
    assert all(name in said for name in ("qwen3:8b", "some/model", "another-embedder"))


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_tells_whole_sentences(topic):
    texts = TOPICS[topic](Request(message="?", kind="program", question="?"), Setup())
    assert texts and all(text == " ".join(text.split()) and text[-1] in ".?" for text in texts)
