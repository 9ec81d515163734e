"""What grows, stands and swims in the larger places: a wood, a city, a lake, an autumn park, the sea from below."""

from __future__ import annotations

import numpy as np

from tools.studio.canvas import FAR, SKY, SMALL, WATER, Canvas, Colour
from tools.studio.geometry import smooth_noise


def tree_line(c: Canvas) -> None:
    """Trunks before a dark wood, from the ground up into the leaves."""
    for number, x in enumerate(np.linspace(0.02, 0.98, 8) + c.rng.uniform(-0.035, 0.035, 8)):
        half, foot = c.rng.uniform(0.013, 0.026), c.horizon + c.rng.uniform(0.0, 0.02)
        bark = ((0.36, 0.24, 0.16), (0.44, 0.31, 0.20))[number % 2]
        c.paint(c.bar(x, 0.0, foot, half), bark, SMALL)


def leaves_above(c: Canvas) -> None:
    """The wood's leaves hang into the picture, in round bunches."""
    for number, x in enumerate(np.linspace(-0.02, 1.02, 10)):
        y, r = c.rng.uniform(-0.02, 0.035), c.rng.uniform(0.075, 0.105)
        green = ((0.13, 0.42, 0.20), (0.19, 0.50, 0.24), (0.10, 0.35, 0.19))[number % 3]
        c.paint(c.disc(x, y, r, 0.85) & ~c.down, green, (FAR, WATER)[number % 2])


def ferns(c: Canvas) -> None:
    """Tufts of grass on the floor of the wood."""
    for _ in range(9):
        x, y = c.rng.uniform(0.03, 0.97), c.rng.uniform(c.horizon + 0.10, 0.97)
        tall = 0.028 + 0.05 * (y - c.horizon)
        blades = [c.bar(x, y - tall, y, 0.0045, lean) for lean in (-0.7 * tall, 0.0, 0.7 * tall)]
        c.paint(np.logical_or.reduce(blades), (0.12, 0.40, 0.18))


def towers(c: Canvas) -> None:
    """Houses of a city, side by side, with rows of lit windows."""
    x, greys = -0.03, ((0.38, 0.42, 0.52), (0.52, 0.50, 0.55), (0.30, 0.34, 0.45), (0.60, 0.50, 0.47))
    number = 0
    while x < 1.0:
        wide, tall = c.rng.uniform(0.085, 0.15), c.rng.uniform(0.10, 0.30)
        top, middle = c.horizon - tall, x + wide / 2
        house = (np.abs(c.column - middle) < wide / 2) & (c.row > top) & ~c.down
        c.paint(house, greys[(number + int(c.rng.integers(2))) % 4], (FAR, WATER)[number % 2])
        if c.rng.random() < 0.4:
            c.paint(c.bar(middle, top - 0.05, top, 0.005) & ~c.down, (0.30, 0.32, 0.40), FAR)
        across = max(2, round(wide / 0.04))
        for row in np.arange(top + 0.025, c.horizon - 0.025, 0.043):
            for k in range(across):
                at = x + wide * (k + 0.5) / across
                window = (np.abs(c.column - at) < 0.0095) & (np.abs(c.row - row) < 0.0115)
                c.paint(window & house, (0.99, 0.90, 0.55))
        x, number = x + wide, number + 1


def street(c: Canvas) -> None:
    """A pavement's edge and the dashes of a road, in perspective."""
    along, across = c.ground[..., 0], c.ground[..., 2]
    c.paint(c.down & (across > 2.6) & (across < 4.2), (0.74, 0.73, 0.72), WATER)
    dashes = c.down & (np.abs(across + 1.35) < 0.055) & (np.sin(along * 5.0 + c.rng.uniform(0, 6)) > -0.2)
    c.paint(dashes, (0.96, 0.94, 0.88))
    far_dashes = c.down & (np.abs(across - 1.5) < 0.07) & (np.sin(along * 3.2) > -0.2)
    c.paint(far_dashes, (0.96, 0.94, 0.88))


def lake_shore(c: Canvas) -> np.ndarray:
    """(1, S) the row at which the lake ends."""
    return c.horizon + 0.15 + 0.018 * np.sin(c.column * 5 + c.rng.uniform(0, 6))


def mirrored_hills(c: Canvas) -> None:
    """The mountains stand on their heads in the lake, and ripples cross it."""
    water = c.layer == WATER
    depth = np.where(c.hills, c.horizon - c.row, 0).max(0)[None, :]
    shown = water & (c.row - c.horizon < 0.55 * depth)
    c.albedo[shown] *= np.array([0.66, 0.74, 0.78], np.float32)
    for y in c.horizon + np.array([0.045, 0.085, 0.12]):
        x, half = c.rng.uniform(0.1, 0.9), c.rng.uniform(0.08, 0.16)
        ripple = (np.abs(c.row - y) < 0.0045) & (np.abs(c.column - x) < half)
        c.paint(ripple & water, (0.88, 0.95, 0.98))


