"""A blend beside each of its styles alone, and a verdict that no measure contradicts."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.tiny import tiny_model
from tools.blend.record import pixels_sha256
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.blend.results import blend
from tools.experiments.explained import CLEAR_PROBABILITY, CLEAR_RATIO, explain, file_of, save_explained, verdict

STYLES = ("photographic style", "digital illustration", "watercolor")
REQUEST = BlendRequest(
    "a red house",
    (WeightedStyle(STYLES[0], 0.5), WeightedStyle(STYLES[1], 0.5)),
    num_inference_steps=2,
    guidance_scale=5.0,
)


def test_the_blend_stands_between_its_styles_alone_each_as_it_is_by_itself(tmp_path):
    result = explain(REQUEST, tiny_model())
    measured = result.measurements["images"][0]
    assert [one["style"] for one in measured["alone"]] == list(STYLES[:2])
    for place, one in enumerate(measured["alone"], 1):
        alone = replace(REQUEST, styles=(WeightedStyle(one["style"]),))
        assert pixels_sha256(blend(alone, tiny_model()).images[0]) == pixels_sha256(result.images[place])
    first, second = measured["alone"]
    assert measured["left_out"][0]["latent"] == second["latent"], "without the first, the second is alone"
    assert measured["left_out"][1]["latent"] == first["latent"]
    save_explained(result, tmp_path)
    assert all((tmp_path / file_of(place)).is_file() for place in range(3))
    assert {one["file"] for one in measured["alone"]} == {file_of(1), file_of(2)}


def test_of_three_styles_each_is_left_out_too():
    request = replace(REQUEST, styles=tuple(WeightedStyle(text) for text in STYLES))
    result = explain(request, tiny_model())
    assert len(result.images) == 7
    measured = result.measurements["images"][0]
    assert [one["left_out"] for one in measured["left_out"]] == list(STYLES)
    latents = result.arrays["latents"]
    away = np.linalg.norm(latents[0] - latents[4]) / np.linalg.norm(latents[0])
    assert measured["left_out"][0]["latent"] == pytest.approx(float(away), rel=1e-4)


def test_one_style_written_twice_is_one_style():
    same = replace(REQUEST, styles=(WeightedStyle(STYLES[0]), WeightedStyle(STYLES[0].upper())))
    assert len(explain(same, tiny_model()).images) == 1


def made_up(rng, count):
    styles = list(STYLES[:count])
    seen = rng.dirichlet([rng.choice([0.2, 1.0, 20.0])] * count)
    share = rng.dirichlet([rng.choice([1.0, 30.0])] * (count + 2))
    return {
        "styles": styles,
        "seen_by_model": {"styles": styles, "probability": seen.tolist()},
        "left_out": [{"left_out": style, "latent": float(rng.choice([0.0, 0.1, 0.3, 0.31, 0.9]))} for style in styles],
        "attention": {"phrases": ["subject", *styles, "padding"], "share": share.tolist()},
    }


@pytest.mark.parametrize("seed", range(200))
def test_a_verdict_says_what_the_measures_say(seed):
    rng = np.random.default_rng(seed)
    measured = made_up(rng, int(rng.integers(2, 4)))
    said = verdict(measured)
    seen = dict(zip(measured["styles"], measured["seen_by_model"]["probability"], strict=True))
    moved = {one["left_out"]: one["latent"] for one in measured["left_out"]}
    share = dict(zip(measured["attention"]["phrases"], measured["attention"]["share"], strict=True))
    top, most = max(seen, key=seen.__getitem__), max(moved.values())
    assert f"the model itself sees “{top}” in it at {seen[top]:.0%}" in said
    if decided := re.search("“([^”]*)” decided this picture", said):
        assert decided[1] == top and seen[top] >= CLEAR_PROBABILITY and moved[top] == most
    if did := re.search("(?:“([^”]*)” did more|yet leaving out “([^”]*)”)", said):
        assert moved[did[1] or did[2]] == most > 0
    if times := re.search("moves the picture ([0-9.]+) times as far as leaving out “([^”]*)”", said):
        assert (
            float(times[1]) == pytest.approx(most / moved[times[2]], abs=0.051)
            and float(times[1]) >= CLEAR_RATIO - 0.05
        )
    if looked := re.search("Attention went mostly to “([^”]*)”", said):
        assert share[looked[1]] == max(share[style] for style in measured["styles"])
        assert looked[1] not in re.findall("“([^”]*)” decided|“([^”]*)” did more", said)
    assert 1 <= len(re.findall(r"[.?!](?: |$)", said)) <= 3
