"""The guidance experiment: its figures recomputed by hand, and its verdicts against any measurements."""

import colorsys
import re

import numpy as np
import pytest
from PIL import Image

from tests.judgements import ILLUSTRATION, PHOTO, ahead, random_rows, random_styles, random_values
from tests.tiny import tiny_model
from tools.experiments.experiments import read_arguments, run_experiment, save_experiment

GIVEN = {"styles": [{"text": PHOTO}, {"text": ILLUSTRATION}], "subject": "a red house", "steps": 2, "seeds": 2}


def random_measured(rng):
    n, seeds = int(rng.integers(2, 7)), int(rng.integers(1, 4))
    styles = random_styles(rng)
    same = random_rows(rng, seeds, len(styles)) if rng.random() < 0.2 else None
    return {
        "styles": styles,
        "subject": "a red house",
        "scales": np.cumsum(rng.choice([0.5, 1.0, 2.5], n)).tolist(),
        "seeds": seeds,
        "by": "diffusion classifier",
        "subject_by": "diffusion classifier",
        "probability": [same or random_rows(rng, seeds, len(styles)) for _ in range(n)],
        "subject_probability": [random_values(rng, seeds) for _ in range(n)],
        "contrast": random_values(rng, n, 0.5),
        "saturation": random_values(rng, n),
        "clipped": random_values(rng, n),
    }


def scales_in(text, scales):
    """The scales that a part of a verdict names: "1 to 3 and 8"."""
    runs = re.findall(r"(\d+(?:\.\d+)?)(?: to (\d+(?:\.\d+)?))?", re.sub('"[^"]*"', "", text))
    return {scale for a, b in runs for scale in scales if float(a) - 1e-9 <= scale <= float(b or a) + 1e-9}


def agrees(measured, findings):
    wins, shown, colour = findings.verdict.split(". ")
    wins, _, seeds = wins.partition(", by ")
    assert seeds == f"{measured['seeds']} seeds at each"
    scales, names = measured["scales"], {number: f'"{style}"' for number, style in enumerate(measured["styles"])}
    names[None] = "either style leads" if len(names) == 2 else "o style leads"
    led = []
    for rows in measured["probability"]:
        counts = {who: [ahead(row) for row in rows].count(who) for who in names}
        best = [who for who, count in counts.items() if count == max(counts.values())]
        led.append(best[0] if len(best) == 1 else None)
    if "at every scale" in wins:
        assert len(set(led)) == 1 and names[led[0]] in wins
    else:
        for who, name in names.items():
            (part,) = [part for part in re.split(', (?=["n])', wins) if name in part] or [""]
            assert scales_in(part, scales) == {scale for scale, one in zip(scales, led, strict=True) if one == who}
    there = {scale for scale, row in zip(scales, measured["subject_probability"], strict=True) if np.mean(row) >= 0.5}
    if "at every scale" in shown or "not shown at any" in shown:
        assert there == (set(scales) if "every" in shown else set())
    else:
        assert scales_in(shown, scales) == there
    low, high = measured["contrast"][0], measured["contrast"][-1]
    assert f"from {low:.2f} at {scales[0]:g} to {high:.2f} at {scales[-1]:g}" in colour
    steps = np.diff(measured["contrast"])
    verb = "grows" if (steps >= 0).all() and high > low else "falls" if (steps <= 0).all() and low > high else "goes"
    assert colour.startswith(f"Contrast {verb}")


def test_colours_are_those_of_the_saved_pictures(tmp_path):
    result = run_experiment("guidance", {**GIVEN, "scales": [1, 6], "guidance": 6}, tiny_model())
    save_experiment(result, tmp_path)
    assert result.measured["scales"] == [1, 6] and len(result.renders) == 4
    pictures = [np.asarray(Image.open(tmp_path / name)) / 255 for name in result.files()]
    for place, pair in enumerate((pictures[:2], pictures[2:])):
        contrast = np.mean([np.std(0.299 * p[..., 0] + 0.587 * p[..., 1] + 0.114 * p[..., 2]) for p in pair])
        assert result.measured["contrast"][place] == pytest.approx(contrast, abs=1e-5)
        # value times saturation of a hue is its largest less its smallest channel
        hues = [[colorsys.rgb_to_hsv(*pixel) for pixel in p.reshape(-1, 3)] for p in pair]
        saturation = np.mean([np.mean([s * v for _, s, v in one]) for one in hues])
        assert result.measured["saturation"][place] == pytest.approx(saturation, abs=1e-5)
        clipped = np.mean([np.isin(p, (0, 1)).mean() for p in pair])
        assert result.measured["clipped"][place] == pytest.approx(clipped, abs=1e-5)
    scales = [request["guidance_scale"] for request in result.record["requests"]]
    assert scales == [1, 1, 6, 6] and result.record["batches"] == [[0, 1], [2, 3]]


def test_the_usual_scale_is_among_them():
    assert run_experiment("guidance", {**GIVEN, "scales": [1, 2], "seeds": 1}, tiny_model()).measured["scales"] == [
        1,
        2,
        7.5,
    ]
    with pytest.raises(ValueError, match="scales: give guidance scales from 0 to 30"):
        read_arguments("guidance", {**GIVEN, "scales": [1, 99]})
