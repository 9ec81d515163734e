"""How far two pictures of the same seed are from each other: in the latents, in the pixels, in structure."""

from dataclasses import dataclass

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Distance:
    """How far two renders are from each other; 0 is the same picture."""

    latent: float  # ||a - b|| / ||a||, of the finished latents
    pixel: float  # root mean square over channels, 0..1
    ssim: float  # structural similarity, 1 is the same picture


def distance(latents: tuple[np.ndarray, np.ndarray], images: tuple[Image.Image, Image.Image]) -> Distance:
    """Measure how far a second render, (4, h, w) latents and its image, is from a first."""
    (a, b), (x, y) = latents, (_pixels(image) for image in images)
    return Distance(
        latent=round(float(np.linalg.norm(a - b) / np.linalg.norm(a)), 6),
        pixel=round(float(np.sqrt(np.mean((x - y) ** 2))), 6),
        ssim=round(_ssim(x, y), 6),
    )


def _ssim(x: np.ndarray, y: np.ndarray) -> float:
    # scikit-image takes a second to import, and only this measure needs it
    from skimage.metrics import structural_similarity

    return float(structural_similarity(x, y, data_range=1.0, channel_axis=2))


def _pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"), dtype=np.float32) / 255
