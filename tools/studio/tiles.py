"""Textures that repeat with the cells of an autoencoder's latents, which therefore can keep them.

A tile is `cell` pixels wide, CELL_PX or a multiple of it: hatching and brush strokes; paper is one sheet.
"""

from __future__ import annotations

import functools

import numpy as np

CELL_PX = 8


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
