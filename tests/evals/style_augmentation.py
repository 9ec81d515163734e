"""What style does to classifiers, and whether its maps tell: `python -m tests.evals.style_augmentation`.

The four trainings on held-out scenes as they are, restyled, under all styles at once and with texture against shape;
total WSAM against how often an answer changes, hidden cells, randomised weights, seconds. `--seeds N` trains the four N
times (minutes each; what is trained already is read from `.undertone/classifiers`); `--quick` takes those that ship and
leaves the last table out.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr

from tests.evals.results import Table, write_results
from tests.evals.texture_shape import TRAINED, against_shape
from tools.studio.scenes import BASIC, Scene, draw_styles, sample_scene
from tools.style_augmentation import WEIGHTS
from tools.style_augmentation.classifiers import (
    TRAININGS,
    Classifier,
    ObjectClassifier,
    classifier_of,
    load_classifier,
    read_classifier,
    save_classifier,
)
from tools.style_augmentation.restyling import Content, Statistics, restyle
from tools.style_augmentation.sources import STYLE_SCENE, drawn_style, drawn_subject
from tools.style_augmentation.stress import Answers, StressRequest, ask, restyled, stress
from tools.style_augmentation.training import (
    ATTACKS,
    HELD_OUT_SEED,
    HELD_OUT_SOURCE_SEED,
    Lesson,
    Recipe,
    answered,
    lesson,
    photographs,
    style_sources,
    train,
)

MAPS = {
    "maps": ("judges", 12, 0),
    "maps_of_others": ("judges", 12, 120),
    "maps_of_one_scene": ("judges", 1, 0),
    "maps_of_none": ("none", 12, 0),
}
"""Whose maps, with the styles of how many scenes, from which picture on: that the largest cell tells most was seen on
the first 120 pictures, so it is asked of 120 others too."""
PARTS = ("seconds", *MAPS, "trainings", "shape")
HELD_OUT, MAPPED = 480, 120
OBJECTS, STYLES = BASIC.objects, BASIC.styles
HIDDEN = 13  # of 64 cells: the top 20 %
RANDOM_DRAWS = 5


@dataclass(frozen=True)
class Exam:
    """Held-out scenes as they are, restyled by each style in full, and really drawn in each style."""

    pictures: np.ndarray
    answers: np.ndarray
    restyled: dict[str, np.ndarray]
    drawn: dict[str, np.ndarray]


def exam(count: int) -> Exam:
    pictures, answers = photographs(HELD_OUT_SEED, count)
    sources = style_sources(HELD_OUT_SOURCE_SEED, 8)
    attacked = {style: attacked_by(pictures, sources[style]) for style in STYLES[1:]}
    drawn = np.stack([_drawn(sample_scene(HELD_OUT_SEED + n, BASIC)) for n in range(count // 2)])
    return Exam(pictures, answers, attacked, {style: drawn[:, n] for n, style in enumerate(STYLES) if n})


def _drawn(scene: Scene) -> np.ndarray:
    return draw_styles(scene, styles=STYLES)


def attacked_by(pictures: np.ndarray, sources: Sequence[Statistics]) -> np.ndarray:
    """Each picture in full style, its source one of several in turn."""
    return np.stack([restyle(Content.of(one), sources[n % len(sources)], [1.0])[0] for n, one in enumerate(pictures)])


def graded(model: ObjectClassifier, given: Exam) -> dict[str, float]:
    """Accuracies of one classifier."""
    right = {style: answered(model, pictures) == given.answers for style, pictures in given.restyled.items()}
    attacks = np.stack([right[style] for style in ATTACKS])
    drawn = [answered(model, pictures) == given.answers[: len(pictures)] for pictures in given.drawn.values()]
    return {
        "clean": float((answered(model, given.pictures) == given.answers).mean()),
        "restyled": float(attacks.mean()),
        "right under all four": float(attacks.all(0).mean()),
        "restyled by a style never trained on": float(right[STYLES[-1]].mean()),
        "really drawn in the five other styles": float(np.mean(drawn)),
    }


def trained(seed: int) -> dict[str, ObjectClassifier]:
    """The four at a seed: those that ship, or read from `.undertone/classifiers`, or trained now."""
    taught: Lesson | None = None
    models = {}
    for name in TRAININGS:
        path = (WEIGHTS if seed == 0 else TRAINED / f"seed-{seed}") / f"{name}.safetensors"
        if not path.exists():
            taught = taught or lesson(Recipe())
            save_classifier(train(Recipe(name, seed), taught), path, {"seed": seed})
            print(f"trained {name}, seed {seed}", flush=True)
        models[name] = read_classifier(path)
    return models


def mapped(classifier: Classifier, count: int, scenes: int, first: int) -> list[tuple[np.ndarray, np.ndarray, Answers]]:
    """Held-out pictures with their restyled ones and what a classifier made of them.

    Args:
        count: Pictures.
        scenes: How many scenes give their styles in turn; with one it is the one that a stress run takes.
        first: The first picture's number.
    """
    request = StressRequest(styles=STYLES[1:])
    sources = [_drawn(STYLE_SCENE if n == 0 else sample_scene(HELD_OUT_SOURCE_SEED + n, BASIC)) for n in range(scenes)]
    found = []
    for seed in range(first, first + count):
        subject = drawn_subject(OBJECTS[seed % len(OBJECTS)], 80_000_000 + seed)
        styles = dict(zip(STYLES, sources[seed % scenes], strict=True))
        pictures = restyled(request, subject, styles)
        found.append((subject.picture, pictures, ask(classifier, subject.picture, pictures)))
    return found


def tells_flips(found: Sequence[tuple[np.ndarray, np.ndarray, Answers]]) -> dict[str, float]:
    """Rank correlation of a picture's maps, meaned over their cells, with the share of its restyled ones that flip."""
    flips = [float(answers.flips.mean()) for *_, answers in found]
    parts = {"wsam": "total", "shift": "shift", "spread": "spread"}
    told = {
        name: float(spearmanr([getattr(a.maps, part).mean() for *_, a in found], flips).statistic)
        for name, part in parts.items()
    }
    peak = float(spearmanr([a.maps.total.max() for *_, a in found], flips).statistic)
    return {**told, "peak of wsam": peak, "flipped": float(np.mean(flips))}