def reeds(c: Canvas) -> None:
    """Bulrushes on the shore, on the side that is empty."""
    first = 0.5 + c.side * c.rng.uniform(0.33, 0.37)
    for number in range(5):
        x = first + c.side * 0.028 * number
        foot, tall = c.horizon + 0.20 + 0.01 * (number % 2), c.rng.uniform(0.13, 0.20)
        lean = c.rng.uniform(-0.012, 0.012)
        c.paint(c.bar(x, foot - tall, foot, 0.005, lean), (0.22, 0.46, 0.20))
        head = np.hypot((c.column - x - lean) / 0.011, (c.row - foot + tall) / 0.032) < 1
        c.paint(head, (0.42, 0.25, 0.13))


_FALLEN: tuple[Colour, ...] = ((0.86, 0.28, 0.10), (0.95, 0.58, 0.12), (0.72, 0.20, 0.12), (0.93, 0.75, 0.20))


def autumn_trees(c: Canvas) -> None:
    """Trees far away, all turned."""
    for number, x in enumerate(c.rng.uniform(0.02, 0.98, 6)):
        r = c.rng.uniform(0.035, 0.055)
        c.paint(c.disc(x, c.horizon - 0.5 * r, r) & ~c.down, _FALLEN[number % 4], (FAR, WATER)[number % 2])


def turned_tree(c: Canvas) -> None:
    """A large tree on the empty side, whose leaves have turned."""
    x, foot = 0.5 + c.side * c.rng.uniform(0.33, 0.39), c.horizon + 0.11
    c.paint(c.bar(x, foot - 0.30, foot, 0.020), (0.34, 0.21, 0.14))
    bunches = ((-0.075, -0.25, 0.075), (0.075, -0.24, 0.075), (0.0, -0.33, 0.085), (0.0, -0.22, 0.065))
    for number, (dx, dy, r) in enumerate(bunches):
        c.paint(c.disc(x + dx, foot + dy, r), _FALLEN[(number * 3 + 1) % 4], (SMALL, WATER)[number % 2])


def fallen_leaves(c: Canvas) -> None:
    """Leaves in the air and on the ground."""
    for number in range(22):
        x, y = c.rng.uniform(0.02, 0.98), c.rng.uniform(0.10, 0.98)
        size, turn = 0.019 + 0.016 * max(0.0, y - c.horizon), c.rng.uniform(0, np.pi)
        dx, dy = c.column - x, c.row - y
        u, v = dx * np.cos(turn) + dy * np.sin(turn), -dx * np.sin(turn) + dy * np.cos(turn)
        c.paint(np.abs(u) / size + np.abs(v) / (0.55 * size) < 1, _FALLEN[number % 4])


def light_from_above(c: Canvas) -> None:
    """Beams that fall through water, from above."""
    for x in c.rng.uniform(0.1, 0.9, 3):
        beam = np.abs(c.column - x - 0.22 * c.row) < 0.030 + 0.05 * c.row
        c.albedo[beam & (c.row < c.horizon)] += np.float32(0.075)


def seaweed(c: Canvas) -> None:
    """Plants that sway on the sea's floor, most of them on the empty side."""
    for number in range(7):
        x = 0.5 + (c.side if number < 5 else -c.side) * c.rng.uniform(0.36, 0.49)
        foot, tall = c.horizon + c.rng.uniform(0.05, 0.16), c.rng.uniform(0.16, 0.30)
        sway = 0.018 * np.sin((c.row - foot) * 42 + c.rng.uniform(0, 6))
        blade = (np.abs(c.column - x - sway) < 0.013) & (c.row > foot - tall) & (c.row < foot)
        c.paint(blade, ((0.10, 0.50, 0.32), (0.30, 0.58, 0.22))[number % 2])


def bubbles(c: Canvas) -> None:
    """Rings of air that rise."""
    for _ in range(13):
        x, y, r = c.rng.uniform(0.03, 0.97), c.rng.uniform(0.03, 0.72), c.rng.uniform(0.012, 0.026)
        c.paint(c.disc(x, y, r) & ~c.disc(x, y, 0.62 * r), (0.85, 0.97, 1.0))
        c.paint(c.disc(x - 0.3 * r, y - 0.3 * r, 0.25 * r), (1.0, 1.0, 1.0))


def rippled_sand(c: Canvas) -> None:
    """Ridges that currents leave."""
    wave = np.sin(c.ground[..., 2] * 4.2 + 0.6 * np.sin(c.ground[..., 0] * 1.7) + c.rng.uniform(0, 6))
    c.albedo[c.down & (wave > 0.5)] *= np.float32(0.88)


def mottled(c: Canvas) -> None:
    """The wood's far leaves, lighter here and there."""
    light = (smooth_noise(c.rng, 14, len(c.albedo)) > 0.62) & c.hills
    c.paint(light, (0.22, 0.47, 0.25), SKY)
