"""The lexical side of the index: one SQLite file of documents, passages and words, with FTS5 to find them by.

It is also the index's memory: what stands here is in the index, and what is *pending* here was being changed when a
run was cut off. Knows no vectors.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ingest.documents import Document, real
from ingest.passages import Passage, split_passages
from ingest.readable import unbroken
from ingest.salvage import seal, unseal
from ingest.schema import ADDED, SCHEMA, VERSION, log_ahead
from ingest.term_weights import read_lengths
from ingest.words import content_words

_PASSAGE = 'passages.id, document_id, start, "end", passages.text, is_field, kind, path, header, page'
_IN_PLACES = (
    "(document_id, start) IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))"
)
BUSY_TIMEOUT_S = 30.0
Drawn = list[tuple[str, str]]
"""(what it is drawn by, name) of each, in that order: a hash, so that what is drawn of two indexes can be merged."""


class LexicalIndex:
    """The documents and passages of one index, and their words."""

    def __init__(self, path: Path) -> None:
        """Open the file, or begin an empty one.

        Raises:
            sqlite3.Error: The file is no such database, or cannot be written.
        """
        self._path = path
        self._db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
        log_ahead(self._db, BUSY_TIMEOUT_S)
        self._db.executescript(SCHEMA)
        if self._version < VERSION:
            self._renew()

    def close(self) -> None:
        self._db.close()

    def transaction(self) -> AbstractContextManager[Any]:
        """Keep the changes of a `with` block together: all of them are kept, or none."""
        unseal(self._path)
        return self._db

    def seal(self) -> None:
        """Note the file's checksum: nothing is changed any more, until the next transaction."""
        seal(self._path, self._db)

    # What it holds

    def __len__(self) -> int:
        """Return the number of documents."""
        return int(self._db.execute("SELECT count(*) FROM documents").fetchone()[0])

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

    def passages_at(self, keys: Sequence[str]) -> dict[str, Passage]:
        """Return those of the passages with these keys (`passage_key`) that there are."""
        places = json.dumps([[i, int(start)] for i, _, start in (key.rpartition("#") for key in keys)])
        rows = self._db.execute(f"SELECT {_PASSAGE} FROM passages WHERE {_IN_PLACES}", (places,))
        return {passage_key(p): p for p in (_passage(*row) for row in rows)}

    def hashes(self) -> dict[str, str]:
        """Return the content hash of every document, by its id."""
        return dict(self._db.execute("SELECT id, hash FROM documents"))

    def ids_from(self, under: Sequence[Path] | None, spared: Collection[str]) -> list[str]:
        """Return the ids of the documents that came from these files and folders (None: from anywhere)."""
        roots = None if under is None else [real(path) for path in under]
        return [
            i
            for i, origin in self._db.execute("SELECT id, origin FROM documents")
            if origin not in spared and (roots is None or any(Path(origin).is_relative_to(root) for root in roots))
        ]

    def known_ids(self, ids: Sequence[str]) -> set[str]:
        return self._among("id", "documents", ids)

    def known_words(self, words: Sequence[str]) -> set[str]:
        return self._among("word", "words", words)

    def sample(self, documents: int, passages: int, without: Collection[str] = ()) -> tuple[Drawn, Drawn]:
        """Return so many documents by id and so many passages by key, the same ones each time.

        Args:
            without: Ids of documents that are left out.
        """
        others = "NOT IN (SELECT value FROM json_each(?))"
        of_documents = f"SELECT hash, id FROM documents WHERE id {others} ORDER BY hash LIMIT ?"
        names = f"SELECT id, document_id || '#' || start FROM passages WHERE document_id {others}"
        queries = ((of_documents, documents), (f"{names} ORDER BY id, start LIMIT ?", passages))
        left_out = json.dumps(list(without))
        first, second = (self._db.execute(query, (left_out, count)).fetchall() for query, count in queries)
        return first, second

    def lengths(self) -> dict[str, int]:
        """Return how many words each document has as BM25 counts them, by its id."""
        return read_lengths(self._db)

    # Queries

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
        # "+": go through what holds the word once, and do not look it up for each passage
        query = (
            f"SELECT {_PASSAGE} FROM passages WHERE number IN (SELECT rowid FROM passage_words WHERE "
            f"passage_words MATCH ? AND +rowid IN (SELECT number FROM passages WHERE {_IN_PLACES}))"
        )
        return {_passage(*row) for row in self._db.execute(query, (_quoted(word), places))}

    # Changes; each belongs inside a transaction

    def insert(self, document: Document, passages: Sequence[Passage]) -> None:
        number = self._db.execute(
            "INSERT INTO documents (id, hash, origin, record) VALUES (?, ?, ?, ?)",
            (document.id, document.content_hash, document.origin, _record(document)),
        ).lastrowid
        self._db.execute(
            "INSERT INTO document_words (rowid, title, text) VALUES (?, ?, ?)",
            (number, document.title, unbroken(document.text)),
        )
        for p in passages:
            number = self._db.execute(
                'INSERT INTO passages (document_id, id, start, "end", text, is_field, kind, path, header, page) '
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (p.document_id, p.id, p.start, p.end, p.text, p.is_field, p.kind, json.dumps(p.path), p.header, p.page),
            ).lastrowid
            self._db.execute("INSERT INTO passage_words (rowid, text) VALUES (?, ?)", (number, p.searched))

    def delete(self, ids: Iterable[str]) -> None:
        of_passages = "DELETE FROM passage_words WHERE rowid IN (SELECT number FROM passages WHERE document_id = ?)"
        of_document = "DELETE FROM document_words WHERE rowid IN (SELECT number FROM documents WHERE id = ?)"
        for i in ids:
            self._db.execute(of_passages, (i,))
            self._db.execute(of_document, (i,))
            self._db.execute("DELETE FROM passages WHERE document_id = ?", (i,))
            self._db.execute("DELETE FROM documents WHERE id = ?", (i,))

    def relocate(self, document: Document) -> None:
        """Keep in mind that an unchanged document now lies elsewhere."""
        row = self._db.execute("SELECT origin FROM documents WHERE id = ?", (document.id,)).fetchone()
        if row[0] != document.origin:
            self._db.execute(
                "UPDATE documents SET origin = ?, record = ? WHERE id = ?",
                (document.origin, _record(document), document.id),
            )

    def add_words(self, words: Iterable[str]) -> None:
        self._db.executemany("INSERT OR IGNORE INTO words VALUES (?)", [(word,) for word in words])

    def delete_words(self, words: Iterable[str]) -> None:
        self._db.executemany("DELETE FROM words WHERE word = ?", [(word,) for word in words])

    def delete_all_words(self) -> None:
        self._db.execute("DELETE FROM words")

    def lost_words(self) -> list[str]:
        """Return the words that no document holds any more."""
        rows = self._db.execute("SELECT title, text FROM document_words")
        held = {word for title, text in rows for word in content_words(f"{title} {text}")}
        return [row[0] for row in self._db.execute("SELECT word FROM words") if row[0] not in held]

    # What a run leaves for the next

    @property
    def revision(self) -> int:
        """A number that grows with every change: what was computed from the index is stale when it differs."""
        return int(self.fact("revision") or 0)

    def pending(self) -> list[str]:
        """Return the ids of the documents whose change was begun and not published."""
        return [row[0] for row in self._db.execute("SELECT document_id FROM pending")]

    def begin(self, ids: Iterable[str]) -> None:
        self._db.executemany("INSERT OR IGNORE INTO pending VALUES (?)", [(i,) for i in ids])

    def end(self, ids: Iterable[str]) -> None:
        self._db.executemany("DELETE FROM pending WHERE document_id = ?", [(i,) for i in ids])

    def note_change(self) -> None:
        self.set_fact("revision", self.revision + 1)

    def fact(self, name: str) -> Any:
        """Return what was noted under a name; None where nothing was."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def set_fact(self, name: str, value: Any) -> None:
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def forget_fact(self, name: str) -> None:
        self._db.execute("DELETE FROM facts WHERE name = ?", (name,))

    def matrix(self, name: str) -> bytes:
        """Return the bytes that were kept under a name."""
        return bytes(self._db.execute("SELECT data FROM matrices WHERE name = ?", (name,)).fetchone()[0])

    def set_matrix(self, name: str, data: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO matrices VALUES (?, ?)", (name, data))

    @property
    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _renew(self) -> None:
        """Cut what an older program kept into passages anew.

        Documents whose passages are others now are pending: the next run makes their vectors.
        """
        with self.transaction():
            self._db.execute("BEGIN IMMEDIATE")
            if self._version >= VERSION:  # another process was first
                return
            have = {row[1] for row in self._db.execute("PRAGMA table_info(passages)")}
            for name, kind in ADDED.items():
                if name not in have:
                    self._db.execute(f"ALTER TABLE passages ADD COLUMN {name} {kind}")
            for document in self.documents():
                passages = split_passages(document)
                old = [(p.id, p.searched) for p in self.passages(document.id)]
                self.delete([document.id])
                self.insert(document, passages)
                self.begin([document.id] if old != [(p.id, p.searched) for p in passages] else [])
                self.note_change()
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    def _among(self, column: str, table: str, values: Sequence[str]) -> set[str]:
        query = f"SELECT {column} FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))"
        return {row[0] for row in self._db.execute(query, (json.dumps(list(values)),))}


def passage_key(passage: Passage) -> str:
    """Return the passage's name in the index: its document and where it starts there."""
    return f"{passage.document_id}#{passage.start}"


def _passage(
    passage_id: str, document_id: str, start: int, end: int, text: str, is_field: int, kind: str, path: str, *rest: Any
) -> Passage:
    return Passage(passage_id, document_id, start, end, text, bool(is_field), kind, tuple(json.loads(path)), *rest)


def _document(record: str, origin: str) -> Document:
    return Document(**json.loads(record), origin=origin)


def _record(document: Document) -> str:
    fields = asdict(document)
    del fields["origin"]
    return json.dumps(fields, ensure_ascii=False)


def _quoted(word: str) -> str:
    """Return the FTS5 query for a word; quoted, it is never taken for an operator."""
    return '"' + word.replace('"', '""').replace("\0", " ") + '"'
