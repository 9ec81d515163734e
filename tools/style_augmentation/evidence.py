"""Where a classifier's answer comes from: its logit as a sum over the cells of its last map, and how styles move that.

The classifiers' heads read mean and maximum of an 8 x 8 map, so the logit falls apart exactly: each cell gives its part
of the mean, and the cell that holds a channel's maximum gives that too. It knows nothing about how a picture was
restyled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

Map = npt.NDArray[np.float64]


@torch.no_grad()
def evidence(head: nn.Linear, features: torch.Tensor, answer: int) -> torch.Tensor:
    """A logit's parts by cell: they and the head's bias sum to the logit.

    Args:
        head: Reads (N, 2 C): the mean over the cells of each channel, then the maximum.
        features: (N, C, h, w), the last map.
        answer: Whose logit.

    Returns:
        (N, h, w), in logits; the first of several equal maxima counts.
    """
    channels = features.shape[1]
    of_mean, of_max = head.weight[answer, :channels], head.weight[answer, channels:]
    flat = features.flatten(2)  # (N, C, cells)
    cells = flat.shape[2]
    parts = torch.einsum("c,ncx->nx", of_mean, flat) / cells
    peak, where = flat.max(dim=2)  # (N, C)
    parts = parts.scatter_add(1, where, of_max * peak)
    return parts.view(len(features), *features.shape[2:])


def heat(parts: Map) -> Map:
    """What speaks for an answer, (..., h, w) in 0..1: positive evidence over its own peak; 0 where nothing does."""
    positive = np.clip(parts, 0, None)
    peak = positive.max(axis=(-2, -1), keepdims=True)
    return np.divide(positive, peak, out=np.zeros_like(positive), where=peak > 0)


def share_within(parts: Map, mask: Map) -> float | None:
    """The share of the positive evidence (h, w) that lies in a mask.

    Args:
        mask: (h, w), the share of each cell that is within, 0..1.

    Returns:
        0..1; None where nothing speaks for the answer.
    """
    positive = np.clip(parts, 0, None)
    total = float(positive.sum())
    return float((positive * mask).sum()) / total if total > 0 else None


@dataclass(frozen=True)
class Sensitivity:
    """How much each cell's weighted evidence moves when the style does: (h, w) each, in 0..1."""

    shift: Map  # (E[p H] - p0 H0)^2: where it lies elsewhere, on the average
    spread: Map  # Var(p H): where it depends on the style

    @property
    def total(self) -> Map:
        """WSAM: E[(p H - p0 H0)^2]."""
        return self.shift + self.spread


def sensitivity(weighted: Map, original: Map) -> Sensitivity:
    """Compare weighted evidence under several styles with that of the picture itself.

    Args:
        weighted: (n, h, w), p H of each restyled picture: the probability of the first answer times its `heat`.
        original: (h, w), p0 H0.

    Source: the corpus names "an analysis of the model interpretations under different style variations" and no formula;
        the authors' code has the square of the mean difference, which is `shift` alone.
    """
    difference = np.sort(weighted - original, axis=0)  # sorted: sums do not depend on the order of the styles
    mean = difference.mean(0)
    return Sensitivity(mean**2, np.mean((difference - mean) ** 2, axis=0))
