"""What a place is painted on: the picture's rows, columns and ground, and the buffers that it fills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Colour = tuple[float, float, float]
SKY, FAR, WATER, GROUND, SMALL = range(5)
"""The layers of `Buffers.layer`."""


@dataclass
class Canvas:
    """A background in the making; arrays are (S, S) unless said otherwise, lengths are shares of the picture's side.

    Attributes:
        rng: The scene's chance.
        side: -1 or 1, where there is room beside the object.
        row: (S, 1), 0 at the top.
        column: (1, S), 0 at the left.
        horizon: Its row.
        down: Whether the ray meets the ground.
        ground: (S, S, 3) where it does.
        hills: Where hills show, once they are painted.
    """

    rng: np.random.Generator
    side: float
    row: np.ndarray
    column: np.ndarray
    horizon: float
    down: np.ndarray
    ground: np.ndarray
    albedo: np.ndarray
    layer: np.ndarray
    clouds: np.ndarray
    glow: np.ndarray
    hills: np.ndarray

    def paint(self, where: np.ndarray, colour: Colour | np.ndarray, layer: int = SMALL) -> None:
        """Give pixels a colour and a layer; no cloud shows there."""
        self.albedo[where] = colour
        self.layer[where] = layer
        self.clouds[where] = 0

    def disc(self, x: float, y: float, radius: float, flat: float = 1.0) -> np.ndarray:
        """A disc, `flat` times as high as it is wide."""
        return np.hypot(self.column - x, (self.row - y) / flat) < radius

    def bar(self, x: float, top: float, bottom: float, half: float, lean: float = 0.0) -> np.ndarray:
        """An upright bar, whose top lies `lean` to the right of its foot."""
        middle = x + lean * (bottom - self.row) / max(bottom - top, 1e-6)
        return (np.abs(self.column - middle) < half) & (self.row > top) & (self.row < bottom)
