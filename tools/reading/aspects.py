"""Which aspect of a document a question asks after, and which one a heading announces: one small learned head for both.

"What is it bad at?" and "Known issues" have hardly a word in common and ask for the same. The head is linear over the
embedder's vectors, made by `python -m tools.reading.training` from `aspects.jsonl`, and shipped beside this file. It
belongs to one embedder; with another one headings count by their likeness alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.passages import Passage
from ingest.vectors import Embedder
from tools.reading.heads import EMBEDDER, labels_of

ASPECTS = (
    "use",
    "limits",
    "data",
    "procedure",
    "evaluation",
    "licence",
    "languages",
    "intended",
    "overview",
    "method",
    "citation",
    "people",
    "requirements",
    "news",
)
WEIGHTS = Path(__file__).with_name("aspects.safetensors")
MAX_KEPT_HEADINGS = 20_000
ANSWERS = 0.5
"""How well a heading must answer for what stands below it to be read by itself."""
MAX_READ_AGAIN = 32
LIKE = (0.35, 0.85)
"""Cosines of question and heading that count as nothing and as all."""

_NUMBER = re.compile(r"\A\W*(?:(?:\d{1,3}|[IVX]{1,5})(?:\.\d{1,3}){0,4}[.:)]?\s+)?\W*")
_PARTS = re.compile(r"\s*(?:[,&/;:|()]|\band\b|\bor\b)\s*")


class AspectReader:
    """Reads questions and headings."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._read: dict[str, tuple[NDArray[np.float32], NDArray[np.float64]]] = {}
        self._weights: dict[str, NDArray[np.float32]] = {}
        if embedder.name == EMBEDDER:
            from safetensors.numpy import load_file

            self._weights = load_file(WEIGHTS)

    def asked(self, question: str) -> dict[str, float]:
        """Return how likely a question asks after each of ASPECTS; 0 for all where that is not known."""
        ((_, aspects),) = self._of([question])
        return labels_of(aspects, ASPECTS)

    def match(self, question: str, passages: Sequence[Passage]) -> dict[Passage, float]:
        """Return how well what each passage stands below answers to a question, 0..1.

        Args:
            question: Without the names of documents, which no heading has to repeat.
            passages: Of any documents.
        """
        named = {p: headings_of(p) for p in passages}
        texts = list(dict.fromkeys(text for headings in named.values() for text in headings))
        if not texts:
            return dict.fromkeys(passages, 0.0)
        (vector, aspects), *read = self._of([question, *texts])
        low, high = LIKE
        scores = {
            text: max(float(np.clip((v @ vector - low) / (high - low), 0.0, 1.0)), float(a @ aspects))
            for text, (v, a) in zip(texts, read, strict=True)
        }
        return {p: max((scores[text] for text in headings), default=0.0) for p, headings in named.items()}

    def said(
        self, question: str, vectors: Mapping[Passage, NDArray[np.float32]], headings: Mapping[Passage, float]
    ) -> dict[Passage, float]:
        """Return how likely what each passage says is of the aspect that a question asks after, 0..1.

        Args:
            vectors: The passages' own, (d,) each, which hold their headings too.
            headings: From `match`; what stands below one that answers is read again without it.
        """
        ((_, aspects),) = self._of([question])
        if not vectors:
            return {}
        found = aspects_of(self._weights, np.array(list(vectors.values()), np.float32)) @ aspects
        told = dict(zip(vectors, map(float, found), strict=True))
        below = sorted((p for p in vectors if p.path and headings.get(p, 0.0) >= ANSWERS), key=lambda p: -headings[p])
        told.update(dict.fromkeys(below, 0.0))  # of a long section, what opens it is read
        below = below[:MAX_READ_AGAIN]
        told.update((p, float(a @ aspects)) for p, (_, a) in zip(below, self._of([p.text for p in below]), strict=True))
        return told

    def _of(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float32], NDArray[np.float64]]]:
        if len(self._read) > MAX_KEPT_HEADINGS:
            self._read.clear()
        new = [text for text in texts if text not in self._read]
        vectors = self._embedder.encode(new)
        self._read.update(zip(new, zip(vectors, aspects_of(self._weights, vectors), strict=True), strict=True))
        return [self._read[text] for text in texts]


def headings_of(passage: Passage) -> tuple[str, ...]:
    """Return what a passage stands below, each heading whole and in its parts; of a fact, what it is called."""
    if passage.kind == "fact":
        return (passage.text.partition(":")[0],)
    plain = [_NUMBER.sub("", heading) for heading in passage.path]
    return tuple(dict.fromkeys(text for heading in plain for text in (heading, *_PARTS.split(heading)) if text))


def aspects_of(weights: Mapping[str, NDArray[np.float32]], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how likely each text is of each of ASPECTS, (texts, aspects); zeros without weights."""
    if not weights or not len(vectors):
        return np.zeros((len(vectors), len(ASPECTS)))
    logits = vectors @ weights["aspect.weight"].T + weights["aspect.bias"]
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), float)
