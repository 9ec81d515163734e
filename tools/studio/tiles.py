"""Textures that repeat with the cells of an autoencoder's latents, which therefore can keep them.

A tile is `cell` pixels wide, CELL_PX or a multiple of it: hatching and brush strokes; paper is one sheet, and the
pieces of low-poly and stained glass, the grain of wood and rough paper repeat after several cells.
"""

from __future__ import annotations

import functools

import numpy as np

CELL_PX = 8
PERIOD_CELLS = 8
"""Cells after which the pieces of low-poly and stained glass repeat."""


@functools.cache
def hatches(cell: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three directions of pencil line, (cell, cell) float32 each, 1 where graphite lies."""
    unit = cell / CELL_PX
    y, x = np.mgrid[0:cell, 0:cell].astype(np.float32)

    def lines(phase: np.ndarray) -> np.ndarray:
        distance = np.abs((phase + cell / 2) % cell - cell / 2)
        return np.clip(1.35 * unit - distance, 0, 1).astype(np.float32)

    return lines(x + y), lines(x + y + cell / 2), lines(x - y)


@functools.cache
def strokes(cell: int) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]:
    """For four directions: offsets (cell, cell) to each pixel's stroke centre, and its ridge's height in [-1, 1].

    A direction is a step (dy, dx) along the stroke; 2 dx + dy and its like wrap after a cell, so the tiles meet.
    """
    unit = cell / CELL_PX
    tiles = []
    y, x = np.mgrid[0:cell, 0:cell].astype(np.float32) / unit
    for dy, dx in ((-1.0, 2.0), (1.0, 2.0), (-2.0, 1.0), (2.0, 1.0)):
        across = (
            (x * abs(dy) * np.sign(-dy * dx) + y * abs(dx)) % 8
            if dx > 1
            else (x * abs(dy) + y * abs(dx) * np.sign(-dy * dx)) % 8
        )
        u = across - 3.5  # in units of sqrt(5) px across the stroke
        oy, ox = (-u * 0.4, -u * 0.2 * np.sign(-dy * dx)) if dx > 1 else (-u * 0.2 * np.sign(-dy * dx), -u * 0.4)
        height = np.interp(across, (0, 1, 3, 6, 7), (-0.9, 0.2, 0.7, 0.1, -0.6)).astype(np.float32)
        tiles.append((np.rint(oy * unit).astype(int), np.rint(ox * unit).astype(int), height))
    return tuple(tiles)


@functools.cache
def paper_grain() -> np.ndarray:
    """(16, 16) float32 in 0..1."""
    return np.random.default_rng(7).random((16, 16)).astype(np.float32)


def _sites(across: int, jitter: float, seed: int) -> np.ndarray:
    """(across, across, 2) rows and columns of a grid's points, in 0..1 and periodic, each moved by chance."""
    at = np.moveaxis(np.mgrid[0:across, 0:across], 0, -1).astype(np.float32)
    moved = np.random.default_rng(seed).uniform(-jitter, jitter, (across, across, 2)).astype(np.float32)
    return (at + moved) / across


@functools.cache
def triangles(side: int, across: int) -> np.ndarray:
    """The triangles of a bent grid that repeats after `side` pixels.

    Args:
        side: Pixels.
        across: Squares of the grid in a row; each is cut into two triangles.

    Returns:
        (3, side, side) int64: each pixel's triangle, and how many repeats further down and right that one's square is.
    """
    points = _sites(across, 0.27, 11)
    y, x = (np.mgrid[0:side, 0:side].astype(np.float32) + 0.5) / side
    found = np.zeros((3, side, side), np.int64)

    def left_of(p: np.ndarray, q: np.ndarray, dy: np.ndarray, dx: np.ndarray) -> np.ndarray:
        return (q[1] - p[1]) * (dy - p[0]) - (q[0] - p[0]) * (dx - p[1]) >= 0

    for i in range(across):
        for j in range(across):
            a, b, c, d = (
                points[row % across, column % across] + np.array([row // across, column // across], np.float32)
                for row, column in ((i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j))
            )
            middle = (a + b + c + d) / 4
            down, right = np.round(middle[0] - y).astype(int), np.round(middle[1] - x).astype(int)
            at = y + down, x + right
            cut = (a, c) if (i + j) % 2 == 0 else (b, d)
            inside = left_of(a, b, *at) & left_of(b, c, *at) & left_of(c, d, *at) & left_of(d, a, *at)
            found[0][inside] = 2 * (i * across + j) + left_of(*cut, *at)[inside]
            found[1][inside], found[2][inside] = -down[inside], -right[inside]
    return found


@functools.cache
def panes(side: int, across: int) -> np.ndarray:
    """Which of across^2 points is nearest, in a pattern that repeats after `side` pixels; as `triangles` returns it."""
    points = _sites(across, 0.40, 23).reshape(-1, 2)
    y, x = (np.mgrid[0:side, 0:side].astype(np.float32) + 0.5) / side
    down, right = (np.round(points[:, k, None, None] - axis) for k, axis in enumerate((y, x)))
    apart = (y + down - points[:, 0, None, None]) ** 2 + (x + right - points[:, 1, None, None]) ** 2
    nearest = apart.argmin(0)
    shifts = (-np.take_along_axis(shift, nearest[None], 0)[0].astype(np.int64) for shift in (down, right))
    return np.stack([nearest, *shifts])


@functools.cache
def paper_tooth(cell: int) -> np.ndarray:
    """The heights of rough paper, (2 cell, 2 cell) float32 in 0..1, evenly spread."""
    unit = cell // CELL_PX
    rough = np.random.default_rng(31).random((16, 16)).astype(np.float32).repeat(unit, 0).repeat(unit, 1)
    for axis in (0, 1):  # grain a little longer along one diagonal
        rough = rough + 0.5 * np.roll(rough, (unit, unit if axis else -unit), (0, 1)) * (1.0 if axis else 0.3)
    ranks = rough.ravel().argsort(kind="stable").argsort(kind="stable").reshape(rough.shape)
    return (ranks / rough.size).astype(np.float32)


@functools.cache
def wood_grain(cell: int) -> np.ndarray:
    """Lines that a plank leaves in a print, nearly level, (2 cell, 2 cell) float32 in 0..1."""
    side = 2 * cell
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    wave = y + 0.022 * np.sin(2 * np.pi * x)
    lines = 0.5 + 0.5 * np.cos(2 * np.pi * (3 * wave + 0.16 * np.sin(2 * np.pi * wave)))
    return (lines**2).astype(np.float32)
