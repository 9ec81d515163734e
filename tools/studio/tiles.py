"""Textures on an 8-px grid, which an autoencoder with 8-px cells can keep: hatching, brush strokes, paper."""

from __future__ import annotations

import numpy as np


def _hatch_tiles() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:8, 0:8].astype(np.float32)

    def lines(phase: np.ndarray, period: float) -> np.ndarray:
        distance = np.abs((phase + period / 2) % period - period / 2)
        return np.clip(1.35 - distance, 0, 1).astype(np.float32)

    return lines(x + y, 8.0), lines(x + y + 4, 8.0), lines(x - y, 8.0)


def _stroke_tiles() -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], ...]:
    """For four directions: offsets (8, 8) to each pixel's stroke centre, and the height of its ridge in [-1, 1].

    A direction is a step (dy, dx) along the stroke; 2 dx + dy and its like wrap after 8 px, so the tiles meet.
    """
    tiles = []
    y, x = np.mgrid[0:8, 0:8].astype(np.float32)
    for dy, dx in ((-1.0, 2.0), (1.0, 2.0), (-2.0, 1.0), (2.0, 1.0)):
        across = (
            (x * abs(dy) * np.sign(-dy * dx) + y * abs(dx)) % 8
            if dx > 1
            else (x * abs(dy) + y * abs(dx) * np.sign(-dy * dx)) % 8
        )
        u = across - 3.5  # in units of sqrt(5) px across the stroke
        oy, ox = (-u * 0.4, -u * 0.2 * np.sign(-dy * dx)) if dx > 1 else (-u * 0.2 * np.sign(-dy * dx), -u * 0.4)
        height = np.interp(across, (0, 1, 3, 6, 7), (-0.9, 0.2, 0.7, 0.1, -0.6)).astype(np.float32)
        tiles.append((np.rint(oy).astype(int), np.rint(ox).astype(int), height))
    return tuple(tiles)


HATCHES = _hatch_tiles()
STROKES = _stroke_tiles()
PAPER_GRAIN = np.random.default_rng(7).random((16, 16)).astype(np.float32)
