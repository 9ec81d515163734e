"""What a sweep's curves say, on latents that are known."""

import re

import numpy as np
import pytest
from PIL import Image

from tests.judgements import random_rows, random_values
from tests.tiny import SIZE_PX, exact_model, tiny_model
from tools.blend.results import BlendRequest, BlendResult, WeightedStyle, blend
from tools.experiments.flip import measure_curves, sweep, sweep_requests

PHOTO, ILLUSTRATION = "photographic style", "digital illustration"
REQUEST = BlendRequest(
    "a red house", (WeightedStyle(PHOTO, 1.0), WeightedStyle(ILLUSTRATION, 1.0)), num_inference_steps=3
)


def random_measured(rng):
    n = int(rng.integers(2, 12))
    rows, to_next = random_rows(rng, n), random_values(rng, n - 1, 1.2)
    weights = np.round(np.linspace(0, 1, n), 6).tolist()
    second, traced = [p2 >= p1 for p1, p2 in rows], rng.random() < 0.5
    return {
        "weights": weights,
        "styles": [PHOTO, ILLUSTRATION],
        "style_probability": {"by": "diffusion classifier", "styles": [PHOTO, ILLUSTRATION], "values": rows},
        "distance_from_start": random_values(rng, n),
        "distance_from_end": random_values(rng, n),
        "distance_to_next": to_next,
        "jumps": [i for i, step in enumerate(to_next) if step > 0.5] if n > 3 else [],
        "attention_share": {style: random_values(rng, n) if traced else None for style in (PHOTO, ILLUSTRATION)},
        "flips": [[weights[i], weights[i + 1]] for i in range(n - 1) if second[i] != second[i + 1]],
    }


def agrees(measured, findings):
    verdict, flips = findings.verdict, measured["flips"]
    second = [p2 >= p1 for p1, p2 in measured["style_probability"]["values"]]
    if not flips:
        assert verdict.startswith(f'"{ILLUSTRATION if all(second) else PHOTO}" is the likelier')
        assert all(second) or not any(second)
    elif len(flips) == 1:
        middle = sum(flips[0]) / 2
        assert f"at about {middle:.0%}" in verdict
        start, end = (PHOTO, ILLUSTRATION) if second[-1] else (ILLUSTRATION, PHOTO)
        assert ("half of each is about half" in verdict) == (abs(middle - 0.5) <= 0.05)
        if "is more" in verdict:
            assert f'half of each is more "{start if middle > 0.5 else end}"' in verdict
        assert verdict.startswith(f'"{start}" turns into "{end}"')
    else:
        assert f"changes sides {len(flips)} times" in verdict
    assert ("it jumps" in verdict) == bool(measured["jumps"]) != ("without a jump" in verdict)
    assert not re.search("nan|None", verdict)


def curves(along):
    """The curves of a sweep whose latents lie on a line, at these places from 0 to 1."""
    start, end = np.random.default_rng(0).normal(size=(2, 4, 8, 8)).astype(np.float32)
    latents = np.stack([start + place * (end - start) for place in along])
    images = tuple(Image.new("RGB", (SIZE_PX, SIZE_PX)) for _ in along)
    measurements = {"images": [{"styles": [PHOTO, ILLUSTRATION]} for _ in along]}
    requests = tuple(sweep_requests(REQUEST, len(along)))
    result = BlendResult(requests, images, measurements, {}, arrays={"latents": latents})
    return measure_curves(result, tiny_model())


def test_distances_are_shares_of_the_way_between_the_ends():
    found = curves([0, 0.25, 0.5, 0.75, 1])
    assert found["weights"] == [0, 0.25, 0.5, 0.75, 1] and found["jumps"] == []
    assert found["distance_from_start"] == pytest.approx([0, 0.25, 0.5, 0.75, 1], abs=1e-5)
    assert found["distance_from_end"] == pytest.approx([1, 0.75, 0.5, 0.25, 0], abs=1e-5)
    assert found["distance_to_next"] == pytest.approx([0.25] * 4, abs=1e-5)


@pytest.mark.parametrize(
    ("along", "jumps"), [([0, 0.1, 0.9, 1], [1]), ([0, 0.4, 0.7, 1], []), ([0, 1], []), ([0, -0.6, 0.2, 1], [0, 1, 2])]
)
def test_a_step_of_weight_over_half_the_way_is_a_jump(along, jumps):
    assert curves(along)["jumps"] == jumps


def test_a_sweep_is_its_points_one_by_one():
    swept = sweep(REQUEST, 3, exact_model())
    for index, request in enumerate(sweep_requests(REQUEST, 3)):
        alone = np.asarray(blend(request, exact_model(), trace=False).images[0], dtype=int)
        assert np.abs(alone - np.asarray(swept.images[index], dtype=int)).max() <= 1
    shares = swept.measurements["sweep"]["attention_share"]
    assert shares[PHOTO][-1] == 0 == shares[ILLUSTRATION][0] and min(shares[PHOTO][0], shares[ILLUSTRATION][-1]) > 0
