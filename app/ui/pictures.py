"""Pictures as addresses that a component can show: a file as it is, a sheet of steps made small, a heat map laid over.

They travel inside the page: a file of the media folder would be gone before a slow browser fetched it.
"""

from __future__ import annotations

import base64
import io
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.conversation.render_queue import JOB_ID
from app.ui.heat_maps import coloured

SHEET_QUALITY = 88
HEAT_PX = 192
HEAT_ALPHA = 0.85


def picture_of(renders: Path, run_id: str) -> Path | None:
    """The picture of a run; None where it has none, and for what is no run's id: a browser may send any text as one."""
    if not JOB_ID.fullmatch(run_id):
        return None
    picture = renders / run_id / "image.png"
    return picture if picture.is_file() else None


def picture_url(path: Path) -> str:
    """A PNG as it is, to the bit."""
    return _picture_url(path, path.stat().st_mtime_ns)


def sheet_url(path: Path) -> str:
    """A sheet of steps as WebP: a twentieth of its PNG, and shown for a moment each."""
    return _sheet_url(path, path.stat().st_mtime_ns)


def webp_url(pixels: NDArray[np.uint8]) -> str:
    """A small picture, (height, width, 3), as WebP."""
    return _encoded(Image.fromarray(pixels), "WEBP", quality=SHEET_QUALITY)


def heat_url(heat: NDArray[np.floating[Any]]) -> str:
    """A heat map in 0..1, (height, width), as a see-through picture: the more heat, the less is seen through it."""
    small = Image.fromarray((np.clip(heat, 0, 1) * 255).astype(np.uint8))
    wide = np.asarray(small.resize((HEAT_PX, HEAT_PX), Image.Resampling.BICUBIC), np.float64) / 255
    alpha = (wide**0.8 * HEAT_ALPHA * 255).astype(np.uint8)
    return _encoded(Image.fromarray(np.dstack([coloured(wide), alpha]), "RGBA"), "PNG")


@lru_cache(maxsize=256)
def _picture_url(path: Path, changed: int) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


@lru_cache(maxsize=64)
def _sheet_url(path: Path, changed: int) -> str:
    return _encoded(Image.open(path).convert("RGB"), "WEBP", quality=SHEET_QUALITY)


def _encoded(image: Image.Image, kind: str, **options: int) -> str:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return f"data:image/{kind.lower()};base64," + base64.b64encode(file.getvalue()).decode()
