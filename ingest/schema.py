"""The tables of the lexical side of the index, and their version."""

import sqlite3
import time

SCHEMA = """
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
    kind TEXT NOT NULL DEFAULT '', path TEXT NOT NULL DEFAULT '[]', header TEXT NOT NULL DEFAULT '', page INTEGER,
    UNIQUE (document_id, start));
CREATE VIRTUAL TABLE IF NOT EXISTS document_words USING fts5 (title, text, tokenize = 'porter unicode61');
CREATE VIRTUAL TABLE IF NOT EXISTS passage_words USING fts5 (text, tokenize = 'porter unicode61');
"""

ADDED = {
    "kind": "TEXT NOT NULL DEFAULT ''",
    "path": "TEXT NOT NULL DEFAULT '[]'",
    "header": "TEXT NOT NULL DEFAULT ''",
    "page": "INTEGER",
}
"""Columns that passages of older indexes lack."""

VERSION = 3
"""Of how documents are cut into passages and kept; what an older program kept is cut anew when it is opened."""


def log_ahead(db: sqlite3.Connection, patience_s: float) -> None:
    """Have readers and the writer of a file not wait for each other (SQLite's write-ahead log).

    Two that open a new file at once both want to change it for that, and there SQLite waits for nobody.

    Raises:
        sqlite3.OperationalError: Somebody held the file for longer than that, or it cannot be written.
    """
    end_s = time.monotonic() + patience_s
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end_s:
                raise
            time.sleep(0.02)
