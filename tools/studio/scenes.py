"""Draw the scenes that the embedded image model learns from: one geometry, every style.

A scene is an object of one colour in a setting. Its geometry (depth, normals, albedo, object mask, cast shadow) is
ray-cast once by `geometry.py`; each style below is a function of those buffers and of nothing else, so style is the
only thing that differs between two drawings of one scene. This file knows nothing about training or diffusion.

Texture that is meant to survive an autoencoder with 8-px cells (hatching, paper, brush strokes, pixel blocks) is
locked to that 8-px stride.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from tools.studio.buffers import build_buffers
from tools.studio.captions import STYLES, caption, vocabulary
from tools.studio.geometry import (
    COLOURS,
    OBJECTS,
    SETTINGS,
    SUPERSAMPLE,
    Buffers,
    Scene,
    sample_scene,
    smooth_noise,
)
from tools.studio.tiles import CELL_PX, hatches, paper_grain, strokes

__all__ = [
    "COLOURS",
    "OBJECTS",
    "PICTURE_PX",
    "SETTINGS",
    "SIZE_PX",
    "STYLES",
    "Scene",
    "caption",
    "draw",
    "draw_styles",
    "sample_scene",
    "vocabulary",
]

SIZE_PX, PICTURE_PX = 128, 256

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_INK = np.array([0.09, 0.07, 0.15], np.float32)
_PAPER = np.array([0.985, 0.97, 0.935], np.float32)


def _mix(a: np.ndarray, b: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    """Linear interpolation; a (H, W) weight broadcasts over the colour channels."""
    if isinstance(t, np.ndarray) and t.ndim == 2:
        t = t[..., None]
    return a + (b - a) * t


def _saturate(image: np.ndarray, factor: float) -> np.ndarray:
    grey = (image @ _LUMA)[..., None]
    return np.clip(grey + (image - grey) * factor, 0.0, 1.0)


def _blur(image: np.ndarray, sigma_px: float) -> np.ndarray:
    sigma = (sigma_px, sigma_px, 0) if image.ndim == 3 else sigma_px
    return ndimage.gaussian_filter(image, sigma, mode="nearest", truncate=2.5)


def _down(image: np.ndarray, k: int = SUPERSAMPLE) -> np.ndarray:
    """Average blocks of k x k pixels: (S, S[, 3]) -> (S / k, S / k[, 3])."""
    total = np.zeros((image.shape[0] // k, image.shape[1] // k, *image.shape[2:]), np.float32)
    for i in range(k):
        for j in range(k):
            total += image[i::k, j::k]
    return total * np.float32(1.0 / k**2)


def _edges(ids: np.ndarray, radius_px: int) -> np.ndarray:
    """Mark pixels within `radius_px` of a change of id, as a bool mask."""
    edge = np.zeros(ids.shape, bool)
    horizontal, vertical = ids[:, 1:] != ids[:, :-1], ids[1:] != ids[:-1]
    edge[:, 1:] |= horizontal
    edge[:, :-1] |= horizontal
    edge[1:] |= vertical
    edge[:-1] |= vertical
    if radius_px > 1:
        edge = ndimage.uniform_filter(edge.astype(np.float32), 2 * radius_px - 1, mode="nearest") > 1e-4
    return edge


def _tiled(pattern: np.ndarray, size: int) -> np.ndarray:
    repeats = size // pattern.shape[0]
    return np.tile(pattern, (repeats, repeats) + (1,) * (pattern.ndim - 2))


def _measure(b: Buffers) -> tuple[int, int]:
    """Side of the drawing in pixels, and how many of them are one of SIZE_PX's."""
    size = len(b.object) // SUPERSAMPLE
    return size, size // SIZE_PX


def _lit(b: Buffers, ambient: float, diffuse: float, shadow: float) -> np.ndarray:
    """Light the albedo smoothly: Lambert on the object, cast shadow on the ground, (S, S, 3)."""
    light = np.where(b.object, ambient + diffuse * b.lambert, 1.0 - shadow * b.shadow)
    return b.albedo * light[..., None]


