"""The weaken experiment: its figures recomputed by hand, and its verdicts against any measurements."""

import numpy as np
import pytest
import torch

from tests.judgements import ILLUSTRATION, PHOTO, ahead, random_rows, random_values
from tests.tiny import tiny_model
from tools.experiments.experiments import read_arguments, run_experiment

GIVEN = {"styles": [{"text": PHOTO}, {"text": ILLUSTRATION}], "subject": "a red house", "steps": 2, "points": 5}


def random_measured(rng):
    n, traced = int(rng.choice([3, 5, 9])), rng.random() < 0.8
    shares = random_values(rng, n)
    return {
        "styles": [PHOTO, ILLUSTRATION],
        "weights": np.round(np.linspace(0, 1, n), 6).tolist(),
        "length": random_values(rng, n, 10),
        "pull": random_values(rng, n, 50),
        "contribution": [[round(1 - share, 6), share] for share in shares] if traced else None,
        "left": random_values(rng, n) if traced else None,
        "by": "diffusion classifier",
        "probability": random_rows(rng, n),
        "effect": random_values(rng, n, 1.5),
    }


def agrees(measured, findings):
    verdict, middle = findings.verdict, len(measured["weights"]) // 2
    pull, effect = measured["pull"], measured["effect"]
    weaker = pull[middle] < 0.99 * min(pull[0], pull[-1])
    assert verdict.startswith(f"In the embedding, averaging {'weakens' if weaker else 'does not weaken'} both styles")
    for what, text in (("length", "as long as its ends"), ("pull", "as far from the prompt without a style")):
        values = measured[what]
        mean = (values[0] + values[-1]) / 2
        assert f"{values[middle] / mean if mean else 1:.0%} {text}" in verdict
    assert ("is left after summing" in verdict) == (measured["left"] is not None)
    if measured["left"]:
        assert f"{measured['left'][middle]:.0%} is left" in verdict
    nearer = effect[middle] < 0.99 * min(effect[0], effect[-1])
    assert ("half and half lies nearer" in verdict) == nearer != ("does not lie nearer" in verdict)
    won = ahead(measured["probability"][middle])
    said = verdict.split(", and ")[-1]
    assert said.startswith("neither style" if won is None else f'"{measured["styles"][won]}" wins it by')


@pytest.fixture(scope="module")
def result():
    return run_experiment("weaken", GIVEN, tiny_model())


@torch.no_grad()
def test_lengths_are_those_of_the_text_encoders_own_embeddings(result):
    pipeline = tiny_model().pipeline

    def encoded(text):
        tokens = pipeline.tokenizer(text, padding="max_length", max_length=77, return_tensors="pt").input_ids
        return pipeline.text_encoder(tokens)[0][0].double().numpy()

    first, second, plain = (encoded(f"a red house{ending}") for ending in (f", {PHOTO}", f", {ILLUSTRATION}", ""))
    for number, weight in enumerate((0, 0.25, 0.5, 0.75, 1)):
        mixed = (1 - weight) * first + weight * second
        length = np.mean([np.sqrt((row**2).sum()) for row in mixed[1:]])
        assert result.measured["length"][number] == pytest.approx(length, rel=1e-4)
        pull = np.sqrt(((mixed - plain)[1:] ** 2).sum())
        assert result.measured["pull"][number] == pytest.approx(pull, rel=1e-4)


def test_what_is_left_is_the_length_of_the_sum_over_the_sum_of_the_lengths(result):
    """Each part is seen along the sum and across it: across they cancel, along they add up to it."""
    arrays = result.renders["50 %"].arrays
    share, cosine = arrays["split_output_share"].astype(float), arrays["split_output_cosine"].astype(float)
    whole = (share * cosine).sum(-1)
    across = share * np.sqrt(np.clip(1 - cosine**2, 0, None))
    np.testing.assert_allclose(across[..., 0], across[..., 1], atol=1e-3)
    assert result.measured["left"][2] == pytest.approx(whole.mean(), abs=1e-5) and 0 < result.measured["left"][2] <= 1
    assert result.measured["contribution"][2] == pytest.approx(share.mean((0, 1)), abs=1e-5)


def test_effects_are_distances_from_the_picture_without_a_style(result):
    plain = result.renders["no style"]
    assert plain.measured["prompts"] == ["a red house"]
    for label, effect in zip(("0 %", "25 %", "50 %", "75 %", "100 %"), result.measured["effect"], strict=True):
        a, b = result.renders[label].latents.astype(np.float64), plain.latents.astype(np.float64)
        assert effect == pytest.approx(np.sqrt(((a - b) ** 2).sum() / (b**2).sum()), rel=1e-4)


def test_half_must_be_among_the_weights():
    with pytest.raises(ValueError, match="6 is even; give an odd number"):
        read_arguments("weaken", {**GIVEN, "points": 6})
    with pytest.raises(ValueError, match="method: Input should be 'embedding'"):
        read_arguments("weaken", {**GIVEN, "method": "prompt"})
