"""The dense side of the index: the vectors of documents, of passages and of words.

Under a home they lie in folders that are written once: a change makes a new one beside the old one, and `publish` names
it, with the SHA-256 of each of its files, for SQLite to note in the same transaction as what it stands for. Whoever
answers opens what was published last, checks it against those sums, and writes nothing there. In a Chroma server they
are collections under a name that no other index has, and change in place; what is made anew has a new name.

Knows ids and vectors, not what they stand for; what is in the index is for `lexical.py` to say, and what is found here
may already be gone there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.store_process import StoreProcess
from ingest.vector_store import NAME, VectorStore, VectorsUnavailable, check_place, collections_of, open_chroma

DATABASE = "chroma.sqlite3"
Published = dict[str, Any]
"""{"folder": str, "signature": {...}, "files": {path inside the folder: SHA-256}}, of a server {"collections": name}"""


class DenseIndex:
    """The vectors of one index, by one embedder."""

    def __init__(self, place: Path | str, signature: dict[str, Any], published: Callable[[], Published | None]) -> None:
        """Name where the vectors are; they are opened when they are first asked for.

        Args:
            place: The index's folder, or the address of a Chroma server.
            signature: The embedder's name and dimension; other vectors are none.
            published: Says what was published last: when it differs from what is open, that is opened instead.

        Raises:
            VectorsUnavailable: The address is none.
        """
        check_place(place)
        self.place = place
        self.signature = signature
        self._published = published
        self._store: VectorStore | StoreProcess | None = None
        self._work: Path | None = None
        self._former: str | None = None
        self._open: _Reading | None = None
        self._opening = threading.Lock()

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
            lambda collections: (
                collections[kind].query(query_embeddings=rows, n_results=count, where=where, include=["distances"])
                if collections[kind].count()
                else {"ids": [[] for _ in rows], "distances": [[] for _ in rows]}
            )
        )
        return [
            [(i, 1 - distance) for i, distance in zip(ids, distances, strict=True)]
            for ids, distances in zip(found["ids"], found["distances"], strict=True)
        ]

    def vectors(self, kind: int, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors of those of the ids that are there, each a (d,) float32 unit row."""
        if not ids:
            return {}
        found = self._asking(lambda collections: collections[kind].get(ids=list(ids), include=["embeddings"]))
        return dict(zip(found["ids"], np.array(found["embeddings"], np.float32), strict=True))

    def close(self) -> None:
        """Let go of what is open to be read."""
        self._open = None

    def _asking(self, ask: Callable[[Sequence[Any]], Any]) -> Any:
        from chromadb.errors import ChromaError

        reading = self._reading()  # held here: another thread may open what was published meanwhile
        try:
            return ask(reading.collections)
        except ChromaError:  # a server's collections were made anew, or the folder has just given way to the next
            self.close()
        reading = self._reading()
        try:
            return ask(reading.collections)
        except ChromaError as error:
            raise VectorsUnavailable(f"the vectors in {self.place} cannot be read ({error})") from error

    def _reading(self) -> _Reading:
        published = self._published()
        with self._opening:
            if self._open is None or self._open.published != published:
                place = self._checked(published) if isinstance(self.place, Path) else self.place
                self._open = _Reading(place, published, self._name if isinstance(place, str) else NAME)
            return self._open

    # Changes

    def is_whole(self) -> bool:
        """Say whether all that was published is there, by this embedder, as it was written."""
        if isinstance(self.place, str):
            return self._changing().is_whole()  # type: ignore[union-attr]
        try:
            self._checked(self._published())
        except VectorsUnavailable:
            return False
        return True

    def make_anew(self) -> Published | None:
        """Begin with three empty collections; returns what is to be noted of them at once, if anything is."""
        if isinstance(self.place, Path):
            self._changing(anew=True).make_anew()
            return None
        self._former, name = (self._published() or {}).get("collections"), f"{NAME}-{secrets.token_hex(6)}"
        self._store = VectorStore(self.place, self.signature, name)
        self._store.make_anew()
        return {"collections": name}

    def put(
        self, kind: int, ids: Sequence[str], vectors: NDArray[np.float32], owners: Sequence[str] | None = None
    ) -> None:
        """Give the vectors of these ids; `owners` are the ids of the documents that they go with."""
        if len(ids):
            self._changing().put(kind, ids, vectors, owners)

    def delete_documents(self, ids: Sequence[str]) -> None:
        """Drop these documents with their passages."""
        self._changing().delete_documents(ids)

    def delete_words(self, words: Sequence[str]) -> None:
        if len(words):
            self._changing().delete_words(words)

    def publish(self) -> Published | None:
        """End the changes and say what is to be noted as published; None where there is nothing new to note."""
        store, work, self._store, self._work = self._store, self._work, None, None
        if store is None:
            return None
        if work is None:  # a server has it already
            store.close()
            return None
        store.settle()
        store.close()
        return {"folder": work.name, "signature": self.signature, "files": _sums(work)}

    def abandon(self) -> None:
        """Leave the changes: what they have written so far is thrown away."""
        store, work, self._store, self._work = self._store, self._work, None, None
        if store is not None:
            with contextlib.suppress(VectorsUnavailable, OSError):
                store.close()
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)

    def tidy(self) -> None:
        """Delete every folder of vectors but the one that is published; in a server, what it took the place of."""
        published = self._published()
        if isinstance(self.place, str) and self._former:
            VectorStore(self.place, self.signature, self._former).delete()
            self._former = None
        if isinstance(self.place, Path) and published and "folder" in published:
            for folder in self.place.glob("chroma*"):
                if folder.name != published["folder"]:
                    shutil.rmtree(folder, ignore_errors=True)

    def _changing(self, anew: bool = False) -> VectorStore | StoreProcess:
        if self._store is None:
            if isinstance(self.place, str):
                self._store = VectorStore(self.place, self.signature, self._name)
                return self._store
            published = self._published()
            # A name of its own: what a killed run had asked for may still be done, and must hit its own folder alone.
            self._work = self.place / f"chroma-{secrets.token_hex(6)}"
            base = self.place / published["folder"] if published and "folder" in published and not anew else None
            self._store = StoreProcess(self._work, self.signature, base)
        return self._store

    @property
    def _name(self) -> str:
        """What the collections in the server are called; those of an index that older programs made have no name."""
        published = self._published() or {"collections": NAME}
        return str(published.get("collections", f"{NAME}-none"))  # it lies in the home so far

    def _checked(self, published: Published | None) -> Path:
        """Return the published folder.

        Raises:
            VectorsUnavailable: It is not there, by another embedder, or not as it was written.
        """
        assert isinstance(self.place, Path)
        if published is None or published.get("signature") != self.signature:
            raise VectorsUnavailable(f"the vectors in {self.place} are missing")
        folder = self.place / published["folder"]
        if not folder.is_dir():
            raise VectorsUnavailable(f"the vectors in {folder} are missing")
        if _sums(folder) != published["files"]:
            raise VectorsUnavailable(f"the vectors in {folder} are damaged")
        return folder


