"""Shares: every syntax that people write, what is refused, and time that does not explode."""

import random
import time

import pytest

from app.understanding.examples import fill_mix, read_rows
from app.understanding.shares import read_shares

NAMES = ["ukiyo-e", "cyberpunk", "vellumism", "gouache"]


def read(text: str, *names: str):
    """Read the shares of styles at their first places in a text, all mentions of each."""
    spans = []
    for name in names:
        at = text.find(name)
        while at >= 0:
            spans.append((at, at + len(name)))
            at = text.find(name, at + 1)
    return read_shares(text, spans)


def shares(text: str, *names: str) -> dict[str, float]:
    return {name: round(share, 2) for name, share in read(text, *names).styles}


@pytest.mark.parametrize("row", read_rows("mixes"), ids=lambda row: row["text"])
def test_every_way_of_writing_a_mix_is_read(row):
    rng = random.Random(5)
    for _ in range(3):
        text, spans, wanted = fill_mix(row, NAMES, rng)
        found = read_shares(text, [(s.start, s.end) for s in spans])
        assert [share for _, share in found.styles] == pytest.approx(list(wanted), abs=0.011), text
        assert found.refusal is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("blend a photo with an illustration of a cat, 25 percent photo", {"photo": 0.25, "illustration": 0.75}),
        ("Blend watercolor:4 and ink:1 of a house", {"watercolor": 0.8, "ink": 0.2}),
        ("Mix two thirds chalk with one third ink of a boat", {"chalk": 0.67, "ink": 0.33}),
        ("(masterpiece:1.2), cat, chalk AND ink, Steps: 20, Seed: 5", {"chalk": 0.5, "ink": 0.5}),
        ("seventy percent chalk and ink, a cat", {"chalk": 0.7, "ink": 0.3}),
        ("chalk with 20% ink, 30 steps, seed 70", {"chalk": 0.8, "ink": 0.2}),
        ("2 cats in chalk and ink", {"chalk": 0.5, "ink": 0.5}),
        ("twice as much chalk as ink", {"chalk": 0.67, "ink": 0.33}),
        ("chalk::2 ink::1", {"chalk": 0.67, "ink": 0.33}),
        ("chalk, ink, a boat, weights .3 .7", {"chalk": 0.3, "ink": 0.7}),
        ("chalk mostly, slight ink", {"chalk": 0.8, "ink": 0.2}),
        ("a boat in chalk with a third of it being ink", {"chalk": 0.67, "ink": 0.33}),
        ("chalk and ink (chalk should be stronger, say 60%)", {"chalk": 0.6, "ink": 0.4}),
        ("chalk against ink from 0 to 100", {"chalk": 0.5, "ink": 0.5}),
        ('("a cat, chalk", "a cat, ink").blend(0.8, 0.2)', {"chalk": 0.8, "ink": 0.2}),
    ],
)
def test_messages_of_other_programs_and_forums(text, wanted):
    assert shares(text, *wanted) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("150% chalk and -50% ink", "negative"),
        ("-50% chalk, ink", "negative"),
        ("minus 20 percent chalk and ink", "negative"),
        ("120% chalk with ink", "over 100"),
        ("0% chalk and 0% ink", "zero"),
        ("80% chalk and 70% ink", "over 100"),
        ("chalk minus 20, ink 120", "negative"),
        ("zero chalk and zero ink", "zero"),
    ],
)
def test_what_cannot_be_a_share_is_refused_with_the_reason(text, why):
    found = read(text, "chalk", "ink")
    assert why in (found.refusal or "") and not found.styles


def test_a_ratio_without_names_is_kept_for_the_run_before():
    assert read_shares("make it 60/40", []).ratio == (60, 40)


def test_another_programs_syntax_is_named():
    assert any("another program" in note for note in read("chalk++ and ink--", "chalk", "ink").notes)


@pytest.mark.parametrize(
    "piece", ["1/", "50% ", "half a ", "(", "a++", "twenty ", "[a:", "mostly,", "the of ", "a  ", "9" * 50]
)
def test_the_grammar_is_quick_on_anything(piece):
    text = (piece * 4000)[:4000]
    started = time.process_time()
    read_shares(text, [(n * 40, n * 40 + 1) for n in range(90)])
    read_shares(text, [])
    assert time.process_time() - started < 0.1


def test_what_has_no_part_where_the_others_have_all_is_no_style():
    assert shares("a moody boat, one quarter chalk, three quarters ink", "moody", "chalk", "ink") == {
        "chalk": 0.25,
        "ink": 0.75,
    }
