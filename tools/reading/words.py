"""The words of a question: how rare each is, which documents hold it, and which passages hold it or its neighbour.

Knows the index; knows no ranking and no decision.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Document
from ingest.names import spans_of
from ingest.passages import Passage
from ingest.queries import IndexQueries
from ingest.words import BACKGROUND_DOCUMENTS, background_frequency, content_words

MAX_WORDS = 24
"""The rarest words of a long question; each is a lookup."""

MAX_KEPT_WORDS = 20_000
"""Word vectors kept in memory, 1.5 KB each."""


@dataclass(frozen=True)
class Term:
    """A content word of the question."""

    word: str
    rarity: float  # in the corpus and in English at large, 0..about 7
    near: float  # 1 where the corpus holds the word in any form, else the cosine of its nearest word there
    is_name: bool = False  # it stands in the name of a document that the question names


@dataclass(frozen=True)
class Terms:
    """The content words of a question, each with its rarity and with the documents that hold it."""

    words: tuple[str, ...]
    rarity: NDArray[np.float64]  # (words,)
    weights: tuple[dict[str, float], ...]  # per word: document id -> BM25 term weight
    neighbours: NDArray[np.float64]  # (words,) 1 where the corpus holds the word, else cosine of its nearest word

    def cover(self, held: Sequence[float] | NDArray[np.float64]) -> float:
        """Return the share of the question's words, weighed by rarity, that are held, 0..1; held is 0..1 per word."""
        return float(self.rarity @ np.array(held, float) / self.rarity.sum()) if self.words else 0.0

    def held_by(self, document_id: str) -> list[str]:
        """Return the words that a document holds in any of their forms."""
        return [word for word, weights in zip(self.words, self.weights, strict=True) if document_id in weights]

    def told(self, asked: str, named: Sequence[Document]) -> tuple[Term, ...]:
        """Return the words as they are handed on, those that only name a document marked."""
        names = {word for d in named for start, end in spans_of(asked, d) for word in content_words(asked[start:end])}
        return tuple(
            Term(word, float(rarity), float(near), word.partition("'")[0] in names)
            for word, rarity, near in zip(self.words, self.rarity, self.neighbours, strict=True)
        )


class WordReader:
    """Reads the words of questions against one index."""

    def __init__(self, index: IndexQueries) -> None:
        self.index = index
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def read(self, asked: str, count: int) -> tuple[NDArray[np.float32], Terms]:
        """Return a question's vector and its words.

        Args:
            asked: The question.
            count: How many documents there are.
        """
        words = sorted(content_words(asked), key=background_frequency)[:MAX_WORDS]
        weights = tuple(self.index.match_documents(word) for word in words)
        held = np.array([len(found) for found in weights]) + np.array([background_frequency(word) for word in words])
        rarity = np.log1p((count + BACKGROUND_DOCUMENTS - held + 0.5).clip(0.5) / (held + 0.5))
        if len(self._vectors) > MAX_KEPT_WORDS:
            self._vectors.clear()
        self._vectors_of(words)
        new = [word for word in words if word not in self._vectors]
        vector, *rows = self.index.embedder.encode([asked, *new])  # in one call: most of its time is the call's
        self._vectors.update(zip(new, rows, strict=True))
        strange = [word for word, found in zip(words, weights, strict=True) if not found]
        nearest = self.index.nearest_words(np.array([self._vectors[word] for word in strange], np.float32))
        cosines = {word: max(cosine, 0.0) for word, (_, cosine) in zip(strange, nearest, strict=True)}
        neighbours = np.array([cosines.get(word, 1.0) for word in words], float)
        return vector, Terms(tuple(words), rarity, weights, neighbours)

    def held(self, terms: Terms, passages: Collection[Passage]) -> dict[Passage, NDArray[np.float64]]:
        """Return, for each passage, 1 per word that it holds in any of its forms and 0 per word that it does not."""
        having = [
            self.index.holding(word, passages) if found else set()
            for word, found in zip(terms.words, terms.weights, strict=True)
        ]
        return {p: np.array([p in of_word for of_word in having], float) for p in passages}

    def softly_held(
        self, terms: Terms, held: Mapping[Passage, NDArray[np.float64]]
    ) -> dict[Passage, NDArray[np.float64]]:
        """Put the cosine of the passage's nearest word in the place of each 0."""
        texts = {p: content_words(p.searched) for p in held}
        known = self._vectors_of(list(dict.fromkeys((*(w for words in texts.values() for w in words), *terms.words))))
        places = {word: n for n, word in enumerate(known)}
        if not places or not terms.words:
            return dict(held)
        asked = np.array([known.get(word, np.zeros(self.index.embedder.dimension)) for word in terms.words])
        cosines = np.clip(asked @ np.array(list(known.values())).T, 0.0, 1.0)
        soft = {}
        for p, exact in held.items():
            columns = [places[word] for word in texts[p] if word in places]
            nearest = cosines[:, columns].max(axis=1) if columns else np.zeros(len(terms.words))
            soft[p] = np.maximum(exact, nearest)
        return soft

    def _vectors_of(self, words: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors of words that the corpus holds, or that were asked about."""
        new = [word for word in words if word not in self._vectors]
        if new:
            self._vectors.update(self.index.word_vectors(new))
        return {word: self._vectors[word] for word in words if word in self._vectors}
