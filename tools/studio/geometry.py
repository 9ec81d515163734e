"""Ray-cast a scene into buffers that every drawing style shares.

Units: the object stands on the ground plane y = 0 near the origin and is about 1.3 high; the camera looks along +z.
Solids are ellipsoids, frustums, convex polytopes and rings, each intersected in closed form for all rays at once.
This file knows nothing about styles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.studio.objects import PARTS

SUPERSAMPLE = 2

OBJECTS = tuple(PARTS)
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black")
SETTINGS = ("meadow", "snow", "beach", "sunset", "night", "desert")

RGB: dict[str, tuple[float, float, float]] = {
    "red": (0.86, 0.13, 0.12),
    "orange": (0.96, 0.52, 0.08),
    "yellow": (0.97, 0.86, 0.14),
    "green": (0.16, 0.62, 0.24),
    "blue": (0.14, 0.34, 0.86),
    "purple": (0.52, 0.22, 0.74),
    "pink": (0.97, 0.54, 0.72),
    "white": (0.95, 0.95, 0.95),
    "black": (0.13, 0.13, 0.15),
}

MATTE = ("mountain", "boat", "house", "cube")  # flat faces would flash white all at once


@dataclass(frozen=True)
class Scene:
    """What a picture shows; `seed` also settles camera, light, size, place, clouds and hills."""

    seed: int
    object: str
    colour: str
    setting: str


@dataclass(frozen=True)
class Buffers:
    """Everything a style may use; arrays are (S, S) float32 unless said otherwise, row 0 at the top.

    Attributes:
        albedo: (S, S, 3) base colour, sRGB 0..1.
        object: (S, S) bool, True on the object.
        part: (S, S) int16, which part of the object is seen; -1 elsewhere.
        layer: (S, S) int16, background layer: 0 sky, 1 far hills or sun, 2 sea, 3 ground, 4 small things.
        normal: (S, S, 3) unit normals of the object, x right, y up, z away; up elsewhere.
        lambert: Cosine of light and normal, clipped to 0..1.
        specular: Cosine of the mirrored view and the light, clipped to 0..1; 0 off the object.
        shadow: 1 where the object keeps the light from the ground.
        occlusion: Ambient light that arrives, 0..1.
        haze: 0 near, 1 at the horizon; 0 on the object.
        clouds: Cover of cloud, 0..1, sky only.
        glow: Light that sun or moon scatter around them, 0..1.
        texture: Signed noise of the ground in perspective, about -1..1.
        light_colour: (3,) colour of the light.
        haze_colour: (3,) colour of the air.
    """

    albedo: np.ndarray
    object: np.ndarray
    part: np.ndarray
    layer: np.ndarray
    normal: np.ndarray
    lambert: np.ndarray
    specular: np.ndarray
    shadow: np.ndarray
    occlusion: np.ndarray
    haze: np.ndarray
    clouds: np.ndarray
    glow: np.ndarray
    texture: np.ndarray
    light_colour: np.ndarray
    haze_colour: np.ndarray


@dataclass(frozen=True)
class Place:
    """Colours of a place, sRGB 0..1."""

    sky_top: tuple[float, float, float]
    sky_low: tuple[float, float, float]
    hills: tuple[float, float, float]
    ground: tuple[float, float, float]
    ground_far: tuple[float, float, float]
    light: tuple[float, float, float]
    cloud: float
    jagged: float


PLACES: dict[str, Place] = {
    "meadow": Place((0.30, 0.62, 0.95), (0.80, 0.92, 0.99), (0.24, 0.56, 0.36), (0.40, 0.74, 0.24),
                       (0.58, 0.82, 0.36), (1.0, 0.98, 0.90), 0.8, 0.0),
    "snow": Place((0.56, 0.70, 0.86), (0.86, 0.91, 0.96), (0.62, 0.73, 0.86), (0.95, 0.97, 1.0),
                     (0.86, 0.91, 0.98), (0.96, 0.98, 1.0), 0.3, 1.0),
    "beach": Place((0.22, 0.66, 0.93), (0.74, 0.93, 0.98), (0.10, 0.52, 0.72), (0.97, 0.85, 0.58),
                      (0.92, 0.78, 0.50), (1.0, 0.97, 0.88), 0.6, 0.0),
    "sunset": Place((0.42, 0.22, 0.52), (1.0, 0.60, 0.26), (0.40, 0.16, 0.36), (0.50, 0.25, 0.29),
                       (0.72, 0.34, 0.30), (1.0, 0.82, 0.64), 0.7, 0.15),
    "night": Place((0.05, 0.06, 0.22), (0.16, 0.18, 0.42), (0.08, 0.09, 0.24), (0.10, 0.19, 0.28),
                      (0.13, 0.22, 0.36), (0.80, 0.86, 1.0), 0.0, 0.25),
    "desert": Place((0.42, 0.74, 0.86), (0.98, 0.93, 0.78), (0.80, 0.46, 0.28), (0.90, 0.64, 0.36),
                       (0.94, 0.72, 0.44), (1.0, 0.95, 0.84), 0.15, 0.0),
}  # fmt: skip


def sample_scene(seed: int) -> Scene:
    """Draw object, colour and setting evenly from the seed."""
    rng = np.random.default_rng((seed, 101))
    return Scene(seed, *(str(rng.choice(names)) for names in (OBJECTS, COLOURS, SETTINGS)))


def smooth_noise(rng: np.random.Generator, cells: int, size: int) -> np.ndarray:
    """Interpolate a random grid smoothly: (size, size) float32 in 0..1."""
    at = np.linspace(0, cells - 1.001, size)
    low, t = at.astype(int), (at % 1.0)
    t = t * t * (3 - 2 * t)
    weights = np.zeros((size, cells), np.float32)
    weights[np.arange(size), low] = 1 - t
    weights[np.arange(size), low + 1] += t
    return weights @ rng.random((cells, cells), np.float32) @ weights.T


def ridge(rng: np.random.Generator, x: np.ndarray, jagged: float) -> np.ndarray:
    """Height of a skyline over x in 0..1: round hills, or peaks where `jagged` is 1."""
    waves = [a * np.sin(f * x + p) for a, f, p in zip((1, 0.5, 0.25), rng.uniform((4, 9, 15), (7, 13, 24)),
                                                       rng.uniform(0, 6.28, 3), strict=True)]  # fmt: skip
    round_hills = 0.5 + 0.28 * np.sum(waves, axis=0)
    peaks = np.max([1.1 - np.abs(x - c) * rng.uniform(2.0, 3.4) for c in rng.uniform(0, 1, 3)], axis=0)
    return np.clip((1 - jagged) * round_hills + jagged * peaks, 0.08, 1.2).astype(np.float32)
