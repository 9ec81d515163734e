"""What the embedded image model can do, judged by classifiers that never saw a render: `python -m tests.evals.studio`.

Single styles, likeness to drawings, copies of them, blends at nine weights by three methods, variety over seeds, and
seconds per image. Rendering all of it takes some minutes on two cores; `--quick` does a fifth, `--all-pairs` every
prompt with every pair of styles.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity

from tests.evals.fidelity import fidelity, show_fidelity, two_things
from tests.evals.likeness import copies
from tests.evals.results import Table, write_results
from tests.evals.subjects import render, single_style_requests, subjects
from tools.blend.results import BlendRequest, WeightedStyle, blend
from tools.models import ImageModel, load_image_model
from tools.studio.judges import BESIDE, COLOURLESS, judge, load_judges
from tools.studio.scenes import STYLES
from tools.studio.vocabulary import BASIC

WEIGHTS = tuple(np.linspace(0, 1, 9))
METHODS = ("prompt", "embedding", "composable")
SATURATED = 0.01  # a share of the second style nearer than this to 0 or 1 is a tie with that end


def single_styles(model: ImageModel, count: int) -> dict[str, float]:
    """How often the judges see what the prompt asked for, one style per prompt."""
    asked = subjects(count, seed=1)
    styles = [i % len(STYLES) for i in range(count)]
    requests = single_style_requests(model, asked, 9000)
    seen = judge(np.stack([image for image, _ in render(model, requests)]))
    right = {
        "style": [seen["style"][i].argmax() == styles[i] for i in range(count)],
        "object": [seen["object"][i].argmax() == s.object for i, s in enumerate(asked)],
        "colour": [
            seen["colour"][i].argmax() == s.colour for i, s in enumerate(asked) if STYLES[styles[i]] not in COLOURLESS
        ],
        "setting": [seen["setting"][i].argmax() == s.setting for i, s in enumerate(asked)],
    }
    return {name: float(np.mean(values)) for name, values in right.items()}


def blends(
    model: ImageModel, count: int, all_pairs: bool, methods: Sequence[str] = METHODS
) -> dict[str, dict[str, float]]:
    """Nine weights between two styles, by method: does the style follow the weight, does the object stay?"""
    pairs = list(itertools.combinations(range(len(STYLES)), 2))
    asked = subjects(count, seed=2)
    jobs = [(s, pair, n) for n, s in enumerate(asked) for pair in (pairs if all_pairs else [pairs[n % len(pairs)]])]
    found: dict[str, dict[str, list[float]]] = {method: defaultdict(list) for method in methods}
    for subject, (a, b), n in jobs:
        for method in methods:
            requests = [
                BlendRequest(
                    subject.text,
                    (WeightedStyle(STYLES[a], float(1 - w)), WeightedStyle(STYLES[b], float(w))),
                    method,
                    guidance_scale=model.default_guidance,
                    seed=500 + n,
                )
                for w in WEIGHTS
            ]
            rendered = list(render(model, requests))
            seen = judge(np.stack([image for image, _ in rendered]))
            # the smallest float32 stands in for 0: a clip any higher makes ties of weights that the judges rank
            two = np.maximum(seen["style"][:, [a, b]].astype(np.float64), 1e-37)
            logit = np.log(two[:, 1] / two[:, 0])
            probability = two[:, 1] / two.sum(1)
            latents = np.stack([x for _, x in rendered]).reshape(len(WEIGHTS), -1)
            span = np.linalg.norm(latents[-1] - latents[0])
            middle = latents[len(WEIGHTS) // 2]
            far = min(np.linalg.norm(middle - latents[0]), np.linalg.norm(middle - latents[-1])) >= 0.3 * span
            between = 0.15 <= probability[len(WEIGHTS) // 2] <= 0.85
            rank = _rank(logit)
            measured = found[method]
            measured["rank correlation >= .95"].append(float(rank >= 0.95))
            measured["the same, saturated ends as ties"].append(float(rank_with_ties(probability) >= 0.95))
            measured["median rank correlation"].append(rank)
            measured["object recognised"].append(float((seen["object"].argmax(1) == subject.object).mean()))
            measured["midpoint is neither end"].append(float(between or far))
            measured["midpoint by the judges alone"].append(float(between))
            measured["largest step of the style's probability"].append(float(np.abs(np.diff(probability)).max()))
            measured["second style at equal weights"].append(float(probability[len(WEIGHTS) // 2]))
    return {
        method: {
            name: float(statistics.median(v) if name.startswith("median") else np.mean(v))
            for name, v in measured.items()
        }
        for method, measured in found.items()
    }


def _rank(values: np.ndarray) -> float:
    return float(np.nan_to_num(spearmanr(WEIGHTS, values).statistic))


def rank_with_ties(probability: np.ndarray) -> float:
    """Spearman's correlation of weight and style, in which ties at the saturated ends are no disorder.

    Which of two shares within SATURATED of 0, or of 1, is larger is chance: they are ranked as their weights are. A
    style that never leaves one end follows no weight, and gets 0.

    Args:
        probability: (len(WEIGHTS),) share of the second style at each weight.
    """
    shares = np.where(probability < SATURATED, 0.0, np.where(probability > 1 - SATURATED, 1.0, probability))
    if np.ptp(shares) == 0:
        return 0.0
    rank = np.empty(len(shares))
    rank[np.lexsort((WEIGHTS, shares))] = np.arange(len(shares))
    return _rank(rank)


def copied(model: ImageModel, count: int) -> dict[str, float]:
    """Renders beside the drawings of the training set that show the same things."""
    wanted = subjects(count, seed=3)
    images = np.stack([image for image, _ in render(model, single_style_requests(model, wanted, 700))])
    return copies(images, [(subject.scene, STYLES[n % len(STYLES)]) for n, subject in enumerate(wanted)])


def variety(model: ImageModel, seeds: int = 16) -> float:
    """Mean SSIM over all pairs of images that one prompt gives with different seeds (1 would be one image)."""
    style = (WeightedStyle("photographic style", 1.0),)
    requests = [
        BlendRequest("a red house in a meadow", style, "prompt", guidance_scale=model.default_guidance, seed=s)
        for s in range(seeds)
    ]
    images = [image for image, _ in render(model, requests)]
    pairs = itertools.combinations(images, 2)
    return float(np.mean([structural_similarity(x, y, channel_axis=-1) for x, y in pairs]))


def seconds(repeats: int = 3) -> dict[str, float]:
    """Seconds per image at 20 steps with guidance: 1 and 9 images, float32 and bfloat16; the median of the repeats."""
    measured = {}
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        model = load_image_model("embedded", dtype=dtype)
        for count in (1, 9):
            requests = [
                BlendRequest("a red house in a meadow", (WeightedStyle("watercolor", 1.0),), "prompt", seed=i)
                for i in range(count)
            ]
            blend(requests, model, trace=False)
            times = []
            for _ in range(repeats):
                started = time.perf_counter()
                blend(requests, model, trace=False)
                times.append((time.perf_counter() - started) / count)
            measured[f"{name}, {count} at once"] = statistics.median(times)
    return measured


PARTS = ("singles", "pairs", "fidelity", "copies", "blends", "variety", "seconds")


def run(
    *, quick: bool = False, all_pairs: bool = False, parts: Sequence[str] = PARTS, before: str | None = None
) -> dict[str, Any]:
    """Measure the parts that are asked for, print their tables, and return the figures.

    Args:
        quick: A fifth of the renders.
        all_pairs: Blend every pair of styles in every prompt.
        parts: Some of PARTS.
        before: Folder of an earlier edition, whose fidelity stands beside, both on what the first edition knew.
    """
    model = load_image_model("embedded")
    figures: dict[str, Any] = {}
    if "singles" in parts:
        singles = figures["single_styles"] = single_styles(model, 100 if quick else 1000)
        wanted = {"style": 0.98, "object": 0.97, "colour": 0.97, "setting": 0.97}
        Table("single-style prompts, judged right", ("question", "share", "wanted")).show(
            [(name, f"{value:.3f}", f"{wanted[name]:.2f}") for name, value in singles.items()]
        )
    if "pairs" in parts and BESIDE in load_judges().labels:
        both = figures["two_things"] = two_things(model, 50 if quick else 200)
        Table("prompts of two things, judged right", ("thing", "renders", "drawings", "wanted")).show(
            [(side, *(f"{both[of][side]:.3f}" for of in both), "0.80") for side in both["renders"]]
        )
    if "fidelity" in parts:
        count = 20 if quick else 80
        figures["fidelity"] = fidelity(model, count)
        show_fidelity("what is learned", figures["fidelity"])
        if before:
            for name, one in (("this edition", model), ("the edition before", load_image_model(before))):
                figures[f"fidelity, {name}"] = close = fidelity(one, count, BASIC)
                show_fidelity(f"{name}, on what both know", close)
    if "copies" in parts:
        near = figures["copies"] = copied(model, 20 if quick else 50)
        Table("nearest drawing of the training set, and of as many unseen", ("measure", "value")).show(
            [(name, f"{value:.2f}") for name, value in near.items()]
        )
    if "blends" in parts:
        mixed = figures["blends"] = blends(model, 9 if quick else 45, all_pairs)
        names = list(next(iter(mixed.values())))
        Table("blends of two styles, nine weights", ("measure", *METHODS)).show(
            [(name, *(f"{mixed[m][name]:.3f}" for m in METHODS)) for name in names]
        )
    if "variety" in parts:
        similar = figures["variety_ssim"] = variety(model)
        Table("16 seeds of one prompt", ("measure", "value")).show([("mean pairwise SSIM", f"{similar:.3f}")])
    if "seconds" in parts:
        timed = figures["seconds_per_image"] = seconds()
        Table(f"seconds per image, 20 steps, guidance, {torch.get_num_threads()} threads", ("case", "seconds")).show(
            [(name, f"{value:.2f}") for name, value in timed.items()]
        )
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.studio", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the renders")
    parser.add_argument("--all-pairs", action="store_true", help="every prompt with every pair of styles (hours)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="measure these parts alone")
    parser.add_argument("--before", metavar="FOLDER", help="an earlier edition, whose fidelity stands beside")
    args = parser.parse_args(arguments)
    figures = run(quick=args.quick, all_pairs=args.all_pairs, parts=args.only, before=args.before)
    write_results("studio-quick" if args.quick else "studio", figures, is_whole=list(args.only) == list(PARTS))


if __name__ == "__main__":
    main()
