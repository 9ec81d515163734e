"""Apple, flower, fish, duck, rabbit and butterfly."""

from __future__ import annotations

import numpy as np

from tools.studio import solids
from tools.studio.objects.materials import BEAK, DARK, GOLD, LEAF, ROSE, WHITE, WOOD, pale, shade
from tools.studio.rays import Solid


def apple(colour: np.ndarray) -> list[Solid]:
    whole = solids.ellipsoid((0.0, 0.50, 0.0), (0.57, 0.50, 0.54), colour)
    lobes = [
        solids.smoothed(solids.ellipsoid((x, 0.52, z), (0.40, 0.50, 0.44), colour, part=0), whole)
        for x, z in ((-0.17, 0.0), (0.17, 0.0), (0.0, -0.10), (0.0, 0.10))
    ]
    stem = solids.frustum((0.0, 0.80, 0.0), 0.035, 0.05, 0.40, colour=WOOD)
    leaf = solids.ellipsoid((0.30, 1.10, 0.0), (0.28, 0.09, 0.14), LEAF)
    return [
        *lobes,
        solids.turned(stem, (0.0, 0.84, 0.0), "z", -0.22),
        solids.turned(leaf, (0.05, 1.04, 0.0), "z", 0.42),
    ]


def flower(colour: np.ndarray) -> list[Solid]:
    heart = GOLD if colour[2] > 0.2 or colour[1] < 0.45 else WOOD
    middle = (0.0, 0.93, -0.06)
    petals = [
        solids.turned(
            solids.ellipsoid((0.0, 0.93 + 0.27, -0.03), (0.155, 0.22, 0.06), colour, part=10 + number),
            (0.0, 0.93, 0.0),
            "z",
            number * np.pi / 4,
        )
        for number in range(8)
    ]
    leaves = [
        solids.turned(
            solids.ellipsoid((side * 0.27, 0.24, -0.02), (0.27, 0.09, 0.06), LEAF, part=4 + (side > 0)),
            (0.0, 0.2, 0.0),
            "z",
            side * 0.55,
        )
        for side in (-1, 1)
    ]
    stem = solids.frustum((0.0, 0.0, 0.02), 0.05, 0.04, 0.90, colour=LEAF * 0.85)
    blossom = [*petals, solids.ellipsoid(middle, (0.17, 0.17, 0.09), heart, part=2)]
    return [stem, *leaves, *solids.all_turned(blossom, (0.0, 0.93, 0.0), "x", 0.2)]


def fish(colour: np.ndarray) -> list[Solid]:
    body = solids.marked(
        solids.ellipsoid((-0.10, 0.60, 0.0), (0.62, 0.40, 0.22), colour, part=0),
        lambda p: (p[:, 0] > -0.28) & (np.sin((p[:, 0] + 0.30 + 0.9 * (p[:, 1] - 0.6) ** 2) * 16.0) > 0.55),
        pale(colour, 0.6),
    )
    fin = shade(colour, 0.82)
    parts = [
        body,
        solids.sail((0.40, 0.60), (0.90, 0.97), (0.74, 0.60), fin, part=1),
        solids.sail((0.40, 0.60), (0.90, 0.23), (0.74, 0.60), fin, part=1),
        solids.sail((-0.30, 0.90), (0.28, 0.86), (0.16, 1.18), fin, part=2),
        solids.sail((-0.16, 0.30), (0.14, 0.28), (0.14, 0.06), fin, part=3),
        solids.turned(
            solids.ellipsoid((0.12, 0.54, -0.22), (0.18, 0.08, 0.03), fin, part=4), (0.0, 0.54, -0.22), "z", -0.35
        ),
        solids.ellipsoid((-0.46, 0.70, -0.145), (0.095, 0.095, 0.05), WHITE, part=5),
        solids.ellipsoid((-0.475, 0.70, -0.19), (0.05, 0.05, 0.03), DARK, part=5),
        solids.ellipsoid((-0.69, 0.52, 0.0), (0.07, 0.045, 0.12), shade(colour, 0.7), part=7),
    ]
    return [solids.moved(part, (-0.12, 0.02, 0.0)) for part in parts]