def draw_photographic(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Shade with soft shadow, ambient occlusion, depth of field, haze, vignette and fine grain."""
    _, unit = _measure(b)
    soft_shadow = _blur(b.shadow, 3.5 * unit)
    tint = b.light_colour
    light = np.where(b.object, 0.50 + 0.78 * b.lambert, 1.06 - 0.62 * soft_shadow) * b.occlusion
    image = b.albedo * (light[..., None] * _mix(np.ones(3, np.float32), tint, 0.5))
    image = image * (1.0 + 0.22 * b.texture[..., None] * ~b.object[..., None])
    image = _mix(image, b.haze_colour, 0.42 * b.haze)
    image = _mix(image, np.ones(3, np.float32), 0.55 * _blur(b.clouds, 3.0 * unit))
    image = image + b.glow[..., None] * (tint * 0.9)
    image = _saturate(image, 0.84)
    # Depth of field: the background is blurred without the object bleeding into it, then the object laid over it.
    keep = (~b.object).astype(np.float32)
    weight = _blur(keep, 4.0 * unit)
    background = _blur(image * keep[..., None], 4.0 * unit) / np.maximum(weight, 1e-3)[..., None]
    focus = np.clip(1.0 - b.haze * 2.2, 0.0, 1.0)
    image = np.where(b.object[..., None], image, _mix(background, image, focus * 0.8))
    specular = b.object * np.clip(b.specular, 0, 1) ** 24
    image = image + 0.35 * specular[..., None]
    axis = np.linspace(-1, 1, len(b.object), dtype=np.float32)
    vignette = 1.0 - 0.13 * (axis[:, None] ** 2 + axis[None, :] ** 2)
    image = _down(np.clip(image, 0, 1) * vignette[..., None])
    image = 0.035 + 0.94 * image
    grain = 0.011 if unit == 1 else 0.0  # the larger picture is clean: chance is what a decoder cannot know
    return image + rng.normal(0.0, grain, image.shape[:2]).astype(np.float32)[..., None]


def draw_illustration(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Flat bands of saturated colour, hard shadow, dark outlines."""
    return _down(_flat_bands(b, outlines=True))


def _flat_bands(b: Buffers, *, outlines: bool) -> np.ndarray:
    _, unit = _measure(b)
    bands = np.where(b.lambert > 0.62, np.float32(1.06), np.where(b.lambert > 0.28, np.float32(0.86), np.float32(0.62)))
    light = np.where(b.object, bands, np.where(b.shadow > 0.5, np.float32(0.62), np.float32(1.0)))
    image = _saturate(np.clip(b.albedo * light[..., None], 0, 1), 1.45)
    image = np.where(
        (b.clouds > 0.5)[..., None],
        np.float32(0.97) * _mix(np.ones(3, np.float32), b.light_colour, 0.3),
        image,
    )
    image = np.where(
        (b.object & (b.specular > 0.955))[..., None],
        _mix(image, np.ones(3, np.float32), 0.75),
        image,
    )
    if outlines:
        image = np.where(_edges(b.layer, unit)[..., None] & ~b.object[..., None], image * 0.62, image)
        image = np.where(_edges(np.where(b.object, b.part, -1), 2 * unit)[..., None], _INK, image)
        image = np.where(_edges(b.object.astype(np.int8), 3 * unit)[..., None], _INK, image)
    return image


def draw_watercolor(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Transparent washes with bleeding, darkened edges on white paper that shows at an uneven border."""
    size, unit = _measure(b)
    image = _saturate(_lit(b, 0.62, 0.42, 0.3), 1.05)
    image = _mix(image, np.ones(3, np.float32), 0.6 * b.clouds)
    image = _down(image)
    cover, layer = _down(b.object.astype(np.float32)), _down((b.layer > 0).astype(np.float32))
    dy, dx = ((smooth_noise(rng, 12, size) - 0.5) * 4.0 * unit for _ in range(2))
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    where = [rows + dy, columns + dx]
    image = np.stack([ndimage.map_coordinates(image[..., c], where, order=1, mode="nearest") for c in range(3)], -1)
    cover, layer = (ndimage.map_coordinates(x, where, order=1, mode="nearest") for x in (cover, layer))
    image = _mix(_blur(image, 1.9 * unit), image, 0.35 + 0.35 * cover)
    pooled = np.abs(cover - _blur(cover, 2.2 * unit)) + 0.4 * np.abs(layer - _blur(layer, 2.0 * unit))
    wash = 0.20 + 0.26 * smooth_noise(rng, 7, size) - 0.16 * cover
    image = _mix(image, _PAPER, np.clip(wash, 0, 1)) * (1.0 - 0.5 * np.clip(pooled, 0, 0.6))[..., None]
    border = np.minimum.reduce([rows, columns, size - 1 - rows, size - 1 - columns]) / unit
    border = border + 7.0 * (smooth_noise(rng, 14, size) - 0.5)
    image = _mix(_PAPER, image, np.clip((border - 6.0) / 2.5, 0, 1))
    return image * (1.0 - 0.035 * _tiled(paper_grain(), size))[..., None]


def draw_pencil(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Graphite outlines and hatching: the darker the tone, the more directions of hatch cross."""
    size, unit = _measure(b)
    tone = _down(_lit(b, 0.38, 0.72, 0.55) @ _LUMA + 0.35 * b.clouds + 0.5 * b.glow)
    tone = np.clip(_blur(tone, 0.8 * unit) * 1.08, 0, 1)
    ink = np.zeros((size, size), np.float32)
    for threshold, pattern in zip((0.66, 0.44, 0.26), hatches(CELL_PX * unit), strict=True):
        ink = np.maximum(ink, _tiled(pattern, size) * np.clip((threshold - tone) * 9.0, 0, 1))
    lines = _down(
        np.maximum(_edges(b.object.astype(np.int8), 3 * unit) * 0.95, _edges(b.part, 2 * unit) * b.object * 0.85)
    )
    lines = np.maximum(lines, 0.6 * _down(_edges(b.layer, 2 * unit) & ~b.object))
    lines = np.maximum(lines, 0.35 * _down(_edges((b.clouds > 0.5).astype(np.int8), unit) & ~b.object))
    smudge = 0.16 * (1.0 - tone)
    value = (1.0 - smudge) * (1.0 - 0.72 * ink) * (1.0 - lines)
    graphite = np.array([0.17, 0.17, 0.19], np.float32)
    return _mix(graphite, _PAPER, value) * (1.0 - 0.02 * _tiled(paper_grain(), size))[..., None]


def draw_pixel(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Blocks of 4 px from a small palette, ordered dither, an outline one block wide, the faint grid of a screen."""
    _, unit = _measure(b)
    cells = SIZE_PX // 4
    k = len(b.object) // cells
    image = _saturate(_down(_flat_bands(b, outlines=False), k), 1.15)
    cover = _down(b.object, k) > 0.5
    bayer = np.tile(np.array([[-0.25, 0.25], [0.5, -0.5]], np.float32) * 0.3, (cells // 2, cells // 2))
    levels = 6.0
    image = np.clip(np.round(image * levels + bayer[..., None]) / levels, 0, 1)
    rim = ndimage.binary_dilation(cover) & ~cover
    image = np.where(rim[..., None], _INK, image)
    image = image.repeat(4 * unit, 0).repeat(4 * unit, 1)
    grid = np.ones(4 * unit, np.float32)
    grid[-unit:] = 0.84
    screen = np.tile(np.minimum(grid[:, None], grid[None, :]), (cells, cells))
    return image * screen[..., None]


def draw_oil(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Thick strokes: each takes one colour from the scene and catches the light along its ridge."""
    size, unit = _measure(b)
    image = _saturate(np.clip(_lit(b, 0.5, 0.62, 0.5) * b.occlusion[..., None] ** 0.5, 0, 1), 1.3)
    image = _mix(image, np.ones(3, np.float32) * 0.96, 0.8 * b.clouds) + 0.7 * b.glow[..., None] * b.light_colour
    image = np.clip(_down(image), 0, 1)
    image = _blur(image, 0.7 * unit)
    cover = _down(b.object.astype(np.float32))
    facing = _down(b.normal[..., 0])
    ground = _down((b.layer >= 2).astype(np.float32))
    # Stroke direction: nearly level in sky and ground, steep on the object, leaning with the form.
    direction = np.where(cover > 0.5, np.where(facing > 0.1, 3, 2), np.where(ground > 0.5, 1, 0))
    rows, columns = np.mgrid[0:size, 0:size]
    # In the larger picture strokes lie as the grid has them: a decoder cannot know how chance has bent them.
    bend = 4.0 if unit == 1 else 0.0
    smear = [np.rint((smooth_noise(rng, 30, size) - 0.5) * bend).astype(int) for _ in range(2)]
    out = np.empty_like(image)
    ridge = np.empty((size, size), np.float32)
    for d, (offset_y, offset_x, height) in enumerate(strokes(CELL_PX * unit)):
        here = direction == d
        y = np.clip(rows + _tiled(offset_y, size) + smear[0], 0, size - 1)
        x = np.clip(columns + _tiled(offset_x, size) + smear[1], 0, size - 1)
        out[here] = image[y[here], x[here]]
        ridge[here] = _tiled(height, size)[here]
    vary = (smooth_noise(rng, 20, size) - 0.5) * 0.18
    out = out * (1.0 + vary + 0.13 * ridge)[..., None]
    warm = np.array([1.03, 1.0, 0.94], np.float32)
    return np.clip(out * warm, 0, 1) ** 0.95 * 0.97


_DRAW: dict[str, Callable[[Buffers, np.random.Generator], np.ndarray]] = dict(
    zip(
        STYLES,
        (draw_photographic, draw_illustration, draw_watercolor, draw_pencil, draw_pixel, draw_oil),
        strict=True,
    )
)


def _render(b: Buffers, scene: Scene, style: str) -> np.ndarray:
    rng = np.random.default_rng((scene.seed, STYLES.index(style)))
    return (np.clip(_DRAW[style](b, rng), 0, 1) * 255 + 0.5).astype(np.uint8)


def draw(scene: Scene, style: str, size_px: int = SIZE_PX) -> np.ndarray:
    """Draw one scene in one style.

    Returns:
        (size_px, size_px, 3) uint8, sRGB.

    Raises:
        KeyError: `style` is not one of STYLES.
    """
    return _render(build_buffers(scene, size_px * SUPERSAMPLE), scene, style)


def draw_styles(scene: Scene, size_px: int = SIZE_PX) -> np.ndarray:
    """Draw one scene in every style from one geometry.

    Returns:
        (len(STYLES), size_px, size_px, 3) uint8, sRGB, in the order of STYLES.
    """
    buffers = build_buffers(scene, size_px * SUPERSAMPLE)
    return np.stack([_render(buffers, scene, style) for style in STYLES])
