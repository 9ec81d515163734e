"""Caption a scene the way people write prompts: synonyms, phrase orders, things left unsaid.

No caption names two styles. Whether the model blends two styles that it never saw together is the question that
Undertone explains, so the blend has to be emergent.
"""

from __future__ import annotations

import re

import numpy as np

from tools.studio.geometry import COLOURS, OBJECTS, SETTINGS, Scene

STYLE_PHRASES: dict[str, tuple[str, ...]] = {
    "photographic style": (
        "photographic style",
        "photographic style",
        "photo",
        "photograph",
        "photorealistic",
        "realistic photo",
    ),
    "digital illustration": (
        "digital illustration",
        "digital illustration",
        "illustration",
        "cartoon",
        "cartoon style",
    ),
    "watercolor": ("watercolor", "watercolor", "watercolor painting", "watercolour", "watercolor style"),
    "pencil sketch": ("pencil sketch", "pencil sketch", "pencil drawing", "sketch", "pencil style"),
    "pixel art": ("pixel art", "pixel art", "8-bit pixel art", "pixel art style"),
    "oil painting": ("oil painting", "oil painting", "oil on canvas", "oil painting style"),
}
STYLES: tuple[str, ...] = tuple(STYLE_PHRASES)

OBJECT_PHRASES: dict[str, tuple[str, ...]] = {
    "ball": ("ball", "ball", "sphere"),
    "cube": ("cube", "cube", "box"),
    "house": ("house", "house", "cottage"),
    "tree": ("tree", "tree", "leafy tree"),
    "pine": ("pine", "pine tree", "fir"),
    "boat": ("boat", "boat", "sailboat", "sailing boat"),
    "mountain": ("mountain", "mountain", "snowy peak"),
    "mushroom": ("mushroom", "mushroom", "toadstool"),
    "mug": ("mug", "mug", "cup"),
    "car": ("car", "car", "automobile"),
    "cat": ("cat", "cat", "kitten"),
    "rocket": ("rocket", "rocket", "spaceship"),
}
COLOUR_PHRASES: dict[str, tuple[str, ...]] = {c: (c,) for c in COLOURS} | {
    "purple": ("purple", "purple", "violet"),
    "red": ("red", "red", "bright red"),
}
SETTING_PHRASES: dict[str, tuple[str, ...]] = {
    "meadow": ("in a meadow", "in a meadow", "on a green meadow", "in a green field"),
    "snow": ("in the snow", "in snow", "in a snowy field"),
    "beach": ("on the beach", "on a beach", "at the beach", "by the sea"),
    "sunset": ("at sunset", "at sunset", "during sunset"),
    "night": ("at night", "at night", "by night", "under the moon"),
    "desert": ("in the desert", "in a desert", "on desert sand"),
}
_ORDERS = (
    "{thing} {place}, {style}",
    "{thing} {place}, {style}",
    "{thing}, {place}, {style}",
    "{style} of {thing} {place}",
    "a {style} of {thing} {place}",
    "{style}, {thing} {place}",
    "{thing}, {style}, {place}",
)

assert tuple(OBJECT_PHRASES) == OBJECTS and tuple(SETTING_PHRASES) == SETTINGS


def caption(scene: Scene, style: str, rng: np.random.Generator) -> str:
    """Write one prompt for a drawing of `scene` in `style`.

    Colour and setting are left out 12 % of the time each, the object and the style 4 % each.

    Args:
        scene: What the drawing shows.
        style: One of STYLES.
        rng: Decides synonyms, order and what is left out.

    Returns:
        A lower-case prompt that names at most one style.
    """

    def pick(phrases: tuple[str, ...]) -> str:
        return phrases[int(rng.integers(len(phrases)))]

    without_object, without_colour, without_place, without_style = rng.random(4) < (0.04, 0.12, 0.12, 0.04)
    noun = "thing" if without_object else pick(OBJECT_PHRASES[scene.object])
    colour = "" if without_colour else pick(COLOUR_PHRASES[scene.colour])
    bare = f"{colour} {noun}".strip()
    article = ("an " if bare[0] in "aeio" else "a ", "the ", "")[int(rng.choice(3, p=(0.7, 0.1, 0.2)))]
    thing = article + bare
    place = "" if without_place else pick(SETTING_PHRASES[scene.setting])
    words = "" if without_style else pick(STYLE_PHRASES[style])
    if not words:
        return re.sub(r"\s+", " ", f"{thing} {place}").strip()
    text = pick(_ORDERS).format(thing=thing, place=place, style=words)
    return re.sub(r"(,\s*)+", ", ", re.sub(r"\s+", " ", text).replace(" ,", ",")).strip(" ,")


def vocabulary() -> tuple[str, ...]:
    """List every word that a caption can hold, sorted."""
    groups = (STYLE_PHRASES, OBJECT_PHRASES, COLOUR_PHRASES, SETTING_PHRASES)
    text = " ".join(phrase for group in groups for phrases in group.values() for phrase in phrases)
    return tuple(sorted({*re.findall(r"[a-z]+|[0-9]|-", text), "a", "an", "the", "of", "thing", ","}))
