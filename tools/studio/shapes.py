"""Shapes that rays meet in closed form: ellipsoids, frustums, convex polytopes and rings, and any of them turned.

Every shape answers two questions for N rays at once: where is it met first, and what is the normal there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tools.studio.rays import FAR, Ray, Shape


class Upright:
    """A shape that lies as it was built."""

    def inward(self, points: np.ndarray) -> np.ndarray:
        return points


@dataclass(frozen=True)
class Ellipsoid(Upright):
    """An ellipsoid, or its upper part, closed below."""

    centre: np.ndarray
    radii: np.ndarray
    above: float = -np.inf  # only what lies above this height is solid (a dome)

    def meet(self, ray: Ray) -> np.ndarray:
        o, d = (ray.origin - self.centre) / self.radii, ray.direction / self.radii
        a, b, c = (d * d).sum(-1), (o * d).sum(-1), (o * o).sum(-1) - 1
        root = b * b - a * c
        t = np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, FAR)
        t = np.where(t > 1e-4, t, FAR)
        if np.isfinite(self.above):
            dy, oy = ray.direction[:, 1], ray.origin[:, 1]
            top = np.where((oy + t * dy) >= self.above, t, FAR)
            with np.errstate(divide="ignore", invalid="ignore"):
                flat = (self.above - oy) / dy
            p = o + d * np.where(np.isfinite(flat), flat, 0)[:, None]
            inside = np.isfinite(flat) & (flat > 1e-4) & ((p * p).sum(-1) < 1)
            t = np.minimum(top, np.where(inside, flat, FAR))
        return t.astype(np.float32)

    def normal(self, points: np.ndarray) -> np.ndarray:
        n = (points - self.centre) / self.radii**2
        n = n / np.linalg.norm(n, axis=-1, keepdims=True)
        if np.isfinite(self.above):
            n = np.where((points[:, 1] < self.above + 1e-3)[:, None], np.array([0, -1, 0], np.float32), n)
        return n


@dataclass(frozen=True)
class Polytope(Upright):
    """The points p with planes @ p <= offsets; planes (K, 3) unit outward normals."""

    planes: np.ndarray
    offsets: np.ndarray

    def meet(self, ray: Ray) -> np.ndarray:
        enter = np.full(len(ray.direction), -FAR, np.float32)
        leave = np.full(len(ray.direction), FAR, np.float32)
        for plane, offset in zip(self.planes, self.offsets, strict=True):
            slope, gap = ray.direction @ plane, offset - ray.origin @ plane
            with np.errstate(divide="ignore", invalid="ignore"):
                t = gap / slope
            enter = np.where(slope < -1e-7, np.maximum(enter, t), enter)
            leave = np.where(slope > 1e-7, np.minimum(leave, t), leave)
            leave = np.where((np.abs(slope) <= 1e-7) & (gap < 0), -FAR, leave)
        first = np.where(enter > 1e-4, enter, FAR)
        first = np.where((enter <= 1e-4) & (leave > 1e-3) & (enter < leave), np.float32(1e-3), first)
        return np.where(enter < leave, first, FAR).astype(np.float32)

    def normal(self, points: np.ndarray) -> np.ndarray:
        return self.planes[np.argmax(points @ self.planes.T - self.offsets, axis=1)]


@dataclass(frozen=True)
class Frustum(Upright):
    """A cone cut off: radius `low` at the base, `high` at `length` along `axis`, closed at both ends."""

    base: np.ndarray
    low: float
    high: float
    length: float
    axis: int = 1
    _order: tuple[int, int, int] = field(init=False)

    def __post_init__(self) -> None:
        others = [i for i in range(3) if i != self.axis]
        object.__setattr__(self, "_order", (others[0], self.axis, others[1]))

    def meet(self, ray: Ray) -> np.ndarray:
        i, j, k = self._order
        o, d = ray.origin - self.base, ray.direction
        slope = (self.high - self.low) / self.length
        r0, rd = self.low + slope * o[:, j], slope * d[:, j]
        a = d[:, i] ** 2 + d[:, k] ** 2 - rd**2
        b = o[:, i] * d[:, i] + o[:, k] * d[:, k] - r0 * rd
        c = o[:, i] ** 2 + o[:, k] ** 2 - r0**2
        root = b * b - a * c
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (-b - np.sqrt(np.maximum(root, 0))) / a
            y = o[:, j] + t * d[:, j]
            side = np.where((root > 0) & (t > 1e-4) & (y >= 0) & (y <= self.length), t, FAR)
            for level, radius in ((0.0, self.low), (self.length, self.high)):
                cap = (level - o[:, j]) / d[:, j]
                x, z = o[:, i] + cap * d[:, i], o[:, k] + cap * d[:, k]
                side = np.where((cap > 1e-4) & (x * x + z * z < radius * radius) & (cap < side), cap, side)
        return np.where(np.isfinite(side), side, FAR).astype(np.float32)

    def normal(self, points: np.ndarray) -> np.ndarray:
        i, j, k = self._order
        p = points - self.base
        n = np.zeros_like(points)
        around = np.maximum(np.hypot(p[:, i], p[:, k]), 1e-6)
        n[:, i], n[:, k] = p[:, i] / around, p[:, k] / around
        n[:, j] = (self.low - self.high) / self.length
        radius = self.low + (self.high - self.low) * p[:, j] / self.length
        end = (around < radius - 1e-3) & ((p[:, j] < 1e-3) | (p[:, j] > self.length - 1e-3))
        n[end] = 0.0
        n[end, j] = np.where(p[end, j] > self.length / 2, 1.0, -1.0)
        return n / np.linalg.norm(n, axis=-1, keepdims=True)


@dataclass(frozen=True)
class Ring(Upright):
    """A torus in the plane of x and y, met at its mid-plane and shaded as the full tube would be."""

    centre: np.ndarray
    radius: float
    tube: float

    def meet(self, ray: Ray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (self.centre[2] - ray.origin[:, 2]) / ray.direction[:, 2]
        p = ray.origin + ray.direction * np.where(np.isfinite(t), t, 0)[:, None] - self.centre
        on = np.abs(np.hypot(p[:, 0], p[:, 1]) - self.radius) < self.tube
        return np.where(on & np.isfinite(t) & (t > 1e-4), t, FAR).astype(np.float32)

    def normal(self, points: np.ndarray) -> np.ndarray:
        p = points - self.centre
        around = np.maximum(np.hypot(p[:, 0], p[:, 1]), 1e-6)
        out = np.clip((around - self.radius) / self.tube, -1, 1)
        n = np.stack([p[:, 0] / around * out, p[:, 1] / around * out, -np.sqrt(1 - out**2) - 1e-3], -1)
        return (n / np.linalg.norm(n, axis=-1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True)
class Turned:
    """A shape turned by a rotation, (3, 3), so that its point `before` comes to lie at `after`."""

    shape: Shape
    rotation: np.ndarray
    before: np.ndarray
    after: np.ndarray

    def meet(self, ray: Ray) -> np.ndarray:
        return self.shape.meet(Ray(self._back(ray.origin), ray.direction @ self.rotation))

    def normal(self, points: np.ndarray) -> np.ndarray:
        return self.shape.normal(self._back(points)) @ self.rotation.T

    def inward(self, points: np.ndarray) -> np.ndarray:
        return self.shape.inward(self._back(points))

    def _back(self, points: np.ndarray) -> np.ndarray:
        back: np.ndarray = (points - self.after) @ self.rotation + self.before
        return back


@dataclass(frozen=True)
class Smoothed(Upright):
    """A shape that is shaded like another, so that several of them look like one piece."""

    shape: Shape
    like: Shape

    def meet(self, ray: Ray) -> np.ndarray:
        return self.shape.meet(ray)

    def normal(self, points: np.ndarray) -> np.ndarray:
        return self.like.normal(points)
