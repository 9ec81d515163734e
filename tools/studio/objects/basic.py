"""Ball, cube, house, trees, boat, mountain, mushroom, mug, car, cat and rocket."""

from __future__ import annotations

import numpy as np

from tools.studio import solids
from tools.studio.objects.materials import CREAM, DARK, GLASS, GOLD, SLATE, WHITE, WOOD
from tools.studio.rays import Solid


def ball(colour: np.ndarray) -> list[Solid]:
    return [solids.ellipsoid((0.0, 0.55, 0.0), (0.55, 0.55, 0.55), colour)]


def cube(colour: np.ndarray) -> list[Solid]:
    return [solids.box((-0.45, 0.0, -0.45), (0.45, 0.90, 0.45), colour, turn=0.55)]


def house(colour: np.ndarray) -> list[Solid]:
    return [
        solids.box((-0.52, 0.0, -0.40), (0.52, 0.62, 0.40), colour),
        solids.prism((-0.62, 0.60, -0.50), (0.62, 1.16, 0.50), SLATE),
        solids.box((-0.12, 0.0, -0.425), (0.12, 0.38, -0.38), WOOD),
        solids.box((-0.42, 0.24, -0.42), (-0.20, 0.46, -0.38), GLASS),
        solids.box((0.20, 0.24, -0.42), (0.42, 0.46, -0.38), GLASS),
        solids.box((0.26, 0.80, -0.05), (0.40, 1.25, 0.09), WOOD),
    ]


def car(colour: np.ndarray) -> list[Solid]:
    wheels = [
        solids.frustum((x, 0.19, z), 0.19, 0.19, 0.12, colour=c, axis=2, part=p, radius_scale=k)
        for x in (-0.44, 0.44)
        for z, c, k, p in ((-0.43, DARK, 1.0, 20), (-0.46, WHITE * 0.8, 0.5, 21))
    ]
    return [
        solids.box((-0.80, 0.16, -0.38), (0.80, 0.48, 0.38), colour),
        solids.cabin((-0.50, 0.46, -0.34), (0.46, 0.82, 0.34), colour),
        solids.cabin((-0.38, 0.49, -0.36), (0.00, 0.76, -0.30), GLASS, lean=0.10, part=5),
        solids.cabin((0.05, 0.49, -0.36), (0.36, 0.76, -0.30), GLASS, lean=0.10, part=6),
        solids.ellipsoid((-0.80, 0.36, -0.24), (0.05, 0.07, 0.08), GOLD),
        solids.ellipsoid((0.80, 0.36, -0.24), (0.05, 0.07, 0.08), np.array([0.8, 0.1, 0.1], np.float32)),
        *wheels,
    ]


def cat(colour: np.ndarray) -> list[Solid]:
    light = colour + (1 - colour) * 0.75
    dark = DARK if colour.sum() > 0.6 else GOLD
    return [
        solids.ellipsoid((0.0, 0.36, 0.05), (0.36, 0.40, 0.32), colour),
        solids.ellipsoid((0.0, 0.34, -0.20), (0.19, 0.26, 0.12), light),
        solids.ellipsoid((0.0, 0.88, -0.05), (0.34, 0.28, 0.28), colour, part=2),
        solids.cone_ear((-0.22, 1.02, -0.05), 0.13, 0.34, colour, part=3),
        solids.cone_ear((0.22, 1.02, -0.05), 0.13, 0.34, colour, part=4),
        solids.ellipsoid((-0.13, 0.93, -0.29), (0.055, 0.075, 0.04), dark),
        solids.ellipsoid((0.13, 0.93, -0.29), (0.055, 0.075, 0.04), dark),
        solids.ellipsoid((0.0, 0.81, -0.30), (0.11, 0.07, 0.05), light),
        solids.ellipsoid((0.0, 0.84, -0.345), (0.035, 0.025, 0.02), np.array([0.95, 0.5, 0.55], np.float32)),
        solids.ellipsoid((-0.17, 0.06, -0.24), (0.12, 0.08, 0.14), colour, part=9),
        solids.ellipsoid((0.17, 0.06, -0.24), (0.12, 0.08, 0.14), colour, part=10),
        solids.ring((0.36, 0.30, 0.06), 0.26, 0.06, colour, part=11),
    ]


