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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity

from tests.evals.classifier import FIRST_SEED, subject_of
from tests.evals.likeness import copies, features, frechet, highest_octave
from tests.evals.results import Table, write_results
from tools.blend.results import BlendRequest, WeightedStyle, blend
from tools.models import ImageModel, load_image_model
from tools.studio.captions import SETTING_PHRASES
from tools.studio.judges import BESIDE, COLOURLESS, judge, load_judges
from tools.studio.scenes import COLOURS, OBJECTS, SETTINGS, STYLES, Scene, draw, draw_styles, sample_scene
from tools.studio.vocabulary import LEARNED

WEIGHTS = tuple(np.linspace(0, 1, 9))
METHODS = ("prompt", "embedding", "composable")
BATCH = 18
PAIRS_SEED = 32_000_000  # far from the seeds of training and held-out scenes
SATURATED = 0.01  # a share of the second style nearer than this to 0 or 1 is a tie with that end


@dataclass(frozen=True)
class Subject:
    """What a prompt asks for beside the style, as indices into the judges' labels."""

    object: int
    colour: int
    setting: int

    @property
    def scene(self) -> Scene:
        """A scene of it, at seed 0."""
        return Scene(0, OBJECTS[self.object], COLOURS[self.colour], SETTINGS[self.setting])

    @property
    def text(self) -> str:
        colour = COLOURS[self.colour]
        article = "an" if colour[0] in "aeio" else "a"
        return f"{article} {colour} {OBJECTS[self.object]} {SETTING_PHRASES[SETTINGS[self.setting]][0]}"


def subjects(count: int, seed: int) -> list[Subject]:
    """Draw subjects, every object, colour and setting about equally often."""
    rng = np.random.default_rng(seed)
    columns = [rng.permutation(np.arange(count) % len(names)) for names in (OBJECTS, COLOURS, SETTINGS)]
    return [Subject(*(int(column[i]) for column in columns)) for i in range(count)]


