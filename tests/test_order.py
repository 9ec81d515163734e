"""The order experiment: its figures recomputed by hand, and its verdicts against any measurements."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from tests.judgements import ILLUSTRATION, PHOTO, ahead, random_rows, random_values
from tests.tiny import tiny_model
from tools.blend.results import blend
from tools.experiments.experiments import run_experiment

GIVEN = {"styles": [{"text": PHOTO}, {"text": ILLUSTRATION}], "subject": "a red house", "steps": 2, "seeds": 3}


def random_measured(rng):
    n = int(rng.integers(2, 9))
    rows = random_rows(rng, n)
    return {
        "styles": [PHOTO, ILLUSTRATION],
        "seeds": list(range(n)),
        "by": "diffusion classifier",
        "probability": [rows, rows if rng.random() < 0.2 else random_rows(rng, n)],
        "latent_exchanged": random_values(rng, n, rng.choice([0.01, 10.0])),
        "latent_reseeded": random_values(rng, 1, 10)[0],
        "ssim_exchanged": random_values(rng, n),
        "ssim_reseeded": float(random_values(rng, 1)[0]),
        "attention": None if rng.random() < 0.2 else [random_values(rng, 2), random_values(rng, 2)],
    }


def agrees(measured, findings):
    verdict, n = findings.verdict, len(measured["seeds"])
    won = [[ahead(row) for row in rows] for rows in measured["probability"]]  # [order][seed]
    changed = sum(a != b for a, b in zip(*won, strict=True))
    assert f"on {changed or 'none'} of {n} seeds it changes which style wins" in verdict
    far, other = np.mean(measured["latent_exchanged"]), measured["latent_reseeded"]
    nothing = "next to nothing" in verdict
    assert nothing == (changed == 0 and (other == 0 or far / other < 0.01))
    if not nothing:
        assert f"moves the picture by {far / other if other else 0:.0%}" in verdict
    of_style = {style: sum(order.count(number) for order in won) for number, style in enumerate(measured["styles"])}
    of_place = {"first": won[0].count(0) + won[1].count(1), "second": won[0].count(1) + won[1].count(0)}
    if "wins more often wherever it stands" in verdict:
        style = verdict.split('"')[1]
        number = measured["styles"].index(style)
        assert all(order.count(number) > order.count(1 - number) for order in won)
        assert f"{of_style[style]} of {2 * n}" in verdict
    elif "wins more often," in verdict:
        place = verdict.split("The style that is named ")[1].split()[0]
        assert of_place[place] == max(of_place.values()) > min(of_place.values())
        assert np.ptp(list(of_place.values())) > np.ptp(list(of_style.values()))
    elif "does either style clearly win" in verdict:
        assert sum(of_style.values()) == 0
    elif "Neither a style nor a place" in verdict:
        assert np.ptp(list(of_place.values())) == np.ptp(list(of_style.values())) == 0
    else:
        assert "do not tell" in verdict and np.ptp(list(of_place.values())) == np.ptp(list(of_style.values())) > 0


@pytest.fixture(scope="module")
def result():
    return run_experiment("order", GIVEN, tiny_model())


def test_both_orders_stand_in_the_prompt(result):
    prompts = [one.measured["prompts"][0] for one in result.renders.values()]
    assert prompts == [f"a red house, {PHOTO}, {ILLUSTRATION}"] * 3 + [f"a red house, {ILLUSTRATION}, {PHOTO}"] * 3


def test_distances_are_those_of_the_latents_and_pictures(result):
    pictures = list(result.renders.values())
    latents = np.stack([one.latents for one in pictures]).reshape(2, 3, -1).astype(np.float64)
    pixels = np.stack([np.asarray(one.image) for one in pictures]).reshape(2, 3, *pictures[0].image.size, 3)
    measured = result.measured
    far = np.sqrt(((latents[0] - latents[1]) ** 2).sum(1))
    np.testing.assert_allclose(measured["latent_exchanged"], far, rtol=1e-4)
    between = [(order, a, b) for order in (0, 1) for a, b in combinations(range(3), 2)]
    reseeded = np.mean([np.sqrt(((latents[o, a] - latents[o, b]) ** 2).sum()) for o, a, b in between])
    assert measured["latent_reseeded"] == pytest.approx(reseeded, rel=1e-4)
    alike = [structural_similarity(a, b, channel_axis=2) for a, b in zip(*pixels, strict=True)]
    np.testing.assert_allclose(measured["ssim_exchanged"], alike, atol=1e-3)
    others = np.mean([structural_similarity(pixels[o, a], pixels[o, b], channel_axis=2) for o, a, b in between])
    assert measured["ssim_reseeded"] == pytest.approx(others, abs=1e-3)
    moved = next(fact for fact in result.findings.facts if "moves the latents" in fact.text)
    assert moved.numbers["moved"] == pytest.approx(far.mean() / reseeded, rel=1e-3)


def test_attention_is_that_of_each_place(result):
    again = blend([replace(one.request) for one in result.renders.values()], tiny_model())
    phrases = [image["attention"]["phrases"] for image in again.measurements["images"]]
    shares = [image["attention"]["share"] for image in again.measurements["images"]]
    for style, (first, second) in zip((PHOTO, ILLUSTRATION), result.measured["attention"], strict=True):
        by_place = {"first": [], "second": []}
        for names, share in zip(phrases, shares, strict=True):
            by_place["first" if names[1] == style else "second"].append(share[names.index(style)])
        assert (first, second) == pytest.approx((np.mean(by_place["first"]), np.mean(by_place["second"])), abs=1e-5)


def test_a_method_without_an_order_changes_nothing():
    result = run_experiment("order", {**GIVEN, "method": "embedding"}, tiny_model())
    assert "changes next to nothing, and on none of 3 seeds" in result.findings.verdict
