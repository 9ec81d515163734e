"""Artists as hands: one of the studio's drawn styles, and how this hand deviates from it.

A hand is a stand-in for an artist: its works share a look and differ in what they show. It knows nothing of encoders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tools.studio.scenes import BASIC, SIZE_PX, draw_styles, sample_scene

Picture = npt.NDArray[np.uint8]
"""(SIZE_PX, SIZE_PX, 3), sRGB."""
WORK_VARIES = 0.15
"""How far a work deviates from its hand: standard deviation, as a share of each trait."""
FIRST_SCENE_SEED = 7_000_000
"""Scenes from here on: neither the image model nor its judges were trained on any."""
_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]], np.float32)
_RGB = np.linalg.inv(_YIQ).astype(np.float32)


@dataclass(frozen=True)
class Hand:
    """How one artist draws.

    Args:
        style: Its place in BASIC.styles.
        hue: Turn of the hue, in radians.
        saturation: Factor on the chroma.
        temperature: Red gained and blue lost, as a share.
        gamma: Exponent on the tones.
        hatching: Depth of the hatching lines, 0..1.
        angle: Direction of those lines, in radians.
        period_px: Their distance.
        grain: Standard deviation of the grain, of 1.
        edge: How much darker contours become.
        softness: Standard deviation of the blur in px; below 0 it sharpens.
        paper: Share of the paper's colour in the lightest tone.
        tint: The paper's hue, in radians.
    """

    style: int
    hue: float
    saturation: float
    temperature: float
    gamma: float
    hatching: float
    angle: float
    period_px: float
    grain: float
    edge: float
    softness: float
    paper: float
    tint: float


_FIXED = ("style", "angle", "tint", "period_px")


def sample_hands(count: int, seed: int) -> list[Hand]:
    """Make hands; they take the styles in turn, so that each style has equally many."""
    rng = np.random.default_rng((seed, 4401))
    return [
        Hand(
            style=number % len(BASIC.styles),
            hue=float(rng.normal(0, 0.3)),
            saturation=float(rng.uniform(0.6, 1.45)),
            temperature=float(rng.normal(0, 0.09)),
            gamma=float(np.exp(rng.normal(0, 0.25))),
            hatching=float(max(0.0, rng.uniform(-0.25, 0.3))),
            angle=float(rng.uniform(0, np.pi)),
            period_px=float(rng.uniform(3.0, 7.0)),
            grain=float(max(0.0, rng.uniform(-0.05, 0.11))),
            edge=float(max(0.0, rng.uniform(-0.6, 0.9))),
            softness=float(rng.uniform(-0.8, 1.3)),
            paper=float(max(0.0, rng.uniform(-0.15, 0.13))),
            tint=float(rng.uniform(0, 2 * np.pi)),
        )
        for number in range(count)
    ]


def draw_scenes(first: int, count: int) -> Picture:
    """Draw scenes in every plain style: (count, styles, SIZE_PX, SIZE_PX, 3) uint8. Scene numbers begin at `first`."""
    scenes = [sample_scene(FIRST_SCENE_SEED + number, BASIC) for number in range(first, first + count)]
    return np.stack([draw_styles(scene, styles=BASIC.styles) for scene in scenes])


def work_of(hand: Hand, plain: Picture, work: int) -> Picture:
    """Redraw a plain drawing by a hand.

    Args:
        hand: Whose work it is.
        plain: (styles, SIZE_PX, SIZE_PX, 3): a scene in every style.
        work: Settles how this work deviates; the same number gives the same pixels.
    """
    traits = np.array([getattr(hand, field.name) for field in fields(hand)], np.float64)
    rng = np.random.default_rng((work, *traits.view(np.uint32).tolist()))
    hand = _varied(hand, rng)
    image = plain[hand.style].astype(np.float32) / 255
    image = _toned(image, hand)
    if hand.softness > 0:
        image = ndimage.gaussian_filter(image, (hand.softness, hand.softness, 0), mode="nearest")
    else:
        image = image - hand.softness * (image - ndimage.gaussian_filter(image, (1.0, 1.0, 0), mode="nearest"))
    image = image * _ink(image, hand)[..., None]
    image = image + rng.normal(0, 1, (SIZE_PX, SIZE_PX, 1)).astype(np.float32) * hand.grain
    paper = 1 + 0.5 * np.cos(hand.tint + np.array([0, 2.09, 4.19], np.float32)) - 0.5
    lightness = np.clip(image @ _YIQ[0], 0, 1)[..., None]
    image = image * (1 - hand.paper * lightness) + paper.astype(np.float32) * hand.paper * lightness
    return np.asarray(np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def works_of(hand: Hand, plain: Picture, scenes: Sequence[int]) -> Picture:
    """The works of a hand on some scenes: (len(scenes), SIZE_PX, SIZE_PX, 3)."""
    return np.stack([work_of(hand, plain[scene], scene) for scene in scenes])


def _varied(hand: Hand, rng: np.random.Generator) -> Hand:
    free = [field.name for field in fields(hand) if field.name not in _FIXED]
    factors = 1 + WORK_VARIES * rng.standard_normal(len(free))
    varied = {name: getattr(hand, name) * factor for name, factor in zip(free, factors, strict=True)}
    return replace(hand, **varied, angle=hand.angle + 0.1 * rng.standard_normal())


def _toned(image: npt.NDArray[np.float32], hand: Hand) -> npt.NDArray[np.float32]:
    """Hue, saturation, temperature and gamma."""
    cos, sin = np.cos(hand.hue) * hand.saturation, np.sin(hand.hue) * hand.saturation
    turn = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]], np.float32)
    image = np.asarray(image @ (_RGB @ turn @ _YIQ).T, np.float32)
    warm = image * np.array([1 + hand.temperature, 1, 1 - hand.temperature], np.float32)
    return np.asarray(np.clip(warm, 0, 1) ** np.float32(max(0.2, hand.gamma)), np.float32)


def _ink(image: npt.NDArray[np.float32], hand: Hand) -> npt.NDArray[np.float32]:
    """What hatching and darkened contours leave of the light, (SIZE_PX, SIZE_PX)."""
    light = np.clip(image @ _YIQ[0], 0, 1)
    y, x = np.mgrid[0:SIZE_PX, 0:SIZE_PX].astype(np.float32)
    along = (x * np.cos(hand.angle) + y * np.sin(hand.angle)) * (2 * np.pi / hand.period_px)
    lines = hand.hatching * (0.5 + 0.5 * np.cos(along)) * (1 - 0.6 * light)
    slope = np.hypot(ndimage.sobel(light, 0), ndimage.sobel(light, 1))
    return np.asarray(np.clip((1 - lines) * (1 - hand.edge * np.clip(slope / 2, 0, 1)), 0, 1), np.float32)
