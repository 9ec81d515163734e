"""The styles that cover the whole picture: photographic, digital illustration, pixel art and oil painting."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from tools.studio.geometry import SIZE_PX, Buffers, smooth_noise
from tools.studio.styles.brushes import INK, blur, down, flat_bands, lit, measure, mix, saturate, tiled
from tools.studio.tiles import CELL_PX, strokes


def draw_photographic(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Shade with soft shadow, ambient occlusion, depth of field, haze, vignette and fine grain."""
    _, unit = measure(b)
    soft_shadow = blur(b.shadow, 3.5 * unit)
    tint = b.light_colour
    light = np.where(b.object, 0.50 + 0.78 * b.lambert, 1.06 - 0.62 * soft_shadow) * b.occlusion
    image = b.albedo * (light[..., None] * mix(np.ones(3, np.float32), tint, 0.5))
    image = image * (1.0 + 0.22 * b.texture[..., None] * ~b.object[..., None])
    image = mix(image, b.haze_colour, 0.42 * b.haze)
    image = mix(image, np.ones(3, np.float32), 0.55 * blur(b.clouds, 3.0 * unit))
    image = image + b.glow[..., None] * (tint * 0.9)
    image = saturate(image, 0.84)
    # Depth of field: the background is blurred without the object bleeding into it, then the object laid over it.
    keep = (~b.object).astype(np.float32)
    weight = blur(keep, 4.0 * unit)
    background = blur(image * keep[..., None], 4.0 * unit) / np.maximum(weight, 1e-3)[..., None]
    focus = np.clip(1.0 - b.haze * 2.2, 0.0, 1.0)
    image = np.where(b.object[..., None], image, mix(background, image, focus * 0.8))
    specular = b.object * np.clip(b.specular, 0, 1) ** 24
    image = image + 0.35 * specular[..., None]
    axis = np.linspace(-1, 1, len(b.object), dtype=np.float32)
    vignette = 1.0 - 0.13 * (axis[:, None] ** 2 + axis[None, :] ** 2)
    image = down(np.clip(image, 0, 1) * vignette[..., None])
    image = 0.035 + 0.94 * image
    grain = 0.011 if unit == 1 else 0.0  # the larger picture is clean: chance is what a decoder cannot know
    return image + rng.normal(0.0, grain, image.shape[:2]).astype(np.float32)[..., None]


def draw_illustration(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Flat bands of saturated colour, hard shadow, dark outlines."""
    return down(flat_bands(b, outlines=True))


def draw_pixel(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Blocks of 4 px from a small palette, ordered dither, an outline one block wide, the faint grid of a screen."""
    _, unit = measure(b)
    cells = SIZE_PX // 4
    k = len(b.object) // cells
    image = saturate(down(flat_bands(b, outlines=False), k), 1.15)
    cover = down(b.object, k) > 0.5
    bayer = np.tile(np.array([[-0.25, 0.25], [0.5, -0.5]], np.float32) * 0.3, (cells // 2, cells // 2))
    levels = 6.0
    image = np.clip(np.round(image * levels + bayer[..., None]) / levels, 0, 1)
    rim = ndimage.binary_dilation(cover) & ~cover
    image = np.where(rim[..., None], INK, image)
    image = image.repeat(4 * unit, 0).repeat(4 * unit, 1)
    grid = np.ones(4 * unit, np.float32)
    grid[-unit:] = 0.84
    screen = np.tile(np.minimum(grid[:, None], grid[None, :]), (cells, cells))
    return image * screen[..., None]


def draw_oil(b: Buffers, rng: np.random.Generator) -> np.ndarray:
    """Thick strokes: each takes one colour from the scene and catches the light along its ridge."""
    size, unit = measure(b)
    image = saturate(np.clip(lit(b, 0.5, 0.62, 0.5) * b.occlusion[..., None] ** 0.5, 0, 1), 1.3)
    image = mix(image, np.ones(3, np.float32) * 0.96, 0.8 * b.clouds) + 0.7 * b.glow[..., None] * b.light_colour
    image = np.clip(down(image), 0, 1)
    image = blur(image, 0.7 * unit)
    cover = down(b.object.astype(np.float32))
    facing = down(b.normal[..., 0])
    ground = down((b.layer >= 2).astype(np.float32))
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
        y = np.clip(rows + tiled(offset_y, size) + smear[0], 0, size - 1)
        x = np.clip(columns + tiled(offset_x, size) + smear[1], 0, size - 1)
        out[here] = image[y[here], x[here]]
        ridge[here] = tiled(height, size)[here]
    vary = (smooth_noise(rng, 20, size) - 0.5) * 0.18
    out = out * (1.0 + vary + 0.13 * ridge)[..., None]
    warm = np.array([1.03, 1.0, 0.94], np.float32)
    return np.clip(out * warm, 0, 1) ** 0.95 * 0.97
