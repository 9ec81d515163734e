"""The reference experiment: its figures recomputed by hand, and its verdicts against any measurements."""

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import structural_similarity

from tests.judgements import random_values
from tests.tiny import tiny_model
from tools.experiments.experiments import read_arguments, run_experiment, save_experiment

SEA, SNOW = "a boat at sea, watercolor", "a tree in snow, oil painting"
GIVEN = {
    "styles": [{"text": SEA, "weight": 3}, {"text": SNOW, "weight": 1}],
    "subject": "a red house",
    "steps": 2,
    "seeds": 2,
}


def random_measured(rng):
    two = rng.random() < 0.8
    n = 4 if two else 1
    larger = float(rng.choice([0.7, 0.9]))
    return {
        "references": [SEA, SNOW][: 1 + two],
        "shares": [1.0, larger, round(1 - larger, 6), 0.0][:n],
        "seeds": 2,
        "latent": random_values(rng, n, 1.5),
        "ssim": random_values(rng, n),
        "moved": random_values(rng, n) if rng.random() < 0.8 else [None] * n,
        "edge_distance": [random_values(rng, 1 + two) for _ in range(n)],
        "edge_distance_off": random_values(rng, 1 + two),
        "edge_nearness": random_values(rng, n) if two else None,
        "middle_nearness": random_values(rng, n) if two else None,
    }


def agrees(measured, findings):
    verdict = findings.verdict
    if max(measured["latent"]) == 0:
        assert "changes nothing" in verdict
    else:
        for name, ssim in zip(measured["references"], (measured["ssim"][0], measured["ssim"][-1]), strict=False):
            assert f'{ssim:.2f} with "{name}"' in verdict
    assert ("background" in verdict) == (len(measured["references"]) == 2)
    if "background" not in verdict:
        return
    large, small = measured["edge_nearness"][1:3]
    first_at_large, first_at_small = (round(100 * value) > 50 for value in (large, small))
    halfway = 50 in (round(100 * large), round(100 * small))
    claims = {
        "is that of the larger": first_at_large and not first_at_small and not halfway,
        "is that of the smaller": not first_at_large and first_at_small and not halfway,
        f'nearer to that of "{SEA}" either way': first_at_large and first_at_small,
        f'nearer to that of "{SNOW}" either way': not first_at_large and not first_at_small and not halfway,
        "is no nearer to one at each share": halfway,
    }
    assert [claim for claim in claims if claim in verdict] == [claim for claim, true in claims.items() if true]


@pytest.fixture(scope="module")
def result():
    return run_experiment("reference", GIVEN, tiny_model())


def test_the_same_references_serve_all_seeds(result):
    assert result.measured["shares"] == [1.0, 0.75, 0.25, 0.0] and len(result.renders) == 10
    assert [len(numbers) for numbers in result.record["batches"]] == [2, 2, 2, 2, 2]
    drawn = [request["references"] for request in result.record["requests"] if request.get("references")]
    assert {one["seed"] for references in drawn for one in references if one["prompt"] == SEA} == {1_000_003}
    assert [one["prompt"] for one in drawn[-1]] == [SNOW] and [one["prompt"] for one in drawn[2]] == [SEA, SNOW]


def test_figures_are_those_of_the_saved_pictures(result, tmp_path):
    save_experiment(result, tmp_path)
    pictures = [np.asarray(Image.open(tmp_path / name).convert("RGB")) / 255 for name in result.files()]
    references = [
        np.asarray(Image.open(tmp_path / f"batch-{number:02d}-reference.png").convert("RGB")) / 255 for number in (1, 4)
    ]
    off, on = pictures[:2], [pictures[2 + 2 * i : 4 + 2 * i] for i in range(4)]
    measured = result.measured
    latents = [one.latents.astype(np.float64) for one in result.renders.values()]
    for place in range(4):
        alike = [structural_similarity(a, b, channel_axis=2, data_range=1) for a, b in zip(off, on[place], strict=True)]
        assert measured["ssim"][place] == pytest.approx(np.mean(alike), abs=1e-3)
        far = [
            np.sqrt(((latents[2 + 2 * place + i] - latents[i]) ** 2).sum() / (latents[i] ** 2).sum()) for i in (0, 1)
        ]
        assert measured["latent"][place] == pytest.approx(np.mean(far), rel=1e-3)
        near = []
        for picture in on[place]:
            first, second = (np.sqrt(np.mean((edges(picture) - edges(one)) ** 2)) for one in references)
            near.append(second / (first + second))
        assert measured["edge_nearness"][place] == pytest.approx(np.mean(near), abs=1e-4)
    of_first = [np.sqrt(np.mean((edges(picture) - edges(references[0])) ** 2)) for picture in off]
    assert measured["edge_distance_off"][0] == pytest.approx(np.mean(of_first), abs=1e-5)


def edges(picture):
    """Mean colours of the outer eighth of a picture on each side, top, bottom, left, right."""
    n = len(picture) // 8
    turned = (picture, picture[::-1], picture.swapaxes(0, 1), picture[:, ::-1].swapaxes(0, 1))
    return np.array([one[:n].reshape(-1, 3).mean(0) for one in turned])


def test_one_reference_is_the_swap_on_and_off():
    result = run_experiment("reference", {**GIVEN, "styles": [{"text": SEA}], "seeds": 1}, tiny_model())
    assert list(result.renders) == ["swap off, seed 0", "100% and 0%, seed 0"]
    assert result.measured["edge_nearness"] is None and "background" not in result.findings.verdict


def test_more_than_two_references_are_refused_in_one_line():
    with pytest.raises(ValueError, match="styles: Tuple should have at most 2 items"):
        read_arguments("reference", {**GIVEN, "styles": [{"text": text} for text in "abc"]})
