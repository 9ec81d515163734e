"""The index: what was read, as words in SQLite (`lexical.py`) and as vectors in Chroma (`dense.py`), always in step.

SQLite says what is in the index; Chroma holds the vectors of exactly that. Documents change in batches of three steps:
the batch is written down as *pending*, then Chroma changes, then SQLite does. At the end, and every two minutes of a
long run, the vectors are published: in one transaction SQLite names the folder that they lie in from now on and takes
what was changed off the pending list. A run cut off before that leaves pending names and a folder that nobody opens;
the next run begins where the vectors were published last, and makes those of the pending documents again as SQLite has
them.

Knows no ranking: `tools/search.py` decides what the hits mean.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.dense import DenseIndex
from ingest.documents import Document, read_documents, real
from ingest.errors import CorpusError, CorpusNote
from ingest.lexical import LexicalIndex, passage_key
from ingest.prepared import Here, Preparing, Rows
from ingest.queries import BACKGROUND, DOCUMENTS_FILE, StoredQueries
from ingest.readable import unbroken
from ingest.refusals import IndexRefused, damaged, explained
from ingest.report import SyncReport
from ingest.salvage import damage
from ingest.vector_store import DOCUMENTS, PASSAGES, WORDS
from ingest.vectors import Embedder
from ingest.words import content_words

PUBLISH_EVERY_S = 120.0
"""So much of a run's work is done again, at most, where it is cut off; publishing copies the vectors."""

BATCH_DOCUMENTS = 32  # that change together: about 400 sentences, some seconds of embedding on two cores
_T = TypeVar("_T")


