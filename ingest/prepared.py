"""Documents made ready to be written into an index: cut into passages, and embedded. Knows no index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Document
from ingest.passages import Passage, split_passages
from ingest.readable import unbroken
from ingest.vectors import Embedder

Rows = list[tuple[Document, tuple[Passage, ...]]]
Prepared = tuple[Rows, NDArray[np.float32]]
"""The documents with their passages, and the vectors of the documents, then of all passages, (n, d) float32."""


class Preparing(Protocol):
    """Who prepares; here, or on many machines at once."""

    def prepared(self, batches: Iterable[list[Document]]) -> Iterator[Prepared]:
        """Yield each batch prepared, in their order."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row per text, (n, d) float32."""


class Here:
    """Prepares in this process, when it is asked for."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder

    def prepared(self, batches: Iterable[list[Document]]) -> Iterator[Prepared]:
        for batch in batches:
            yield self.prepare(batch)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.embedder.encode(texts)

    def prepare(self, documents: Sequence[Document]) -> Prepared:
        rows = [(document, tuple(split_passages(document))) for document in documents]
        return rows, self.embed(rows)

    def embed(self, rows: Rows) -> NDArray[np.float32]:
        texts = [f"{document.title}\n{unbroken(document.text)}" for document, _ in rows]
        texts += [p.searched for _, passages in rows for p in passages]
        return self.embedder.encode(texts)
