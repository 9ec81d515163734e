"""Train the four small classifiers: `python -m tools.style_augmentation.training`, or `make train-classifiers`.

All learn the same photographic scenes with the same network; they differ in how a picture is changed before it is
seen: not at all, in the usual ways, by restyling, by both. The restyled pictures are made once and mixed with the
picture at a random strength, which is what restyling is. It knows nothing about what the classifiers are asked later.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from tools.devices import cpu_has_fast_bfloat16
from tools.studio.judges import disturb
from tools.studio.scenes import BASIC, draw, draw_styles, sample_scene
from tools.style_augmentation import WEIGHTS
from tools.style_augmentation.classifiers import (
    TRAININGS,
    ObjectClassifier,
    save_classifier,
    signal_of,
)
from tools.style_augmentation.restyling import Content, Statistics, disturbed, patches_of, picture_of, statistics_of

Pictures = npt.NDArray[np.uint8]
Half = npt.NDArray[np.float16]
Labels = npt.NDArray[np.int64]

PHOTOGRAPHIC = BASIC.styles[0]
ATTACKS = BASIC.styles[1:5]
"""Whose statistics restyle training pictures; the last style never does."""
TRAINING_SEED, SOURCE_SEED, HELD_OUT_SEED, HELD_OUT_SOURCE_SEED = 50_000_000, 51_000_000, 60_000_000, 61_000_000
"""Scenes of each part; none of them is in the image model's training set."""


@dataclass(frozen=True)
class Recipe:
    """What to train, on how much, for how long."""

    training: str = "both"
    seed: int = 0
    scenes: int = 540
    sources: int = 24  # scenes whose statistics are drawn from, for each style
    restylings: int = 5  # of each picture
    sigma: float = 0.1
    low: float = 0.2
    restyled_share: float = 0.75
    channels: tuple[int, ...] = (24, 48, 80, 112)
    epochs: int = 25
    batch: int = 36
    lr: float = 3e-3
    weight_decay: float = 0.05

    def __post_init__(self) -> None:
        if self.training not in TRAININGS:
            raise ValueError(f"there is no training {self.training!r}; there are: {', '.join(TRAININGS)}")


@dataclass(frozen=True)
class Lesson:
    """What is learned from: pictures (N, S, S, 3), restyled ones (N, K, S, S, 3) in 0..1 unclamped, answers (N,)."""

    pictures: Pictures
    restyled: Half
    answers: Labels
    names: tuple[str, ...] = BASIC.objects


def photographs(first_seed: int, count: int) -> tuple[Pictures, Labels]:
    """Scenes in photographic style, and the object that each shows."""
    scenes = [sample_scene(first_seed + number, BASIC) for number in range(count)]
    answers = np.array([BASIC.objects.index(scene.object) for scene in scenes], np.int64)
    return np.stack([draw(scene, PHOTOGRAPHIC) for scene in scenes]), answers


def style_sources(first_seed: int, count: int) -> dict[str, list[Statistics]]:
    """The statistics of some scenes in each of the styles that are learned from."""
    drawn = np.stack(
        [draw_styles(sample_scene(first_seed + number, BASIC), styles=BASIC.styles) for number in range(count)]
    )
    return {
        style: [statistics_of(patches_of(picture / 255.0)) for picture in drawn[:, number]]
        for number, style in enumerate(BASIC.styles)
    }


def restylings(pictures: Pictures, sources: Sequence[Statistics], recipe: Recipe, seed: int) -> Half:
    """Each picture in several styles in full, each drawn at random with noise: (N, K, S, S, 3) in 0..1, unclamped."""
    rng = np.random.default_rng((seed, 77))
    out = np.empty((len(pictures), recipe.restylings, *pictures.shape[1:]), np.float16)
    for number, picture in enumerate(pictures):
        content = Content.of(picture)
        for k in range(recipe.restylings):
            style = disturbed(sources[int(rng.integers(len(sources)))], recipe.sigma, rng)
            out[number, k] = picture_of(content.restyled(style))
    return out


