"""Texture against shape: objects tied to styles while a classifier learns, asked about where the two conflict.

What was drawn and trained is kept in `.undertone/classifiers`, so that it can be done in parts.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tools.studio.geometry import Scene
from tools.studio.scenes import BASIC, draw, sample_scene
from tools.style_augmentation.classifiers import TRAININGS, read_classifier, save_classifier
from tools.style_augmentation.training import (
    HELD_OUT_SOURCE_SEED,
    TRAINING_SEED,
    Lesson,
    Recipe,
    answered,
    restylings,
    style_sources,
    train,
)

TRAINED = Path(".undertone/classifiers")
STYLES = BASIC.styles
TIED = BASIC.objects[: len(STYLES)]
"""Each of these objects belongs to one style in the training set with texture against shape."""
TIED_SCENES, TIED_SHARE, TIED_EPOCHS = 300, 0.95, 24
CONFLICT_SEED = 70_000_000


def tied_lesson(recipe: Recipe) -> tuple[Lesson, np.ndarray, np.ndarray]:
    """Objects tied to styles; and the test, where none is in its own.

    Returns:
        What is learned from; the test's pictures; its (object, the object that its style belongs to), (N, 2).
    """
    rng = np.random.default_rng((recipe.seed, 9))

    def scene(seed: int, number: int) -> tuple[Scene, int]:
        sampled, thing = sample_scene(seed + number, BASIC), number % len(TIED)
        return Scene(sampled.seed, TIED[thing], sampled.colour, sampled.setting), thing

    def other(thing: int) -> int:
        return int((thing + rng.integers(1, len(TIED))) % len(TIED))

    scenes = [scene(TRAINING_SEED, n) for n in range(TIED_SCENES)]
    styles = [thing if rng.random() < TIED_SHARE else other(thing) for _, thing in scenes]
    pictures = np.stack([draw(one, STYLES[style]) for (one, _), style in zip(scenes, styles, strict=True)])
    sources = [one for several in style_sources(HELD_OUT_SOURCE_SEED + 1000, 8).values() for one in several]
    taught = Lesson(
        pictures, restylings(pictures, sources, recipe, recipe.seed), np.array([t for _, t in scenes], np.int64), TIED
    )
    tests = [scene(CONFLICT_SEED, n) for n in range(180)]
    follows = [other(thing) for _, thing in tests]
    shown = np.stack([draw(one, STYLES[style]) for (one, _), style in zip(tests, follows, strict=True)])
    return taught, shown, np.array([(thing, style) for (_, thing), style in zip(tests, follows, strict=True)])


def against_shape(seed: int, at_most: int) -> dict[str, dict[str, float]]:
    """Texture against shape, by training; what was drawn and trained is kept, so that it can be done in parts.

    Args:
        at_most: How many are trained now.
    """
    recipe = Recipe(seed=seed, restylings=4, epochs=TIED_EPOCHS, low=0.4, restyled_share=0.9)
    folder = TRAINED / f"shape-{seed}"
    kept = folder / "lesson.npz"
    if not kept.exists():
        taught, pictures, truth = tied_lesson(recipe)
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(kept, learned=taught.pictures, restyled=taught.restyled, answers=taught.answers, pictures=pictures,
                 truth=truth)  # fmt: skip
    with np.load(kept) as of:
        taught, pictures, truth = (
            Lesson(of["learned"], of["restyled"], of["answers"], TIED),
            of["pictures"],
            of["truth"],
        )
    found = {}
    for name in TRAININGS:
        path = folder / f"{name}.safetensors"
        if not path.exists():
            if at_most == 0:
                continue
            at_most -= 1
            save_classifier(train(replace(recipe, training=name), taught), path, {"seed": seed})
        given = answered(read_classifier(path), pictures)
        found[name] = {"right": float((given == truth[:, 0]).mean()), "texture": float((given == truth[:, 1]).mean())}
    return found
