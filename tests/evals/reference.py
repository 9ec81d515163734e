"""Does a reference move another subject's render to its style, and what stays? `python -m tests.evals.reference`.

A reference in each style, real (drawn by `tools/studio/scenes.py`, so not made by the model) and generated (by the
model, from its own prompt), never of the target's object. Judged by classifiers that never saw a render; the model's
own diffusion classifier stands beside them.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image
from skimage.filters import sobel
from skimage.metrics import structural_similarity

from tests.evals.results import Table, write_results
from tests.evals.subjects import Subject, subjects
from tools.blend.attention_swap import KeyValueSwap
from tools.blend.references import Reference, reference_id
from tools.blend.results import BlendRequest, WeightedStyle, blend
from tools.blend.style_prompting import StylePrompting
from tools.models import ImageModel, load_image_model
from tools.studio.geometry import Scene
from tools.studio.judges import COLOURLESS, at_judged_size, judge
from tools.studio.scenes import COLOURS, OBJECTS, PICTURE_PX, SETTINGS, STYLES, draw
from tools.trace.classifier import classify_styles

SCENE_SEED = 21_000_000  # far from those that training draws from
FIRST_SEED = 700
DRAWS = 8  # a third of the classifier's usual: each costs as much as a step of six renders
GROUP = 8  # prompts that share one reference, in one batch
LAYER_SETS: dict[str, tuple[str, ...]] = {
    "`up_blocks.1` (8x8), ours": ("up_blocks.1",),
    "`mid_block` and the last block, as on SD1.5": ("mid_block", "up_blocks.2"),
    "`up_blocks`": ("up_blocks",),
    "`up_blocks.0`, `up_blocks.1`": ("up_blocks.0", "up_blocks.1"),
    "`up_blocks.2` (16x16)": ("up_blocks.2",),
    "`up_blocks.0` (4x4)": ("up_blocks.0",),
    "all at 8x8": ("down_blocks.1", "up_blocks.1"),
    "all": ("down_blocks", "mid_block", "up_blocks"),
}
WAYS: dict[str, StylePrompting] = {
    "emphasis 0, the paper's": StylePrompting(emphasis=0.0),
    "emphasis 0, the layers as on SD1.5": StylePrompting(("mid_block", "up_blocks.2"), emphasis=0.0),
    "emphasis 0.5": StylePrompting(emphasis=0.5),
    "emphasis 1, ours": StylePrompting(emphasis=1.0),
    "no calibration": StylePrompting(calibrated=(0, 0)),
    "calibrated at every step": StylePrompting(calibrated=(-1, 1001)),
}

Figures = Iterator[tuple[str, Any]]  # the name of a row, and what was measured of it


@dataclass(frozen=True)
class Condition:
    """What is tried on every prompt."""

    kind: str | None = None  # the reference is real, generated, or None: there is none
    word: bool = False  # whether the style's name stands in the target's prompt
    style: int | None = None  # the one style of the row; None: all of them
    how: StylePrompting = field(default_factory=StylePrompting)


@dataclass(frozen=True)
class Target:
    """One render: a subject, to be in a style."""

    subject: Subject
    style: int
    seed: int


@dataclass(frozen=True)
class Seen:
    """What became of some targets."""

    images: np.ndarray  # (n, S, S, 3) uint8
    latents: np.ndarray  # (n, 4, 16, 16)
    moved: tuple[dict[str, float], ...] = ()  # by layer, of each batch that was traced


def targets_of(count: int, every_style: bool, seed: int) -> list[Target]:
    """Prompts, each in every style or in one, every style equally often; those of a style stand together."""
    asked = subjects(count, seed)
    return [
        Target(subject, style, FIRST_SEED + number)
        for style in range(len(STYLES))
        for number, subject in enumerate(asked)
        if every_style or number % len(STYLES) == style
    ]


def render(model: ImageModel, targets: Sequence[Target], condition: Condition, *, trace: bool = False) -> Seen:
    """Render the targets, GROUP with one reference."""
    images, latents, moved = [], [], []
    for number, batch in enumerate(batches(targets)):
        style = batch[0].style
        given, pictures = reference_for(condition.kind, batch, number)
        requests = [
            BlendRequest(
                target.subject.text,
                (WeightedStyle(STYLES[style], 1.0),) if condition.word else (),
                "reference" if given else "prompt",
                guidance_scale=model.default_guidance,
                seed=target.seed,
                references=given,
            )
            for target in batch
        ]
        result = blend(requests, model, trace=trace, prompting=replace(condition.how, pictures=pictures))
        images += [np.asarray(image.convert("RGB")) for image in result.images]
        latents.append(result.arrays["latents"])
        if trace:
            measured = result.measurements["reference"]
            moved.append(dict(zip(measured["layers"], measured["moved"], strict=True)))
    return Seen(np.stack(images), np.concatenate(latents), tuple(moved))


def batches(targets: Sequence[Target]) -> Iterable[list[Target]]:
    """GROUP targets of one style at a time."""
    for style in range(len(STYLES)):
        of_style = [target for target in targets if target.style == style]
        yield from (of_style[start : start + GROUP] for start in range(0, len(of_style), GROUP))


def reference_for(
    kind: str | None, targets: Sequence[Target], number: int
) -> tuple[tuple[Reference, ...], dict[str, Image.Image]]:
    """A reference in the targets' style, of an object that none of them has, and its picture where it is a real one."""
    if kind is None:
        return (), {}
    style = STYLES[targets[0].style]
    rng = np.random.default_rng((targets[0].style, number))
    free = sorted(set(range(len(OBJECTS))) - {target.subject.object for target in targets})
    subject = Subject(int(rng.choice(free)), int(rng.integers(len(COLOURS))), int(rng.integers(len(SETTINGS))))
    seed = SCENE_SEED + number
    if kind == "generated":
        return (Reference(prompt=f"{subject.text}, {style}", seed=seed),), {}
    scene = Scene(seed, OBJECTS[subject.object], COLOURS[subject.colour], SETTINGS[subject.setting])
    picture = Image.fromarray(draw(scene, style, PICTURE_PX))
    name = reference_id(picture)
    return (Reference(image=name, seed=seed),), {name: picture}


