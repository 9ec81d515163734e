"""The index: what was read, as vectors in Chroma and as words in SQLite, always in step with each other.

The one door to chromadb. SQLite says what is in the index; Chroma holds the vectors of exactly that. Documents change
in batches of three steps: the batch is written down as *pending*, then Chroma changes, then SQLite does, in one
transaction that also takes the batch off the pending list. A run cut off between two steps leaves pending names, and
the next run begins by putting Chroma back to what SQLite says about them.

Knows no ranking: `tools/search.py` decides what the hits mean.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import math
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.documents import CorpusError, Document, read_documents
from ingest.passages import Passage, split_passages
from ingest.vectors import Embedder
from ingest.words import content_words

BATCH_DOCUMENTS = 32
"""Documents that change together: about 400 sentences, some seconds of embedding on two cores."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pending (document_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS matrices (name TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, hash TEXT NOT NULL, origin TEXT NOT NULL,
    record TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passages (
    number INTEGER PRIMARY KEY, document_id TEXT NOT NULL, id TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, text TEXT NOT NULL, is_field INTEGER NOT NULL,
    UNIQUE (document_id, start));
CREATE VIRTUAL TABLE IF NOT EXISTS document_words USING fts5 (title, text, tokenize = 'porter unicode61');
CREATE VIRTUAL TABLE IF NOT EXISTS passage_words USING fts5 (text, tokenize = 'porter unicode61');
"""


class IndexRefused(ValueError):
    """The index cannot be used as it is; the message names the command that mends it."""


@dataclass(frozen=True)
class SyncReport:
    """What a run changed, in documents (``embedded``: in texts that went through the embedder)."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    embedded: int = 0
    rejected: tuple[CorpusError, ...] = ()


