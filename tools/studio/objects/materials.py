"""Colours of what is not of an object's own colour, (3,) sRGB 0..1."""

from __future__ import annotations

import numpy as np

SLATE = np.array([0.33, 0.30, 0.38], np.float32)
CREAM = np.array([0.96, 0.90, 0.78], np.float32)
WOOD = np.array([0.46, 0.28, 0.16], np.float32)
GLASS = np.array([0.62, 0.84, 0.94], np.float32)
DARK = np.array([0.11, 0.11, 0.14], np.float32)
WHITE = np.array([0.97, 0.97, 0.97], np.float32)
GOLD = np.array([0.95, 0.78, 0.25], np.float32)
LEAF = np.array([0.22, 0.55, 0.20], np.float32)
STONE = np.array([0.48, 0.46, 0.46], np.float32)
BEAK = np.array([0.96, 0.52, 0.10], np.float32)
ROSE = np.array([0.95, 0.62, 0.66], np.float32)


def pale(colour: np.ndarray, by: float) -> np.ndarray:
    """A colour nearer to white, by a share of the way."""
    lighter: np.ndarray = colour + (1 - colour) * np.float32(by)
    return lighter


def shade(colour: np.ndarray, by: float) -> np.ndarray:
    """A colour times a factor."""
    darker: np.ndarray = colour * np.float32(by)
    return darker
