"""The methods experiment: its figures recomputed by hand, and its verdicts against any measurements."""

import numpy as np
import pytest
import torch

from tests.judgements import ILLUSTRATION, PHOTO, ahead, random_rows, random_values
from tests.tiny import tiny_model
from tools.blend.methods import STYLE_METHODS as METHODS
from tools.blend.results import BlendRequest, WeightedStyle, blend
from tools.experiments.experiments import read_arguments, run_experiment
from tools.trace.classifier import classify_styles

GIVEN = {"styles": [{"text": PHOTO}, {"text": ILLUSTRATION}], "subject": "a red house", "steps": 4, "points": 3}


def random_measured(rng):
    n = int(rng.choice([3, 5, 7]))
    ends, shown = random_rows(rng, 2), random_values(rng, 2)
    same = random_values(rng, n - 1) if rng.random() < 0.1 else None
    return {
        "styles": [PHOTO, ILLUSTRATION],
        "subject": "a red house",
        "weights": np.round(np.linspace(0, 1, n), 6).tolist(),
        "by": "diffusion classifier",
        "subject_by": "diffusion classifier",
        "probability": {method: [ends[0], *random_rows(rng, n - 2), ends[1]] for method in METHODS},
        "distance_to_next": {method: same or random_values(rng, n - 1, 1.3) for method in METHODS},
        "subject_probability": {method: [shown[0], *random_values(rng, n - 2), shown[1]] for method in METHODS},
    }


def agrees(measured, findings):
    winners, gradual, kept = findings.verdict.split(". ")
    middle = len(measured["weights"]) // 2
    for part, outcome in ((f'"{PHOTO}" wins', 0), (f'"{ILLUSTRATION}" wins', 1), ("neither style clearly wins", None)):
        said = winners.partition(f"{part} by ")[2].split(", neither")[0].split(', "')[0]
        for method in METHODS:
            won = ahead(measured["probability"][method][middle]) == outcome
            assert won == (said == "every method" or method in said.replace(",", "").split()), (
                method,
                findings.verdict,
            )
    largest = {method: max(steps) for method, steps in measured["distance_to_next"].items()}
    if "All are as gradual" in gradual:
        assert max(largest.values()) - min(largest.values()) <= 0.01
    else:
        uneven = min(largest.values()) > 2 / (len(measured["weights"]) - 1)
        assert gradual.startswith("No method is gradual" if uneven else "The most gradual is")
        first, second = ("step", "the way between the styles") if uneven else ("whose", "the least is ")
        most, least = gradual.split(first)[0], gradual.split(second)[1]
        assert all((method in most) == (value == min(largest.values())) for method, value in largest.items())
        assert all((method in least) == (value == max(largest.values())) for method, value in largest.items())
    lost = [method for method, row in measured["subject_probability"].items() if row[middle] < 0.5]
    if len(lost) in (0, len(METHODS)):
        assert kept.startswith("Every method keeps" if not lost else "No method keeps")
        ends = measured["subject_probability"]["prompt"]
        assert ("nor does one style alone" in kept) == (bool(lost) and max(ends[0], ends[-1]) < 0.5)
    else:
        assert all((method in kept.split("lost by ")[1]) == (method in lost) for method in METHODS)


@pytest.fixture(scope="module")
def result():
    return run_experiment("methods", GIVEN, tiny_model())


def test_each_method_is_rendered_at_the_same_weights(result):
    assert len(result.renders) == 2 + len(METHODS)
    for method in METHODS:
        one = result.renders[f"{method}, 50 %"]
        alone = blend(BlendRequest(
            "a red house", (WeightedStyle(PHOTO), WeightedStyle(ILLUSTRATION)), method, 4, tiny_model().default_guidance
        ), tiny_model())  # fmt: skip
        np.testing.assert_allclose(one.latents, alone.arrays["latents"][0], atol=1e-3)


def test_figures_are_those_of_the_latents(result):
    first, last = (result.renders[f'only "{style}"'].latents.astype(np.float64) for style in (PHOTO, ILLUSTRATION))
    whole = np.sqrt(((first - last) ** 2).sum())
    for method in METHODS:
        half = result.renders[f"{method}, 50 %"].latents.astype(np.float64)
        steps = [np.sqrt(((a - b) ** 2).sum()) / whole for a, b in ((first, half), (half, last))]
        assert result.measured["distance_to_next"][method] == pytest.approx(steps, rel=1e-3)
        latents = torch.from_numpy(half.astype(np.float32))[None]
        seen = classify_styles(tiny_model(), latents, "a red house", [PHOTO, ILLUSTRATION]).probabilities[0]
        np.testing.assert_allclose(result.measured["probability"][method][1], seen, atol=1e-3)
        shown = classify_styles(tiny_model(), latents, None, ["a red house", ""]).probabilities[0, 0]
        assert result.measured["subject_probability"][method][1] == pytest.approx(float(shown), abs=1e-3)


def test_half_must_be_among_the_weights():
    with pytest.raises(ValueError, match="4 is even; give an odd number"):
        read_arguments("methods", {**GIVEN, "points": 4})
    with pytest.raises(ValueError, match="method: Input should be 'every'"):
        read_arguments("methods", {**GIVEN, "method": "prompt"})