def judged(seen: Seen, bare: Seen | None, targets: Sequence[Target]) -> dict[str, float]:
    """Judge renders: the probability of the reference's style, and whether object, colour and setting are the prompt's.

    `edges` is the SSIM of the edges (Sobel, of the luminance) to those of the same seed without reference and word.
    """
    answers = judge(seen.images)
    styles = np.array([target.style for target in targets])
    probability = answers["style"][np.arange(len(targets)), styles]
    values = {"style >= .8": probability >= 0.8, "style": probability}
    for name in ("object", "colour", "setting"):
        values[name] = answers[name].argmax(1) == np.array([getattr(target.subject, name) for target in targets])
    coloured = np.array([STYLES[style] not in COLOURLESS for style in styles])
    values["colour"] = values["colour"][coloured] if coloured.any() else np.array([np.nan])
    if bare is not None:
        images, bare_images = at_judged_size(seen.images), at_judged_size(bare.images)
        values["edges"] = np.array([_edges(a, b) for a, b in zip(images, bare_images, strict=True)])
    return {**{name: round(float(found.mean()), 4) for name, found in values.items()}, "renders": len(targets)}


def _edges(first: np.ndarray, second: np.ndarray) -> float:
    a, b = (sobel(image.astype(np.float64) @ (0.299, 0.587, 0.114) / 255) for image in (first, second))
    return float(structural_similarity(a, b, data_range=1.0))


def by_classifier(model: ImageModel, seen: Seen, targets: Sequence[Target]) -> float:
    """How often the model's own diffusion classifier finds the reference's style the likeliest, of half of them."""
    right = []
    for target, latents in list(zip(targets, seen.latents, strict=True))[::2]:
        finished = torch.from_numpy(latents[None].copy())
        found = classify_styles(model, finished, target.subject.text, STYLES, draws=DRAWS)
        right.append(int(found.probabilities.argmax()) == target.style)
    return float(np.mean(right))


