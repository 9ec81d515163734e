"""The styles in which the sheet shows: watercolor, pencil sketch, woodblock print and charcoal."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from tools.studio.geometry import Buffers, smooth_noise
from tools.studio.styles.brushes import LUMA, PAPER, blur, down, edges, lit, measure, mix, saturate, tiled
from tools.studio.tiles import CELL_PX, hatches, paper_grain, paper_tooth, wood_grain


def draw_watercolor(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Transparent washes with bleeding, darkened edges on white paper that shows at an uneven border."""
    size, unit = measure(b)
    image = saturate(lit(b, 0.62, 0.42, 0.3), 1.05)
    image = mix(image, np.ones(3, np.float32), 0.6 * b.clouds)
    image = down(image)
    cover, layer = down(b.object.astype(np.float32)), down((b.layer > 0).astype(np.float32))
    dy, dx = ((smooth_noise(rng, 12, size) - 0.5) * 4.0 * unit for _ in range(2))
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    where = [rows + dy, columns + dx]
    image = np.stack([ndimage.map_coordinates(image[..., c], where, order=1, mode="nearest") for c in range(3)], -1)
    cover, layer = (ndimage.map_coordinates(x, where, order=1, mode="nearest") for x in (cover, layer))
    image = mix(blur(image, 1.9 * unit), image, 0.35 + 0.35 * cover)
    pooled = np.abs(cover - blur(cover, 2.2 * unit)) + 0.4 * np.abs(layer - blur(layer, 2.0 * unit))
    wash = 0.20 + 0.26 * smooth_noise(rng, 7, size) - 0.16 * cover
    image = mix(image, PAPER, np.clip(wash, 0, 1)) * (1.0 - 0.5 * np.clip(pooled, 0, 0.6))[..., None]
    border = np.minimum.reduce([rows, columns, size - 1 - rows, size - 1 - columns]) / unit
    border = border + 7.0 * (smooth_noise(rng, 14, size) - 0.5)
    image = mix(PAPER, image, np.clip((border - 6.0) / 2.5, 0, 1))
    return image * (1.0 - 0.035 * tiled(paper_grain(), size))[..., None]


