"""Where the attention on each phrase lay, over the rendered image: heat maps on one scale for all phrases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.ui.charts import MARKS

OVERLAY_PX = 256
HEAT_COLOURS = np.array([[36, 26, 66], [120, 62, 130], [217, 104, 92], [252, 200, 120], [255, 250, 225]], np.float64)


@dataclass(frozen=True)
class HeatMap:
    """Where a phrase's attention lay, over the image."""

    phrase: str
    overlay: Image.Image
    peak_share: float


def heat_maps(folder: Path, measurements: dict[str, Any]) -> list[HeatMap]:
    """Lay the heat maps of subject and styles over the image, all on one scale; empty where none were kept."""
    attention = (measurements.get("images") or [{}])[0].get("attention")
    arrays, picture = folder / "measurements.npz", folder / "image.png"
    if not attention or not arrays.is_file() or not picture.is_file():
        return []
    with np.load(arrays) as kept:
        if "heat_maps_0" not in kept:
            return []
        maps = kept["heat_maps_0"]  # (phrases, height, width)
    image = Image.open(picture).convert("L").resize((OVERLAY_PX, OVERLAY_PX), Image.Resampling.BICUBIC)
    shown = [n for n, phrase in enumerate(attention["phrases"]) if phrase not in (*MARKS, "other words")]
    peak = float(max(maps[n].max() for n in shown)) or 1.0
    return [HeatMap(attention["phrases"][n], _overlay(image, maps[n] / peak), peak) for n in shown]


def colour_bar() -> Image.Image:
    """The heat maps' scale, from nothing to the peak."""
    return Image.fromarray(coloured(np.linspace(0, 1, OVERLAY_PX)[None].repeat(14, 0)))


def _overlay(image: Image.Image, heat: NDArray[np.float32]) -> Image.Image:
    """Colour the image by heat (height, width) in 0..1; its own light and dark stay to be seen."""
    small = Image.fromarray((np.clip(heat, 0, 1) * 255).astype(np.uint8))
    wide = np.asarray(small.resize(image.size, Image.Resampling.BICUBIC), np.float64) / 255
    light = 0.35 + 0.65 * np.asarray(image, np.float64)[..., None] / 255
    return Image.fromarray((coloured(wide) * light).astype(np.uint8))


def coloured(heat: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Map 0..1 to colours, (..., 3)."""
    stops = np.linspace(0, 1, len(HEAT_COLOURS))
    channels = [np.interp(heat, stops, HEAT_COLOURS[:, channel]) for channel in range(3)]
    return np.stack(channels, -1).astype(np.uint8)
