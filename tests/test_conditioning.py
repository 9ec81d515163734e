import pytest
import torch
from compel import Compel

from tests.tiny import tiny_model
from tools.blend.conditioning import (
    OTHER_PHRASES,
    make_conditioning,
    merge_styles,
)
from tools.blend.methods import METHODS
from tools.blend.prompts import unknown_words

PHOTO, ILLUSTRATION = "photographic style", "digital illustration"


def conditioning(method, *styles, subject="a red house"):
    return make_conditioning(tiny_model(), subject, styles, method)


def embeds(method, *styles):
    (branch,) = conditioning(method, *styles).branches
    return branch.prompt_embeds


def stock(text):
    return tiny_model().pipeline.encode_prompt(text, "cpu", 1, False)[0][0]


def compel(text):
    pipeline = tiny_model().pipeline
    return Compel(pipeline.tokenizer, pipeline.text_encoder, truncate_long_prompts=False)(text)[0]


def test_styles_that_read_alike_are_one_and_those_without_a_share_are_none():
    assert merge_styles([("Photo", 0.25), ("ink", 0.0), ("photo ", 0.25), ("oil", 0.5)]) == (
        ("Photo", 0.5),
        ("oil", 0.5),
    )


@pytest.mark.parametrize(
    ("method", "shares", "rulers"),
    [
        ("schedule", (0.5, 0.5), "00001111"),
        ("schedule", (0.25, 0.75), "00111111"),
        ("schedule", (0.5, 0.25, 0.25), "00001122"),
        ("schedule", (0.01, 0.99), "11111111"),
        ("alternate", (0.5, 0.5), "01010101"),
        ("alternate", (0.75, 0.25), "00100010"),
        ("alternate", (1 / 3, 1 / 3, 1 / 3), "01201201"),
    ],
)
def test_one_style_rules_each_step(method, shares, rulers):
    found = METHODS[method].rulers(shares, 8)
    if method == "alternate":  # whichever goes first, the counts follow the shares at every step
        for step in range(1, 9):
            for style, share in enumerate(shares):
                assert abs(found[:step].count(style) - share * step) < 1
    else:
        assert "".join(map(str, found)) == rulers


def test_equal_shares_are_the_plain_prompt_that_names_both_styles():
    both = embeds("prompt", (PHOTO, 0.5), (ILLUSTRATION, 0.5))
    assert torch.equal(both, stock(f"a red house, {PHOTO}, {ILLUSTRATION}"))


def test_unequal_shares_are_compel_weights_over_the_largest():
    ours = embeds("prompt", (PHOTO, 2 / 3), (ILLUSTRATION, 1 / 3))
    theirs = compel(f"a red house, {PHOTO} (, {ILLUSTRATION})0.5")
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_a_style_in_one_prompt_fades_with_its_share():
    alone, nothing = stock(f"a red house, {PHOTO}"), stock("")
    own = slice(7, 10)  # start, a red house, the comma, photographic style; then: comma, digital illustration
    left = []
    for share in (0.4, 0.2, 0.05, 0.0001):
        faded = embeds("prompt", (PHOTO, 1 - share), (ILLUSTRATION, share))
        assert torch.allclose(faded[:7], alone[:7], atol=1e-4)  # the text encoder never looks ahead
        left.append(float((faded[own] - nothing[own]).norm()))
    assert left == sorted(left, reverse=True) and left[-1] < 0.01 * left[0]


def test_the_mean_of_embeddings_is_compels_blend():
    ours = embeds("embedding", (PHOTO, 0.25), (ILLUSTRATION, 0.75))
    theirs = compel(f'("a red house, {PHOTO}", "a red house, {ILLUSTRATION}").blend(0.25, 0.75)')
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_compels_syntax_in_a_prompt_stays_text():
    tricky = "a (red)1.5 house++"
    ours = conditioning("prompt", (PHOTO, 0.9), (ILLUSTRATION, 0.1), subject=tricky).branches[0]
    words = tiny_model().pipeline.tokenizer.tokenize(tricky)
    assert ours.roles[:, 0].sum() == len(words)


@pytest.mark.parametrize("method", ["prompt", "embedding", "composable", "schedule", "alternate"])
@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.2, 0.8)])
def test_every_token_stands_for_a_phrase(method, shares):
    found = conditioning(method, (PHOTO, shares[0]), (ILLUSTRATION, shares[1]))
    assert found.phrases == ("subject", PHOTO, ILLUSTRATION, *OTHER_PHRASES)
    for branch in found.branches:
        assert branch.roles.shape == (77, 7)
        assert torch.allclose(branch.roles.sum(1), torch.ones(77))
    roles = sum(
        share * branch.roles
        for share, branch in zip(found.shares if len(found.branches) > 1 else (1,), found.branches, strict=True)
    )
    counts = dict(zip(found.phrases, roles.sum(0).tolist(), strict=True))
    assert counts["subject"] == pytest.approx(3)  # a, red, house
    assert counts["start"] == pytest.approx(1) and counts["end"] == pytest.approx(1)
    assert counts["other words"] == pytest.approx(2 if method == "prompt" else 1)  # the commas
    assert counts[PHOTO] == pytest.approx(2 if method == "prompt" else 2 * shares[0])


def test_a_long_prompt_is_an_error_that_shows_the_lost_words():
    fits = " ".join(["red"] * 72)  # with start, comma, two words of style and end: 77
    conditioning("composable", (PHOTO, 1.0), subject=fits)
    with pytest.raises(ValueError, match='79 tokens and the model reads 77: it would lose "photographic style"'):
        conditioning("composable", (PHOTO, 1.0), subject=fits + " tree tree")
    with pytest.raises(ValueError, match='it would lose "digital illustration"'):
        conditioning("prompt", (PHOTO, 0.5), (ILLUSTRATION, 0.5), subject=" ".join(["red"] * 71))


def test_unknown_words_are_named_where_the_vocabulary_is_closed(monkeypatch):
    model = tiny_model()
    assert unknown_words(model, ["A red zebra, in 3 Jungles", "red house"]) == ("zebra", "jungles")
    monkeypatch.setattr("tools.models.CLOSED_TOKENS", 10)
    assert unknown_words(model, ["a red zebra"]) == ()


@pytest.mark.parametrize("subject", ["1girl, hair_clip", "a_b", "tête-à-tête", "3,5 red   balls"])
def test_phrases_are_found_by_their_characters_whatever_the_tokens(subject):
    found = make_conditioning(tiny_model(), subject, [(PHOTO, 0.5), (ILLUSTRATION, 0.5)], "prompt")
    branch, cut = found.branches[0], tiny_model().pipeline.tokenizer
    assert (branch.roles.sum(1) == 1).all()
    for column, text in enumerate((subject, PHOTO, ILLUSTRATION)):
        mine = branch.roles[:, column].nonzero().flatten().tolist()
        assert mine == list(range(mine[0], mine[0] + len(mine)))
        ids = cut(branch.text)["input_ids"]
        assert [ids[place] for place in mine] == cut(text, add_special_tokens=False)["input_ids"]
        assert len(found.tokens[column]) == len(mine)
