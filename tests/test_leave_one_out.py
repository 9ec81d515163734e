"""The leave_one_out experiment: its figures recomputed by hand, and its verdicts against any measurements."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from tests.judgements import ILLUSTRATION, PHOTO, random_styles, random_values
from tests.tiny import tiny_model
from tools.experiments.experiments import run_experiment

GIVEN = {"styles": [{"text": PHOTO}, {"text": ILLUSTRATION}], "subject": "a red house", "steps": 2}


def random_measured(rng):
    styles = random_styles(rng)
    names = (*styles, "the subject")
    columns = [random_values(rng, len(names), top) for top in (2.0, 1.0, 1.0)]
    if rng.random() < 0.2:
        columns[0][:2] = [max(columns[0])] * 2  # the two that did most did as much
    return {
        "styles": styles,
        "shares": [1 / len(styles)] * len(styles),
        "left_out": [
            {"left_out": name, "is_subject": name == "the subject", "latent": latent, "pixel": pixel, "ssim": ssim}
            for name, latent, pixel, ssim in zip(names, *columns, strict=True)
        ],
        "attention": None if rng.random() < 0.2 else random_values(rng, len(styles)),
    }


def agrees(measured, findings):
    verdict = findings.verdict
    moved = {one["left_out"]: one["latent"] for one in measured["left_out"]}
    quoted = {name: name if name == "the subject" else f'"{name}"' for name in moved}
    most, least = max(moved.values()), min(moved.values())
    if most == 0:
        assert "changes nothing" in verdict
        return
    if most == least:
        assert all(name in verdict for name in quoted.values()) and f"by {most:.0%}" in verdict
    else:
        top = verdict.split("Leaving out ")[1].split(" moves the picture most")[0].split(" or ")
        bottom = verdict.split("leaving out ")[1].split(" least")[0].split(" or ")
        assert {name.strip('"') for name in top} == {name for name, far in moved.items() if far == most}
        assert {name.strip('"') for name in bottom} == {name for name, far in moved.items() if far == least}
    if "In structure" in verdict:
        alike = {one["left_out"]: one["ssim"] for one in measured["left_out"]}
        named = verdict.split("In structure ")[1].split(" matters more")[0].strip('"')
        assert alike[named] == min(alike.values())
    if "Attention went mostly" in verdict:
        looked = verdict.split("Attention went mostly to ")[1].split('"')[1]
        on = dict(zip(measured["styles"], measured["attention"], strict=True))
        assert on[looked] == max(on.values()) and moved[looked] < max(moved[style] for style in on)


def test_distances_are_those_of_the_pictures():
    result = run_experiment("leave_one_out", GIVEN, tiny_model())
    whole, *without = result.renders.values()
    assert [one["left_out"] for one in result.measured["left_out"]] == [PHOTO, ILLUSTRATION, "the subject"]
    assert [one.measured["prompts"] for one in without] == [
        [f"a red house, {ILLUSTRATION}"],
        [f"a red house, {PHOTO}"],
        [PHOTO, ILLUSTRATION],
    ]
    for measured, one in zip(result.measured["left_out"], without, strict=True):
        a, b = whole.latents.astype(np.float64), one.latents.astype(np.float64)
        x, y = (np.asarray(picture.image) / 255 for picture in (whole, one))
        assert measured["latent"] == pytest.approx(np.sqrt(((a - b) ** 2).sum() / (a**2).sum()), rel=1e-4)
        assert measured["pixel"] == pytest.approx(np.sqrt(((x - y) ** 2).mean()), rel=1e-3)
        assert measured["ssim"] == pytest.approx(structural_similarity(x, y, channel_axis=2, data_range=1.0), abs=1e-3)
