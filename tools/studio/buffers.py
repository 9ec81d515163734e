"""A scene, ray-cast once: depth, normals, albedo, masks and shadow, of which every style is a function.

Knows nothing about styles.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from tools.studio.backdrop import background, ground_of
from tools.studio.geometry import RGB, Buffers, Scene
from tools.studio.objects import MATTE, PARTS
from tools.studio.places import PLACES
from tools.studio.rays import FAR, Hit, Ray, Solid, blocked, cast

SECOND_PART = 64
"""From here on are the parts of what stands beside the object."""
HALF_VIEW = 1.09
"""Half of what is in view where things stand, from the nearest of their points."""


@dataclass(frozen=True)
class _Standing:
    """A thing in its place: moved to (x, z), turned by yaw, scaled."""

    name: str
    colour: str
    x: float
    z: float
    yaw: float
    scale: float

    @property
    def parts(self) -> list[Solid]:
        return PARTS[self.name](np.array(RGB[self.colour], np.float32))

    @property
    def turn(self) -> np.ndarray:
        return _turn(self.yaw)

    def local(self, points: np.ndarray) -> np.ndarray:
        """Points in the thing's own frame."""
        shift = np.array([self.x, 0.0, self.z], np.float32)
        return (points - shift) @ self.turn.T / self.scale


def build_buffers(scene: Scene, size: int) -> Buffers:
    """Cast the scene's rays.

    Args:
        scene: What to show.
        size: Side of the buffers in pixels.
    """
    rng = np.random.default_rng((scene.seed, 202))
    place = PLACES[scene.setting]
    height, pitch = rng.uniform(0.75, 1.25), rng.uniform(0.10, 0.17)
    scale = rng.uniform(0.92, 1.18)
    at_x, at_z = rng.uniform(-0.34, 0.34), rng.uniform(-0.15, 0.15)
    yaw = rng.uniform(-0.35, 0.35)
    side = rng.choice((-1.0, 1.0))
    light = np.array([side * rng.uniform(0.45, 0.8), rng.uniform(0.75, 1.0), -rng.uniform(0.35, 0.6)])
    light = (light / np.linalg.norm(light)).astype(np.float32)
    things = [_Standing(scene.object, scene.colour, at_x, at_z, yaw, scale)]
    if scene.beside is not None:
        things = _pair(scene, yaw)

    half = np.float32(0.30)  # tangent of half the field of view
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    u, v = np.meshgrid(axis * half, -axis * half)
    c, s = np.cos(pitch), np.sin(pitch)
    direction = np.stack([u, v * c - s, v * s + c], -1).astype(np.float32)
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    origin = np.array([0.0, height + 0.28, -4.3], np.float32)
    down, _, ground = ground_of(direction, origin)

    part, normal, albedo, rise, matte = _first_met(things, origin, direction)
    mask = part >= 0
    lambert = np.clip(normal @ light, 0, 1)
    mirrored = direction - 2 * (direction * normal).sum(-1, keepdims=True) * normal
    specular = np.clip(mirrored @ light, 0, 1) * mask * ~matte

    shadow, contact = np.zeros((size, size), np.float32), np.ones((size, size))
    for thing in things:
        shadow = np.maximum(shadow, _shadow(thing, light, ground, down & ~mask))
        foot = np.hypot(ground[..., 0] - thing.x, (ground[..., 2] - thing.z))
        contact = np.minimum(contact, 1.0 - 0.45 * np.exp(-((foot / (0.62 * thing.scale)) ** 2)) * down)
    occlusion = np.where(mask, 0.72 + 0.28 * np.clip(rise / 0.45, 0, 1), contact).astype(np.float32)

    canvas, haze, texture = background(place, rng, direction, origin, -side)
    albedo = np.where(mask[..., None], albedo, canvas.albedo)
    return Buffers(
        albedo=albedo.astype(np.float32),
        object=mask,
        part=part.astype(np.int16),
        layer=canvas.layer,
        normal=normal,
        lambert=lambert.astype(np.float32),
        specular=specular.astype(np.float32),
        shadow=shadow,
        occlusion=occlusion,
        haze=np.where(mask, 0, haze).astype(np.float32),
        clouds=np.where(mask, 0, canvas.clouds).astype(np.float32),
        glow=np.where(mask, 0, canvas.glow).astype(np.float32),
        texture=texture.astype(np.float32),
        light_colour=np.array(place.light, np.float32),
        haze_colour=np.array(place.sky_low, np.float32),
    )


