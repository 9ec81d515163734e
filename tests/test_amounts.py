"""The amounts of a text, whatever stands beside them."""

import pytest

from app.understanding.amounts import MAX_AMOUNTS, amounts_in


def read(text: str) -> list[tuple[str, tuple[float, ...]]]:
    return [(one.kind, tuple(round(value, 4) for value in one.values)) for one in amounts_in(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("30 % a and 70 percent b", [("share", (0.3,)), ("share", (0.7,))]),
        ("twenty-five per cent a", [("share", (0.25,))]),
        ("two thirds a, a third b", [("share", (0.6667,)), ("share", (0.3333,))]),
        ("½ a", [("share", (0.5,))]),
        ("60/40 a and b", [("weight", (60.0, 40.0))]),
        ("2/3 a", [("share", (0.6667,))]),
        ("a 0.7 and b 0.3", [("share", (0.7,)), ("share", (0.3,))]),
        ("4 parts a", [("weight", (4.0,))]),
        ("mostly a with a touch of b", [("major", (0.8,)), ("minor", (0.2,))]),
        ("the rest b", [("rest", ())]),
        ("a++ and b--", [("signs", (2.0,)), ("signs", (-2.0,))]),
        ("twice as much a", [("times", (2.0,))]),
        ("-50 % a", [("share", (-0.5,))]),
    ],
)
def test_what_is_an_amount(text, found):
    assert read(text) == found


@pytest.mark.parametrize("text", ["steps: 20", "seed 5", "cfg 7.5", "512x512", "in 1920", "4k", "30 sampling steps"])
def test_what_is_another_number(text):
    assert read(f"a cat, {text}") == []


def test_a_number_in_a_style_is_part_of_its_name():
    text = "90 % 80s neon"
    assert [one.kind for one in amounts_in(text, [(5, 13)])] == ["share"]


def test_each_and_the_place_are_told_and_there_are_never_too_many():
    (one,) = amounts_in("a quarter each of a, b, c and d")
    assert one.is_each and one.start == 0
    assert len(amounts_in("10 % " * 200)) == MAX_AMOUNTS
