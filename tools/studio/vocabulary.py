"""What can be drawn, and what of it the shipped weights have learned: styles, objects, colours, settings.

The tables of the drawings grow before a training run learns what is new in them. Until then the program speaks of what
is learned; training draws all there is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tools.studio.geometry import RGB, Scene
from tools.studio.objects import PARTS
from tools.studio.places import PLACES
from tools.studio.styles import DRAW

WEIGHTS = Path(__file__).parent / "weights"


@dataclass(frozen=True)
class Vocabulary:
    """Names, in the order of their numbers.

    Attributes:
        pairs: Share of scenes that hold two things.
    """

    styles: tuple[str, ...]
    objects: tuple[str, ...]
    colours: tuple[str, ...]
    settings: tuple[str, ...]
    pairs: float = 0.0


DRAWN = Vocabulary(tuple(DRAW), tuple(PARTS), tuple(RGB), tuple(PLACES), pairs=0.3)
"""All that can be drawn."""
BASIC = Vocabulary(DRAWN.styles[:6], DRAWN.objects[:12], DRAWN.colours[:9], DRAWN.settings[:6])
"""What the small classifiers and the artists' hands are made of; it does not grow with the rest."""


def trained_vocabulary(folder: Path) -> Vocabulary:
    """What the model in `folder` was trained on, by its `training.json`.

    Raises:
        FileNotFoundError: It has no such file.
    """
    made = json.loads((folder / "training.json").read_text("utf-8"))
    names = {kind: tuple(made[kind]) for kind in ("styles", "objects", "colours", "settings")}
    return Vocabulary(**names, pairs=float(made.get("pairs", 0.0)))


def _learned() -> Vocabulary:
    try:
        return replace(trained_vocabulary(WEIGHTS), pairs=0.0)
    except FileNotFoundError:  # no model yet: `make train` makes one that knows all
        return replace(DRAWN, pairs=0.0)


LEARNED = _learned()
"""What the shipped weights know; one thing a scene, since whoever draws one asks what that is."""
STYLES, OBJECTS, COLOURS, SETTINGS = LEARNED.styles, LEARNED.objects, LEARNED.colours, LEARNED.settings


def sample_scene(seed: int, vocabulary: Vocabulary = LEARNED) -> Scene:
    """Draw object, colour and setting evenly from the seed, and now and then a second thing."""
    rng = np.random.default_rng((seed, 101))
    names = (vocabulary.objects, vocabulary.colours, vocabulary.settings)
    scene = Scene(seed, *(str(rng.choice(some)) for some in names))
    if rng.random() >= vocabulary.pairs:
        return scene
    others = [name for name in vocabulary.objects if name != scene.object]
    beside = str(rng.choice(others))
    unlike = [name for name in vocabulary.colours if name != scene.colour]
    colour = scene.colour if rng.random() < 0.1 else str(rng.choice(unlike))
    return replace(scene, beside=beside, beside_colour=colour)
