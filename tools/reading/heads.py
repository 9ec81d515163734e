"""What a sentence does in its abstract, and what a question wants: small learned heads over the embedder's vectors.

Linear heads, made by `python -m tools.reading.training` and shipped beside this file with their card (`CARD.md`). They
read vectors and places, no words, and belong to one embedder: with another one everything is as likely as anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WEIGHTS = Path(__file__).with_name("heads.safetensors")
EMBEDDER = "all-MiniLM-L6-v2"
ROLES = ("background", "objective", "method", "result", "other")
STAGES = ("input", "model", "output", "none")
WANTS = ("background", "objective", "method", "result", "resource", "detail")
"""What a question asks for: what a role tells, a link, or a detail such as abstracts seldom hold (who, when, on which
machine, under which licence)."""
PLACES = 5
"""Parts that an abstract is divided into: where a sentence stands says much about what it does there."""


class Heads:
    """Three linear heads: role and stage of a sentence, want of a question."""

    def __init__(self, weights: dict[str, NDArray[np.float32]] | None) -> None:
        self._weights = weights

    def roles(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return how likely each sentence of one document plays each of ROLES, (sentences, roles), rows sum to 1.

        Args:
            vectors: All sentences of the document in its order, (sentences, d) unit rows.
        """
        return self._softmax("role", in_context(vectors), len(ROLES))

    def stages(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return how likely each sentence tells of each of STAGES, (sentences, stages), rows sum to 1."""
        return self._softmax("stage", vectors, len(STAGES))

    def wants(self, vector: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return how likely a question wants each of WANTS, (wants,), sum 1."""
        return self._softmax("want", vector[None], len(WANTS))[0]

    def _softmax(self, head: str, features: NDArray[np.float32], count: int) -> NDArray[np.float64]:
        if self._weights is None:
            return np.full((len(features), count), 1 / count)
        logits = features @ self._weights[f"{head}.weight"].T + self._weights[f"{head}.bias"]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), float)


def in_context(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put beside each sentence's vector where it stands: (sentences, d + PLACES)."""
    count = len(vectors)
    places = np.zeros((count, PLACES), np.float32)
    for n in range(count):
        places[n, min(PLACES - 1, n * PLACES // max(count, 1))] = 1.0
    return np.hstack([vectors, places])


@lru_cache(maxsize=2)
def load_heads(embedder: str) -> Heads:
    """Return the heads for the embedder of that name."""
    if embedder != EMBEDDER:
        return Heads(None)
    from safetensors.numpy import load_file

    return Heads(load_file(WEIGHTS))


def labels_of(row: Sequence[float], names: Sequence[str]) -> dict[str, float]:
    """Give a head's probabilities their names."""
    return {name: round(float(value), 4) for name, value in zip(names, row, strict=True)}
