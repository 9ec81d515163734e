"""SQLite files that are damaged: found out, and saved as far as SQLite can still read them.

SQLite notices what breaks its own structure, and not a letter that was changed. So a file that rests is *sealed*: its
SHA-256 lies beside it, until somebody is about to change it. Knows no table's meaning.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]
ONE_BY_ONE = 20_000
"""Rows that are looked for by their numbers, before the steps grow."""


def damage(path: Path) -> str | None:
    """Return what is wrong with a file, as a rule in SQLite's words; None where it is whole, or is not there."""
    if not path.is_file():
        return None
    if sealed := _seal_of(path):
        if _sha256(path) == sealed:
            return None
        if _seal_of(path) == sealed:  # else somebody began to change it meanwhile
            return "its bytes are not those that were written"
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:
        return None  # locked, or not to be opened: no damage
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if said == "ok" else " ".join(str(said).split())


def seal(path: Path, connection: sqlite3.Connection) -> None:
    """Seal a file in WAL mode, if all that was written to it is in it.

    Args:
        connection: To this file, in no transaction.
    """
    (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if not is_busy:
        try:
            _beside(path).write_text(_sha256(path), "ascii")
        except OSError:  # a full disk: it goes without
            unseal(path)


def unseal(path: Path) -> None:
    """Take a file's seal away: to be called before each change."""
    _beside(path).unlink(missing_ok=True)


def readable_rows(path: Path, table: str, columns: str) -> Iterator[Row]:
    """Yield the rows of a table that can still be read, passing over those that cannot.

    Args:
        columns: As after SELECT.
    """
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        last = _edge(connection, table, "max")
        at, missed = _edge(connection, table, "min") or 0, 0
        while last is not None and at <= last:
            # in one go until a page cannot be read, then one by one until some can
            alone = missed > 0
            wanted = "rowid = ?" if alone else "rowid >= ?"
            try:
                for number, *row in connection.execute(
                    f"SELECT rowid, {columns} FROM {table} WHERE {wanted} ORDER BY rowid", (at,)
                ):
                    if number < at:
                        raise sqlite3.DatabaseError("a page leads back to one before it")
                    yield tuple(row)
                    at, missed = max(at, number + 1), 0
                if not alone:
                    return
                if not missed:
                    continue
            except sqlite3.DatabaseError:
                pass
            missed += 1
            at += 1 if missed < ONE_BY_ONE else 2 ** min(missed - ONE_BY_ONE, 30)


def set_aside(path: Path) -> Path:
    """Move a damaged file and what SQLite keeps beside it out of the way; return where it is now."""
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{time.monotonic_ns() % 1000:03}")
    path.rename(aside)
    unseal(path)
    for ending in ("-wal", "-shm", "-journal"):
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + ending))
    return aside


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _seal_of(path: Path) -> str | None:
    try:
        return _beside(path).read_bytes().decode("ascii", "replace")
    except FileNotFoundError:
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _edge(connection: sqlite3.Connection, table: str, which: str) -> int | None:
    """The first or last row's number; of a table whose end cannot be read, a number beyond it."""
    try:
        found = connection.execute(f"SELECT {which}(rowid) FROM {table}").fetchone()[0]
    except sqlite3.OperationalError:  # no such table
        return None
    except sqlite3.DatabaseError:
        return 0 if which == "min" else 2**40
    return None if found is None else int(found)
