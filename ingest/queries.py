"""What an index can be asked: what it holds, and what lies nearest to a vector or holds a word.

Nothing here changes it; `index.py` does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.dense import DenseIndex
from ingest.documents import Document
from ingest.lexical import LexicalIndex, passage_key
from ingest.passages import Passage
from ingest.refusals import explained
from ingest.vector_store import DOCUMENTS, PASSAGES, WORDS
from ingest.vectors import Embedder

DOCUMENTS_FILE = "documents.sqlite"
BACKGROUND = Path(__file__).with_name("background.txt")


class IndexQueries:
    """The side of an index that answers."""

    home: Path
    embedder: Embedder
    lexical: LexicalIndex
    dense: DenseIndex

    def __len__(self) -> int:
        """Return the number of documents."""
        return len(self.lexical)

    @property
    def is_begun(self) -> bool:
        """Whether a run has come to where what it indexed can be searched."""
        return len(self) > 0 and (isinstance(self.dense.place, str) or self.lexical.fact("vectors") is not None)

    def documents(self) -> list[Document]:
        """Return all documents, in the order in which they were first indexed."""
        return self.lexical.documents()

    def document(self, document_id: str) -> Document:
        """Return one document; KeyError where there is none of that id."""
        return self.lexical.document(document_id)

    def passages(self, document_id: str) -> list[Passage]:
        """Return the passages of a document, in their order."""
        return self.lexical.passages(document_id)

    @property
    def revision(self) -> int:
        """A number that grows with every change: what was computed from the index is stale when it differs."""
        return self.lexical.revision

    # Queries

    def nearest_documents(self, vector: NDArray[np.float32], count: int) -> list[tuple[str, float]]:
        """Return (document id, cosine) of the nearest documents, best first."""
        (found,) = self._nearest(DOCUMENTS, vector[None], count)
        known = self.lexical.known_ids([i for i, _ in found])
        return [(i, cosine) for i, cosine in found if i in known]

    def nearest_passages(
        self, vector: NDArray[np.float32], count: int, among: Sequence[str] = ()
    ) -> list[tuple[Passage, float]]:
        """Return (passage, cosine) of the nearest passages, best first.

        Args:
            among: Ids of the documents to look into; none means all.
        """
        (found,) = self._nearest(PASSAGES, vector[None], count, among)
        known = self.lexical.passages_at([key for key, _ in found])
        return [(known[key], cosine) for key, cosine in found if key in known]

    def nearest_words(self, vectors: NDArray[np.float32]) -> list[tuple[str, float]]:
        """Return, for each vector, (word, cosine) of the nearest word that the corpus holds."""
        found = self._nearest(WORDS, vectors, 3)
        known = self.lexical.known_words([word for words in found for word, _ in words])
        return [next(((w, cosine) for w, cosine in words if w in known), ("", 0.0)) for words in found]

    def match_documents(self, word: str) -> dict[str, float]:
        """Return BM25's term weight, without its rarity, in each document that holds the word in any of its forms."""
        return self.lexical.match_documents(word)

    def holding(self, word: str, passages: Collection[Passage]) -> set[Passage]:
        """Return those of the passages that hold the word in any of its forms."""
        return self.lexical.holding(word, passages)

    def sample(self, documents: int, passages: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vectors of so many documents and passages, the same ones each time; all, where there are fewer."""
        ids, keys = self.lexical.sample(documents, passages)
        with explained(self.home):
            found = [self.dense.vectors(DOCUMENTS, ids), self.dense.vectors(PASSAGES, keys)]
        empty = np.zeros((0, self.embedder.dimension), np.float32)
        first, second = (np.array(list(vectors.values()), np.float32) if vectors else empty for vectors in found)
        return first, second

    def passage_vectors(self, passages: Sequence[Passage]) -> dict[Passage, NDArray[np.float32]]:
        """Return the vectors of these passages, (d,) float32 each."""
        with explained(self.home):
            found = self.dense.vectors(PASSAGES, [passage_key(p) for p in passages])
        return {p: found[key] for p in passages if (key := passage_key(p)) in found}

    def word_vectors(self, words: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors of those of the words that the corpus holds, (d,) float32 each."""
        with explained(self.home):
            return self.dense.vectors(WORDS, words)

    @property
    def background(self) -> NDArray[np.float32]:
        """The vectors of the sentences about everything in ``background.txt``, (100, d) float32."""
        return np.frombuffer(self.lexical.matrix("background"), np.float32).reshape(-1, self.embedder.dimension)

    def _nearest(
        self, kind: int, vectors: NDArray[np.float32], count: int, among: Sequence[str] = ()
    ) -> list[list[tuple[str, float]]]:
        if not len(vectors) or not len(self):
            return [[] for _ in vectors]
        with explained(self.home):
            return self.dense.nearest(kind, vectors, count, among)
