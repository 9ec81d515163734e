"""When two ways of writing a style are one style."""

import pytest

from app.understanding.spelling import called_back, fold, nearest

NAMES = ["photographic style", "digital illustration", "pixel art"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("watercolour", "Watercolor style"),
        ("the grey-scale look", "gray scale look"),
        ("stylised art", "stylized art"),
        ("theatre poster", "theater poster"),
        ("pixel art", "pixel-art"),
        ("a mould print", "mold print"),
    ],
)
def test_two_writings_of_one_style(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("ink", "pink"), ("style", ""), ("oil", "foil"), ("pixel art", "art")])
def test_two_styles(one, other):
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    ("text", "place"),
    [("photo", 0), ("photography", 0), ("illustration", 1), ("the pixel style", 2), ("gouache", None), ("p", None)],
)
def test_a_style_is_called_back_by_a_part_of_its_name(text, place):
    assert called_back(text, NAMES) == place


def test_what_two_names_share_calls_back_neither():
    assert called_back("art", ["pixel art", "line art"]) is None


def test_a_misspelt_name_is_found_and_a_right_or_short_one_left_alone():
    assert nearest("watercolr", ["watercolor", "pixel art"]) == "watercolor"
    assert nearest("watercolour", ["watercolor"]) is None
    assert nearest("oyl", ["oil"]) is None
    assert nearest("batercolor", ["watercolor"]) is None