def lesson(recipe: Recipe) -> Lesson:
    """Draw what all four trainings learn from."""
    pictures, answers = photographs(TRAINING_SEED, recipe.scenes)
    sources = style_sources(SOURCE_SEED, recipe.sources)
    pooled = [one for style in ATTACKS for one in sources[style]]
    return Lesson(pictures, restylings(pictures, pooled, recipe, 0), answers)


def train(recipe: Recipe, given: Lesson) -> ObjectClassifier:
    """Train one classifier; the same recipe on the same machine gives the same weights."""
    torch.manual_seed(recipe.seed)
    rng, torch_rng = np.random.default_rng((recipe.seed, 5)), torch.Generator().manual_seed(recipe.seed)
    model = ObjectClassifier(recipe.channels, given.names).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * max(1, len(given.pictures) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=steps, pct_start=0.15)
    order = np.concatenate([rng.permutation(len(given.pictures)) for _ in range(recipe.epochs + 1)])
    is_fast = cpu_has_fast_bfloat16()  # elsewhere it is emulated, slower than float32
    for step in range(steps):
        chosen = order[step * recipe.batch : (step + 1) * recipe.batch]
        signal = changed(given, chosen, recipe, rng, torch_rng).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=is_fast):
            logits = model(signal)
        loss = F.cross_entropy(logits.float(), torch.from_numpy(given.answers[chosen]), label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return model.eval()


def changed(
    given: Lesson, chosen: npt.NDArray[np.int64], recipe: Recipe, rng: np.random.Generator, torch_rng: torch.Generator
) -> torch.Tensor:
    """A batch as its training sees it: (batch, 3, S, S) in -1..1."""
    signal = signal_of(given.pictures[chosen])
    if recipe.training in ("style", "both"):
        picked = given.restyled[chosen, rng.integers(given.restyled.shape[1], size=len(chosen))]
        styled = torch.from_numpy(picked).float().permute(0, 3, 1, 2) * 2 - 1
        alpha = rng.uniform(recipe.low, 1.0, len(chosen)) * (rng.random(len(chosen)) < recipe.restyled_share)
        signal = torch.lerp(signal, styled, torch.from_numpy(alpha).float()[:, None, None, None]).clamp(-1, 1)
    if recipe.training in ("traditional", "both"):
        mirrored = torch.from_numpy(rng.random(len(chosen)) < 0.5)
        signal = torch.where(mirrored[:, None, None, None], signal.flip(-1), signal)
        gain = torch.from_numpy(rng.uniform(0.7, 1.3, (len(chosen), 3, 1, 1))).float()
        signal = disturb((signal + 1) * gain - 1, torch_rng)
    return signal


@torch.no_grad()
def answered(model: ObjectClassifier, pictures: Pictures) -> Labels:
    """What a classifier answers, (N,) indices, for (N, S, S, 3)."""
    parts = [model(signal_of(pictures[n : n + 64])).argmax(-1).numpy() for n in range(0, len(pictures), 64)]
    return np.concatenate(parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train all four, or those that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=tuple(TRAININGS), default=list(TRAININGS))
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    given = parser.parse_args(arguments)
    began = time.monotonic()
    taught = lesson(Recipe())
    print(f"drew and restyled {len(taught.pictures)} scenes in {time.monotonic() - began:.0f} s", flush=True)
    pictures, answers = photographs(HELD_OUT_SEED, 120)
    for name in given.only:
        began, recipe = time.monotonic(), Recipe(name, given.seed, epochs=given.epochs)
        model = train(recipe, taught)
        seconds = time.monotonic() - began
        clean = float((answered(model, pictures) == answers).mean())
        about = {"recipe": asdict(recipe), "seconds": round(seconds, 1), "cores": os.cpu_count(), "held_out": clean}
        save_classifier(model, given.out / f"{name}.safetensors", about)
        print(f"{name}: {seconds:.0f} s, held-out photographic scenes {clean:.3f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
