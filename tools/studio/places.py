"""Every place: its colours, and what is painted into it. One entry here adds a setting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.studio import props, scenery, weather
from tools.studio.canvas import Canvas, Colour
from tools.studio.props import Painter


@dataclass(frozen=True)
class Water:
    """A sea or a lake between the horizon and its shore."""

    shore: Callable[[Canvas], np.ndarray]
    deep: Colour = (0.06, 0.42, 0.72)
    shallow: Colour = (0.30, 0.80, 0.86)
    foam: Colour = (0.96, 0.99, 1.0)


@dataclass(frozen=True)
class Place:
    """Colours of a place, sRGB 0..1, and its parts.

    Attributes:
        cloud: How much of the sky is white cloud, 0..1.
        jagged: How sharp its hills are, 0..1.
        tall: How high they are, as a share of the picture; 0 for none.
        roll: By what the ground's waves darken it; None for a flat ground.
        haze: How much of the air is seen, 0..1.
        sky: Painted on the sky, before hills.
        behind: Painted on the hills, before ground.
        near: Painted last.
    """

    sky_top: Colour
    sky_low: Colour
    hills: Colour
    ground: Colour
    ground_far: Colour
    light: Colour
    cloud: float
    jagged: float
    tall: float = 0.0
    roll: float | None = None
    haze: float = 1.0
    water: Water | None = None
    sky: tuple[Painter, ...] = ()
    behind: tuple[Painter, ...] = ()
    near: tuple[Painter, ...] = ()


_SUN = props.light_of((0.26, 0.36), (-0.02, -0.02), (0.11, 0.14), (1.0, 0.88, 0.42))
_MOON = props.light_of((0.26, 0.36), (0.10, 0.14), (0.075, 0.095), (0.98, 0.96, 0.80))

PLACES: dict[str, Place] = {
    "meadow": Place((0.30, 0.62, 0.95), (0.80, 0.92, 0.99), (0.24, 0.56, 0.36), (0.40, 0.74, 0.24),
                    (0.58, 0.82, 0.36), (1.0, 0.98, 0.90), 0.8, 0.0, tall=0.12, roll=0.90, near=(props.flowers,)),
    "snow": Place((0.56, 0.70, 0.86), (0.86, 0.91, 0.96), (0.62, 0.73, 0.86), (0.95, 0.97, 1.0),
                  (0.86, 0.91, 0.98), (0.96, 0.98, 1.0), 0.3, 1.0, tall=0.30, roll=0.92,
                  behind=(props.snow_caps(0.30),), near=(props.snowflakes,)),
    "beach": Place((0.22, 0.66, 0.93), (0.74, 0.93, 0.98), (0.10, 0.52, 0.72), (0.97, 0.85, 0.58),
                   (0.92, 0.78, 0.50), (1.0, 0.97, 0.88), 0.6, 0.0, water=Water(props.wavy_shore)),
    "sunset": Place((0.42, 0.22, 0.52), (1.0, 0.60, 0.26), (0.40, 0.16, 0.36), (0.50, 0.25, 0.29),
                    (0.72, 0.34, 0.30), (1.0, 0.82, 0.64), 0.7, 0.15, tall=0.09, roll=0.88, sky=(_SUN,)),
    "night": Place((0.05, 0.06, 0.22), (0.16, 0.18, 0.42), (0.08, 0.09, 0.24), (0.10, 0.19, 0.28),
                   (0.13, 0.22, 0.36), (0.80, 0.86, 1.0), 0.0, 0.25, tall=0.08, haze=0.0, sky=(_MOON, props.stars)),
    "desert": Place((0.42, 0.74, 0.86), (0.98, 0.93, 0.78), (0.80, 0.46, 0.28), (0.90, 0.64, 0.36),
                    (0.94, 0.72, 0.44), (1.0, 0.95, 0.84), 0.15, 0.0, tall=0.11, roll=0.92, near=(props.cactus,)),
    "forest": Place((0.34, 0.58, 0.34), (0.66, 0.80, 0.50), (0.11, 0.32, 0.19), (0.34, 0.45, 0.20),
                    (0.28, 0.42, 0.20), (0.98, 1.0, 0.86), 0.0, 0.0, tall=0.36, roll=0.88, haze=0.6,
                    behind=(scenery.mottled, scenery.tree_line, scenery.leaves_above), near=(scenery.ferns,)),
    "city": Place((0.44, 0.66, 0.88), (0.90, 0.90, 0.88), (0.40, 0.42, 0.52), (0.43, 0.43, 0.46),
                  (0.52, 0.52, 0.54), (1.0, 0.98, 0.94), 0.35, 0.0, haze=0.8,
                  behind=(scenery.towers,), near=(scenery.street,)),
    "lake": Place((0.36, 0.60, 0.86), (0.84, 0.90, 0.94), (0.36, 0.44, 0.58), (0.44, 0.62, 0.30),
                  (0.50, 0.68, 0.36), (1.0, 0.98, 0.92), 0.5, 0.85, tall=0.26, haze=0.7,
                  water=Water(scenery.lake_shore, (0.36, 0.56, 0.74), (0.22, 0.46, 0.66), (0.74, 0.78, 0.56)),
                  behind=(props.snow_caps(0.26),), near=(scenery.mirrored_hills, scenery.reeds)),
    "rain": Place((0.42, 0.46, 0.54), (0.64, 0.68, 0.73), (0.36, 0.43, 0.45), (0.38, 0.44, 0.40),
                  (0.46, 0.51, 0.49), (0.90, 0.94, 1.0), 0.0, 0.0, tall=0.08,
                  behind=(weather.dark_clouds,), near=(weather.puddles, weather.rainfall)),
    "fog": Place((0.78, 0.81, 0.83), (0.86, 0.88, 0.89), (0.80, 0.83, 0.85), (0.70, 0.73, 0.70),
                 (0.84, 0.86, 0.86), (0.97, 0.98, 1.0), 0.0, 0.0, tall=0.06,
                 near=(weather.ghost_trees, weather.fog_banks)),
    "dawn": Place((0.50, 0.66, 0.90), (1.0, 0.80, 0.74), (0.56, 0.46, 0.62), (0.50, 0.58, 0.44),
                  (0.80, 0.66, 0.58), (1.0, 0.90, 0.82), 0.0, 0.0,
                  sky=(weather.rising_sun, weather.birds), near=(weather.long_mist,)),
    "autumn": Place((0.56, 0.74, 0.88), (0.98, 0.92, 0.80), (0.74, 0.48, 0.22), (0.66, 0.54, 0.24),
                    (0.76, 0.62, 0.30), (1.0, 0.94, 0.82), 0.4, 0.0, tall=0.09, roll=0.90,
                    behind=(scenery.autumn_trees,), near=(scenery.turned_tree, scenery.fallen_leaves)),
    "underwater": Place((0.20, 0.66, 0.82), (0.04, 0.34, 0.58), (0.05, 0.38, 0.56), (0.60, 0.70, 0.58),
                        (0.20, 0.50, 0.60), (0.86, 0.98, 1.0), 0.0, 0.2, tall=0.10,
                        sky=(scenery.light_from_above,),
                        near=(scenery.rippled_sand, scenery.seaweed, scenery.bubbles)),
}  # fmt: skip
