"""What changes when a style is left out: attention alone is no explanation, a render without the style is one."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from tools.blend.results import BlendRequest, BlendResult, WeightedStyle, blend
from tools.models import ImageModel


@dataclass(frozen=True)
class Distance:
    """How far two renders are from each other; 0 is the same picture."""

    latent: float  # ||a - b|| / ||a||, of the finished latents
    pixel: float  # root mean square over channels, 0..1
    ssim: float  # structural similarity, 1 is the same picture


def leave_out_styles(request: BlendRequest, rendered: BlendResult, model: ImageModel) -> list[dict[str, Any]]:
    """Render a request again with each of its styles left out, same seed, and measure how far the image moves.

    Returns:
        One entry for each style with a share, if there are at least two: the style, and the distances.
    """
    present = [i for i, share in enumerate(request.shares) if share > 0]
    if len(present) < 2:
        return []
    without = blend([replace(request, styles=_without(request, i)) for i in present], model, trace=False)
    return [
        {"left_out": request.styles[i].text, **vars(distance_between(rendered, 0, without, index))}
        for index, i in enumerate(present)
    ]


def distance_between(first: BlendResult, i: int, second: BlendResult, j: int) -> Distance:
    """Measure how far image `j` of the second result is from image `i` of the first."""
    latents = first.arrays["latents"][i], second.arrays["latents"][j]
    return distance(latents, (first.images[i], second.images[j]))


def distance(latents: tuple[np.ndarray, np.ndarray], images: tuple[Image.Image, Image.Image]) -> Distance:
    """Measure how far a second render, (4, h, w) latents and its image, is from a first."""
    (a, b), (x, y) = latents, (_pixels(image) for image in images)
    return Distance(
        latent=round(float(np.linalg.norm(a - b) / np.linalg.norm(a)), 6),
        pixel=round(float(np.sqrt(np.mean((x - y) ** 2))), 6),
        ssim=round(_ssim(x, y), 6),
    )


def _without(request: BlendRequest, left_out: int) -> tuple[WeightedStyle, ...]:
    return tuple(
        WeightedStyle(style.text, 0.0 if i == left_out else style.weight) for i, style in enumerate(request.styles)
    )


def _ssim(x: np.ndarray, y: np.ndarray) -> float:
    # scikit-image takes a second to import, and only this measure needs it
    from skimage.metrics import structural_similarity

    return float(structural_similarity(x, y, data_range=1.0, channel_axis=2))


def _pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"), dtype=np.float32) / 255
