"""Every style, a function of a scene's buffers: the table below is all that the rest of the studio knows of them.

A style's place in the table seeds its chance, so that a new one is appended.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.studio.geometry import Buffers
from tools.studio.styles.facets import draw_low_poly, draw_stained_glass
from tools.studio.styles.paint import draw_illustration, draw_oil, draw_photographic, draw_pixel
from tools.studio.styles.paper import draw_charcoal, draw_pencil, draw_watercolor, draw_woodblock

DRAW: dict[str, Callable[[Buffers, np.random.Generator], np.ndarray]] = {
    "photographic style": draw_photographic,
    "digital illustration": draw_illustration,
    "watercolor": draw_watercolor,
    "pencil sketch": draw_pencil,
    "pixel art": draw_pixel,
    "oil painting": draw_oil,
    "woodblock print": draw_woodblock,
    "low-poly": draw_low_poly,
    "stained glass": draw_stained_glass,
    "charcoal": draw_charcoal,
}
