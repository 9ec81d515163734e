"""What a language model wrote, read: plans and sentences of every shape."""

import json
import time

import pytest

from app.generation.parsing import Item, marks_of, read_plan
from tests.evals.planning import SHAPES

WHOLE = json.dumps({"sections": [{"heading": "What is kept", "passages": [3, 1]}], "missing": None})
SENTENCES = json.dumps({"sections": [{"heading": "", "sentences": ["One is so [3].", "Another is not. [1]"]}]})


def items(reply):
    return [(item.passages, item.text) for item in read_plan(reply).items]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_nine_shapes_name_the_same_passages(shape):
    assert [item.passages for item in read_plan(shape(3, 1)).items] == [(3,), (1,)]


@pytest.mark.parametrize(
    "reply",
    [
        WHOLE,
        f"Sure {{here}} you go:\n```json\n{WHOLE}\n```\nHope this helps :)",
        f'<think>Perhaps {{"sections": [{{"heading": "", "passages": [9]}}]}}</think>{WHOLE}',
        f'The shape is {{"sections": []}}, so:\n{WHOLE}',
        WHOLE.replace("1]}]", "1,]},]"),
        WHOLE[:-18],
        WHOLE.replace("What is", "What\nis"),
        json.dumps({"result": {"plan": json.loads(WHOLE)}}),
        json.dumps(json.loads(WHOLE)["sections"]),
    ],
)
def test_a_plan_is_read_out_of_whatever_surrounds_it(reply):
    (section,) = read_plan(reply).sections
    assert " ".join(section.heading.split()) == "What is kept"
    assert section.items == (Item((3,)), Item((1,)))


def test_a_sentence_stands_on_the_passages_that_its_marks_name():
    assert items(SENTENCES) == [((3,), "One is so."), ((1,), "Another is not.")]
    assert items('{"sentences": [{"text": "Both are so.", "passages": [2, 4]}]}') == [((2, 4), "Both are so.")]


def test_two_sentences_in_one_are_two():
    assert items('{"sentences": ["One is so. Another is not [2]."]}') == [
        ((2,), "One is so."),
        ((2,), "Another is not."),
    ]


def test_prose_without_marks_names_nothing():
    assert items("Styles are averaged by their weights.") == []


@pytest.mark.parametrize(
    "mark, numbers",
    [
        ("[3]", (3,)),
        ("[1, 2]", (1, 2)),
        ("(passage 4)", (4,)),
        ("[p7]", (7,)),
        ("【5】", (5,)),
        ("(2024)", ()),
        ("[x]", ()),
    ],
)
def test_marks_of_every_kind(mark, numbers):
    assert marks_of(f"It is so {mark}.") == numbers


@pytest.mark.parametrize(
    "said, missing", [('"training cost"', "training cost"), ("null", None), ('"none"', None), ("[]", None)]
)
def test_what_is_missing(said, missing):
    assert read_plan('{"sections": [], "missing": ' + said + "}").missing == missing


@pytest.mark.parametrize("reply", ["", "no json", "{", '{"sentences": 3}', '{"sentences": [{"text": 1}]}', "null"])
def test_of_nothing_that_can_be_read_nothing_is(reply):
    assert items(reply) == []


def test_a_hostile_reply_is_read_in_no_time():
    started = time.perf_counter()
    for reply in (
        '{"a":' * 8_000, '{"sentences": [' * 2_000, "<think>" * 5_000, '{"quotes": "' + "\\" * 39_000, "[1" * 20_000,
        "[12" + "3" * 39_000, "[passage " * 4_000, "passages 1, " * 3_000, "So. [1] " * 5_000, "[" * 40_000,
    ):  # fmt: skip
        assert len(read_plan(reply).items) <= 60
    assert time.perf_counter() - started < 5


def test_the_heading_of_a_cut_section_is_no_item():
    (section,) = read_plan('{"sections": [{"heading": "A", "passages": [2, 3]}, {"heading": "B", "pass').sections
    assert section.items == (Item((2,)), Item((3,)))
