"""Rain, fog and dawn."""

from __future__ import annotations

import numpy as np

from tools.studio.canvas import FAR, WATER, Canvas


def dark_clouds(c: Canvas) -> None:
    """Heavy clouds along the top, in bunches."""
    for number, x in enumerate(np.linspace(0.0, 1.0, 8)):
        y, r = c.rng.uniform(-0.01, 0.07), c.rng.uniform(0.085, 0.125)
        grey = ((0.34, 0.37, 0.43), (0.41, 0.44, 0.50), (0.29, 0.32, 0.39))[number % 3]
        c.paint(c.disc(x, y, r, 0.7) & ~c.down, grey, (FAR, WATER)[number % 2])


def puddles(c: Canvas) -> None:
    """Water on the ground, with the rings of drops in it."""
    for number in range(4):
        x = 0.5 + (c.side if number % 2 else -c.side) * c.rng.uniform(0.12, 0.44)
        y, r = c.horizon + 0.09 + 0.105 * number + c.rng.uniform(0, 0.03), c.rng.uniform(0.07, 0.13)
        c.paint(c.disc(x, y, r, 0.22) & c.down, (0.60, 0.68, 0.76), WATER)
        ring = c.disc(x, y, 0.5 * r, 0.22) & ~c.disc(x, y, 0.36 * r, 0.20) & c.down
        c.paint(ring, (0.86, 0.91, 0.95))


def rainfall(c: Canvas) -> None:
    """Slanting drops, in rows that are not straight."""
    for row in range(6):
        for column in range(7):
            x, y = (column + c.rng.uniform(0.1, 0.9)) / 7, (row + c.rng.uniform(0.1, 0.9)) / 6.6
            long = c.rng.uniform(0.05, 0.08)
            c.paint(c.bar(x, y, y + long, 0.0056, 0.3 * long), (0.84, 0.91, 0.97))


def ghost_trees(c: Canvas) -> None:
    """Pines that the fog nearly hides, the nearer the darker."""
    for number in range(7):
        near = number >= 4
        x = (0.5 + (c.side if number % 2 else -c.side) * c.rng.uniform(0.28, 0.46)) if near else c.rng.uniform(0, 1)
        tall = c.rng.uniform(0.24, 0.34) if near else c.rng.uniform(0.10, 0.17)
        foot = c.horizon + (0.03 if near else 0.0)
        depth = np.clip((c.row - foot + tall) / tall, 0, 1)
        tooth = 0.62 + 0.38 * ((depth * 4.0) % 1.0)
        tree = (np.abs(c.column - x) < 0.30 * tall * depth * tooth) & (c.row > foot - tall) & (c.row < foot)
        c.paint(tree, (0.54, 0.60, 0.62) if near else (0.70, 0.75, 0.77), (FAR, WATER)[number % 2])


def fog_banks(c: Canvas) -> None:
    """Long level drifts of white, before what is far."""
    for number in range(5):
        x, y = c.rng.uniform(0.0, 1.0), c.horizon - 0.16 + 0.085 * number + c.rng.uniform(-0.015, 0.015)
        long, high = c.rng.uniform(0.22, 0.36), c.rng.uniform(0.016, 0.024)
        drift = np.hypot((c.column - x) / long, (c.row - y) / high) < 1
        drift |= np.hypot((c.column - x - 0.4 * long) / (0.6 * long), (c.row - y + high) / high) < 1
        c.paint(drift, (0.93, 0.94, 0.95), (FAR, WATER)[number % 2])


def rising_sun(c: Canvas) -> None:
    """Half a sun on the horizon, and broad rays from it over all the sky."""
    x, r = 0.5 + c.side * c.rng.uniform(0.20, 0.30), c.rng.uniform(0.085, 0.105)
    dx, dy = c.column - x, c.row - c.horizon
    distance, turn = np.hypot(dx, dy), np.arctan2(-dy, dx)
    ray = (np.sin(turn * 13.0 + 0.4) > 0.15) & (distance > 1.35 * r) & ~c.down
    c.albedo[ray] = (c.albedo + (np.array([1.0, 0.96, 0.80], np.float32) - c.albedo) * np.float32(0.42))[ray]
    c.layer[ray] = WATER
    c.paint((distance < r) & ~c.down, (1.0, 0.93, 0.62), FAR)
    c.glow = 0.30 * np.exp(-((distance / (2.4 * r)) ** 2)) * (c.row < c.horizon)


def birds(c: Canvas) -> None:
    """A few, far away, as two bows each."""
    for _ in range(4):
        x, y, wide = c.rng.uniform(0.08, 0.92), c.rng.uniform(0.06, 0.22), c.rng.uniform(0.022, 0.032)
        bow = wide * 0.9 * np.abs(np.sin(np.pi * (c.column - x) / wide))
        c.paint((np.abs(c.column - x) < wide) & (np.abs(c.row - y + bow * 0.6) < 0.006), (0.30, 0.26, 0.36))


def long_mist(c: Canvas) -> None:
    """Level bands of early mist on the ground."""
    for y in (0.035, 0.085):
        x, long = c.rng.uniform(0.2, 0.8), c.rng.uniform(0.28, 0.4)
        band = np.hypot((c.column - x) / long, (c.row - c.horizon - y) / 0.012) < 1
        c.paint(band & c.down, (0.97, 0.90, 0.88), WATER)
