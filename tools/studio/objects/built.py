"""Lighthouse, castle, windmill, train, airplane and hot-air balloon."""

from __future__ import annotations

import numpy as np

from tools.studio import solids
from tools.studio.objects.materials import CREAM, DARK, GLASS, GOLD, SLATE, STONE, WHITE, WOOD, pale, shade
from tools.studio.rays import Solid


def lighthouse(colour: np.ndarray) -> list[Solid]:
    light = WHITE if colour.min() < 0.8 else SLATE
    tower = solids.marked(
        solids.frustum((0.0, 0.10, 0.0), 0.34, 0.21, 0.84, colour=colour, part=1),
        lambda p: ((p[:, 1] > 0.30) & (p[:, 1] < 0.48)) | ((p[:, 1] > 0.68) & (p[:, 1] < 0.86)),
        light,
    )
    return [
        solids.ellipsoid((-0.12, 0.02, 0.0), (0.60, 0.15, 0.48), STONE, part=0),
        solids.ellipsoid((0.32, 0.02, -0.1), (0.34, 0.11, 0.34), STONE * 0.9, part=9),
        tower,
        solids.frustum((0.0, 0.93, 0.0), 0.29, 0.29, 0.06, colour=DARK * 2, part=2),
        solids.frustum((0.0, 0.98, 0.0), 0.16, 0.16, 0.20, colour=np.array([1.0, 0.93, 0.55], np.float32), part=3),
        solids.box((-0.02, 0.98, -0.17), (0.02, 1.18, -0.15), DARK),
        solids.frustum((0.0, 1.17, 0.0), 0.22, 0.02, 0.20, colour=colour, part=4),
        solids.ellipsoid((0.0, 1.38, 0.0), (0.035, 0.035, 0.035), DARK, part=5),
        solids.box((-0.09, 0.06, -0.36), (0.09, 0.30, -0.30), WOOD),
        solids.box((-0.05, 0.53, -0.30), (0.05, 0.64, -0.24), DARK),
    ]


def castle(colour: np.ndarray) -> list[Solid]:
    wall = [
        solids.box((-0.48, 0.0, -0.22), (0.48, 0.46, 0.30), colour),
        solids.box((-0.26, 0.0, -0.02), (0.26, 0.84, 0.36), shade(colour, 0.93)),
    ]
    teeth = [
        solids.box((x - 0.05, 0.44, -0.23), (x + 0.05, 0.55, -0.12), colour) for x in (-0.255, -0.085, 0.085, 0.255)
    ]
    upper = [
        solids.box((x - 0.045, 0.82, -0.03), (x + 0.045, 0.93, 0.08), shade(colour, 0.93)) for x in (-0.2, 0.0, 0.2)
    ]
    towers = []
    for number, side in enumerate((-1, 1)):
        x = side * 0.52
        towers += [
            solids.frustum((x, 0.0, -0.12), 0.19, 0.175, 0.78, colour=colour, part=20 + number),
            solids.frustum((x, 0.76, -0.12), 0.24, 0.01, 0.46, colour=SLATE * 1.15, part=22 + number),
            solids.box((x - 0.045, 0.46, -0.35), (x + 0.045, 0.62, -0.29), DARK),
            solids.frustum((x, 1.19, -0.12), 0.014, 0.014, 0.20, colour=DARK, part=24 + number),
            solids.moved(solids.sail((0.0, 1.39), (0.20, 1.33), (0.0, 1.27), GOLD, part=26 + number), (x, 0.0, -0.12)),
        ]
    gate = [
        solids.box((-0.12, 0.0, -0.25), (0.12, 0.22, -0.20), DARK),
        solids.frustum((0.0, 0.22, -0.25), 0.12, 0.12, 0.03, colour=DARK, axis=2, part=30),
    ]
    window = solids.box((-0.06, 0.56, -0.05), (0.06, 0.74, 0.0), DARK)
    return [*wall, *teeth, *upper, *towers, *gate, window]


def windmill(colour: np.ndarray) -> list[Solid]:
    hub = (0.0, 0.88, -0.36)
    sails = []
    for number in range(4):
        arm = [
            solids.box((-0.022, 0.88, -0.40), (0.022, 1.44, -0.37), WOOD),
            solids.box((0.0, 1.00, -0.39), (0.17, 1.42, -0.375), CREAM),
        ]
        sails += solids.all_turned(arm, hub, "z", 0.5 + number * np.pi / 2)
    return [
        solids.frustum((0.0, 0.0, 0.0), 0.42, 0.27, 0.86, colour=colour, part=0),
        solids.dome((0.0, 0.84, 0.0), (0.31, 0.30, 0.31), SLATE),
        *sails,
        solids.frustum((0.0, 0.88, -0.42), 0.06, 0.06, 0.16, colour=DARK, axis=2, part=4),
        solids.box((-0.11, 0.0, -0.44), (0.11, 0.30, -0.34), WOOD),
        solids.box((-0.07, 0.44, -0.38), (0.07, 0.58, -0.28), GLASS),
    ]


