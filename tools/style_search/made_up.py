"""Made-up styles: random changes of colour, tone, sharpness, noise and texture that turn one public style into many.

The server has few plain styles; with these it learns from its own pictures what makes two styles differ. Nothing here
knows how a hand draws: other families of change, drawn anew for every batch.

Source: data augmentation as classes, as in Dosovitskiy et al. 2014 (Exemplar CNN).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional as F

TILE_PX = 16
PLAIN_SHARE = 0.2
VARIES = 0.12
"""How far a picture deviates from its made-up style, as a share of each change."""


@dataclass(frozen=True)
class MadeUp:
    """Changes for N pictures, or for N styles.

    Args:
        mixing: (N, 3, 3) added to the identity, on the colour channels.
        offset: (N, 3) added to the colours.
        tone: (N) logarithm of the exponent on the tones.
        sharpness: (N) above 0 sharpens, below blurs.
        noise: (N) standard deviation, of 1.
        depth: (N) of the texture.
        tile: (N, TILE_PX, TILE_PX) texture, mean 0 and deviation 1.
    """

    mixing: torch.Tensor
    offset: torch.Tensor
    tone: torch.Tensor
    sharpness: torch.Tensor
    noise: torch.Tensor
    depth: torch.Tensor
    tile: torch.Tensor


def make_up(count: int, rng: torch.Generator) -> MadeUp:
    """Make up styles; PLAIN_SHARE of them change nothing."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(count, *shape, generator=rng)

    def uniform(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(count, generator=rng)

    changed = (torch.rand(count, generator=rng) > PLAIN_SHARE).float()
    return MadeUp(
        mixing=0.16 * normal(3, 3) * changed[:, None, None],
        offset=0.05 * normal(3) * changed[:, None],
        tone=0.25 * normal() * changed,
        sharpness=uniform(-1.0, 1.0) * changed,
        noise=uniform(-0.06, 0.1).clamp(min=0) * changed,
        depth=uniform(-0.12, 0.12).clamp(min=0) * changed,
        tile=_tiles(normal(TILE_PX, TILE_PX), uniform(0.5, 3.0)),
    )


def _tiles(noise: torch.Tensor, width: torch.Tensor) -> torch.Tensor:
    """Noise made smooth to different widths, on a torus, so that tiles meet."""
    frequency = torch.fft.fftfreq(TILE_PX)
    square = frequency[:, None] ** 2 + frequency[None, :] ** 2
    smooth = torch.fft.ifft2(torch.fft.fft2(noise) * torch.exp(-20 * square * width[:, None, None] ** 2 / 2)).real
    smooth = smooth - smooth.mean((1, 2), keepdim=True)
    return smooth / smooth.std((1, 2), keepdim=True)


def apply(styles: MadeUp, which: torch.Tensor, pictures: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """Redraw pictures in made-up styles.

    Args:
        which: (N) the number of each picture's style.
        pictures: (N, 3, H, W) in 0..1; H and W are multiples of TILE_PX.
        rng: Settles how each picture deviates from its style.

    Returns:
        (N, 3, H, W) in -1..1.
    """
    count = len(pictures)

    def varied(value: torch.Tensor) -> torch.Tensor:
        factor = 1 + VARIES * torch.randn(count, *(1,) * (value.dim() - 1), generator=rng)
        return value[which] * factor

    mixing, offset = varied(styles.mixing), varied(styles.offset)
    image = pictures + torch.einsum("nij,njhw->nihw", mixing, pictures) + offset[:, :, None, None]
    image = image.clamp(1e-4, 1) ** varied(styles.tone).exp()[:, None, None, None]
    blurred = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    image = image + varied(styles.sharpness)[:, None, None, None] * (image - blurred)
    rows, columns = image.shape[2] // TILE_PX, image.shape[3] // TILE_PX
    texture = styles.tile[which].repeat(1, rows, columns)[:, None]
    image = image * (1 + varied(styles.depth)[:, None, None, None] * texture)
    noise = torch.randn(count, 1, *image.shape[2:], generator=rng)
    image = image + varied(styles.noise)[:, None, None, None] * noise
    return image.clamp(0, 1) * 2 - 1
