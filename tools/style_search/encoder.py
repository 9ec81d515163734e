"""The style encoder: a picture to its style statistics, and those to a vector of length 1 whose neighbours look alike.

The statistics are channel means and deviations at five depths, so they say how a picture looks and little of where
things are. It knows nothing of artists or of training.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

WEIGHTS = Path(__file__).parent / "weights" / "encoder.safetensors"
CHANNELS = (24, 48, 80, 112)
STRIDES = (2, 2, 2, 1)
STATISTICS = 2 * (3 + sum(CHANNELS))
"""534: a mean and a deviation for each channel of the pixels and of each block."""
HIDDEN, VECTOR = 256, 64
SIDE_PX, CROP_PX = 128, 64
GROUPS = 8
BATCH = 32
CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))

Vectors = npt.NDArray[np.float32]


class EncoderUnavailable(ValueError):
    """There is no such encoder, or it is damaged; one line says what to do."""


class StyleHead(nn.Module):
    """Makes a vector of style statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Linear(STATISTICS, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, VECTOR))

    def project(self, statistics: torch.Tensor) -> torch.Tensor:
        """(N, STATISTICS) to (N, VECTOR), each of length 1."""
        return F.normalize(self.head(statistics), dim=-1)


class StyleEncoder(StyleHead):
    """A trunk whose statistics are the style, and a head that makes a vector of them.

    The trunk is learned from public pictures and stays; the head is what artists and server agree on.
    """

    def __init__(self) -> None:
        super().__init__()
        before, blocks = 3, []
        for level, (width, stride) in enumerate(zip(CHANNELS, STRIDES, strict=True)):
            side = 5 if level == 0 else 3
            blocks.append(
                nn.Sequential(
                    nn.Conv2d(before, width, side, stride, side // 2, bias=False),
                    nn.GroupNorm(GROUPS, width),
                    nn.SiLU(),
                    nn.Conv2d(width, width, 3, padding=1, bias=False),
                    nn.GroupNorm(GROUPS, width),
                    nn.SiLU(),
                )
            )
            before = width
        self.blocks = nn.ModuleList(blocks)
        self.register_buffer("centre", torch.zeros(STATISTICS))
        self.register_buffer("spread", torch.ones(STATISTICS))

    def raw_statistics(self, signal: torch.Tensor) -> torch.Tensor:
        """(N, 3, H, W) in -1..1 to (N, STATISTICS)."""
        found = [*_moments(signal)]
        for block in self.blocks:
            signal = block(signal)
            found += _moments(signal)
        return torch.cat(found, dim=1)

    def statistics(self, signal: torch.Tensor) -> torch.Tensor:
        """The same, on the scale that public pictures have: mean 0 and deviation 1."""
        return (self.raw_statistics(signal) - self.centre) / self.spread

    @property
    def digest(self) -> str:
        """SHA-256 of what statistics depend on: all but the head. Those of another trunk mean nothing to this one."""
        state = {name: value for name, value in self.state_dict().items() if not name.startswith("head.")}
        return hashlib.sha256(
            b"".join(state[name].detach().to(torch.float16).cpu().numpy().tobytes() for name in sorted(state))
        ).hexdigest()


def _moments(maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    variance, mean = torch.var_mean(maps.float(), dim=(2, 3), correction=0)
    return mean, (variance + 1e-5).sqrt()


def crops_of(picture: Image.Image) -> npt.NDArray[np.uint8]:
    """Five crops of a picture made SIDE_PX on its shorter side, its corners and middle: (5, CROP_PX, CROP_PX, 3)."""
    picture = picture.convert("RGB")
    scale = SIDE_PX / min(picture.size)
    if scale != 1:
        size = [max(SIDE_PX, round(side * scale)) for side in picture.size]
        picture = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS, reducing_gap=3)
    pixels = np.asarray(picture)
    down, right = pixels.shape[0] - CROP_PX, pixels.shape[1] - CROP_PX
    places = [(y * down, x * right) for y, x in CORNERS] + [(down // 2, right // 2)]
    return np.stack([pixels[top : top + CROP_PX, left : left + CROP_PX] for top, left in places])


@torch.no_grad()
def statistics_of(encoder: StyleEncoder, pictures: Sequence[Image.Image] | npt.NDArray[np.uint8]) -> torch.Tensor:
    """The style statistics of pictures, the mean over each one's five crops: (N, STATISTICS) float32."""
    parts = []
    for start in range(0, len(pictures), BATCH):
        batch = pictures[start : start + BATCH]
        crops = np.concatenate([crops_of(p if isinstance(p, Image.Image) else Image.fromarray(p)) for p in batch])
        signal = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 127.5 - 1
        found = encoder.statistics(signal)
        parts.append(found.view(len(batch), 5, STATISTICS).mean(1))
    return torch.cat(parts) if parts else torch.zeros(0, STATISTICS)


@torch.no_grad()
def vectors_of(encoder: StyleEncoder, pictures: Sequence[Image.Image] | npt.NDArray[np.uint8]) -> Vectors:
    """The style vectors of pictures, (N, VECTOR) float32, each of length 1."""
    return np.asarray(encoder.project(statistics_of(encoder, pictures)).numpy(), np.float32)


def save_encoder(encoder: StyleEncoder, path: Path) -> None:
    """Write an encoder in half precision."""
    state = {name: value.detach().cpu().to(torch.float16).contiguous() for name, value in encoder.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".draft")
    save_file(state, draft, metadata={"kind": "style encoder"})
    draft.replace(path)


@functools.lru_cache(maxsize=4)
def load_encoder(path: Path = WEIGHTS) -> StyleEncoder:
    """The trained encoder, float32, on the CPU.

    Raises:
        EncoderUnavailable: There is none, or it is not one.
    """
    encoder = StyleEncoder()
    try:
        state = load_file(path)
        encoder.load_state_dict({name: value.float() for name, value in state.items()})
    except FileNotFoundError as error:
        raise EncoderUnavailable(f"no style encoder at {path}: `make train-style` makes one") from error
    except (OSError, RuntimeError, SafetensorError) as error:
        raise EncoderUnavailable(f"{path} holds no style encoder; `make train-style` makes one") from error
    if not all(bool(torch.isfinite(value).all()) for value in encoder.state_dict().values()):
        raise EncoderUnavailable(f"{path} is damaged: it holds values that are no numbers")
    return encoder.eval().requires_grad_(False)