def train(colour: np.ndarray) -> list[Solid]:
    wheels = [
        solids.frustum((x, r, z), r * k, r * k, 0.06, colour=c, axis=2, part=p)
        for x, r in ((-0.46, 0.13), (-0.16, 0.13), (0.16, 0.13), (0.52, 0.20))
        for z, c, k, p in ((-0.33, DARK, 1.0, 20), (-0.36, pale(DARK, 0.6), 0.55, 21))
    ]
    smoke = [
        solids.ellipsoid((x, y, 0.0), (r, r * 0.85, r), WHITE * 0.96, part=30)
        for x, y, r in ((-0.44, 1.09, 0.11), (-0.32, 1.19, 0.13), (-0.14, 1.25, 0.15))
    ]
    cab = colour if colour.max() < 0.35 else shade(colour, 0.9)
    return [
        solids.box((-0.66, 0.16, -0.28), (0.76, 0.30, 0.28), DARK * 1.6),
        solids.frustum((-0.64, 0.50, 0.0), 0.25, 0.25, 0.92, colour=colour, axis=0, part=1),
        solids.frustum((-0.68, 0.50, 0.0), 0.21, 0.21, 0.05, colour=SLATE, axis=0, part=2),
        *(
            solids.frustum((x, 0.50, 0.0), 0.262, 0.262, 0.035, colour=GOLD, axis=0, part=10 + n)
            for n, x in enumerate((-0.58, -0.20, 0.16))
        ),
        solids.box((0.24, 0.28, -0.32), (0.76, 0.96, 0.32), cab),
        solids.box((0.16, 0.95, -0.38), (0.84, 1.04, 0.38), SLATE),
        solids.box((0.36, 0.60, -0.335), (0.64, 0.86, -0.31), GLASS),
        solids.frustum((-0.44, 0.72, 0.0), 0.08, 0.13, 0.30, colour=DARK * 1.4, part=4),
        solids.dome((-0.06, 0.70, 0.0), (0.11, 0.17, 0.11), GOLD),
        solids.sail((-0.66, 0.30), (-0.90, 0.03), (-0.62, 0.03), SLATE, part=6),
        *smoke,
        *wheels,
    ]


def airplane(colour: np.ndarray) -> list[Solid]:
    light = pale(colour, 0.7) if colour.min() < 0.8 else pale(SLATE, 0.4)
    wing = shade(colour, 0.88)
    parts = [
        solids.ellipsoid((0.0, 0.75, 0.0), (0.80, 0.185, 0.185), colour, part=0),
        solids.turned(solids.ellipsoid((-0.12, 0.72, 0.0), (0.19, 0.03, 0.92), wing, part=1), (0, 0.72, 0), "x", 0.0),
        solids.ellipsoid((0.70, 0.80, 0.0), (0.12, 0.025, 0.36), wing, part=2),
        solids.sail((0.50, 0.84), (0.90, 1.20), (0.84, 0.80), wing, part=3),
        solids.ellipsoid((-0.30, 0.87, 0.0), (0.20, 0.13, 0.13), GLASS, part=4),
        solids.ellipsoid((-0.80, 0.75, 0.0), (0.09, 0.075, 0.075), DARK, part=5),
        solids.box((-0.86, 0.72, -0.30), (-0.84, 0.78, 0.30), DARK),
        solids.box((-0.86, 0.45, -0.03), (-0.84, 1.05, 0.03), DARK),
        *(
            solids.ellipsoid((x, 0.77, -0.175), (0.05, 0.05, 0.03), light, part=10 + n)
            for n, x in enumerate((0.06, 0.22, 0.38))
        ),
    ]
    parts = solids.all_turned(parts, (0.0, 0.75, 0.0), "x", -0.42)
    parts = solids.all_turned(parts, (0.0, 0.75, 0.0), "y", 0.42)
    return solids.all_turned(parts, (0.0, 0.75, 0.0), "z", -0.12)


def balloon(colour: np.ndarray) -> list[Solid]:
    light = pale(colour, 0.7) if colour.min() < 0.8 else pale(SLATE, 0.55)

    def stripes(p: np.ndarray) -> np.ndarray:
        return np.sin(8 * np.arctan2(p[:, 0], -p[:, 2]) + 0.9) > 0.1

    ropes = [
        solids.turned(
            solids.frustum((x, 0.16, z), 0.012, 0.012, 0.34, colour=WOOD * 0.7, part=5), (x, 0.16, z), "z", -0.35 * x
        )
        for x in (-0.13, 0.13)
        for z in (-0.12, 0.12)
    ]
    return [
        solids.marked(solids.ellipsoid((0.0, 0.93, 0.0), (0.53, 0.47, 0.53), colour, part=0), stripes, light),
        solids.marked(solids.frustum((0.0, 0.42, 0.0), 0.17, 0.475, 0.35, colour=colour, part=0), stripes, light),
        *ropes,
        solids.box((-0.16, 0.0, -0.16), (0.16, 0.20, 0.16), np.array([0.66, 0.45, 0.24], np.float32)),
        solids.box((-0.18, 0.19, -0.18), (0.18, 0.24, 0.18), WOOD),
    ]
