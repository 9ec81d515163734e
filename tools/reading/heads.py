"""What a sentence does in its abstract, and what a question wants: small learned heads over the embedder's vectors.

Linear heads over a vector and the words beside it, made by `python -m tools.reading.training` and shipped beside this
file with their card (`CARD.md`). They belong to one embedder: with another one everything is as likely as anything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

WEIGHTS = Path(__file__).with_name("heads.safetensors")
EMBEDDER = "all-MiniLM-L6-v2"
ROLES = ("background", "objective", "method", "result", "other")
STAGES = ("input", "model", "output", "none")
WANTS = ("background", "objective", "method", "result", "resource", "detail")
"""What a question asks for: what a role tells, a link, or a detail such as abstracts seldom hold (who, when, on which
machine, under which licence)."""
BUCKETS = 4_096
"""Words and pairs of words are counted in so many buckets: which of them tell a role is learned, and listed nowhere."""
MASK = "X"
"""Stands in a question's form for what its document is called, and for what it says itself."""
PLACES = 5
"""Parts that an abstract is divided into: where a sentence stands says much about what it does there."""

_WORD = re.compile(r"[^\W_]+")
_MASKS = re.compile(rf"{MASK}(?:[\s'’-]+{MASK})+")


class Heads:
    """Three linear heads: role and stage of a sentence, want of a question."""

    def __init__(self, weights: dict[str, NDArray[np.float32]] | None) -> None:
        self._weights = weights

    def roles(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return how likely each sentence of one document plays each of ROLES, (sentences, roles), rows sum to 1.

        Args:
            texts: All sentences of the document in its order.
            vectors: Theirs, (sentences, d) unit rows.
        """
        return self._softmax("role", np.hstack([vectors, places(len(texts)), counted(texts)]), len(ROLES))

    def stages(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return how likely each sentence tells of each of STAGES, (sentences, stages), rows sum to 1."""
        return self._softmax("stage", np.hstack([vectors, counted(texts)]), len(STAGES))

    def wants(self, form: str, vector: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return how likely a question of this form wants each of WANTS, (wants,), sum 1."""
        return self._softmax("want", np.hstack([vector[None], counted([form])]), len(WANTS))[0]

    def _softmax(self, head: str, features: NDArray[np.float32], count: int) -> NDArray[np.float64]:
        if self._weights is None or not len(features):
            return np.full((len(features), count), 1 / count)
        logits = features @ self._weights[f"{head}.weight"].T + self._weights[f"{head}.bias"]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), float)


def places(count: int) -> NDArray[np.float32]:
    """Return which fifth of its document each sentence stands in, (count, PLACES)."""
    rows = np.zeros((count, PLACES), np.float32)
    for n in range(count):
        rows[n, min(PLACES - 1, n * PLACES // max(count, 1))] = 1.0
    return rows


def counted(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return which words and pairs of words each text has, hashed, (texts, BUCKETS) unit rows."""
    rows = np.zeros((len(texts), BUCKETS), np.float32)
    for n, text in enumerate(texts):
        words = ["^", *_WORD.findall(text.lower()), "$"]
        rows[n, [crc32(gram.encode()) % BUCKETS for gram in (*words, *map(" ".join, pairwise(words)))]] = 1.0
        rows[n] /= np.linalg.norm(rows[n])
    return rows


def form_of(question: str, known: Collection[str]) -> str:
    """Return a question's form: the known words masked, several in a row by one mask.

    Args:
        known: In lower case.
    """
    masked = _WORD.sub(lambda found: MASK if found[0].lower() in known else found[0], question)
    return _MASKS.sub(MASK, masked)


@lru_cache(maxsize=2)
def load_heads(embedder: str) -> Heads:
    """Return the heads for the embedder of that name."""
    if embedder != EMBEDDER:
        return Heads(None)
    from safetensors.numpy import load_file

    return Heads(load_file(WEIGHTS))


def labels_of(row: NDArray[np.float64], names: Sequence[str]) -> dict[str, float]:
    """Give a head's probabilities their names."""
    return {name: round(float(value), 4) for name, value in zip(names, row, strict=True)}
