"""Which facts of a run a question asks for, and what was set differently in two."""

import pytest

from app.answering.run_facts import tell_comparison, tell_run
from tests.measured_run import RUN

ARGUMENTS = {
    "subject": "a mug",
    "styles": [{"text": "watercolor", "weight": 1.0}, {"text": "pixel art", "weight": 1.0}],
    "method": "prompt",
    "seed": 7,
}
MADE = {"tool": "blend_styles", "arguments": ARGUMENTS, "artifact": RUN}


def told(question: str) -> str:
    return " ".join(s.text for section in tell_run(question, MADE) for s in section.sentences)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("what about the layers?", "listened most"),
        ("which layers listened to pixel art?", "mid (9.0%)"),
        ("did the model's parameters change?", "same before and after"),
        ("which seed was that?", "seed was 7"),
        ("which method did you use?", "method was prompt"),
        ("which style pulled more?", "60.0%"),
    ],
)
def test_a_question_gets_the_facts_that_are_like_it(question, words):
    assert words in told(question)


def test_what_was_measured_names_its_figure_and_the_verdict_comes_first():
    first, facts = tell_run("what about the layers?", MADE)
    assert first.sentences[0].text == RUN["verdict"]
    assert all(s.figure for s in facts.sentences if s.kind == "measured")


def test_a_comparison_says_what_was_set_differently():
    other = {**MADE, "arguments": {**ARGUMENTS, "seed": 8, "subject": "a cat"}}
    said = " ".join(s.text for section in tell_comparison("what changed?", MADE, other) for s in section.sentences)
    assert "Seed: 8 now, 7 before." in said and "Subject: a cat now, a mug before." in said and "Method" not in said


def test_an_unknown_artifact_breaks_nothing():
    assert tell_run("why?", {"tool": "x", "arguments": {}, "artifact": {}}) == ()
