"""Teapot, chair, umbrella, lamp, robot and star."""

from __future__ import annotations

import numpy as np

from tools.studio import solids
from tools.studio.objects.materials import CREAM, DARK, GLASS, GOLD, SLATE, WHITE, WOOD, pale, shade
from tools.studio.rays import Solid


def teapot(colour: np.ndarray) -> list[Solid]:
    spout = solids.frustum((0.36, 0.34, 0.0), 0.15, 0.065, 0.62, colour=colour, part=1)
    light = pale(colour, 0.5)
    return [
        solids.frustum((0.0, 0.0, 0.0), 0.30, 0.26, 0.08, colour=shade(colour, 0.85), part=7),
        solids.ellipsoid((0.0, 0.46, 0.0), (0.52, 0.43, 0.50), colour, part=0),
        solids.turned(spout, (0.36, 0.34, 0.0), "z", -0.85),
        solids.ring((-0.52, 0.50, 0.0), 0.25, 0.065, colour, part=2),
        solids.frustum((0.0, 0.82, 0.0), 0.29, 0.26, 0.05, colour=light, part=3),
        solids.dome((0.0, 0.86, 0.0), (0.25, 0.13, 0.25), colour),
        solids.ellipsoid((0.0, 1.03, 0.0), (0.075, 0.075, 0.075), light, part=5),
    ]


def chair(colour: np.ndarray) -> list[Solid]:
    legs = [
        solids.box((x - 0.05, 0.0, z - 0.05), (x + 0.05, 0.48, z + 0.05), shade(colour, 0.85))
        for x in (-0.33, 0.33)
        for z in (-0.31, 0.31)
    ]
    back = [
        solids.box((-0.38, 0.50, 0.28), (-0.27, 1.24, 0.37), colour),
        solids.box((0.27, 0.50, 0.28), (0.38, 1.24, 0.37), colour),
        solids.box((-0.38, 1.08, 0.28), (0.38, 1.24, 0.36), colour),
        solids.box((-0.28, 0.76, 0.29), (0.28, 0.90, 0.35), colour),
    ]
    seat = solids.box((-0.40, 0.46, -0.38), (0.40, 0.57, 0.38), colour)
    return solids.all_turned([*legs, seat, *back], (0.0, 0.0, 0.0), "y", 0.55)


def umbrella(colour: np.ndarray) -> list[Solid]:
    light = pale(colour, 0.55) if colour.min() < 0.8 else SLATE * 1.6
    canopy = solids.marked(
        solids.dome((0.0, 0.80, 0.0), (0.76, 0.48, 0.76), colour),
        lambda p: np.sin(4 * np.arctan2(p[:, 0], -p[:, 2]) + 0.8) > 0,
        light,
    )
    hook = solids.marked(solids.ring((0.12, 0.13, 0.0), 0.12, 0.04, WOOD, part=3), lambda p: p[:, 1] > 0.13, WOOD)
    parts = [
        canopy,
        solids.frustum((0.0, 1.26, 0.0), 0.03, 0.015, 0.12, colour=DARK, part=1),
        solids.frustum((0.0, 0.13, 0.0), 0.035, 0.035, 0.75, colour=WOOD, part=3),
        hook,
    ]
    return solids.all_turned(parts, (0.0, 0.13, 0.0), "z", 0.18)


def lamp(colour: np.ndarray) -> list[Solid]:
    bulb = np.array([1.0, 0.94, 0.60], np.float32)
    return [
        solids.frustum((0.0, 0.0, 0.0), 0.32, 0.28, 0.07, colour=WOOD * 0.9, part=0),
        solids.ellipsoid((0.0, 0.24, 0.0), (0.17, 0.20, 0.17), WOOD, part=1),
        solids.frustum((0.0, 0.10, 0.0), 0.045, 0.04, 0.66, colour=GOLD, part=2),
        solids.frustum((0.0, 0.64, 0.0), 0.54, 0.27, 0.58, colour=colour, part=3),
        solids.frustum((0.0, 0.625, 0.0), 0.50, 0.50, 0.02, colour=bulb, part=4),
        solids.ellipsoid((0.0, 1.24, 0.0), (0.05, 0.06, 0.05), GOLD, part=5),
        solids.box((0.30, 0.40, -0.32), (0.32, 0.64, -0.30), GOLD),
        solids.ellipsoid((0.31, 0.38, -0.31), (0.04, 0.04, 0.04), GOLD, part=6),
    ]


