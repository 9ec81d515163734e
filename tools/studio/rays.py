"""Rays, and where they meet solids: which is met first, and what is the normal there.

Knows nothing about scenes or cameras, nor which shapes there are (`solids.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Vector = Sequence[float] | np.ndarray
Mark = Callable[[np.ndarray], np.ndarray]
"""Which of the points (N, 3) of a solid have its other colour: (N,) bool."""
FAR = np.float32(1e9)


@dataclass(frozen=True)
class Ray:
    """N rays: origins and directions, both (N, 3) float32."""

    origin: np.ndarray
    direction: np.ndarray

    def take(self, index: np.ndarray) -> Ray:
        return Ray(self.origin[index], self.direction[index])


class Shape(Protocol):
    def meet(self, ray: Ray) -> np.ndarray:
        """Return (N,) distances to the first meeting in front of the ray, FAR where there is none."""

    def normal(self, points: np.ndarray) -> np.ndarray:
        """Return (N, 3) unit outward normals at points on the surface."""

    def inward(self, points: np.ndarray) -> np.ndarray:
        """Return the points, (N, 3), where they lie in the shape as it was built."""


@dataclass(frozen=True)
class Solid:
    """A shape with its albedo, (3,) sRGB; `part` groups what should have no outline between.

    A `cap` is a second colour: where `mark` says, or else above `cap_from`.
    """

    shape: Shape
    colour: np.ndarray
    part: int | None = None
    cap: np.ndarray | None = None
    cap_from: float = np.inf
    mark: Mark | None = None

    def albedo(self, points: np.ndarray) -> np.ndarray:
        """Albedo at points (N, 3): the cap's colour where `mark` says, or above a wavy line at height `cap_from`."""
        colour = np.broadcast_to(self.colour, points.shape)
        if self.cap is None:
            return colour
        if self.mark is not None:
            return np.where(self.mark(self.shape.inward(points))[:, None], self.cap, colour)
        wave = 0.06 * np.sin(points[:, 0] * 21.0) + 0.04 * np.sin(points[:, 2] * 17.0 + 1.0)
        return np.where((points[:, 1] + wave > self.cap_from)[:, None], self.cap, colour)


@dataclass(frozen=True)
class Hit:
    """First meetings of N rays: part (N,) int (-1 none), normal, albedo (N, 3), height above ground, distance (N,)."""

    part: np.ndarray
    normal: np.ndarray
    albedo: np.ndarray
    height: np.ndarray
    distance: np.ndarray


def cast(ray: Ray, parts: Sequence[Solid]) -> Hit:
    """Find what each ray meets first."""
    n = len(ray.direction)
    nearest = np.full(n, FAR, np.float32)
    which = np.full(n, -1, np.int16)
    # Only rays that come near the object are worth the arithmetic: all of it lies within 1.25 of (0, .65, 0).
    centre = np.array([0.0, 0.65, 0.0], np.float32) - ray.origin
    along = (centre * ray.direction).sum(-1)
    close = np.flatnonzero((centre**2).sum(-1) - along**2 < 1.25**2)
    some = ray.take(close)
    best, index = nearest[close], which[close]
    for i, solid in enumerate(parts):
        t = solid.shape.meet(some)
        first = t < best
        best[first], index[first] = t[first], i
    nearest[close], which[close] = best, index
    part = np.full(n, -1, np.int16)
    normal, albedo = np.zeros((n, 3), np.float32), np.zeros((n, 3), np.float32)
    height = np.zeros(n, np.float32)
    for i, solid in enumerate(parts):
        mine = np.flatnonzero(which == i)
        if not len(mine):
            continue
        points = ray.origin[mine] + ray.direction[mine] * nearest[mine, None]
        part[mine] = i if solid.part is None else solid.part
        normal[mine], albedo[mine], height[mine] = (
            solid.shape.normal(points),
            solid.albedo(points),
            points[:, 1],
        )
    return Hit(part, normal, albedo, height, nearest)


def blocked(ray: Ray, parts: Sequence[Solid]) -> np.ndarray:
    """Say for each ray whether anything is met: (N,) float32, 1 or 0."""
    dark = np.zeros(len(ray.direction), bool)
    for solid in parts:
        dark |= solid.shape.meet(ray) < FAR
    return dark.astype(np.float32)
