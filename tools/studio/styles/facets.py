"""The styles in which the picture falls into pieces of one colour each: low-poly and stained glass.

The pieces come from a grid that repeats with the autoencoder's cells; what is shown cuts them, so that outlines stay.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from tools.studio.canvas import FAR, SMALL
from tools.studio.geometry import SUPERSAMPLE, Buffers
from tools.studio.styles.brushes import LUMA, blur, down, edges, lit, measure, mix, saturate
from tools.studio.tiles import CELL_PX, PERIOD_CELLS, panes, triangles

_LEAD = np.array([0.06, 0.06, 0.08], np.float32)
_MOST = 1024


def _repeated(pattern: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """A pattern of `tiles.py` over (size, size): numbers of its own in each repeat, and the same in all."""
    side, repeats = pattern.shape[1], -(-size // pattern.shape[1])
    number, down, right = np.tile(pattern, (1, repeats, repeats))[:, :size, :size]
    rows, columns = np.mgrid[0:size, 0:size] // side
    return number + ((rows + down + 1) * (repeats + 2) + columns + right + 1) * (int(number.max()) + 1), number


def _mean_colours(image: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean colour of each piece, (pieces, 3), and each pixel's piece, (S, S), from the pieces' ids, (S, S)."""
    _, piece = np.unique(ids, return_inverse=True)
    piece = piece.reshape(ids.shape)
    counts = np.bincount(piece.ravel())
    sums = [np.bincount(piece.ravel(), image[..., c].ravel()) for c in range(3)]
    return (np.stack(sums, -1) / counts[:, None]).astype(np.float32), piece


def _shown(b: Buffers) -> np.ndarray:
    """What a piece must not cross, (S, S) int64 below _MOST: parts of the object and their stripes, or layers."""
    layer = np.where((b.layer == FAR) & (b.albedo @ LUMA > 0.6), 9, b.layer.astype(np.int64))  # a moon before hills
    stripe = (b.albedo @ LUMA * 3).astype(np.int64)  # pupils and stripes are no parts of their own
    return np.where(b.object, (b.part.astype(np.int64) + 4) * 4 + stripe, np.where(b.clouds > 0.5, 8, layer))


def draw_low_poly(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Flat triangles, small on the object and large behind it, each lit a little differently."""
    size, unit = measure(b)
    buffer_px = size * SUPERSAMPLE
    side = PERIOD_CELLS * CELL_PX * unit * SUPERSAMPLE
    (fine, in_fine), (coarse, in_coarse) = (_repeated(triangles(side, across), buffer_px) for across in (6, 4))
    image = saturate(np.clip(lit(b, 0.34, 0.92, 0.5), 0, 1), 1.15)
    image = mix(image, np.ones(3, np.float32) * 0.98, 0.9 * (b.clouds > 0.5)) + 0.5 * b.glow[..., None] * b.light_colour
    colours, piece = _mean_colours(np.clip(image, 0, 1), np.where(b.object, fine, coarse) * _MOST + _shown(b))
    tilt = np.random.default_rng(5).uniform(-1, 1, 72).astype(np.float32)[np.where(b.object, in_fine, in_coarse)]
    strength = np.where(b.object, np.float32(0.10), np.where(b.layer == SMALL, np.float32(0.0), np.float32(0.085)))
    return down(np.clip(colours[piece] * (1.0 + strength * tilt)[..., None], 0, 1))


def draw_stained_glass(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Panes of glowing colour in black lead, thickest around the object; what is too small for lead is painted."""
    size, unit = measure(b)
    buffer_px = size * SUPERSAMPLE
    side = PERIOD_CELLS * CELL_PX * unit * SUPERSAMPLE
    (behind, in_behind), (on_object, in_object) = (_repeated(panes(side, across), buffer_px) for across in (3, 2))
    image = saturate(np.clip(lit(b, 0.66, 0.44, 0.35), 0, 1) ** 0.8, 1.5)
    image = mix(image, np.ones(3, np.float32), 0.85 * (b.clouds > 0.5)) + 0.4 * b.glow[..., None] * b.light_colour
    shown = _shown(b)
    share = (np.bincount(shown.ravel(), minlength=_MOST) / shown.size)[shown]
    wide, slight = b.object & (share > 0.05), b.object & (share < 0.006)
    whole = np.where(b.object, np.where(wide, on_object, 0), behind) * _MOST + shown
    colours, piece = _mean_colours(np.clip(image, 0, 1), whole)
    light = np.random.default_rng(6).uniform(0.82, 1.14, 9).astype(np.float32)
    light = np.where(b.object, 1.0 + 0.5 * (light[in_object] - 1.0), light[in_behind])
    small = slight | ((b.layer == SMALL) & ~b.object)
    leaded = np.where(small, -1, whole)
    lead = (edges(leaded, 2 * unit) & ~small) | edges(b.object.astype(np.int8), 4 * unit)
    lead = lead & ~ndimage.binary_erosion(small, iterations=unit)
    glow = 1.0 - blur(lead.astype(np.float32), 3.5 * unit)
    glass = colours[piece] * (light * (0.74 + 0.44 * glow))[..., None] + 0.09 * glow[..., None] ** 2
    return down(np.where(lead[..., None], _LEAD, np.clip(glass, 0, 1)))