def robot(colour: np.ndarray) -> list[Solid]:
    metal = pale(SLATE, 0.45)
    arms = []
    for side in (-1, 1):
        arm = [
            solids.frustum((side * 0.44, 0.28, 0.0), 0.075, 0.085, 0.44, colour=metal, part=20 + (side > 0)),
            solids.ellipsoid((side * 0.44, 0.24, 0.0), (0.12, 0.12, 0.12), colour, part=22 + (side > 0)),
        ]
        arms += solids.all_turned(arm, (side * 0.44, 0.70, 0.0), "z", side * (0.25 if side < 0 else 2.5))
        arms.append(solids.ellipsoid((side * 0.40, 0.69, 0.0), (0.12, 0.12, 0.12), metal, part=24 + (side > 0)))
    legs = [solids.frustum((x, 0.06, 0.0), 0.09, 0.08, 0.22, colour=metal, part=26) for x in (-0.18, 0.18)] + [
        solids.box((x - 0.14, 0.0, -0.20), (x + 0.14, 0.11, 0.14), shade(colour, 0.8)) for x in (-0.18, 0.18)
    ]
    eyes = [
        part
        for n, x in enumerate((-0.13, 0.13))
        for part in (
            solids.ellipsoid((x, 1.05, -0.25), (0.095, 0.095, 0.03), WHITE, part=30 + n),
            solids.ellipsoid((x, 1.05, -0.275), (0.045, 0.045, 0.02), DARK, part=30 + n),
        )
    ]
    return [
        *legs,
        solids.box((-0.35, 0.24, -0.22), (0.35, 0.78, 0.22), colour),
        solids.frustum((0.0, 0.76, 0.0), 0.12, 0.12, 0.10, colour=metal, part=2),
        solids.box((-0.30, 0.82, -0.25), (0.30, 1.22, 0.22), colour),
        solids.box((-0.16, 0.88, -0.27), (0.16, 0.94, -0.24), DARK),
        solids.frustum((0.0, 1.21, 0.0), 0.02, 0.02, 0.10, colour=metal, part=5),
        solids.ellipsoid((0.0, 1.33, 0.0), (0.055, 0.055, 0.055), GOLD, part=6),
        solids.box((-0.22, 0.42, -0.24), (0.22, 0.68, -0.21), CREAM),
        solids.ellipsoid((-0.11, 0.55, -0.24), (0.06, 0.06, 0.03), np.array([0.85, 0.2, 0.2], np.float32), part=8),
        solids.ellipsoid((0.09, 0.55, -0.24), (0.06, 0.06, 0.03), GLASS * 0.8, part=9),
        *eyes,
        *arms,
    ]


def star(colour: np.ndarray) -> list[Solid]:
    points = [(0.74 * np.sin(turn), 0.72 + 0.74 * np.cos(turn)) for turn in (np.arange(5) * 2 * np.pi / 5)]
    inner = [(0.31 * np.sin(turn), 0.72 + 0.31 * np.cos(turn)) for turn in (np.arange(5) * 2 * np.pi / 5 + np.pi / 5)]
    faces = []
    for n in range(5):
        for corner, tint in ((inner[n], 1.0), (inner[n - 1], 0.86)):
            faces.append(solids.wedge(points[n], corner, (0.0, 0.72), 0.22, shade(colour, tint), part=0))
    return faces
