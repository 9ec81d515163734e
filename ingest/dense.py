"""The dense side of the index: three Chroma collections of vectors, those of documents, of passages and of words.

The one door to chromadb. Knows ids and vectors, not what they stand for; what is in the index is for `lexical.py` to
say, and what is found here may already be gone there.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

DOCUMENTS, PASSAGES, WORDS = range(3)
_COLLECTIONS = ("undertone-documents", "undertone-passages", "undertone-words")
_openings = itertools.count()


class VectorsUnavailable(RuntimeError):
    """The vectors cannot be reached, or are not there; the message says why, and what to do before indexing again."""


class DenseIndex:
    """The vectors of one index, by one embedder."""

    def __init__(self, place: Path | str, signature: dict[str, Any], revision: Callable[[], int]) -> None:
        """Name where the vectors are; they are opened when they are first asked for.

        Args:
            place: A folder, or the address of a Chroma server.
            signature: The embedder's name and dimension; other vectors are none.
            revision: The index's revision now. Chroma keeps in memory what it opened, so when this differs from what
                it was at the opening (another process changed the index), Chroma is opened again.

        Raises:
            VectorsUnavailable: The address is none.
        """
        self.place = place
        self.signature = signature
        self._revision = revision
        self._opened_at = -1
        if isinstance(place, str) and (urlsplit(place).scheme not in ("http", "https") or not urlsplit(place).hostname):
            raise VectorsUnavailable(
                f"{place!r} is no address of a Chroma server; write UNDERTONE_CHROMA_URL=http://HOST:PORT"
            )

    # Queries

    def nearest(
        self, kind: int, vectors: Iterable[NDArray[np.float32]], count: int, among: Sequence[str] = ()
    ) -> list[list[tuple[str, float]]]:
        """Return, for each vector, the (id, cosine) of the nearest, best first.

        Args:
            kind: DOCUMENTS, PASSAGES or WORDS.
            vectors: (n, d) float32 unit rows.
            count: How many for each.
            among: Ids of the documents to look into; none means all.
        """
        where = {"document_id": {"$in": list(among)}} if among else None
        rows = [np.asarray(vector) for vector in vectors]
        found = self._asking(
            lambda collections: collections[kind].query(
                query_embeddings=rows, n_results=count, where=where, include=["distances"]
            )
        )
        return [
            [(i, 1 - distance) for i, distance in zip(ids, distances, strict=True)]
            for ids, distances in zip(found["ids"], found["distances"], strict=True)
        ]

    def vectors(self, kind: int, ids: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of these ids, (n, d) float32, in no order that counts."""
        found = self._asking(lambda collections: collections[kind].get(ids=list(ids), include=["embeddings"]))
        return np.array(found["embeddings"], np.float32)

    # Changes

    def put(
        self, kind: int, ids: Sequence[str], vectors: NDArray[np.float32], owners: Sequence[str] | None = None
    ) -> None:
        """Give the vectors of these ids; `owners` are the ids of the documents that they go with."""
        step = self._client.get_max_batch_size()
        for low in range(0, len(ids), step):
            part = slice(low, low + step)
            metadatas = [{"document_id": owner} for owner in owners[part]] if owners else None
            self._collections[kind].upsert(ids=list(ids[part]), embeddings=vectors[part], metadatas=metadatas)

    def delete_documents(self, ids: Sequence[str]) -> None:
        """Drop these documents with their passages."""
        for kind in (DOCUMENTS, PASSAGES):
            self._collections[kind].delete(where={"document_id": {"$in": list(ids)}})

    def delete_words(self, words: Sequence[str]) -> None:
        step = self._client.get_max_batch_size()
        for low in range(0, len(words), step):
            self._collections[WORDS].delete(ids=list(words[low : low + step]))

    def is_whole(self) -> bool:
        """Say whether Chroma has every collection, by this embedder."""
        have = {c.name: c.metadata or {} for c in self._client.list_collections()}
        return all(
            {key: have.get(name, {}).get(key) for key in self.signature} == self.signature for name in _COLLECTIONS
        )

    def make_anew(self) -> None:
        """Begin with three empty collections."""
        have = {c.name for c in self._client.list_collections()}
        for name in _COLLECTIONS:
            if name in have:
                self._client.delete_collection(name)
            self._client.create_collection(
                name,
                metadata=self.signature,
                configuration={"hnsw": {"space": "cosine"}},
                embedding_function=None,
            )
        self.__dict__.pop("_collections", None)

    # Opening

    def keep_up(self) -> None:
        """Open Chroma again if another process changed the index since."""
        if self._opened_at != self._revision():
            if "_client" in self.__dict__:
                self._client.close()
                del self.__dict__["_client"]
            self.__dict__.pop("_collections", None)

    def note_own_change(self) -> None:
        """Take the index's revision for one's own doing."""
        self._opened_at = self._revision()

    def _asking(self, ask: Callable[[Any], Any]) -> Any:
        from chromadb.errors import ChromaError

        self.keep_up()
        try:
            return ask(self._collections)
        except ChromaError:  # another process is in the middle of a change
            self._opened_at = -1
            self.keep_up()
            return ask(self._collections)

    @cached_property
    def _client(self) -> Any:
        import chromadb
        from chromadb.config import Settings
        from chromadb.errors import ChromaError

        self._opened_at = self._revision()
        settings = Settings(anonymized_telemetry=False)
        if isinstance(self.place, Path):
            # Chroma shares what it has open between clients of one path; a spelling of one's own opens it for itself.
            path = f"{self.place}{'/.' * (next(_openings) % 100)}"
            try:
                return chromadb.PersistentClient(path=path, settings=settings)
            except ChromaError as error:
                raise VectorsUnavailable(
                    f"the vectors in {self.place} cannot be read ({error}); delete that folder"
                ) from error
        url = urlsplit(self.place)
        is_tls = url.scheme == "https"
        port = url.port or (443 if is_tls else 8000)
        try:
            return chromadb.HttpClient(host=url.hostname or "", port=port, ssl=is_tls, settings=settings)
        except ValueError as error:
            raise VectorsUnavailable(
                f"no Chroma server answers at {self.place}; start it, or set UNDERTONE_CHROMA_URL to one that runs"
            ) from error

    @cached_property
    def _collections(self) -> tuple[Any, ...]:
        if not self.is_whole():
            raise VectorsUnavailable(f"the vectors in {self.place} are missing")
        return tuple(self._client.get_collection(name, embedding_function=None) for name in _COLLECTIONS)