class _Reading:
    """Chroma, opened to be asked; closed when nobody asks it any more."""

    def __init__(self, place: Path | str, published: Published | None, name: str) -> None:
        self.published = published
        if isinstance(place, Path):
            place = _beside(place)
            weakref.finalize(self, shutil.rmtree, place, True)
        client = open_chroma(place)
        weakref.finalize(self, client.close)  # the last one made is the first one done
        have = {collection.name for collection in client.list_collections()}
        if not have.issuperset(collections_of(name)):
            raise VectorsUnavailable(f"the vectors in {place} are missing")
        self.collections = [client.get_collection(one, embedding_function=None) for one in collections_of(name)]


def _beside(folder: Path) -> Path:
    """Make a folder for Chroma to open: its database copied, as opening it writes a line there, all else linked to."""
    for left in Path(tempfile.gettempdir()).glob("undertone-*-*"):  # by a process that was killed
        owner = left.name.split("-")[1]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists() and Path("/proc/self").exists():
            shutil.rmtree(left, ignore_errors=True)
    copy = Path(tempfile.mkdtemp(prefix=f"undertone-{os.getpid()}-"))
    try:
        shutil.copyfile(folder / DATABASE, copy / DATABASE)
        for part in folder.iterdir():
            if part.is_dir():
                (copy / part.name).symlink_to(part.resolve())
    except OSError:
        shutil.rmtree(copy, ignore_errors=True)
        raise
    return copy


def _sums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in a folder."""
    sums = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            with file.open("rb") as data:
                sums[file.relative_to(folder).as_posix()] = hashlib.file_digest(data, "sha256").hexdigest()
    return sums
