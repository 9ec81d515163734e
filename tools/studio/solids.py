"""Solids: shapes with a colour, built by their corners, radii and lengths.

This file knows nothing about scenes, cameras or colour beyond carrying each solid's albedo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tools.studio.rays import Mark, Solid, Vector
from tools.studio.shapes import Ellipsoid, Frustum, Polytope, Ring, Smoothed, Turned


def _vector(v: Vector) -> np.ndarray:
    return np.asarray(v, np.float32)


def _polytope(planes: Sequence[tuple[Vector, Vector]]) -> Polytope:
    """Build from (outward normal, a point on the plane) pairs."""
    normals = np.array([_vector(n) / np.linalg.norm(n) for n, _ in planes], np.float32)
    offsets = np.array([n @ _vector(p) for n, (_, p) in zip(normals, planes, strict=True)], np.float32)
    return Polytope(normals, offsets)


def ellipsoid(centre: Vector, radii: Vector, colour: np.ndarray, part: int | None = None) -> Solid:
    return Solid(Ellipsoid(_vector(centre), _vector(radii)), colour, part)


def dome(centre: Vector, radii: Vector, colour: np.ndarray) -> Solid:
    """The upper half of an ellipsoid, closed below."""
    return Solid(Ellipsoid(_vector(centre), _vector(radii), above=float(centre[1])), colour)


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
    shape = Frustum(_vector(base), low * radius_scale, high * radius_scale, length, axis)
    return Solid(shape, colour, part)


def cone_ear(base: Vector, radius: float, height: float, colour: np.ndarray, part: int) -> Solid:
    return frustum(base, radius, 0.01, height, colour=colour, part=part)


def ring(centre: Vector, radius: float, tube: float, colour: np.ndarray, part: int) -> Solid:
    return Solid(Ring(_vector(centre), radius, tube), colour, part)


def turned(solid: Solid, pivot: Vector, axis: str, angle: float) -> Solid:
    """A solid turned about a line through `pivot` along "x", "y" or "z", by `angle` radians."""
    c, s = np.cos(angle), np.sin(angle)
    rotation = {
        "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }[axis]
    centre = _vector(pivot)
    return replace(solid, shape=Turned(solid.shape, np.array(rotation, np.float32), centre, centre))


def all_turned(solids: Sequence[Solid], pivot: Vector, axis: str, angle: float) -> list[Solid]:
    """Solids turned together."""
    return [turned(solid, pivot, axis, angle) for solid in solids]


def marked(solid: Solid, mark: Mark, colour: np.ndarray) -> Solid:
    """A solid of which the points that `mark` says, before any later turn, have another colour."""
    return replace(solid, cap=colour, mark=mark)


def moved(solid: Solid, by: Vector) -> Solid:
    """A solid somewhere else."""
    return replace(solid, shape=Turned(solid.shape, np.eye(3, dtype=np.float32), np.zeros(3, np.float32), _vector(by)))


def wedge(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], depth: float, colour: np.ndarray, part: int
) -> Solid:
    """A flat pyramid over the triangle a, b, c, (x, y), whose tip is at c, `depth` in front and behind."""
    corners = np.array([a, b, c], np.float32)
    planes: list[tuple[Vector, Vector]] = []
    middle = corners.mean(0)
    for p, q in ((corners[0], corners[1]), (corners[1], corners[2]), (corners[2], corners[0])):
        n = np.array([q[1] - p[1], p[0] - q[0], 0.0], np.float32)
        n = n if n[:2] @ (middle - p) < 0 else -n
        planes.append((n, (*p, 0.0)))
    for sign in (-1, 1):
        tip = np.array([*c, sign * depth], np.float32)
        n = np.cross(np.array([*a, 0.0]) - tip, np.array([*b, 0.0]) - tip)
        planes.append((n if n[2] * sign > 0 else -n, tip))
    return Solid(_polytope(planes), colour, part)


def smoothed(solid: Solid, like: Solid) -> Solid:
    """A solid that is shaded as if `like` were met in its place."""
    return replace(solid, shape=Smoothed(solid.shape, like.shape))