def render(model: ImageModel, requests: Sequence[BlendRequest]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Render in batches; yields each image (S, S, 3) uint8 with its final latents (4, 16, 16)."""
    for start in range(0, len(requests), BATCH):
        result = blend(requests[start : start + BATCH], model, trace=False)
        for image, latents in zip(result.images, result.arrays["latents"], strict=True):
            yield np.asarray(image.convert("RGB")), latents


def single_styles(model: ImageModel, count: int) -> dict[str, float]:
    """How often the judges see what the prompt asked for, one style per prompt."""
    asked = subjects(count, seed=1)
    styles = [i % len(STYLES) for i in range(count)]
    requests = [
        BlendRequest(
            s.text, (WeightedStyle(STYLES[k], 1.0),), "prompt", guidance_scale=model.default_guidance, seed=9000 + i
        )
        for i, (s, k) in enumerate(zip(asked, styles, strict=True))
    ]
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


def two_things(model: ImageModel, count: int) -> dict[str, dict[str, float]]:
    """How often the judges see both things of a prompt that names two, and of drawings of as many such scenes.

    What stands on the right is what they were taught to tell; what stands on the left is asked of the mirrored picture.

    Returns:
        For "renders" and "drawings": shares right of "on the right", "on the left", "both".
    """
    vocabulary = replace(LEARNED, pairs=1.0)
    scenes = [sample_scene(PAIRS_SEED + number, vocabulary) for number in range(count)]
    styles = [STYLES[number % len(STYLES)] for number in range(count)]
    requests = [
        BlendRequest(
            f"a {s.colour} {s.object} beside a {s.beside_colour} {s.beside} {SETTING_PHRASES[s.setting][0]}",
            (WeightedStyle(style, 1.0),), "prompt", guidance_scale=model.default_guidance, seed=n,
        )
        for n, (s, style) in enumerate(zip(scenes, styles, strict=True))
    ]  # fmt: skip
    pictures = {
        "renders": np.stack([image for image, _ in render(model, requests)]),
        "drawings": np.stack([draw(s, style, model.size_px) for s, style in zip(scenes, styles, strict=True)]),
    }
    answers = load_judges().labels[BESIDE]
    wanted = {
        "on the right": np.array([answers.index(str(s.beside)) for s in scenes]),
        "on the left": np.array([answers.index(s.object) for s in scenes]),
    }
    told = {}
    for name, shown in pictures.items():
        seen = {"on the right": shown, "on the left": np.ascontiguousarray(shown[:, :, ::-1])}
        right = {side: judge(seen[side])[BESIDE].argmax(1) == wanted[side] for side in wanted}
        told[name] = {side: float(values.mean()) for side, values in right.items()}
        told[name]["both"] = float(np.logical_and(*right.values()).mean())
    return told


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
    asked = [(subject.scene, STYLES[n % len(STYLES)]) for n, subject in enumerate(subjects(count, seed=3))]
    requests = [
        BlendRequest(
            subject.text, (WeightedStyle(style, 1.0),), "prompt", guidance_scale=model.default_guidance, seed=700 + n
        )
        for n, (subject, (_, style)) in enumerate(zip(subjects(count, seed=3), asked, strict=True))
    ]
    return copies(np.stack([image for image, _ in render(model, requests)]), asked)


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


def fidelity(model: ImageModel, count: int) -> dict[str, Any]:
    """Renders beside drawings of the same scenes, which no training draws from, in every style.

    Returns:
        `octave`: by style, energy of the highest octave of frequencies over that of the drawings. `frechet`: distance
        of the judges' features, between renders and drawings, and between two halves of the drawings for scale.
    """
    scenes = [sample_scene(FIRST_SEED + number) for number in range(count)]
    drawn = np.stack([draw_styles(scene, model.size_px) for scene in scenes], axis=1)  # (styles, scenes, H, W, 3)
    requests = [
        BlendRequest(
            subject_of(scene), (WeightedStyle(style, 1.0),), "prompt", guidance_scale=model.default_guidance, seed=n
        )
        for style in STYLES
        for n, scene in enumerate(scenes)
    ]
    made = np.stack([image for image, _ in render(model, requests)]).reshape(drawn.shape)
    octaves = {style: highest_octave(m) / highest_octave(d) for style, m, d in zip(STYLES, made, drawn, strict=True)}
    told = [features(pictures.reshape(-1, *drawn.shape[2:])) for pictures in (made, drawn)]
    halves = [features(half.reshape(-1, *drawn.shape[2:])) for half in (drawn[:, ::2], drawn[:, 1::2])]
    return {"octave": octaves, "frechet": {"renders": frechet(*told), "drawings, half and half": frechet(*halves)}}


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


def run(*, quick: bool = False, all_pairs: bool = False, parts: Sequence[str] = PARTS) -> dict[str, Any]:
    """Measure the parts that are asked for, print their tables, and return the figures."""
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
        close = figures["fidelity"] = fidelity(model, 20 if quick else 80)
        Table("highest octave, renders over drawings of the same scenes", ("style", "share", "wanted")).show(
            [(name, f"{value:.2f}", ".8 to 1.2") for name, value in close["octave"].items()]
        )
        Table("Frechet distance to drawings, judges' features", ("of", "distance")).show(
            [(name, f"{value:.3f}") for name, value in close["frechet"].items()]
        )
    if "copies" in parts:
        near = figures["copies"] = copied(model, 20 if quick else 50)
        Table("nearest drawing of the training set, and of as many unseen", ("measure", "value")).show(
            [(name, f"{value:.2f}") for name, value in near.items()]
        )
    if "blends" in parts:
        mixed = figures["blends"] = blends(model, 8 if quick else 40, all_pairs)
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
    args = parser.parse_args(arguments)
    figures = run(quick=args.quick, all_pairs=args.all_pairs, parts=args.only)
    write_results("studio-quick" if args.quick else "studio", figures, is_whole=list(args.only) == list(PARTS))


if __name__ == "__main__":
    main()
