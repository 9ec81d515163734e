"""Solids that rays meet in closed form: ellipsoids, frustums, convex polytopes and rings.

Every solid answers two questions for N rays at once: where is it met first, and what is the normal there. This file
knows nothing about scenes, cameras or colour beyond carrying each solid's albedo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tools.studio.rays import FAR, Ray, Solid, Vector


@dataclass(frozen=True)
class _Ellipsoid:
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
class _Polytope:
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
class _Frustum:
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
class _Ring:
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


def _vector(v: Vector) -> np.ndarray:
    return np.asarray(v, np.float32)


def _polytope(planes: Sequence[tuple[Vector, Vector]]) -> _Polytope:
    """Build from (outward normal, a point on the plane) pairs."""
    normals = np.array([_vector(n) / np.linalg.norm(n) for n, _ in planes], np.float32)
    offsets = np.array([n @ _vector(p) for n, (_, p) in zip(normals, planes, strict=True)], np.float32)
    return _Polytope(normals, offsets)


def ellipsoid(centre: Vector, radii: Vector, colour: np.ndarray, part: int | None = None) -> Solid:
    return Solid(_Ellipsoid(_vector(centre), _vector(radii)), colour, part)


def dome(centre: Vector, radii: Vector, colour: np.ndarray) -> Solid:
    """The upper half of an ellipsoid, closed below."""
    return Solid(_Ellipsoid(_vector(centre), _vector(radii), above=float(centre[1])), colour)


def box(low: Vector, high: Vector, colour: np.ndarray, turn: float = 0.0) -> Solid:
    """An upright box from corner to corner, turned by `turn` radians about the y axis."""
    c, s = np.cos(turn), np.sin(turn)
    planes: list[tuple[Vector, Vector]] = [((0, -1, 0), (0, low[1], 0)), ((0, 1, 0), (0, high[1], 0))]
    for axis, corner in ((0, low), (0, high), (2, low), (2, high)):
        sign = -1.0 if corner is low else 1.0
        n = (sign * c, 0, sign * s) if axis == 0 else (-sign * s, 0, sign * c)
        planes.append((n, np.array(n) * abs(corner[axis]) if turn else (corner[0], 0, corner[2])))
    return Solid(_polytope(planes), colour)


def prism(low: Vector, high: Vector, colour: np.ndarray) -> Solid:
    """A gable roof with its ridge along x."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    rise, half = y1 - y0, (z1 - z0) / 2
    slope = 0.22  # the gable ends lean in a little, so that the roof reads as one from the front
    return Solid(
        _polytope([
            ((0, -1, 0), (0, y0, 0)),
            ((0, half, -rise), (0, y0, z0)),
            ((0, half, rise), (0, y0, z1)),
            ((-1, slope, 0), (x0, y0, 0)),
            ((1, slope, 0), (x1, y0, 0)),
        ]),
        colour,
    )  # fmt: skip


def cabin(low: Vector, high: Vector, colour: np.ndarray, lean: float = 0.55, part: int | None = None) -> Solid:
    """A box whose ends in x lean inwards: the upper part of a car, and its windows."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    return Solid(
        _polytope([
            ((0, -1, 0), (0, y0, 0)),
            ((0, 1, 0), (0, y1, 0)),
            ((0, 0, -1), (0, 0, z0)),
            ((0, 0, 1), (0, 0, z1)),
            ((-1, lean, 0), (x0, y0, 0)),
            ((1, lean, 0), (x1, y0, 0)),
        ]),
        colour,
        part,
    )  # fmt: skip


def hull(low: Vector, high: Vector, colour: np.ndarray) -> Solid:
    """A boat: narrow below, pointed at both ends."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    return Solid(
        _polytope([
            ((0, -1, 0), (0, y0, 0)),
            ((0, 1, 0), (0, y1, 0)),
            ((0, -0.35, -1), (0, y1, z0)),
            ((0, -0.35, 1), (0, y1, z1)),
            ((-1, -0.9, 0), (x0, y1, 0)),
            ((1, -0.9, 0), (x1, y1, 0)),
            ((-0.45, 0, -1), (x0, 0, 0)),
            ((0.45, 0, -1), (x1, 0, 0)),
        ]),
        colour,
    )  # fmt: skip


def sail(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], colour: np.ndarray, part: int
) -> Solid:
    """A thin triangle in the plane z = 0 through three points (x, y)."""
    corners = np.array([a, b, c], np.float32)
    centre = corners.mean(0)
    planes: list[tuple[Vector, Vector]] = [((0, 0, -1), (0, 0, -0.025)), ((0, 0, 1), (0, 0, 0.025))]
    for p, q in ((0, 1), (1, 2), (2, 0)):
        edge = corners[q] - corners[p]
        n = np.array([edge[1], -edge[0], 0.0], np.float32)
        if n[:2] @ (corners[p] - centre) < 0:
            n = -n
        planes.append((n, (*corners[p], 0.0)))
    return Solid(_polytope(planes), colour, part)


def pyramid(
    base: Vector,
    half: float,
    height: float,
    colour: np.ndarray,
    part: int | None = None,
    cap: np.ndarray | None = None,
    cap_from: float = np.inf,
) -> Solid:
    """A five-sided peak standing on its base."""
    planes: list[tuple[Vector, Vector]] = [((0, -1, 0), base)]
    top = np.array([base[0], base[1] + height, base[2]])
    for angle in np.arange(5) * (2 * np.pi / 5) + 0.35:
        planes.append(((np.cos(angle), half / height, np.sin(angle) * 1.15), top))
    return Solid(_polytope(planes), colour, part, cap, cap_from)


def frustum(
    base: Vector,
    low: float,
    high: float,
    length: float,
    *,
    colour: np.ndarray,
    axis: int = 1,
    part: int | None = None,
    radius_scale: float = 1.0,
) -> Solid:
    shape = _Frustum(_vector(base), low * radius_scale, high * radius_scale, length, axis)
    return Solid(shape, colour, part)


def cone_ear(base: Vector, radius: float, height: float, colour: np.ndarray, part: int) -> Solid:
    return frustum(base, radius, 0.01, height, colour=colour, part=part)


def ring(centre: Vector, radius: float, tube: float, colour: np.ndarray, part: int) -> Solid:
    return Solid(_Ring(_vector(centre), radius, tube), colour, part)