def duck(colour: np.ndarray) -> list[Solid]:
    beak = BEAK if abs(colour - BEAK).sum() > 0.25 else GOLD
    tail = solids.frustum((0.42, 0.40, 0.0), 0.26, 0.03, 0.46, colour=colour, part=0)
    bill = solids.ellipsoid((-0.66, 0.92, 0.0), (0.20, 0.055, 0.13), beak, part=4)
    wing = solids.ellipsoid((0.14, 0.46, -0.36), (0.32, 0.20, 0.10), shade(colour, 0.86), part=2)
    parts = [
        solids.ellipsoid((0.06, 0.38, 0.0), (0.62, 0.38, 0.42), colour, part=0),
        solids.turned(tail, (0.42, 0.40, 0.0), "z", -0.75),
        solids.frustum((-0.30, 0.55, 0.0), 0.24, 0.20, 0.3, colour=colour, part=0),
        solids.ellipsoid((-0.32, 0.98, 0.0), (0.31, 0.30, 0.29), colour, part=1),
        solids.turned(bill, (-0.6, 0.92, 0.0), "z", -0.08),
        solids.turned(wing, (0.14, 0.46, -0.36), "z", 0.2),
        solids.ellipsoid((-0.44, 1.05, -0.235), (0.10, 0.11, 0.05), WHITE, part=5),
        solids.ellipsoid((-0.46, 1.05, -0.28), (0.04, 0.05, 0.02), DARK, part=5),
    ]
    return [solids.moved(part, (0.12, 0.0, 0.0)) for part in parts]


def rabbit(colour: np.ndarray) -> list[Solid]:
    dark = DARK if colour.sum() > 0.6 else GOLD
    light = pale(colour, 0.75)
    ears = []
    for side in (-1, 1):
        outer = solids.ellipsoid((side * 0.13, 1.14, 0.02), (0.10, 0.34, 0.06), colour, part=3 + (side > 0))
        inner = solids.ellipsoid((side * 0.13, 1.13, -0.035), (0.05, 0.25, 0.03), ROSE, part=12 + (side > 0))
        ears += solids.all_turned([outer, inner], (side * 0.1, 0.9, 0.0), "z", -0.16 * side)
    return [
        solids.ellipsoid((0.0, 0.33, 0.06), (0.36, 0.35, 0.32), colour, part=0),
        solids.ellipsoid((0.0, 0.30, -0.18), (0.20, 0.23, 0.12), light, part=1),
        solids.ellipsoid((0.0, 0.75, -0.04), (0.29, 0.25, 0.25), colour, part=2),
        *ears,
        solids.ellipsoid((-0.12, 0.80, -0.255), (0.05, 0.065, 0.03), dark, part=5),
        solids.ellipsoid((0.12, 0.80, -0.255), (0.05, 0.065, 0.03), dark, part=6),
        solids.ellipsoid((-0.06, 0.68, -0.26), (0.085, 0.06, 0.05), light, part=7),
        solids.ellipsoid((0.06, 0.68, -0.26), (0.085, 0.06, 0.05), light, part=7),
        solids.ellipsoid((0.0, 0.725, -0.30), (0.04, 0.03, 0.02), ROSE * 0.9, part=8),
        solids.box((-0.035, 0.585, -0.30), (0.035, 0.65, -0.24), WHITE),
        solids.ellipsoid((-0.22, 0.07, -0.20), (0.13, 0.08, 0.22), colour, part=9),
        solids.ellipsoid((0.22, 0.07, -0.20), (0.13, 0.08, 0.22), colour, part=10),
        solids.ellipsoid((0.36, 0.20, 0.10), (0.13, 0.13, 0.13), WHITE, part=11),
    ]


def butterfly(colour: np.ndarray) -> list[Solid]:
    light = pale(colour, 0.65) if colour.min() < 0.8 else GOLD
    wings = []
    for side in (-1, 1):
        upper = solids.ellipsoid((side * 0.42, 0.92, 0.0), (0.42, 0.27, 0.035), colour, part=1 + (side > 0))
        lower = solids.ellipsoid((side * 0.32, 0.44, 0.0), (0.32, 0.27, 0.035), shade(colour, 0.9), part=3 + (side > 0))
        spots = [
            solids.ellipsoid((side * 0.52, 0.95, -0.03), (0.15, 0.10, 0.02), light, part=5 + (side > 0)),
            solids.ellipsoid((side * 0.34, 0.44, -0.03), (0.11, 0.09, 0.02), light, part=7 + (side > 0)),
        ]
        upper, spots[0] = solids.all_turned([upper, spots[0]], (0.0, 0.8, 0.0), "z", side * 0.42)
        lower, spots[1] = solids.all_turned([lower, spots[1]], (0.0, 0.6, 0.0), "z", side * -0.35)
        feeler = solids.frustum((side * 0.03, 0.98, -0.03), 0.018, 0.014, 0.34, colour=DARK, part=11)
        tip = solids.ellipsoid((side * 0.03, 1.32, -0.03), (0.04, 0.04, 0.04), DARK, part=11)
        wings += [lower, upper, *spots, *solids.all_turned([feeler, tip], (side * 0.03, 0.98, 0.0), "z", -0.5 * side)]
    return [
        *wings,
        solids.ellipsoid((0.0, 0.64, -0.03), (0.075, 0.36, 0.075), DARK, part=10),
        solids.ellipsoid((0.0, 1.00, -0.04), (0.09, 0.09, 0.08), DARK, part=10),
    ]
