"""What styles have in common: mixing, blurring, averaging, edges, light, and flat bands of colour.

Images are (S, S, 3) float32, sRGB 0..1, at the buffers' size until `down` averages them to the drawing's.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from tools.studio.geometry import SIZE_PX, SUPERSAMPLE, Buffers

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
INK = np.array([0.09, 0.07, 0.15], np.float32)
PAPER = np.array([0.985, 0.97, 0.935], np.float32)


def mix(a: np.ndarray, b: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    """Linear interpolation; a (H, W) weight broadcasts over the colour channels."""
    if isinstance(t, np.ndarray) and t.ndim == 2:
        t = t[..., None]
    return a + (b - a) * t


def saturate(image: np.ndarray, factor: float) -> np.ndarray:
    grey = (image @ LUMA)[..., None]
    return np.clip(grey + (image - grey) * factor, 0.0, 1.0)


def blur(image: np.ndarray, sigma_px: float) -> np.ndarray:
    sigma = (sigma_px, sigma_px, 0) if image.ndim == 3 else sigma_px
    return ndimage.gaussian_filter(image, sigma, mode="nearest", truncate=2.5)


def down(image: np.ndarray, k: int = SUPERSAMPLE) -> np.ndarray:
    """Average blocks of k x k pixels: (S, S[, 3]) -> (S / k, S / k[, 3])."""
    total = np.zeros((image.shape[0] // k, image.shape[1] // k, *image.shape[2:]), np.float32)
    for i in range(k):
        for j in range(k):
            total += image[i::k, j::k]
    return total * np.float32(1.0 / k**2)


def edges(ids: np.ndarray, radius_px: int) -> np.ndarray:
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


def tiled(pattern: np.ndarray, size: int) -> np.ndarray:
    repeats = size // pattern.shape[0]
    return np.tile(pattern, (repeats, repeats) + (1,) * (pattern.ndim - 2))


def measure(b: Buffers) -> tuple[int, int]:
    """Side of the drawing in pixels, and how many of them are one of SIZE_PX's."""
    size = len(b.object) // SUPERSAMPLE
    return size, size // SIZE_PX


def lit(b: Buffers, ambient: float, diffuse: float, shadow: float) -> np.ndarray:
    """Light the albedo smoothly: Lambert on the object, cast shadow on the ground, (S, S, 3)."""
    light = np.where(b.object, ambient + diffuse * b.lambert, 1.0 - shadow * b.shadow)
    return b.albedo * light[..., None]


def flat_bands(b: Buffers, *, outlines: bool) -> np.ndarray:
    _, unit = measure(b)
    bands = np.where(b.lambert > 0.62, np.float32(1.06), np.where(b.lambert > 0.28, np.float32(0.86), np.float32(0.62)))
    light = np.where(b.object, bands, np.where(b.shadow > 0.5, np.float32(0.62), np.float32(1.0)))
    image = saturate(np.clip(b.albedo * light[..., None], 0, 1), 1.45)
    image = np.where(
        (b.clouds > 0.5)[..., None],
        np.float32(0.97) * mix(np.ones(3, np.float32), b.light_colour, 0.3),
        image,
    )
    image = np.where(
        (b.object & (b.specular > 0.955))[..., None],
        mix(image, np.ones(3, np.float32), 0.75),
        image,
    )
    if outlines:
        image = np.where(edges(b.layer, unit)[..., None] & ~b.object[..., None], image * 0.62, image)
        image = np.where(edges(np.where(b.object, b.part, -1), 2 * unit)[..., None], INK, image)
        image = np.where(edges(b.object.astype(np.int8), 3 * unit)[..., None], INK, image)
    return image
