"""What a scene is, and the buffers that every drawing style shares.

Units: the object stands on the ground plane y = 0 near the origin and is about 1.3 high; the camera looks along +z.
Solids are ellipsoids, frustums, convex polytopes and rings, each intersected in closed form for all rays at once.
This file knows nothing about styles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SIZE_PX, PICTURE_PX = 128, 256
SUPERSAMPLE = 2

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
    "brown": (0.45, 0.27, 0.13),
    "grey": (0.53, 0.54, 0.56),
    "turquoise": (0.10, 0.74, 0.72),
}


@dataclass(frozen=True)
class Scene:
    """What a picture shows; `seed` also settles camera, light, size, place, clouds and hills.

    Where something stands `beside` it, the object is on the left and the other thing on the right.
    """

    seed: int
    object: str
    colour: str
    setting: str
    beside: str | None = None
    beside_colour: str | None = None


@dataclass(frozen=True)
class Buffers:
    """Everything a style may use; arrays are (S, S) float32 unless said otherwise, row 0 at the top.

    Attributes:
        albedo: (S, S, 3) base colour, sRGB 0..1.
        object: (S, S) bool, True on the object, and on the one beside it.
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