class Index:
    """The index of one home folder."""

    def __init__(self, home: Path, embedder: Embedder, chroma_url: str | None = None) -> None:
        """Open the index, or begin an empty one.

        Args:
            home: The folder that holds ``index/``.
            embedder: Makes the vectors; must be the one that the index was made with.
            chroma_url: A Chroma server; None keeps the vectors under home.

        Raises:
            IndexRefused: It was made with another embedder.
        """
        self.home = home
        self.embedder = embedder
        self.chroma_url = chroma_url
        self.folder = home / "index"
        self._opened_at = -1
        self.folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(self.folder / "documents.sqlite", timeout=30, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_SCHEMA)
        made_with = self._fact("embedder")
        if made_with is not None and made_with != self._signature:
            raise IndexRefused(
                f"the index in {home} was made with the embedder {made_with['embedder']} "
                f"({made_with['dimension']} numbers), not {embedder.name} ({embedder.dimension}); "
                f"run: python -m ingest --reindex --home {home}"
            )

    @classmethod
    def remade(cls, home: Path, embedder: Embedder, chroma_url: str | None = None) -> Index:
        """Open the index for another embedder: the next sync embeds all that it holds again."""
        path = home / "index" / "documents.sqlite"
        if path.is_file():
            with contextlib.closing(sqlite3.connect(path, timeout=30)) as db, db:
                db.executescript(_SCHEMA)
                db.execute("INSERT OR IGNORE INTO pending SELECT id FROM documents")
                db.execute("DELETE FROM facts WHERE name = 'embedder'")
        return cls(home, embedder, chroma_url)

    # What it holds

    def documents(self) -> list[Document]:
        """Return all documents, in the order in which they were first indexed."""
        return [_document(*row) for row in self._db.execute("SELECT record, origin FROM documents ORDER BY number")]

    def document(self, document_id: str) -> Document:
        """Return one document; KeyError where there is none of that id."""
        row = self._db.execute("SELECT record, origin FROM documents WHERE id = ?", (document_id,)).fetchone()
        if row is None:
            raise KeyError(document_id)
        return _document(*row)

    def passages(self, document_id: str) -> list[Passage]:
        """Return the passages of a document, in their order."""
        query = f"SELECT {_PASSAGE} FROM passages WHERE document_id = ? ORDER BY start"
        return [_passage(*row) for row in self._db.execute(query, (document_id,))]

    def __len__(self) -> int:
        """Return the number of documents."""
        return int(self._db.execute("SELECT count(*) FROM documents").fetchone()[0])

    @property
    def revision(self) -> int:
        """Return a number that grows with every change: what was computed from the index is stale when it differs."""
        return int(self._fact("revision") or 0)

    # Queries

    def nearest_documents(self, vector: NDArray[np.float32], count: int) -> list[tuple[str, float]]:
        """Return (document id, cosine) of the nearest documents, best first."""
        if not len(self):
            return []
        found = self._query(0, [vector], count)
        known = self._known("id", "documents", found["ids"][0])
        return [(i, 1 - d) for i, d in zip(found["ids"][0], found["distances"][0], strict=True) if i in known]

    def nearest_passages(self, vector: NDArray[np.float32], count: int) -> list[tuple[Passage, float]]:
        """Return (passage, cosine) of the nearest passages, best first."""
        if not len(self):
            return []
        found = self._query(1, [vector], count)
        known = {_key(p): p for p in self._passages(found["ids"][0])}
        return [(known[i], 1 - d) for i, d in zip(found["ids"][0], found["distances"][0], strict=True) if i in known]

    def nearest_words(self, vectors: NDArray[np.float32]) -> list[tuple[str, float]]:
        """Return, for each vector, (word, cosine) of the nearest word that the corpus holds."""
        if not len(vectors) or not len(self):
            return [("", 0.0)] * len(vectors)
        found = self._query(2, vectors, 3)
        known = self._known("word", "words", [word for words in found["ids"] for word in words])
        return [
            next(((w, 1 - d) for w, d in zip(words, distances, strict=True) if w in known), ("", 0.0))
            for words, distances in zip(found["ids"], found["distances"], strict=True)
        ]

    def match_documents(self, word: str) -> dict[str, float]:
        """Return BM25's term weight, without its rarity, in each document that holds the word in any of its forms."""
        query = (
            "SELECT documents.id, -bm25(document_words) FROM document_words "
            "JOIN documents ON documents.number = document_words.rowid WHERE document_words MATCH ?"
        )
        rows = self._db.execute(query, (_quoted(word),)).fetchall()
        if not rows:
            return {}
        # FTS5 multiplies by its own rarity, which is nothing for a word of every second document: divide it out.
        rarity = max(math.log((len(self) - len(rows) + 0.5) / (len(rows) + 0.5)), 1e-6)
        return {i: weight / rarity for i, weight in rows}

    def holding(self, word: str, passages: Collection[Passage]) -> set[Passage]:
        """Return those of the passages that hold the word in any of its forms."""
        places = json.dumps([[p.document_id, p.start] for p in passages])
        query = (
            f"SELECT {_PASSAGE} FROM passage_words JOIN passages ON passages.number = passage_words.rowid "
            f"WHERE passage_words MATCH ? AND {_IN_PLACES}"
        )
        return {_passage(*row) for row in self._db.execute(query, (_quoted(word), places))}

    def sample(self, documents: int, passages: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vectors of so many documents and passages, the same ones each time; all, where there are fewer."""
        queries = (
            ("SELECT id FROM documents ORDER BY hash LIMIT ?", documents),
            ("SELECT document_id || '#' || start FROM passages ORDER BY id, start LIMIT ?", passages),
        )
        parts = []
        for number, (query, count) in enumerate(queries):
            ids = [row[0] for row in self._db.execute(query, (count,))]
            found = self._get(number, ids)
            parts.append(np.array(found["embeddings"], np.float32))
        return parts[0], parts[1]

    @property
    def background(self) -> NDArray[np.float32]:
        """The vectors of the sentences about everything in ``background.txt``, (100, d) float32."""
        row = self._db.execute("SELECT data FROM matrices WHERE name = 'background'").fetchone()
        return np.frombuffer(row[0], np.float32).reshape(-1, self.embedder.dimension)

    # Changes

    def sync_paths(self, paths: Sequence[Path], *, progress: Callable[[Document], None] | None = None) -> SyncReport:
        """Index files and folders: what is new or edited there is embedded, what is gone from there is removed.

        What cannot be read is rejected and all else is indexed; what the index holds of a rejected file stays.

        Args:
            paths: Files and folders. Documents that came from anywhere else are left alone.
            progress: Called with each document when it is done.
        """
        rejected: list[CorpusError] = []
        report = self.sync(
            read_documents(paths, on_error=rejected.append),
            prune=True,
            under=paths,
            spare=lambda: {str(error.file.resolve()) for error in rejected},
            progress=progress,
        )
        return SyncReport(**{**vars(report), "rejected": tuple(rejected)})

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
            IndexRefused: Another run is changing this index.
        """
        counts: dict[str, Any] = dict.fromkeys(("added", "updated", "unchanged", "removed", "embedded"), 0)
        with self._changing():
            if self._opened_at != self.revision:
                self._reopen()
            counts["embedded"] += self._restore_pending()
            known = dict(self._db.execute("SELECT id, hash FROM documents"))
            seen: set[str] = set()
            batch: list[Document] = []

            def write() -> None:
                counts["embedded"] += self._write(batch)
                for document in batch:
                    counts["updated" if document.id in known else "added"] += 1
                    if progress:
                        progress(document)
                batch.clear()

            for document in documents:
                seen.add(document.id)
                if known.get(document.id) == document.content_hash:
                    counts["unchanged"] += 1
                    self._move(document)
                    if progress:
                        progress(document)
                    continue
                batch.append(document)
                if len(batch) == BATCH_DOCUMENTS:
                    write()
            write()
            if prune:
                gone = [i for i in self._from(under, spare()) if i not in seen]
                for low in range(0, len(gone), BATCH_DOCUMENTS):
                    self._remove(gone[low : low + BATCH_DOCUMENTS])
                counts["removed"] = len(gone)
            self._forget_lost_words()
            self._opened_at = self.revision
        return SyncReport(**counts)

    def _write(self, batch: Sequence[Document]) -> int:
        """Put a batch in place of what the index holds of it; return how many texts were embedded."""
        if not batch:
            return 0
        rows = [(document, split_passages(document)) for document in batch]
        vectors = self._embed(rows)
        words = self._put_words(batch)
        ids = [document.id for document in batch]
        with self._db:
            self._db.executemany("INSERT OR IGNORE INTO pending VALUES (?)", [(i,) for i in ids])
        self._put_vectors(rows, vectors)
        with self._db:
            self._forget(ids)
            for document, passages in rows:
                self._insert(document, passages)
            self._db.executemany("INSERT OR IGNORE INTO words VALUES (?)", [(word,) for word in words])
            self._settle(ids)
        return len(vectors) + len(words)

    def _remove(self, ids: Sequence[str]) -> None:
        with self._db:
            self._db.executemany("INSERT OR IGNORE INTO pending VALUES (?)", [(i,) for i in ids])
        self._drop_vectors(ids)
        with self._db:
            self._forget(ids)
            self._settle(ids)

    def _restore_pending(self) -> int:
        """Give Chroma again what SQLite says of the documents that a run left half done."""
        if not self._is_whole():
            with self._db:
                self._db.execute("INSERT OR IGNORE INTO pending SELECT id FROM documents")
        self._make_collections()
        pending = [row[0] for row in self._db.execute("SELECT document_id FROM pending")]
        embedded = 0
        for low in range(0, len(pending), BATCH_DOCUMENTS):
            ids = pending[low : low + BATCH_DOCUMENTS]
            have = self._known("id", "documents", ids)
            rows = [(self.document(i), tuple(self.passages(i))) for i in ids if i in have]
            self._drop_vectors(ids)
            words = self._put_words([document for document, _ in rows])
            if rows:
                vectors = self._embed(rows)
                self._put_vectors(rows, vectors)
                embedded += len(vectors) + len(words)
            with self._db:
                self._db.executemany("INSERT OR IGNORE INTO words VALUES (?)", [(word,) for word in words])
                self._settle(ids)
        return embedded

    # SQLite's side

    def _passages(self, keys: Sequence[str]) -> Iterator[Passage]:
        places = json.dumps([[i, int(start)] for i, _, start in (key.rpartition("#") for key in keys)])
        query = f"SELECT {_PASSAGE} FROM passages WHERE {_IN_PLACES}"
        return (_passage(*row) for row in self._db.execute(query, (places,)))

    def _insert(self, document: Document, passages: Sequence[Passage]) -> None:
        record = asdict(document)
        origin = record.pop("origin")
        number = self._db.execute(
            "INSERT INTO documents (id, hash, origin, record) VALUES (?, ?, ?, ?)",
            (document.id, document.content_hash, origin, json.dumps(record, ensure_ascii=False)),
        ).lastrowid
        self._db.execute(
            "INSERT INTO document_words (rowid, title, text) VALUES (?, ?, ?)", (number, document.title, document.text)
        )
        for p in passages:
            number = self._db.execute(
                'INSERT INTO passages (document_id, id, start, "end", text, is_field) VALUES (?, ?, ?, ?, ?, ?)',
                (p.document_id, p.id, p.start, p.end, p.text, p.is_field),
            ).lastrowid
            self._db.execute("INSERT INTO passage_words (rowid, text) VALUES (?, ?)", (number, p.text))

    def _forget(self, ids: Sequence[str]) -> None:
        for i in ids:
            self._db.execute(
                "DELETE FROM passage_words WHERE rowid IN (SELECT number FROM passages WHERE document_id = ?)", (i,)
            )
            self._db.execute(
                "DELETE FROM document_words WHERE rowid IN (SELECT number FROM documents WHERE id = ?)", (i,)
            )
            self._db.execute("DELETE FROM passages WHERE document_id = ?", (i,))
            self._db.execute("DELETE FROM documents WHERE id = ?", (i,))

    def _settle(self, ids: Sequence[str]) -> None:
        self._db.executemany("DELETE FROM pending WHERE document_id = ?", [(i,) for i in ids])
        self._set_fact("revision", self.revision + 1)

    def _move(self, document: Document) -> None:
        """Keep in mind that an unchanged document now lies elsewhere."""
        row = self._db.execute("SELECT origin FROM documents WHERE id = ?", (document.id,)).fetchone()
        if row[0] != document.origin:
            record = asdict(document)
            origin = record.pop("origin")
            with self._db:
                self._db.execute(
                    "UPDATE documents SET origin = ?, record = ? WHERE id = ?",
                    (origin, json.dumps(record, ensure_ascii=False), document.id),
                )

    def _from(self, under: Sequence[Path] | None, spared: Collection[str]) -> Iterator[str]:
        """Yield the ids of the documents that came from these files and folders."""
        roots = None if under is None else [path.resolve() for path in under]
        for i, origin in self._db.execute("SELECT id, origin FROM documents").fetchall():
            if origin not in spared and (roots is None or any(Path(origin).is_relative_to(root) for root in roots)):
                yield i

    def _known(self, column: str, table: str, values: Sequence[str]) -> set[str]:
        query = f"SELECT {column} FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))"
        return {row[0] for row in self._db.execute(query, (json.dumps(list(values)),))}

    def _fact(self, name: str) -> Any:
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def _set_fact(self, name: str, value: Any) -> None:
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the one lock that lets a process change the index; the system drops it when the process dies."""
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise IndexRefused(f"another run is changing the index in {self.home}; wait for it to end") from None
            yield

    # Chroma's side

    @property
    def _signature(self) -> dict[str, Any]:
        return {"embedder": self.embedder.name, "dimension": self.embedder.dimension}

    def _query(self, number: int, vectors: Iterable[NDArray[np.float32]], count: int) -> Any:
        rows = [np.asarray(vector) for vector in vectors]
        return self._asking(
            lambda collections: collections[number].query(query_embeddings=rows, n_results=count, include=["distances"])
        )

    def _get(self, number: int, ids: Sequence[str]) -> Any:
        return self._asking(lambda collections: collections[number].get(ids=list(ids), include=["embeddings"]))

    def _asking(self, ask: Callable[[Any], Any]) -> Any:
        """Read from Chroma, which keeps in memory what it opened: after another process's changes, open it again."""
        from chromadb.errors import ChromaError

        if self._opened_at != self.revision:
            self._reopen()
        try:
            return ask(self._collections)
        except ChromaError:  # another process is in the middle of a change
            self._reopen()
            return ask(self._collections)

    def _reopen(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()
            del self.__dict__["_client"]
        self.__dict__.pop("_collections", None)

    @cached_property
    def _client(self) -> Any:
        import chromadb
        from chromadb.config import Settings

        self._opened_at = self.revision
        settings = Settings(anonymized_telemetry=False)
        if self.chroma_url:
            from urllib.parse import urlsplit

            url = urlsplit(self.chroma_url)
            is_tls = url.scheme == "https"
            port = url.port or (443 if is_tls else 8000)
            return chromadb.HttpClient(host=url.hostname or "localhost", port=port, ssl=is_tls, settings=settings)
        # Chroma shares what it has open between clients of one path; a spelling of one's own opens it for itself.
        path = f"{self.folder / 'chroma'}{'/.' * (next(_openings) % 100)}"
        return chromadb.PersistentClient(path=path, settings=settings)

    @cached_property
    def _collections(self) -> tuple[Any, Any, Any]:
        """Return the collections of the documents, the passages and the words."""
        if not self._is_whole():
            raise IndexRefused(f"the vectors in {self.home} are missing; run: python -m ingest --home {self.home}")
        first, second, third = (self._client.get_collection(name, embedding_function=None) for name in _COLLECTIONS)
        return first, second, third

    def _is_whole(self) -> bool:
        """Say whether Chroma has the collections that SQLite speaks of, by this embedder."""
        have = {c.name: c.metadata or {} for c in self._client.list_collections()}
        return self._fact("embedder") is not None and all(
            {key: have.get(name, {}).get(key) for key in self._signature} == self._signature for name in _COLLECTIONS
        )

    def _make_collections(self) -> None:
        if self._is_whole():
            return
        have = {c.name for c in self._client.list_collections()}
        for name in _COLLECTIONS:
            if name in have:
                self._client.delete_collection(name)
            self._client.create_collection(
                name,
                metadata=self._signature,
                configuration={"hnsw": {"space": "cosine"}},
                embedding_function=None,
            )
        self.__dict__.pop("_collections", None)
        background = self.embedder.encode(_BACKGROUND.read_text(encoding="utf-8").splitlines())
        with self._db:
            self._db.execute("DELETE FROM words")
            self._db.execute("INSERT OR REPLACE INTO matrices VALUES ('background', ?)", (background.tobytes(),))
            self._set_fact("embedder", self._signature)

    def _embed(self, rows: Sequence[tuple[Document, Sequence[Passage]]]) -> NDArray[np.float32]:
        """Return the vectors of the documents, then of all passages, (documents + passages, d) float32."""
        texts = [f"{document.title}\n{document.text}" for document, _ in rows]
        texts += [p.text for _, passages in rows for p in passages]
        return self.embedder.encode(texts)

    def _put_vectors(self, rows: Sequence[tuple[Document, Sequence[Passage]]], vectors: NDArray[np.float32]) -> None:
        ids = [document.id for document, _ in rows]
        self._drop_vectors(ids)
        keys = [_key(p) for _, passages in rows for p in passages]
        owners = [{"document_id": p.document_id} for _, passages in rows for p in passages]
        documents, passages, _ = self._collections
        documents.upsert(ids=ids, embeddings=vectors[: len(ids)], metadatas=[{"document_id": i} for i in ids])
        step = self._client.get_max_batch_size()
        for low in range(0, len(keys), step):
            part = slice(low, low + step)
            passages.upsert(ids=keys[part], embeddings=vectors[len(ids) :][part], metadatas=owners[part])

    def _put_words(self, documents: Iterable[Document]) -> list[str]:
        """Give Chroma the words of these documents that are new; return them, for SQLite to take note of."""
        words = dict.fromkeys(word for d in documents for word in content_words(f"{d.title} {d.text}"))
        known = self._known("word", "words", list(words))
        new = [word for word in words if word not in known]
        vectors = self.embedder.encode(new)
        step = self._client.get_max_batch_size()
        for low in range(0, len(new), step):
            self._collections[2].upsert(ids=new[low : low + step], embeddings=vectors[low : low + step])
        return new

    def _forget_lost_words(self) -> None:
        """Drop the words that no document holds any more; a run that is cut off before this leaves it to the next."""
        if self._fact("words at") == self.revision:
            return
        rows = self._db.execute("SELECT title, text FROM document_words")
        held = {word for title, text in rows for word in content_words(f"{title} {text}")}
        lost = [row[0] for row in self._db.execute("SELECT word FROM words") if row[0] not in held]
        with self._db:
            self._db.executemany("DELETE FROM words WHERE word = ?", [(word,) for word in lost])
        for low in range(0, len(lost), 1000):
            self._collections[2].delete(ids=lost[low : low + 1000])
        with self._db:
            self._set_fact("words at", self.revision)

    def _drop_vectors(self, ids: Sequence[str]) -> None:
        for collection in self._collections[:2]:
            collection.delete(where={"document_id": {"$in": list(ids)}})


_COLLECTIONS = ("undertone-documents", "undertone-passages", "undertone-words")
_openings = itertools.count()
_BACKGROUND = Path(__file__).with_name("background.txt")
_IN_PLACES = (
    "(document_id, start) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))"
)
_PASSAGE = 'passages.id, document_id, start, "end", passages.text, is_field'


def _passage(passage_id: str, document_id: str, start: int, end: int, text: str, is_field: int) -> Passage:
    return Passage(passage_id, document_id, start, end, text, bool(is_field))


def _document(record: str, origin: str) -> Document:
    return Document(**json.loads(record), origin=origin)


def _key(passage: Passage) -> str:
    return f"{passage.document_id}#{passage.start}"


def _quoted(word: str) -> str:
    """Return the FTS5 query for a word; quoted, it is never taken for an operator."""
    return '"' + word.replace('"', '""').replace("\0", " ") + '"'
