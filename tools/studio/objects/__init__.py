"""Every object, built of solids in its own frame: standing on y = 0, about 1.3 high. One entry here adds an object.

An object is a function of its colour, an (3,) sRGB array; what is not of that colour (windows, wheels, sails) is fixed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.studio.objects import basic, built, everyday, living
from tools.studio.rays import Solid

PARTS: dict[str, Callable[[np.ndarray], list[Solid]]] = {
    "ball": basic.ball,
    "cube": basic.cube,
    "house": basic.house,
    "tree": basic.tree,
    "pine": basic.pine,
    "boat": basic.boat,
    "mountain": basic.mountain,
    "mushroom": basic.mushroom,
    "mug": basic.mug,
    "car": basic.car,
    "cat": basic.cat,
    "rocket": basic.rocket,
    "apple": living.apple,
    "teapot": everyday.teapot,
    "lighthouse": built.lighthouse,
    "castle": built.castle,
    "flower": living.flower,
    "chair": everyday.chair,
    "airplane": built.airplane,
    "robot": everyday.robot,
    "fish": living.fish,
    "duck": living.duck,
    "umbrella": everyday.umbrella,
    "balloon": built.balloon,
    "train": built.train,
    "lamp": everyday.lamp,
    "rabbit": living.rabbit,
    "windmill": built.windmill,
    "butterfly": living.butterfly,
    "star": everyday.star,
}

MATTE = ("mountain", "boat", "house", "cube")
"""Flat faces would flash white all at once."""