class Index(StoredQueries):
    """The index of one home folder."""

    def __init__(
        self, home: Path, embedder: Embedder, chroma_url: str | None = None, preparing: Preparing | None = None
    ) -> None:
        """Open the index, or begin an empty one.

        Args:
            home: The folder that holds ``index/``.
            embedder: Makes the vectors; must be the one that the index was made with.
            chroma_url: A Chroma server; None keeps the vectors under home.
            preparing: Who cuts and embeds what is indexed, by the same embedder; None does it here.

        Raises:
            IndexRefused: It cannot be read or written, or was made with another embedder.
        """
        self.home = home
        self.embedder = embedder
        self._preparing = preparing or Here(embedder)
        self.folder = home / "index"
        with explained(self.home):
            self.folder.mkdir(parents=True, exist_ok=True)
            if found := damage(self.folder / DOCUMENTS_FILE):
                raise IndexRefused(damaged(home, found))
            self.lexical = LexicalIndex(self.folder / DOCUMENTS_FILE)
            self.dense = DenseIndex(chroma_url or self.folder, self._signature, lambda: self.lexical.fact("vectors"))
            self._changed: set[str] = set()  # documents, since the vectors were published
            self._published_s = 0.0
            made_with = self.lexical.fact("embedder")
        if made_with is not None and made_with != self._signature:
            raise IndexRefused(
                f"the index in {home} was made with the embedder {made_with['embedder']} "
                f"({made_with['dimension']} numbers), not {embedder.name} ({embedder.dimension}); "
                f"run: python -m ingest --reindex --home {home}"
            )

    @classmethod
    def remade(
        cls, home: Path, embedder: Embedder, chroma_url: str | None = None, preparing: Preparing | None = None
    ) -> Index:
        """Open the index for another embedder: the next sync embeds all that it holds again."""
        path = home / "index" / DOCUMENTS_FILE
        if path.is_file():
            with explained(home):
                lexical = LexicalIndex(path)
                with lexical.transaction():
                    lexical.begin(lexical.hashes())
                    lexical.forget_fact("embedder")
                lexical.close()
        return cls(home, embedder, chroma_url, preparing)

    # Changes

    def sync_paths(self, paths: Sequence[Path], *, progress: Callable[[Document], None] | None = None) -> SyncReport:
        """Index files and folders: what is new or edited there is embedded, what is gone from there is removed.

        What cannot be read is rejected and all else is indexed; what the index holds of a rejected file stays.

        Args:
            paths: Files and folders. Documents that came from anywhere else are left alone.
            progress: Called with each document when it is done.
        """
        rejected, notes = list[CorpusError](), list[CorpusNote]()
        report = self.sync(
            read_documents(paths, on_error=rejected.append, on_note=notes.append),
            prune=True,
            under=paths,
            spare=lambda: {str(real(error.file)) for error in rejected},
            progress=progress,
        )
        return SyncReport(**{**vars(report), "rejected": tuple(rejected), "notes": tuple(notes)})

    def sync(
        self,
        documents: Iterable[Document],
        *,
        prune: bool,
        under: Sequence[Path] | None = None,
        spare: Callable[[], Collection[str]] = frozenset,
        progress: Callable[[Document], None] | None = None,
    ) -> SyncReport:
        """Bring the index in step with these documents.

        Args:
            documents: What there is now, streamed.
            prune: Remove documents that are not among them.
            under: Prune only what came from these files and folders; None prunes everything else.
            spare: Asked after reading: origins of which nothing is pruned.
            progress: Called with each document when it is done.

        Raises:
            IndexRefused: Another run is changing this index, or it cannot be written.
        """
        counts: dict[str, Any] = dict.fromkeys(("added", "updated", "unchanged"), 0)

        def done(what: str, document: Document) -> None:
            counts[what] += 1
            if progress:
                progress(document)

        with explained(self.home), self._changing():
            self._published_s = time.monotonic()
            embedded = self._restore_pending()
            known, seen = self.lexical.hashes(), set[str]()

            def changed() -> Iterator[Document]:
                for document in documents:
                    seen.add(document.id)
                    if known.get(document.id) != document.content_hash:
                        yield document
                        continue
                    with self.lexical.transaction():
                        self.lexical.relocate(document)
                    done("unchanged", document)

            for rows, vectors in self._preparing.prepared(_batches(changed())):
                embedded += self._write(rows, vectors)
                for document, _ in rows:
                    done("updated" if document.id in known else "added", document)
                self._publish_when_due()
            gone = [i for i in self.lexical.ids_from(under, spare()) if i not in seen] if prune else []
            for ids in _batches(gone):
                self._remove(ids)
            if self.lexical.fact("words at") != self.revision:
                lost = self.lexical.lost_words()
                self.dense.delete_words(lost)
                self._publish(lost)
            self.lexical.seal()
        return SyncReport(**counts, removed=len(gone), embedded=embedded)

    def _write(self, rows: Rows, vectors: NDArray[np.float32]) -> int:
        """Put a batch in place of what the index holds of it; return how many texts were embedded."""
        ids = [document.id for document, _ in rows]
        words = self._put_words([document for document, _ in rows])
        with self.lexical.transaction():
            self.lexical.begin(ids)
        self._put_vectors(rows, vectors)
        with self.lexical.transaction():
            self.lexical.delete(ids)
            for document, passages in rows:
                self.lexical.insert(document, passages)
            self.lexical.add_words(words)
            self.lexical.note_change()
        self._changed.update(ids)
        return len(vectors) + len(words)

    def _remove(self, ids: Sequence[str]) -> None:
        with self.lexical.transaction():
            self.lexical.begin(ids)
        self.dense.delete_documents(ids)
        with self.lexical.transaction():
            self.lexical.delete(ids)
            self.lexical.note_change()
        self._changed.update(ids)

    def _publish_when_due(self) -> None:
        if time.monotonic() - self._published_s > PUBLISH_EVERY_S:
            self._publish()
            self._published_s = time.monotonic()

    def _publish(self, lost_words: Collection[str] | None = None) -> None:
        """Have the vectors as they are now take the place of those published last.

        Args:
            lost_words: The words that Chroma was told to drop, where it was told.
        """
        published = self.dense.publish()
        with self.lexical.transaction():
            if published is not None:
                self.lexical.set_fact("vectors", published)
            self.lexical.end(self._changed)
            if lost_words is not None:
                self.lexical.delete_words(lost_words)
                self.lexical.set_fact("words at", self.revision)
        self._changed.clear()
        self.dense.tidy()

    def _restore_pending(self) -> int:
        """Give Chroma again what SQLite says of the documents that a run left half done."""
        if self.lexical.fact("embedder") is None or not self.dense.is_whole():
            self._begin_anew()
        embedded = 0
        for ids in _batches(self.lexical.pending()):
            have = self.lexical.known_ids(ids)
            rows = [(self.document(i), tuple(self.passages(i))) for i in ids if i in have]
            self.dense.delete_documents(ids)
            words = self._put_words([document for document, _ in rows], even_known=True)
            if rows:
                vectors = Here(self.embedder).embed(rows)
                self._put_vectors(rows, vectors)
                embedded += len(vectors) + len(words)
            with self.lexical.transaction():
                self.lexical.add_words(words)
                self.lexical.note_change()
            self._changed.update(ids)
            self._publish_when_due()
        return embedded

    def _begin_anew(self) -> None:
        """Empty Chroma; all that SQLite holds is pending then."""
        with self.lexical.transaction():
            self.lexical.begin(self.lexical.hashes())
        begun = self.dense.make_anew()
        background = self.embedder.encode(BACKGROUND.read_text(encoding="utf-8").splitlines())
        with self.lexical.transaction():
            self.lexical.delete_all_words()
            self.lexical.set_matrix("background", background.tobytes())
            self.lexical.set_fact("embedder", self._signature)
            if begun:
                self.lexical.set_fact("vectors", begun)

    def _put_vectors(self, rows: Rows, vectors: NDArray[np.float32]) -> None:
        ids = [document.id for document, _ in rows]
        passages = [p for _, of_document in rows for p in of_document]
        self.dense.delete_documents(ids)
        self.dense.put(DOCUMENTS, ids, vectors[: len(ids)], owners=ids)
        keys, owners = [passage_key(p) for p in passages], [p.document_id for p in passages]
        self.dense.put(PASSAGES, keys, vectors[len(ids) :], owners=owners)

    def _put_words(self, documents: Iterable[Document], even_known: bool = False) -> list[str]:
        """Give Chroma the words of these documents that are new; return them, for SQLite to take note of."""
        words = dict.fromkeys(word for d in documents for word in content_words(f"{d.title} {unbroken(d.text)}"))
        known = set() if even_known else self.lexical.known_words(list(words))
        new = [word for word in words if word not in known]
        self.dense.put(WORDS, new, self._preparing.encode(new))
        return new

    @property
    def _signature(self) -> dict[str, Any]:
        return {"embedder": self.embedder.name, "dimension": self.embedder.dimension}

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the one lock that lets a process change the index; the system drops it when the process dies."""
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise IndexRefused(f"another run is changing the index in {self.home}; wait for it to end") from None
            try:
                yield
            except BaseException:
                self.dense.abandon()
                self._changed.clear()
                raise


def _batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    """Yield the items in lists of BATCH_DOCUMENTS, the last one shorter."""
    rest = iter(items)
    while batch := list(itertools.islice(rest, BATCH_DOCUMENTS)):
        yield batch
