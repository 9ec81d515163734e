"""What keeps an index from being used, in one line that says what mends it.

It knows the errors of the file system, of SQLite and of the vectors, and nothing of what an index holds.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ingest.vector_store import VectorsUnavailable


class IndexRefused(ValueError):
    """The index cannot be used as it is; the message names what mends it."""


@contextlib.contextmanager
def explained(home: Path) -> Iterator[None]:
    """Turn what the file system, SQLite and Chroma raise into one line that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise IndexRefused(full(home)) from error
        raise IndexRefused(
            f"{home} cannot be used as a home ({error.strerror or error}); name a folder that can be written "
            "with --home or UNDERTONE_HOME"
        ) from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise IndexRefused(full(home)) from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise IndexRefused(damaged(home, str(error))) from error
        raise IndexRefused(
            f"the index in {home} cannot be used ({error}); mend its permissions, or wait, and run: "
            f"python -m ingest --home {home}"
        ) from error
    except VectorsUnavailable as error:
        if "disk is full" in str(error) or "No space left" in str(error):
            raise IndexRefused(full(home)) from error
        raise IndexRefused(f"{error}; run: python -m ingest --home {home}") from error


def full(home: Path) -> str:
    return f"the disk that holds {home} is full; make room and run: python -m ingest --home {home}"


def damaged(home: Path, how: str) -> str:
    return f"the documents in {home} are damaged ({how}); what can be read is saved by: python -m ingest --home {home}"
