"""The pictures that a stress run begins with: the one that is restyled, and those that give it their style.

A scene that the studio draws brings along what it shows and where: its mask is known. Any other picture is cropped to a
square and scaled to what the classifiers see. It knows nothing about how a picture is restyled.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tools.blend.references import fit_reference
from tools.studio.buffers import build_buffers
from tools.studio.captions import OBJECT_PHRASES, STYLE_PHRASES
from tools.studio.judges import at_judged_size
from tools.studio.scenes import BASIC, OBJECTS, STYLES, Scene, draw, draw_styles, sample_scene
from tools.style_augmentation.classifiers import SIZE_PX
from tools.style_augmentation.restyling import Picture, patches_of, statistics_of

STYLE_SCENE = Scene(11, "house", "red", "meadow")
"""What the picture of a drawn style shows: one scene for all, so that styles alone differ."""
CELLS = 8
"""Cells along a side of a classifier's last map."""


@dataclass(frozen=True)
class Subject:
    """The picture that is restyled.

    Args:
        picture: (128, 128, 3) uint8.
        name: What it is called in a sentence.
        scene: What was drawn; None for any other picture.
        notes: What was done to it, one sentence each.
    """

    picture: Picture
    name: str
    scene: Scene | None = None
    notes: tuple[str, ...] = ()

    def truth(self, question: str) -> str | None:
        """The right answer to a question, where the scene is known."""
        if self.scene is None:
            return None
        return STYLES[0] if question == "style" else str(getattr(self.scene, question))

    @functools.cached_property
    def mask(self) -> npt.NDArray[np.float64] | None:
        """(8, 8), the share of each cell that the object covers; None where that is not known."""
        if self.scene is None:
            return None
        side = SIZE_PX // CELLS
        shown = build_buffers(self.scene, SIZE_PX).object.astype(np.float64)
        return shown.reshape(CELLS, side, CELLS, side).mean((1, 3))


def drawn_subject(thing: str, seed: int = 0) -> Subject:
    """A scene in photographic style.

    Args:
        thing: An object that the studio draws, by any of its names.
        seed: Settles colour, place, camera and light.

    Raises:
        ValueError: The studio draws no such thing.
    """
    known = object_named(thing)
    if known is None:
        raise ValueError(f"{thing!r} is no picture, and nothing that is drawn here: {', '.join(OBJECTS)}")
    sampled = sample_scene(seed, BASIC)
    scene = Scene(seed, known, sampled.colour, sampled.setting)
    name = f"a {scene.colour} {scene.object}, {scene.setting}, drawn in {STYLES[0]} (seed {seed})"
    return Subject(draw(scene, STYLES[0]), name.replace("a orange", "an orange"), scene)


def object_named(thing: str) -> str | None:
    """The one object that a text names: "a red sailboat" names a boat; None where it names none, or several."""
    text = thing.casefold()
    named = {
        name
        for name, phrases in OBJECT_PHRASES.items()
        if any(re.search(rf"\b{re.escape(phrase)}\b", text) for phrase in phrases)
    }
    return named.pop() if len(named) == 1 else None


def given_subject(image: Image.Image, name: str) -> Subject:
    """Any picture, cropped and scaled; what was done is among its notes."""
    picture, notes = fitted(image, name)
    return Subject(picture, name, None, notes)


def fitted(image: Image.Image, name: str) -> tuple[Picture, tuple[str, ...]]:
    """A picture as the classifiers see it, (128, 128, 3), and what was done to it that may have cost something."""
    if image.width == image.height and image.width % SIZE_PX == 0:
        return at_judged_size(np.asarray(image.convert("RGB"))[None])[0], ()
    made = np.asarray(fit_reference(image.convert("RGB"), SIZE_PX, SIZE_PX))
    did = "scaled" if image.width == image.height else "cropped to its middle and scaled"
    return made, (f"{name} was {did}: {image.width} x {image.height} px to {SIZE_PX} x {SIZE_PX}.",)


def drawn_style(name: str) -> Picture | None:
    """The picture of a drawn style, (128, 128, 3), by any of its names; None for another name."""
    wanted = name.strip().casefold()
    for number, (style, phrases) in enumerate(STYLE_PHRASES.items()):
        if wanted in (style, *phrases):
            picture: Picture = _drawn_styles()[number]
            return picture
    return None


@functools.cache
def _drawn_styles() -> Picture:
    return draw_styles(STYLE_SCENE)


def flat_notes(styles: dict[str, Picture]) -> tuple[str, ...]:
    """Warn of style pictures without any texture."""
    flat = [name for name, picture in styles.items() if statistics_of(patches_of(picture / 255.0)).is_flat]
    return tuple(
        f"The style picture {name} is flat: it has no texture, so it only takes the picture's." for name in flat
    )


def scene_of(kept: Any) -> Scene | None:
    """A scene from its JSON; None where none was kept."""
    return Scene(**kept) if isinstance(kept, dict) else None


def unknown_style(name: str, given: Sequence[str] = ()) -> ValueError:
    """The error for a style that is neither drawn nor a picture that was given."""
    more = f", and the pictures given: {', '.join(given)}" if given else ""
    return ValueError(f"the style {name!r} is unknown; there are: {', '.join(STYLES)}{more}; or give a picture")
