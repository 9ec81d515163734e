"""The timing experiment: its figures recomputed by hand, and its verdicts against any measurements."""

import re

import numpy as np
import pytest
import torch

from tests.judgements import ILLUSTRATION, PHOTO, random_rows, random_values
from tests.tiny import tiny_model
from tools.experiments.experiments import EXPERIMENTS, run_experiment
from tools.trace.classifier import classify_styles

GIVEN = {"styles": [{"text": PHOTO}, {"text": ILLUSTRATION}], "subject": "a red house", "steps": 4, "points": 3}


def random_measured(rng):
    steps = int(rng.integers(1, 21))
    handovers = [sorted({0, steps, *rng.integers(0, steps + 1, 4).tolist()}) for _ in range(2)]
    rows, values = random_rows(rng, len(handovers[0])), random_values(rng, len(handovers[1]))
    if rng.random() < 0.5:  # as one expects: sorted
        rows, values = sorted(rows), sorted(values)
    return {
        "styles": [PHOTO, ILLUSTRATION],
        "subject": "a red house",
        "steps": steps,
        "by": "diffusion classifier",
        "subject_by": "diffusion classifier",
        "style": {"handover": handovers[0], "probability": rows},
        "content": {"handover": handovers[1], "probability": values},
    }


def agrees(measured, findings):
    style, content, *compared = findings.verdict.split(". ")
    rows = [a > b for a, b in measured["style"]["probability"]]
    shown = [p >= 0.5 for p in measured["content"]["probability"]]
    ends = []
    for text, said, at in ((style, rows, measured["style"]), (content, shown, measured["content"])):
        changes = [i for i in range(1, len(said)) if said[i] != said[i - 1]]
        if len(changes) > 1:
            assert f"changes {len(changes)} times" in text
        elif not changes:
            assert "at every handover" in text or "so that nothing says" in text
        else:
            a, b = at["handover"][changes[0] - 1], at["handover"][changes[0]]
            assert {str(a), str(b)} & set(re.findall(r"\d+", text))
            if "is decided by step" in text:
                assert said[-1] and f"by step {b} of {measured['steps']}" in text
                ends.append(b)
            elif "open to the end" in text:
                assert said[-1] and b == measured["steps"]
                ends.append(b)
            else:
                assert not said[-1]
    if "at every handover" in style:
        assert style.startswith(f'"{PHOTO if all(rows) else ILLUSTRATION}"') and len(set(rows)) == 1
    assert ("shown even where it is never named" in content) == (all(shown))
    assert bool(compared) == (len(ends) == 2)
    if compared:
        order = ("Content is decided before", "Both are decided at", "Style is decided before")
        assert compared[0].startswith(order[1 + (ends[1] > ends[0]) - (ends[1] < ends[0])])


@pytest.fixture(scope="module")
def result():
    return run_experiment("timing", GIVEN, tiny_model())


def test_each_prompt_rules_the_steps_that_are_said(result):
    after_two = result.renders[f'"{PHOTO}" for 2 of 4 steps'].measured
    assert after_two["prompts"] == [f"a red house, {PHOTO}", f"a red house, {ILLUSTRATION}"]
    assert after_two["ruling_style_by_step"] == [0, 0, 1, 1]
    named_for_two = result.renders["subject for 2 of 4 steps"].measured
    assert named_for_two["prompts"] == [f"a red house, {PHOTO}", PHOTO]
    assert {0, 2, 4} <= set(result.measured["style"]["handover"]) and result.measured["steps"] == 4


def test_what_is_judged_are_the_pictures_in_the_order_of_the_handover(result):
    measured = result.measured
    for what, label in (("style", f'"{PHOTO}" for'), ("content", "subject for")):
        assert measured[what]["handover"] == sorted(measured[what]["handover"])
        for step, value in zip(measured[what]["handover"], measured[what]["probability"], strict=True):
            one = result.renders[f'"{PHOTO}" for 4 of 4 steps' if step == 4 else f"{label} {step} of 4 steps"]
            latents = torch.from_numpy(one.latents)[None]
            if what == "style":
                seen = classify_styles(tiny_model(), latents, "a red house", [PHOTO, ILLUSTRATION]).probabilities[0]
                np.testing.assert_allclose(value, seen, atol=1e-3)
            else:
                seen = classify_styles(tiny_model(), latents, None, ["a red house", ""]).probabilities[0, 0]
                assert value == pytest.approx(float(seen), abs=1e-3)


def test_a_turn_is_halved_down_to_one_step(result):
    """Whatever turns, no handover lies between the two that it turns between."""
    for what, said in (("style", [a > b for a, b in result.measured["style"]["probability"]]),
                       ("content", [p >= 0.5 for p in result.measured["content"]["probability"]])):  # fmt: skip
        steps = result.measured[what]["handover"]
        assert all(b - a == 1 for a, b, x, y in zip(steps, steps[1:], said, said[1:], strict=False) if x != y)
    arguments = EXPERIMENTS["timing"].arguments.model_validate({**GIVEN, "steps": 20, "points": 2})
    plan = EXPERIMENTS["timing"].plan(arguments)
    assert [request.shares[0] for request in plan.values()] == [0, 1, 0]
