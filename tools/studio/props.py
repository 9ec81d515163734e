"""The small things by which a place is known even without colour: a moon, flowers, snowflakes, a cactus."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.studio.canvas import FAR, SMALL, Canvas, Colour

Painter = Callable[[Canvas], None]


def light_of(x: tuple[float, float], y: tuple[float, float], radius: tuple[float, float], colour: Colour) -> Painter:
    """A sun or a moon on the empty side, and the light around it.

    Args:
        x: From the middle, between these two.
        y: Its row, or from the horizon upwards where negative: between these two, or the one number given twice.
        radius: Between these two.
        colour: Of its disc.
    """

    def paint(c: Canvas) -> None:
        at_x = 0.5 + c.side * c.rng.uniform(*x)
        at_y = c.horizon + y[0] if y[0] == y[1] else c.rng.uniform(*y)
        r = c.rng.uniform(*radius)
        distance = np.hypot(c.column - at_x, c.row - at_y)
        disc = distance < r
        c.albedo[disc] = colour
        c.layer[disc] = FAR
        c.glow = 0.34 * np.exp(-((distance / (r * 2.1)) ** 2)) * (c.row < c.horizon)
        c.clouds = np.where(disc, 0, c.clouds)

    return paint


def stars(c: Canvas) -> None:
    rng = c.rng
    places = zip(rng.uniform(0, 1, 16), rng.uniform(0, 0.9 * c.horizon, 16), rng.uniform(0.006, 0.011, 16), strict=True)
    for x, y, r in places:
        star = (np.abs(c.column - x) + np.abs(c.row - y)) < r * 1.4
        c.albedo[star] = (1.0, 1.0, 0.88)
        c.layer[star] = np.where(c.layer[star] == 0, SMALL, c.layer[star])


def snow_caps(tall: float) -> Painter:
    """White on hills that are `tall`, above a wavy line."""

    def paint(c: Canvas) -> None:
        c.albedo[c.hills & (c.row + 0.02 * np.sin(c.column * 40) < c.horizon - 0.62 * tall)] = (0.93, 0.96, 1.0)

    return paint


def flowers(c: Canvas) -> None:
    for _ in range(12):
        x, y = c.rng.uniform(0.02, 0.98), c.rng.uniform(c.horizon + 0.16, 0.98)
        r = 0.010 + 0.016 * (y - c.horizon)
        petal = np.hypot(c.column - x, (c.row - y) * 1.15) < r
        c.albedo[petal] = ((1.0, 1.0, 0.98), (1.0, 0.86, 0.25), (0.98, 0.62, 0.74))[int(c.rng.integers(3))]
        c.layer[petal] = SMALL


def snowflakes(c: Canvas) -> None:
    for _ in range(14):
        x, y, r = c.rng.uniform(0, 1), c.rng.uniform(0, 0.9), c.rng.uniform(0.012, 0.018)
        flake = np.hypot(c.column - x, c.row - y) < r
        c.albedo[flake] = (1.0, 1.0, 1.0)
        c.layer[flake] = SMALL


def cactus(c: Canvas) -> None:
    x, y, h = (
        0.5 + c.side * c.rng.uniform(0.30, 0.40),
        c.horizon + c.rng.uniform(0.02, 0.05),
        c.rng.uniform(0.20, 0.27),
    )
    w, arm = h * 0.085, h * 0.27

    def stalk(cx: float, y0: float, y1: float, width: float) -> np.ndarray:
        along = np.clip(c.row, y0 + width, y1)
        return np.hypot(c.column - cx, c.row - along) < width

    shown = stalk(x, y - h, y, w) | stalk(x - arm, y - h * 0.72, y - h * 0.42, w * 0.8)
    shown |= stalk(x + arm, y - h * 0.85, y - h * 0.52, w * 0.8)
    bar = (np.abs(c.row - (y - h * 0.42)) < w * 0.8) & (c.column > x - arm) & (c.column < x)
    bar |= (np.abs(c.row - (y - h * 0.52)) < w * 0.8) & (c.column < x + arm) & (c.column > x)
    shown = (shown | bar) & (c.row < y)
    c.albedo[shown] = (0.20, 0.50, 0.30)
    c.layer[shown] = SMALL


def wavy_shore(c: Canvas) -> np.ndarray:
    """(1, S) the row at which the sea ends."""
    return c.horizon + 0.085 + 0.02 * np.sin(c.column * 7 + c.rng.uniform(0, 6))