def hides(classifier: Classifier, found: Sequence[tuple[np.ndarray, np.ndarray, Answers]]) -> dict[str, float]:
    """How often the answer changes when cells are painted over with the picture's mean colour."""
    rng = np.random.default_rng(0)
    changed: dict[str, list[bool]] = {"top WSAM": [], "top evidence": [], "random": []}
    for picture, _, answers in found:
        chosen = [("top WSAM", np.argsort(-answers.maps.total.ravel())[:HIDDEN])]
        chosen += [("top evidence", np.argsort(-answers.weighted[0].ravel())[:HIDDEN])]
        chosen += [("random", rng.permutation(64)[:HIDDEN]) for _ in range(RANDOM_DRAWS)]
        shown = np.stack([painted(picture, cells) for _, cells in chosen])
        given = classifier.look(shown)[0].argmax(-1).numpy()
        for (name, _), answer in zip(chosen, given, strict=True):
            changed[name].append(bool(answer != answers.first))
    return {name: float(np.mean(values)) for name, values in changed.items()}


def painted(picture: np.ndarray, cells: np.ndarray) -> np.ndarray:
    made, side = picture.copy(), len(picture) // 8
    for cell in cells:
        row, column = divmod(int(cell), 8)
        made[row * side : (row + 1) * side, column * side : (column + 1) * side] = picture.mean((0, 1))
    return made


def randomised(found: Sequence[tuple[np.ndarray, np.ndarray, Answers]]) -> float:
    """Mean rank correlation between WSAM maps and those of a network of the same shape with random weights.

    Source: Adebayo et al. 2018, "Sanity Checks for Saliency Maps".
    """
    torch.manual_seed(0)
    other = classifier_of("none", ObjectClassifier(Recipe.channels).eval())
    likeness = [
        spearmanr(answers.maps.total.ravel(), ask(other, picture, pictures).maps.total.ravel()).statistic
        for picture, pictures, answers in found[:24]
    ]
    return float(np.nanmean(likeness))


def seconds() -> dict[str, float]:
    """Medians of five runs over six styles and four strengths, all five classifiers asked; styles are drawn already."""
    subject, styles = drawn_subject("cat"), {style: drawn_style(style) for style in STYLES}
    wall, busy = [], []
    for _ in range(6):
        began, used = time.perf_counter(), time.process_time()
        stress(StressRequest(), subject, styles)
        wall.append(time.perf_counter() - began)
        busy.append(time.process_time() - used)
    return {"wall": float(np.median(wall[1:])), "cpu": float(np.median(busy[1:])), "least": min(wall)}


def show_graded(by_seed: Sequence[dict[str, dict[str, float]]], title: str) -> dict[str, Any]:
    """Print and return means over the seeds, with the least and the most where there are several."""
    names = list(next(iter(by_seed[0].values()), ()))
    rows, kept = [], {}
    for training in by_seed[0]:
        values = {name: [one[training][name] for one in by_seed] for name in names}
        kept[training] = {name: [round(v, 4) for v in several] for name, several in values.items()}
        rows.append((training, *(_told(several) for several in values.values())))
    Table(title, ("training", *names)).show(rows)
    return kept


def _told(values: Sequence[float]) -> str:
    spread = f" ({min(values):.3f}-{max(values):.3f})" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"


def measure_maps(name: str, scenes: int, first: int, part: int) -> dict[str, Any]:
    """What a classifier's maps tell, with the styles of so many scenes, from one of the pictures on."""
    classifier = load_classifier(name)
    found = mapped(classifier, MAPPED // part, scenes, first)
    figures: dict[str, Any] = {"pictures": len(found), "spearman": tells_flips(found)}
    figures |= {"hidden": hides(classifier, found), "randomised": randomised(found)}
    print(f"{name}, styles of {scenes} scenes, from {first}: {figures}", flush=True)
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.style_augmentation")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="train the four N times (default 1)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="measure these parts alone")
    parser.add_argument(
        "--at-most", type=int, default=4, metavar="N", help="train so many against shape, keep the rest"
    )
    parser.add_argument("--quick", action="store_true", help="those that ship, on a fifth of the pictures")
    given = parser.parse_args(arguments)
    part = 5 if given.quick else 1
    wanted = [name for name in given.only if not (given.quick and name == "shape")]
    figures: dict[str, Any] = {}
    if "seconds" in wanted:
        figures["seconds"] = seconds()
        print(f"six styles at four strengths: {figures['seconds']}", flush=True)
    figures |= {part_: measure_maps(*of, part) for part_, of in MAPS.items() if part_ in wanted}
    if "trainings" in wanted:
        taken = exam(HELD_OUT // part)
        by_seed = [{name: graded(model, taken) for name, model in trained(s).items()} for s in range(given.seeds)]
        figures["trainings"] = show_graded(by_seed, f"{HELD_OUT // part} photographic scenes, {given.seeds} seeds")
    if "shape" in wanted:
        figures["shape"] = show_graded([against_shape(s, given.at_most) for s in range(given.seeds)], "Against shape")
    write_results("style_augmentation", figures, is_whole=wanted == list(PARTS))


if __name__ == "__main__":
    main()
