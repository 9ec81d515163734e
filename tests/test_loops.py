"""Whether a text has begun to repeat itself."""

import time

import pytest

from app.generation.loops import is_looping

LINE = "- The key and value are swapped there, {}.\n"


@pytest.mark.parametrize("text", ["blah " * 100, "{" * 400, "So it is. Or is it?\n" * 30, " \n" * 300])
def test_a_piece_again_and_again(text):
    assert is_looping(text)
    assert is_looping("It began well, with words of its own, and then: " + text)


def test_a_line_that_comes_again_and_again():
    assert is_looping("".join(LINE.format(n % 3) for n in range(15)))


def test_a_text_that_goes_on():
    assert not is_looping("".join(LINE.format(n) for n in range(60)))
    assert not is_looping("no no no no no")
    assert not is_looping("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]" + "".join(str(n) for n in range(200)))


def test_it_is_told_at_once():
    text = " ".join(str(n * 7919) for n in range(6_000))
    started = time.perf_counter()
    for _ in range(200):
        is_looping(text)
    assert time.perf_counter() - started < 2