def draw_pencil(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Graphite outlines and hatching: the darker the tone, the more directions of hatch cross."""
    size, unit = measure(b)
    tone = down(lit(b, 0.38, 0.72, 0.55) @ LUMA + 0.35 * b.clouds + 0.5 * b.glow)
    tone = np.clip(blur(tone, 0.8 * unit) * 1.08, 0, 1)
    ink = np.zeros((size, size), np.float32)
    for threshold, pattern in zip((0.66, 0.44, 0.26), hatches(CELL_PX * unit), strict=True):
        ink = np.maximum(ink, tiled(pattern, size) * np.clip((threshold - tone) * 9.0, 0, 1))
    lines = down(
        np.maximum(edges(b.object.astype(np.int8), 3 * unit) * 0.95, edges(b.part, 2 * unit) * b.object * 0.85)
    )
    lines = np.maximum(lines, 0.6 * down(edges(b.layer, 2 * unit) & ~b.object))
    lines = np.maximum(lines, 0.35 * down(edges((b.clouds > 0.5).astype(np.int8), unit) & ~b.object))
    smudge = 0.16 * (1.0 - tone)
    value = (1.0 - smudge) * (1.0 - 0.72 * ink) * (1.0 - lines)
    graphite = np.array([0.17, 0.17, 0.19], np.float32)
    return mix(graphite, PAPER, value) * (1.0 - 0.02 * tiled(paper_grain(), size))[..., None]


_PRINT_PAPER = np.array([0.95, 0.89, 0.77], np.float32)
_PRINT_INK = np.array([0.11, 0.13, 0.24], np.float32)
_INDIGO = np.array([0.09, 0.20, 0.42], np.float32)
_SEAL = np.array([0.76, 0.16, 0.12], np.float32)


def draw_woodblock(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """A Japanese print: two flat tones a colour, ink lines, the plank's grain, a sky that darkens upwards, a seal."""
    size, unit = measure(b)
    tones = np.where(b.object, np.where(b.lambert > 0.34, 1.0, 0.70), np.where(b.shadow > 0.5, 0.66, 1.0))
    image = saturate(np.clip(b.albedo * tones[..., None].astype(np.float32), 0, 1), 0.92)
    image = mix(image, _PRINT_PAPER, 0.22)
    row = np.linspace(0, 1, len(b.object), dtype=np.float32)[:, None] * np.ones_like(b.haze)
    sky = (b.layer == 0) & ~b.object
    image = mix(image, _PRINT_PAPER, np.where(sky, 0.55 * np.clip(row / 0.35, 0, 1), 0))
    image = mix(image, _INDIGO, np.where(sky, 0.92 * np.clip(1.0 - row / 0.26, 0, 1) ** 1.2, 0))
    image = np.where(((b.clouds > 0.5) & ~b.object)[..., None], _PRINT_PAPER, image)
    ground = (b.layer >= 2) & ~b.object
    image = mix(image, _PRINT_INK, np.where(ground, 0.45 * np.clip((row - 0.72) / 0.28, 0, 1) ** 1.5, 0))
    lines = edges(np.where(b.object, b.part, -1 - b.layer), unit) | edges(b.object.astype(np.int8), 2 * unit)
    lines |= edges((b.clouds > 0.5).astype(np.int8), unit) & ~b.object
    grain = tiled(wood_grain(CELL_PX * unit), size)
    image = down(np.where(lines[..., None], _PRINT_INK, image))
    image = mix(image, _PRINT_PAPER, 0.16 * grain)
    return _framed(np.clip(image, 0, 1), unit)


def _framed(image: np.ndarray, unit: int) -> np.ndarray:
    """A print on its sheet: a margin, a line around it, and a red seal in the lower corner; all on the cells' grid."""
    size = len(image)
    at = np.arange(size) // unit
    edge = np.minimum(at, size // unit - 1 - at)
    inset = np.minimum(edge[:, None], edge[None, :])
    image = np.where((inset < 6)[..., None], _PRINT_PAPER, image)
    image = np.where((inset == 6)[..., None], _PRINT_INK, image)
    rows, columns = at[:, None], at[None, :]
    seal = (rows >= 98) & (rows < 115) & (columns >= 106) & (columns < 117)
    image = np.where(seal[..., None], _SEAL, image)
    marks = np.isin(rows, (101, 105, 109, 112)) & (columns >= 108) & (columns < 115)
    marks |= (columns == 111) & (rows >= 101) & (rows < 110)
    return np.where((marks & seal)[..., None], _PRINT_PAPER, image)


_TONED = np.array([0.80, 0.76, 0.69], np.float32)
_CHARCOAL = np.array([0.10, 0.095, 0.09], np.float32)
_CHALK = np.array([0.97, 0.96, 0.93], np.float32)


def draw_charcoal(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Broad dark masses rubbed into toned, rough paper, soft thick outlines, and white chalk where light falls."""
    size, unit = measure(b)
    tone = lit(b, 0.22, 0.86, 0.62) @ LUMA + 0.25 * b.clouds + 0.6 * b.glow
    tone = down(np.where(b.object, tone, 0.24 + 0.72 * tone))
    cover = down(b.object.astype(np.float32))
    tone = (1.0 - cover) * blur(tone, 2.6 * unit) + cover * blur(tone, 1.0 * unit)
    tooth = tiled(paper_tooth(CELL_PX * unit), size)
    outline = down(edges(b.object.astype(np.int8), 4 * unit) * 1.0)
    outline = np.maximum(outline, 0.85 * down(edges(np.where(b.object, b.part, -1), 2 * unit) & b.object))
    outline = np.maximum(outline, 0.6 * down(edges(b.layer, 3 * unit) & ~b.object))
    dark = np.clip((0.66 - tone) * 1.7, 0, 1)
    dark = np.maximum(dark, blur(outline, 0.7 * unit))
    rubbed = dark * (0.80 + 0.36 * np.clip((dark - tooth) * 2.5, -0.5, 0.5))
    light = np.clip((tone - 0.74) * 2.4, 0, 1) * (1.0 - dark)
    chalk = light * (0.68 + 0.5 * np.clip((light - tooth) * 2.0, -0.5, 0.5))
    image = mix(_TONED * np.ones((size, size, 1), np.float32), _CHALK, np.clip(chalk, 0, 1))
    image = mix(image, _CHARCOAL, np.clip(rubbed, 0, 0.97))
    return image * (1.0 - 0.05 * (tooth - 0.5))[..., None]