def without_reference(model: ImageModel, targets: Sequence[Target]) -> Seen:
    """The targets' subjects alone, without reference and style word."""
    unique = {target.seed: replace(target, style=0) for target in targets}  # without a style they are all one
    plain = render(model, list(unique.values()), Condition())
    places = [list(unique).index(target.seed) for target in targets]
    return Seen(plain.images[places], plain.latents[places])


@dataclass(frozen=True)
class Part:
    """One table: conditions by the name of their row, and the targets of all rows."""

    rows: dict[str, Condition]
    count: int  # prompts
    every_style: bool
    seed: int = 11  # of the prompts: layers and ways were chosen on others than the goal is measured on
    classify: bool = False
    edges: bool = True

    def run(self, model: ImageModel, name: str, wanted: Sequence[str], count: int | None) -> Figures:
        """Measure the wanted rows, all if none is named."""
        rows = {row: c for row, c in self.rows.items() if not wanted or any(text in row for text in wanted)}
        targets = targets_of(count or self.count, self.every_style, self.seed)
        bare = without_reference(model, targets) if rows and self.edges else None
        for row, condition in rows.items():
            of_row = [t for t in targets if condition.style is None or t.style == condition.style]
            seen = render(model, of_row, condition)
            found = judged(seen, bare, of_row)
            if self.classify:
                found["by classifier"] = by_classifier(model, seen, of_row)
            yield f"{name}/{row}", found


PARTS = {
    # each prompt in one style, every style equally often
    "conditions": Part(
        {
            "no reference": Condition(),
            "style word only": Condition(word=True),
            "real reference only": Condition("real"),
            "generated reference only": Condition("generated"),
            "real reference and style word": Condition("real", word=True),
            "generated reference and style word": Condition("generated", word=True),
        },
        count=40,
        every_style=False,
        classify=True,
    ),
    # every prompt with a reference in every style
    "goal": Part(
        {
            f"{kind}, {style}": Condition(kind, style=number)
            for kind in ("real", "generated")
            for number, style in enumerate(STYLES)
        },
        count=40,
        every_style=True,
        edges=False,
    ),
    "layers": Part(
        {name: Condition("real", how=StylePrompting(blocks)) for name, blocks in LAYER_SETS.items()},
        count=3,
        every_style=True,
        seed=12,
    ),
    "ways": Part({name: Condition("real", how=how) for name, how in WAYS.items()}, count=3, every_style=True, seed=12),
}


def moved(model: ImageModel, count: int) -> Figures:
    """How far the swap moves each layer's output: ||swapped - own|| / ||own||, mean over steps and styles."""
    how = StylePrompting(("up_blocks",))
    seen = render(model, targets_of(count, False, seed=11), Condition("real", how=how), trace=True)
    for layer in seen.moved[0]:
        yield f"moved/{layer}", round(float(np.mean([one[layer] for one in seen.moved])), 4)


PAIRS = ((0, 2), (3, 4), (2, 1))  # styles: a photograph and a watercolor, a sketch and pixel art, ...


class JoinedSwap(KeyValueSwap):
    """Another way with two references: their keys and values side by side, each key's logit raised by log(share)."""

    def _mix(
        self, name: str, module: Any, hidden: torch.Tensor, rows: Sequence[int], first: torch.Tensor
    ) -> torch.Tensor:
        def heads(projected: torch.Tensor) -> torch.Tensor:
            return projected.unflatten(-1, (module.heads, -1)).transpose(-3, -2)

        def joined(part: str) -> torch.Tensor:
            numbers = range(len(self.shares))
            found = [torch.cat([self._kept[name, part, self._rows[row].half, n] for n in numbers]) for row in rows]
            return heads(torch.stack(found))

        bias = torch.tensor(self.shares).log().repeat_interleave(hidden.shape[1]).to(hidden)
        query, key, value = heads(module.to_q(hidden)), joined("to_k"), joined("to_v")
        attended = torch.nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=bias[None])
        return module.to_out[0](attended.transpose(-3, -2).flatten(-2))


