"""SQLite files that are damaged: found out, and saved as far as SQLite can still read them.

Knows no table's meaning.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]
ONE_BY_ONE = 20_000
"""Rows that are looked for by their numbers, before the steps grow."""


def damage(path: Path) -> str | None:
    """Return what is wrong with a file in SQLite's words; None where it is whole, or is not there."""
    if not path.is_file():
        return None
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:
        return None  # locked, or not to be opened: no damage
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if said == "ok" else " ".join(str(said).split())


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
    for ending in ("-wal", "-shm", "-journal"):
        beside = path.with_name(path.name + ending)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + ending))
    return aside


def _edge(connection: sqlite3.Connection, table: str, which: str) -> int | None:
    """The first or last row's number; of a table whose end cannot be read, a number beyond it."""
    try:
        found = connection.execute(f"SELECT {which}(rowid) FROM {table}").fetchone()[0]
    except sqlite3.OperationalError:  # no such table
        return None
    except sqlite3.DatabaseError:
        return 0 if which == "min" else 2**40
    return None if found is None else int(found)