def boat(colour: np.ndarray) -> list[Solid]:
    return [
        solids.hull((-0.74, 0.0, -0.26), (0.74, 0.34, 0.26), colour),
        solids.frustum((0.0, 0.32, 0.0), 0.035, 0.035, 1.08, colour=WOOD),
        solids.sail((0.06, 0.46), (0.62, 0.46), (0.06, 1.34), colour + (1 - colour) * 0.15, part=3),
        solids.sail((-0.06, 0.46), (-0.50, 0.46), (-0.06, 1.16), WHITE, part=4),
    ]


def rocket(colour: np.ndarray) -> list[Solid]:
    return [
        solids.frustum((0.0, 0.20, 0.0), 0.26, 0.26, 0.62, colour=colour),
        solids.frustum((0.0, 0.82, 0.0), 0.26, 0.02, 0.48, colour=WHITE * 0.94),
        solids.sail((-0.20, 0.02), (-0.58, 0.02), (-0.20, 0.56), SLATE, part=3),
        solids.sail((0.20, 0.02), (0.58, 0.02), (0.20, 0.56), SLATE, part=4),
        solids.frustum((0.0, 0.04, 0.0), 0.16, 0.22, 0.17, colour=DARK * 2.2),
        solids.ellipsoid((0.0, 0.64, -0.25), (0.13, 0.13, 0.05), WHITE),
        solids.ellipsoid((0.0, 0.64, -0.29), (0.09, 0.09, 0.04), GLASS),
    ]


def mushroom(colour: np.ndarray) -> list[Solid]:
    spot = WHITE if colour.min() < 0.8 else np.array([0.9, 0.3, 0.3], np.float32)
    spots = [
        solids.ellipsoid((x, y, z), (r, r * 0.9, 0.05), spot, part=10 + i)
        for i, (x, y, z, r) in enumerate(
            ((-0.30, 0.82, -0.40, 0.10), (0.05, 0.95, -0.42, 0.11), (0.37, 0.79, -0.36, 0.09))
        )
    ]
    return [
        solids.frustum((0.0, 0.0, 0.0), 0.24, 0.17, 0.66, colour=CREAM),
        solids.dome((0.0, 0.60, 0.0), (0.62, 0.52, 0.58), colour),
        *spots,
    ]


def mug(colour: np.ndarray) -> list[Solid]:
    return [
        solids.frustum((0.0, 0.0, 0.0), 0.42, 0.42, 0.94, colour=colour),
        solids.frustum((0.0, 0.925, 0.0), 0.35, 0.35, 0.03, colour=WOOD * 0.7, part=2),
        solids.ring((0.44, 0.47, -0.05), 0.27, 0.075, colour, part=3),
    ]


def tree(colour: np.ndarray) -> list[Solid]:
    return [
        solids.frustum((0.0, 0.0, 0.0), 0.13, 0.09, 0.62, colour=WOOD),
        solids.ellipsoid((0.0, 0.90, 0.0), (0.44, 0.42, 0.40), colour, part=1),
        solids.ellipsoid((-0.32, 0.72, -0.05), (0.28, 0.25, 0.26), colour * 0.94, part=2),
        solids.ellipsoid((0.34, 0.74, -0.04), (0.28, 0.26, 0.26), colour * 0.94, part=3),
        solids.ellipsoid((0.06, 1.16, -0.06), (0.27, 0.23, 0.24), colour, part=4),
    ]


def pine(colour: np.ndarray) -> list[Solid]:
    return [
        solids.frustum((0.0, 0.0, 0.0), 0.11, 0.10, 0.25, colour=WOOD),
        solids.frustum((0.0, 0.20, 0.0), 0.52, 0.14, 0.46, colour=colour),
        solids.frustum((0.0, 0.56, 0.0), 0.42, 0.10, 0.42, colour=colour),
        solids.frustum((0.0, 0.90, 0.0), 0.31, 0.01, 0.46, colour=colour),
    ]


def mountain(colour: np.ndarray) -> list[Solid]:
    return [
        solids.pyramid((0.0, 0.0, 0.1), 0.84, 1.18, colour, cap=WHITE, cap_from=0.78),
        solids.pyramid((-0.52, 0.0, -0.12), 0.42, 0.58, colour * 0.9, part=2),
        solids.pyramid((0.54, 0.0, -0.08), 0.46, 0.70, colour * 0.9, part=3),
    ]
