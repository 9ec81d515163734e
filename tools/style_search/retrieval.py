"""How good a style space is: whether the nearest picture is by the same artist, and whether content leaks into it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Retrieval:
    """Of every picture as a query among all others.

    Args:
        precision: Share of queries whose nearest picture is by the same artist.
        mean_average_precision: Over each query's whole ranking.
        leak: Share of queries whose nearest picture shows the same scene by another artist.
    """

    precision: float
    mean_average_precision: float
    leak: float


def retrieval(vectors: npt.NDArray[np.floating], artists: npt.NDArray[np.integer], scenes: npt.NDArray) -> Retrieval:
    """Rank all others for every picture.

    Args:
        vectors: (N, D), each of length 1.
        artists: (N) who drew it.
        scenes: (N) what it shows.
    """
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :-1]
    right = artists[order] == artists[:, None]
    places = np.arange(1, order.shape[1] + 1)
    precisions = np.cumsum(right, axis=1) / places
    average = (precisions * right).sum(1) / np.maximum(right.sum(1), 1)
    first = order[:, 0]
    leaks = (scenes[first] == scenes) & (artists[first] != artists)
    return Retrieval(float(right[:, 0].mean()), float(average.mean()), float(leaks.mean()))
