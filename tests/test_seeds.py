"""The seeds experiment: its figures recomputed by hand, and its verdicts against any measurements."""

import re

import numpy as np
import pytest
import torch

from tests.judgements import ILLUSTRATION, PHOTO, ahead, random_rows, random_styles
from tests.tiny import tiny_model
from tools.experiments.experiments import run_experiment
from tools.experiments.seeds import wilson
from tools.trace.classifier import classify_styles

GIVEN = {"styles": [{"text": PHOTO}, {"text": ILLUSTRATION}], "subject": "a red house", "steps": 2, "seeds": 3}


def random_measured(rng):
    n, styles = int(rng.integers(2, 24)), random_styles(rng)
    return {
        "styles": styles,
        "shares": [1 / len(styles)] * len(styles),
        "seeds": [int(seed) for seed in rng.integers(100) + np.arange(n)],
        "by": "diffusion classifier",
        "probability": random_rows(rng, n, len(styles)),
    }


def no_style(measured):
    return "neither style" if len(measured["styles"]) == 2 else "no style"


def agrees(measured, findings):
    won = [ahead(row) for row in measured["probability"]]
    counts = {style: won.count(number) for number, style in enumerate(measured["styles"])} | {None: won.count(None)}
    commonest = [style for style, count in counts.items() if count == max(counts.values())]
    verdict = findings.verdict
    if len(commonest) > 1:
        assert f"on {max(counts.values())} of {len(won)} seeds each" in verdict
        assert all(f'"{style}"' in verdict for style in commonest if style) and "not typical" in verdict
        assert (no_style(measured) in verdict) == (None in commonest)
        return
    assert verdict.startswith(
        f'"{commonest[0]}" wins on' if commonest[0] else f"{no_style(measured).capitalize()} clearly wins on"
    )
    n, hits = len(won), max(counts.values())
    low, high = wilson(hits, n)
    typical = "is typical" if low >= 0.8 else "is not typical" if high < 0.8 else "leave open whether"
    assert f"{hits} of {n} seeds, {hits / n:.0%}" in verdict and typical in verdict
    seed_0 = measured["styles"][won[0]] if won[0] is not None else None
    assert (f"Seed {measured['seeds'][0]} did." in verdict) == (seed_0 != commonest[0])
    share = next(f for f in findings.facts if f.text.startswith(verdict.split(" wins")[0]))
    assert share.numbers["wins"] == hits


def test_the_interval_is_wilsons():
    # worked by hand: p = 8/10, z = 1.96: (.8 + .19207) / 1.38415 -+ 1.96 / 1.38415 * sqrt(.016 + .0096037)
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 20)[0] == 0 and wilson(20, 20)[1] == pytest.approx(1.0)
    assert wilson(16, 16)[0] > 0.8 > wilson(15, 15)[0]
    for hits, n in ((1, 7), (5, 16), (30, 31)):
        for end in wilson(hits, n):  # each end is the share that lies z standard errors from what was seen
            assert abs(hits / n - end) == pytest.approx(1.959964 * np.sqrt(end * (1 - end) / n), abs=1e-9)


def test_each_picture_is_judged_and_counted():
    result = run_experiment("seeds", {**GIVEN, "seed": 7}, tiny_model())
    assert result.measured["seeds"] == [7, 8, 9] and list(result.renders) == ["seed 7", "seed 8", "seed 9"]
    latents = torch.from_numpy(np.stack([one.latents for one in result.renders.values()]))
    seen = classify_styles(tiny_model(), latents, "a red house", [PHOTO, ILLUSTRATION]).probabilities
    np.testing.assert_allclose(result.measured["probability"], seen, atol=1e-3)
    figure = result.findings.figures[0]
    won = [ahead(row) for row in seen.tolist()]
    assert [row[0] for row in figure.rows] == pytest.approx([won.count(w) / 3 for w in (0, 1, None)])
    assert not re.search(r"nan|None", result.findings.verdict)
