import pytest

from app.answering.findings import compared_runs, told_facts, topics_of

RUN = {
    "facts": [
        {
            "topic": "layers",
            "text": 'The layers that listened most to "watercolor": up.0 (12.0%).',
            "figure": "attention.share_by_layer",
        },
        {
            "topic": "layers",
            "text": 'The layers that listened most to "pixel art": mid (9.0%).',
            "figure": "attention.share_by_layer",
        },
        {"topic": "noise", "text": "Of the pull, 60.0% ...", "figure": "noise.contribution_by_step"},
        {
            "topic": "parameters",
            "text": "The model's parameters are the same before and after.",
            "figure": "parameters",
        },
    ],
    "measurements": {
        "images": [
            {"styles": ["watercolor", "pixel art"], "shares": [0.5, 0.5], "noise": {"contribution_share": [0.6, 0.4]}}
        ]
    },
}


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("which style won in the early steps?", "noise"),
        ("which layers listened to 'pixel art'?", "layers"),
        ("did the weights change?", "parameters"),
        ("what changes without one of the styles?", "left_out"),
        ("what style does the model itself see?", "seen"),
        ("how much attention went to padding?", "attention"),
        ("what was measured?", "parameters"),
        ("which layers were swapped?", "reference"),
        ("how far did each layer's output move?", "reference"),
        ("what does it look like without the reference?", "reference"),
        ("what did the reference change?", "reference"),
    ],
)
def test_questions_about_a_run_are_recognised(question, topic):
    assert topic in topics_of(question)


@pytest.mark.parametrize(
    "question",
    [
        "and in which layers?",
        "In which layers are key and value swapped?",
        "What is content leakage?",
        "does it need fine-tuning?",
    ],
)
def test_questions_about_the_corpus_are_not(question):
    assert topics_of(question) == ()


def test_facts_are_marked_as_measured_and_point_at_their_figure():
    section = told_facts(RUN, topics_of("did the weights change?"))
    assert section.heading == "Measured in this run"
    (sentence,) = section.sentences
    assert sentence.kind == "measured" and sentence.citations == ()
    assert sentence.figure == "parameters"


def test_a_named_style_gets_its_own_facts_only():
    section = told_facts(RUN, ("layers",), "which layers listened to pixel art?")
    assert ['"pixel art"' in s.text for s in section.sentences] == [True]


def test_a_topic_without_facts_is_no_answer():
    assert told_facts(RUN, ("seen",)) is None


def test_two_runs_are_compared_where_both_have_the_measure():
    after = {"measurements": {"images": [{"styles": ["watercolor", "pixel art"], "shares": [0.2, 0.8]}]}}
    section = compared_runs(RUN, after)
    assert [s.text for s in section.sentences] == ['"pixel art", share that was set: 80% now, 50% before.']
    assert [s.figure for s in section.sentences] == ["shares"]
    other = {"measurements": {"images": [{"styles": ["oil painting"], "shares": [1.0]}]}}
    assert compared_runs(RUN, other) is None