def _pair(scene: Scene, yaw: float) -> list[_Standing]:
    """The object on the left and the thing beside it on the right, both small enough to be wholly in view."""
    assert scene.beside is not None and scene.beside_colour is not None
    rng = np.random.default_rng((scene.seed, 303))
    (left, inner), (other_inner, right) = _extent(scene.object), _extent(scene.beside)
    wide = inner - left + right - other_inner
    scale = min(0.86, 2 * HALF_VIEW / (wide + 0.12)) * rng.uniform(0.88, 1.0)
    free = 2 * HALF_VIEW - wide * scale
    margins, depths = free * rng.uniform(0.12, 0.3, 2), rng.uniform(-0.10, 0.14, 2)
    x, other_x = margins[0] - HALF_VIEW - left * scale, HALF_VIEW - margins[1] - right * scale
    other_yaw = rng.uniform(-0.3, 0.3)
    return [
        _Standing(scene.object, scene.colour, x, depths[0], yaw, scale),
        _Standing(scene.beside, scene.beside_colour, other_x, depths[1], other_yaw, scale),
    ]


@functools.cache
def _extent(name: str) -> tuple[float, float]:
    """How far a thing reaches to the left and to the right of its own middle, turned a little this way and that."""
    parts, across = PARTS[name](np.zeros(3, np.float32)), np.linspace(-1.2, 1.2, 97, dtype=np.float32)
    x, y = (axis.ravel() for axis in np.meshgrid(across, np.linspace(0.02, 1.6, 60, dtype=np.float32)))
    points, reached = np.stack([x, y, np.full_like(x, -3.0)], -1), np.zeros(len(x), bool)
    for yaw in (-0.3, 0.0, 0.3):
        turn = _turn(yaw)
        ahead = np.broadcast_to(turn @ np.array([0, 0, 1], np.float32), points.shape)
        reached |= blocked(Ray(points @ turn.T, ahead), parts) > 0
    return float(x[reached].min()), float(x[reached].max())


def _turn(yaw: float) -> np.ndarray:
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)


def _first_met(things: list[_Standing], origin: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, ...]:
    """Part, normal, albedo, height above ground and whether it is matte, (S, S[, 3]), of what each ray meets first."""
    size = len(direction)
    part = np.full(size * size, -1, np.int16)
    normal, albedo = np.zeros((size * size, 3), np.float32), np.zeros((size * size, 3), np.float32)
    normal[:, 1] = 1.0
    rise, matte = np.zeros(size * size, np.float32), np.zeros(size * size, bool)
    nearest = np.full(size * size, FAR, np.float32)
    for number, thing in enumerate(things):
        ray = Ray(np.broadcast_to(thing.local(origin), (size * size, 3)), (direction @ thing.turn.T).reshape(-1, 3))
        hit: Hit = cast(ray, thing.parts)
        distance = hit.distance * thing.scale
        on = (hit.part >= 0) & (distance < nearest)
        nearest[on] = distance[on]
        part[on] = hit.part[on] + SECOND_PART * number
        normal[on] = hit.normal[on] @ thing.turn
        albedo[on] = hit.albedo[on]
        rise[on] = hit.height[on] * thing.scale
        matte[on] = thing.name in MATTE
    square = (size, size)
    return (
        part.reshape(square),
        normal.reshape(*square, 3),
        albedo.reshape(*square, 3),
        rise.reshape(square),
        matte.reshape(square),
    )


def _shadow(thing: _Standing, light: np.ndarray, ground: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Where the thing keeps the light from the ground, (S, S) float32, 1 or 0, on points near it only."""
    near = free & (np.abs(ground[..., 0] - thing.x) < 3.2) & (np.abs(ground[..., 2] - thing.z) < 2.6)
    shadow = np.zeros(near.shape, np.float32)
    points = thing.local(ground[near] + np.array([0, 1e-3, 0], np.float32)).astype(np.float32)
    if len(points):
        shadow[near] = blocked(Ray(points, np.broadcast_to(thing.turn @ light, points.shape)), thing.parts)
    return shadow
