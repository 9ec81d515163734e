"""Draw the scenes that the embedded image model learns from: one geometry, every style.

A scene is an object of one colour in a setting, or two of them beside each other. Its geometry (depth, normals,
albedo, object mask, cast shadow) is ray-cast once by `buffers.py`; each style is a function of those buffers and of
nothing else, so style is the only thing that differs between two drawings of one scene. Nothing here knows about
training or diffusion.

Texture that is meant to survive an autoencoder with 8-px cells (hatching, paper, brush strokes, pixel blocks) is
locked to that 8-px stride.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tools.studio.buffers import build_buffers
from tools.studio.geometry import PICTURE_PX, SIZE_PX, SUPERSAMPLE, Buffers, Scene
from tools.studio.styles import DRAW
from tools.studio.vocabulary import BASIC, COLOURS, DRAWN, OBJECTS, SETTINGS, STYLES, sample_scene

__all__ = [
    "BASIC",
    "COLOURS",
    "OBJECTS",
    "PICTURE_PX",
    "SETTINGS",
    "SIZE_PX",
    "STYLES",
    "Scene",
    "draw",
    "draw_styles",
    "sample_scene",
]


def _render(b: Buffers, scene: Scene, style: str) -> np.ndarray:
    rng = np.random.default_rng((scene.seed, DRAWN.styles.index(style)))
    return (np.clip(DRAW[style](b, rng), 0, 1) * 255 + 0.5).astype(np.uint8)


def draw(scene: Scene, style: str, size_px: int = SIZE_PX) -> np.ndarray:
    """Draw one scene in one style.

    Returns:
        (size_px, size_px, 3) uint8, sRGB.

    Raises:
        KeyError: `style` is not one of `DRAWN.styles`.
    """
    if style not in DRAW:
        raise KeyError(style)
    return _render(build_buffers(scene, size_px * SUPERSAMPLE), scene, style)


def draw_styles(scene: Scene, size_px: int = SIZE_PX, styles: Sequence[str] = STYLES) -> np.ndarray:
    """Draw one scene in several styles from one geometry.

    Returns:
        (len(styles), size_px, size_px, 3) uint8, sRGB, in the order of `styles`.
    """
    buffers = build_buffers(scene, size_px * SUPERSAMPLE)
    return np.stack([_render(buffers, scene, style) for style in styles])
