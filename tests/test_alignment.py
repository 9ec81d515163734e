"""A sentence laid against passages, word by word, on texts about bread, tides and bridges."""

from __future__ import annotations

import pytest

from app.verification.alignment import align
from app.verification.tokens import content_tokens, rarity

TIDES = "The moon raises two tides a day. In narrow bays they may reach 16 metres, but lakes have none."


def test_every_content_word_finds_its_place():
    alignment = align("Narrow bays reach tides of 16 metres.", [TIDES])
    matched = {alignment.sentence[i].text for i, match in enumerate(alignment.matches) if match}
    assert {"Narrow", "bays", "reach", "16", "metres"} <= matched
    places = [alignment.at(match).text for match in alignment.matches if match]
    assert {"narrow", "bays", "16"} <= set(places)


def test_what_stands_nowhere_has_no_match():
    alignment = align("Volcanoes raise tides.", [TIDES])
    by_word = {token.text: match for token, match in zip(alignment.sentence, alignment.matches, strict=True)}
    assert by_word["Volcanoes"] is None and by_word["tides"] is not None


def test_neighbours_stay_in_the_passage_that_holds_them_both():
    passages = ["Stone bridges bear weight.", "Wooden bridges sway in the wind; stone is quarried."]
    alignment = align("Stone bridges bear weight.", passages)
    assert {match.passage for match in alignment.matches if match} == {0}


@pytest.mark.parametrize(
    "text, word, field",
    [
        ("Rye does not rise without yeast.", "rise", "negated"),
        ("The loaf may rise overnight.", "rise", "hedged"),
        ("Some loaves rise twice.", "loaves", "limited"),
        ("All loaves rise twice.", "loaves", "universal"),
    ],
)
def test_what_governs_a_word_is_known(text, word, field):
    tokens = {token.text: token for token in content_tokens(text)}
    assert getattr(tokens[word], field) > 0
    plain = {token.text: token for token in content_tokens("The loaves rise.")}
    assert getattr(plain["rise"], field) == 0


def test_numbers_are_one_whatever_way_they_are_written():
    keys = [[t.key for t in content_tokens(text) if t.kind == "number"] for text in ("16 metres", "sixteen metres")]
    assert keys[0] == keys[1] == ["#16"]


def test_a_rare_word_weighs_more_than_a_common_one():
    assert rarity("the") < rarity("bread") < rarity("sourdough") <= rarity("xqzvw") == 8.0
