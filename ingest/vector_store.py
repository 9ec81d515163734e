"""Chroma, opened to be changed: three collections of vectors, those of documents, of passages and of words.

Knows ids and vectors, not what they stand for. Chroma's HNSW index writes memory that it did not clear to its files, so
files of ours are written by a process that holds nothing else (`store_process.py`), and never by one that holds a key.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

DOCUMENTS, PASSAGES, WORDS = range(3)
KINDS = ("documents", "passages", "words")
NAME = "undertone"
"""What collections are called that are the only ones of their place."""
_openings = itertools.count()
SYNC_EVERY = 2
"""Changes after which Chroma writes its HNSW index: at once, or whoever opens the files next would have to write."""


class VectorsUnavailable(RuntimeError):
    """The vectors cannot be reached, or are not there; the message says why, and what to do before indexing again."""


class VectorStore:
    """The collections at one place, to be changed."""

    def __init__(self, place: Path | str, signature: dict[str, Any], name: str = NAME) -> None:
        """Open them; `make_anew` begins them.

        Args:
            place: A folder, or the address of a Chroma server.
            signature: The embedder's name and dimension.
            name: Tells an index's collections from those of other indexes on the same server.
        """
        self.signature = signature
        self._names = collections_of(name)
        self._client = open_chroma(place)

    def is_whole(self) -> bool:
        """Say whether Chroma has every collection, by this embedder."""
        have = {c.name: c.metadata or {} for c in self._client.list_collections()}
        return all(
            {key: have.get(name, {}).get(key) for key in self.signature} == self.signature for name in self._names
        )

    def make_anew(self) -> None:
        """Begin with three empty collections."""
        self.delete()
        for name in self._names:
            self._client.create_collection(
                name,
                metadata=self.signature,
                configuration={"hnsw": {"space": "cosine", "sync_threshold": SYNC_EVERY}},
                embedding_function=None,
            )

    def delete(self) -> None:
        """Delete the collections, as far as they are there."""
        have = {c.name for c in self._client.list_collections()}
        for name in have.intersection(self._names):
            self._client.delete_collection(name)

    def put(
        self, kind: int, ids: Sequence[str], vectors: NDArray[np.float32], owners: Sequence[str] | None = None
    ) -> None:
        """Give the vectors of these ids; `owners` are the ids of the documents that they go with."""
        step = self._client.get_max_batch_size()
        for low in range(0, len(ids), step):
            part = slice(low, low + step)
            metadatas = [{"document_id": owner} for owner in owners[part]] if owners else None
            self._collection(kind).upsert(ids=list(ids[part]), embeddings=vectors[part], metadatas=metadatas)

    def delete_documents(self, ids: Sequence[str]) -> None:
        """Drop these documents with their passages."""
        for kind in (DOCUMENTS, PASSAGES):
            self._collection(kind).delete(where={"document_id": {"$in": list(ids)}})

    def delete_words(self, words: Sequence[str]) -> None:
        step = self._client.get_max_batch_size()
        for low in range(0, len(words), step):
            self._collection(WORDS).delete(ids=list(words[low : low + step]))

    def settle(self) -> None:
        """Have Chroma write all that it was given, so that opening the files has nothing left to do."""
        for kind in (DOCUMENTS, PASSAGES, WORDS):
            collection = self._collection(kind)
            if not collection.count():
                continue
            for _ in range(SYNC_EVERY):
                one = collection.get(limit=1, include=["embeddings", "metadatas"])
                metadatas = one["metadatas"] if one["metadatas"] and one["metadatas"][0] else None
                collection.upsert(ids=one["ids"], embeddings=np.asarray(one["embeddings"]), metadatas=metadatas)

    def close(self) -> None:
        self._client.close()

    def _collection(self, kind: int) -> Any:
        return self._client.get_collection(self._names[kind], embedding_function=None)


def collections_of(name: str) -> tuple[str, ...]:
    """Return the names of an index's collections."""
    return tuple(f"{name}-{kind}" for kind in KINDS)


def check_place(place: Path | str) -> None:
    """Check that a place is a folder's path or an address.

    Raises:
        VectorsUnavailable: It is no address.
    """
    if isinstance(place, str):
        try:
            url = urlsplit(place)
            is_one = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
        except ValueError:  # a port that is no number, brackets that do not close
            is_one = False
        if not is_one or "@" in place:
            raise VectorsUnavailable(
                f"{place!r} is no address of a Chroma server; write UNDERTONE_CHROMA_URL=http://HOST:PORT"
            )


def open_chroma(place: Path | str) -> Any:
    """Open Chroma's client for a folder or a server's address.

    Raises:
        VectorsUnavailable: It cannot be opened or reached.
    """
    import chromadb
    from chromadb.config import Settings
    from chromadb.errors import ChromaError

    settings = Settings(anonymized_telemetry=False)
    if isinstance(place, Path):
        # Chroma shares what it has open, or failed to open, between clients of one path; this spelling is one's own.
        path = f"{place}{'/.' * (next(_openings) % 100)}"
        try:
            return chromadb.PersistentClient(path=path, settings=settings)
        except ChromaError as error:
            raise VectorsUnavailable(f"the vectors in {place} cannot be read ({error})") from error
    check_place(place)
    url = urlsplit(place)
    is_tls = url.scheme == "https"
    port = url.port or (443 if is_tls else 8000)
    try:
        return chromadb.HttpClient(host=url.hostname or "", port=port, ssl=is_tls, settings=settings)
    except ValueError as error:
        raise VectorsUnavailable(
            f"no Chroma server answers at {place}; start it, or set UNDERTONE_CHROMA_URL to one that runs"
        ) from error