def two(model: ImageModel, count: int) -> Figures:
    """Two references: how the second one's style follows its weight, by outputs mixed and by keys and values joined."""
    asked = subjects(count, seed=13)
    ways = {"outputs mixed by share": KeyValueSwap, "keys and values joined": JoinedSwap}
    for (way, swap), weight in itertools.product(ways.items(), (0.25, 0.5, 0.75)):
        images, styles = [], []
        for first, second in PAIRS:
            targets = [Target(subject, first, FIRST_SEED + n) for n, subject in enumerate(asked)]
            (one,), pictures = reference_for("real", targets, 20)
            (other,), more = reference_for("real", [replace(target, style=second) for target in targets], 20)
            references = (replace(one, weight=1 - weight), replace(other, weight=weight, seed=5))
            requests = [
                BlendRequest(
                    t.subject.text, (), "reference", guidance_scale=model.default_guidance, seed=t.seed,
                    references=references,
                )
                for t in targets
            ]  # fmt: skip
            with patch("tools.blend.style_prompting.KeyValueSwap", swap):
                result = blend(requests, model, trace=False, prompting=StylePrompting(pictures={**pictures, **more}))
            images += [np.asarray(image.convert("RGB")) for image in result.images]
            styles += [(first, second)] * count
        answers = judge(np.stack(images))
        two = np.take_along_axis(answers["style"], np.array(styles), 1)
        yield (
            f"two/{way}, weight {weight}",
            {
                "second style": round(float(two[:, 1].mean()), 4),
                "either style": round(float(two.sum(1).mean()), 4),
                "object": round(
                    float((answers["object"].argmax(1) == [s.object for s in asked] * len(PAIRS)).mean()), 4
                ),
                "renders": len(images),
            },
        )


OTHERS = {"moved": (moved, 6), "two": (two, 2)}


def show(figures: dict[str, Any]) -> None:
    """Show the tables of what was measured, today or in parts."""
    for name in (*PARTS, "two"):
        rows = {row.removeprefix(f"{name}/"): found for row, found in figures.items() if row.startswith(f"{name}/")}
        if rows:
            measures = list(next(iter(rows.values())))
            cells = [(row, *(f"{found.get(m, float('nan')):.3f}" for m in measures)) for row, found in rows.items()]
            Table(name, ("", *measures)).show(cells)
    layers = [
        (key.removeprefix("moved/"), f"{value:.3f}") for key, value in figures.items() if key.startswith("moved/")
    ]
    if layers:
        Table("how far each layer's output moved", ("layer", "share of its length")).show(layers)


def run(*, quick: bool = False, parts: Sequence[str] = (*PARTS, *OTHERS), rows: Sequence[str] = ()) -> Figures:
    """Measure the parts that are asked for, and of them the rows whose names hold one of `rows`, one by one."""
    model = load_image_model("embedded")
    for part in parts:
        if part in OTHERS:
            measure, count = OTHERS[part]
            yield from measure(model, count)
        else:
            yield from PARTS[part].run(model, part, rows, 6 if quick else None)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.reference", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the conditions alone, on six prompts")
    parser.add_argument("--only", nargs="*", choices=(*PARTS, *OTHERS), metavar="PART", help="measure these alone")
    parser.add_argument("--rows", nargs="+", default=(), metavar="TEXT", help="only rows whose names hold a text")
    args = parser.parse_args(arguments)
    parts = args.only or (("conditions",) if args.quick else (*PARTS, *OTHERS))
    for name, found in run(quick=args.quick, parts=parts, rows=args.rows):
        print(name, found, flush=True)
        is_whole = not args.only and not args.rows
        path = write_results("reference-quick" if args.quick else "reference", {name: found}, is_whole=is_whole)
    show(json.loads(path.read_text("utf-8")))


if __name__ == "__main__":
    main()
