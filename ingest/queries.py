"""What an index can be asked: what it holds, and what lies nearest to a vector or holds a word.

`IndexQueries` says the questions, whatever answers them; `StoredQueries` answers them from one home, `joined.py` from
several. Nothing here changes an index; `index.py` does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
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
Vectors = list[tuple[str, NDArray[np.float32]]]
"""(what it was drawn by, (d,) float32) of each."""


class IndexQueries(ABC):
    """The side of an index that answers."""

    home: Path
    embedder: Embedder

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of documents."""

    @property
    @abstractmethod
    def is_begun(self) -> bool:
        """Whether a run has come to where what it indexed can be searched."""

    @abstractmethod
    def documents(self) -> list[Document]:
        """Return all documents, in the order in which they were first indexed."""

    @abstractmethod
    def document(self, document_id: str) -> Document:
        """Return one document; KeyError where there is none of that id."""

    @abstractmethod
    def meant(self, document_id: str) -> list[Document]:
        """Return what an id stands for, and what else it may have stood for when it was cited; none where nothing."""

    @abstractmethod
    def passages(self, document_id: str) -> list[Passage]:
        """Return the passages of a document, in their order."""

    @property
    @abstractmethod
    def revision(self) -> int:
        """A number that grows with every change: what was computed from the index is stale when it differs."""

    @abstractmethod
    def nearest_documents(self, vector: NDArray[np.float32], count: int) -> list[tuple[str, float]]:
        """Return (document id, cosine) of the nearest documents, best first."""

    @abstractmethod
    def nearest_passages(
        self, vector: NDArray[np.float32], count: int, among: Sequence[str] = ()
    ) -> list[tuple[Passage, float]]:
        """Return (passage, cosine) of the nearest passages, best first.

        Args:
            among: Ids of the documents to look into; none means all.
        """

    @abstractmethod
    def nearest_words(self, vectors: NDArray[np.float32]) -> list[tuple[str, float]]:
        """Return, for each vector, (word, cosine) of the nearest word that the corpus holds."""

    @abstractmethod
    def match_documents(self, word: str) -> dict[str, float]:
        """Return BM25's term weight, without its rarity, in each document that holds the word in any of its forms."""

    @abstractmethod
    def holding(self, word: str, passages: Collection[Passage]) -> set[Passage]:
        """Return those of the passages that hold the word in any of its forms."""

    @abstractmethod
    def sample(self, documents: int, passages: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vectors of so many documents and passages, the same ones each time; all, where there are fewer."""

    @abstractmethod
    def passage_vectors(self, passages: Sequence[Passage]) -> dict[Passage, NDArray[np.float32]]:
        """Return the vectors of these passages, (d,) float32 each."""

    @abstractmethod
    def word_vectors(self, words: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors of those of the words that the corpus holds, (d,) float32 each."""

    @property
    @abstractmethod
    def background(self) -> NDArray[np.float32]:
        """The vectors of the sentences about everything in ``background.txt``, (100, d) float32."""


class StoredQueries(IndexQueries):
    """The answers of one home's index."""

    lexical: LexicalIndex
    dense: DenseIndex

    def __len__(self) -> int:
        return len(self.lexical)

    @property
    def is_begun(self) -> bool:
        return len(self) > 0 and (isinstance(self.dense.place, str) or self.lexical.fact("vectors") is not None)

    def documents(self) -> list[Document]:
        return self.lexical.documents()

    def document(self, document_id: str) -> Document:
        return self.lexical.document(document_id)

    def meant(self, document_id: str) -> list[Document]:
        try:
            return [self.document(document_id)]
        except KeyError:
            return []

    def passages(self, document_id: str) -> list[Passage]:
        return self.lexical.passages(document_id)

    @property
    def revision(self) -> int:
        return self.lexical.revision

    def nearest_documents(self, vector: NDArray[np.float32], count: int) -> list[tuple[str, float]]:
        (found,) = self._nearest(DOCUMENTS, vector[None], count)
        known = self.lexical.known_ids([i for i, _ in found])
        return [(i, cosine) for i, cosine in found if i in known]

    def nearest_passages(
        self, vector: NDArray[np.float32], count: int, among: Sequence[str] = ()
    ) -> list[tuple[Passage, float]]:
        (found,) = self._nearest(PASSAGES, vector[None], count, among)
        known = self.lexical.passages_at([key for key, _ in found])
        return [(known[key], cosine) for key, cosine in found if key in known]

    def nearest_words(self, vectors: NDArray[np.float32]) -> list[tuple[str, float]]:
        found = self._nearest(WORDS, vectors, 3)
        known = self.lexical.known_words([word for words in found for word, _ in words])
        return [next(((w, cosine) for w, cosine in words if w in known), ("", 0.0)) for words in found]

    def match_documents(self, word: str) -> dict[str, float]:
        return self.lexical.match_documents(word)

    def holding(self, word: str, passages: Collection[Passage]) -> set[Passage]:
        return self.lexical.holding(word, passages)

    def sample(self, documents: int, passages: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        first, second = (stacked(drawn, self.embedder) for drawn in self.draw(documents, passages))
        return first, second

    def draw(self, documents: int, passages: int, without: Collection[str] = ()) -> tuple[Vectors, Vectors]:
        """Return what `sample` does, with what each was drawn by.

        Args:
            without: Ids of documents that are left out.
        """
        drawn = self.lexical.sample(documents, passages, without)
        with explained(self.home):
            found = [
                self.dense.vectors(kind, [name for _, name in names])
                for kind, names in zip((DOCUMENTS, PASSAGES), drawn, strict=True)
            ]
        first, second = (
            [(by, have[name]) for by, name in names if name in have] for names, have in zip(drawn, found, strict=True)
        )
        return first, second

    def hashes(self) -> dict[str, str]:
        """Return the content hash of every document, by its id."""
        return self.lexical.hashes()

    def lengths(self) -> dict[str, int]:
        """Return how many words each document has as BM25 counts them, by its id."""
        return self.lexical.lengths()

    def passage_vectors(self, passages: Sequence[Passage]) -> dict[Passage, NDArray[np.float32]]:
        with explained(self.home):
            found = self.dense.vectors(PASSAGES, [passage_key(p) for p in passages])
        return {p: found[key] for p in passages if (key := passage_key(p)) in found}

    def word_vectors(self, words: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        with explained(self.home):
            return self.dense.vectors(WORDS, words)

    @property
    def background(self) -> NDArray[np.float32]:
        return np.frombuffer(self.lexical.matrix("background"), np.float32).reshape(-1, self.embedder.dimension)

    def _nearest(
        self, kind: int, vectors: NDArray[np.float32], count: int, among: Sequence[str] = ()
    ) -> list[list[tuple[str, float]]]:
        if not len(vectors) or not len(self):
            return [[] for _ in vectors]
        with explained(self.home):
            return self.dense.nearest(kind, vectors, count, among)


def stacked(drawn: Vectors, embedder: Embedder) -> NDArray[np.float32]:
    """Return the vectors below each other, (n, d) float32."""
    return np.array([vector for _, vector in drawn], np.float32).reshape(len(drawn), embedder.dimension)
