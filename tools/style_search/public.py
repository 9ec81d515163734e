"""The public set as style statistics, which is all that artists and server need of it, and a head fitted to it.

It knows no pictures.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from tools.style_search.contrast import contrastive_loss
from tools.style_search.encoder import STATISTICS, WEIGHTS, EncoderUnavailable, StyleEncoder

PUBLIC = WEIGHTS.with_name("public.safetensors")
STYLES_AT_ONCE, EACH = 48, 4


@dataclass(frozen=True)
class PublicSet:
    """Public pictures.

    Args:
        statistics: (N, STATISTICS) float32.
        styles: (N) integers; the plain styles are the lowest, in the order of the studio's.
    """

    statistics: torch.Tensor
    styles: torch.Tensor


def sample_styles(public: PublicSet, count: int, each: int, rng: torch.Generator) -> torch.Tensor:
    """Places of pictures of `count` styles, at most `each` of one: (M)."""
    kinds = torch.unique(public.styles)
    chosen = kinds[torch.randperm(len(kinds), generator=rng)[:count]]
    places = []
    for kind in chosen.tolist():
        found = (public.styles == kind).nonzero().flatten()
        places.append(found[torch.randperm(len(found), generator=rng)[:each]])
    return torch.cat(places)


def fit_head(encoder: StyleEncoder, public: PublicSet, steps: int, seed: int) -> float:
    """Fit an encoder's head to the public set; returns the last loss."""
    rng = torch.Generator().manual_seed(seed)
    encoder.head.requires_grad_(True)
    optimizer = torch.optim.AdamW(encoder.head.parameters(), lr=1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    loss = torch.zeros(())
    for _ in range(steps):
        places = sample_styles(public, STYLES_AT_ONCE, EACH, rng)
        loss = contrastive_loss(encoder.project(public.statistics[places]), public.styles[places])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    encoder.head.requires_grad_(False)
    return float(loss.detach())


def save_public(public: PublicSet, path: Path) -> None:
    save_file(
        {"statistics": public.statistics.to(torch.float16).contiguous(), "styles": public.styles.to(torch.int16)}, path
    )


@functools.lru_cache(maxsize=2)
def load_public(path: Path = PUBLIC) -> PublicSet:
    """The packaged public set.

    Raises:
        EncoderUnavailable: It is not there, or damaged.
    """
    try:
        held = load_file(path)
        public = PublicSet(held["statistics"].float(), held["styles"].long())
    except (OSError, KeyError, SafetensorError) as error:
        raise EncoderUnavailable(f"{path} cannot be used; `make train-style` makes it") from error
    if public.statistics.shape != (len(public.styles), STATISTICS):
        raise EncoderUnavailable(f"{path} is of another encoder; `make train-style` makes it")
    return public
