"""The conversations kept under a home: their names, their order, and the agent's memory of each.

The names stand in a table of our own beside LangGraph's checkpoints, in one SQLite file. This module knows nothing
about what was said; `transcripts.py` reads that.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from ingest.salvage import damage, readable_rows, set_aside

TITLE_CHARS = 80
BUSY_TIMEOUT_S = 30.0
PACKED_PAGES = 2_000
"""Pages of 4 kB: so much may stand empty before the file is packed, and so many are given back after a turn."""

_CHECKPOINTS = {  # LangGraph's tables, as langgraph-checkpoint-sqlite makes them
    "checkpoints": (
        "thread_id", "checkpoint_ns", "checkpoint_id", "parent_checkpoint_id", "type", "checkpoint", "metadata",
    ),
    "writes": ("thread_id", "checkpoint_ns", "checkpoint_id", "task_id",
        "task_path", "idx", "channel", "type", "value"),
}  # fmt: skip


class ConversationsRefused(ValueError):
    """The file of the conversations cannot be used; the message says what mends it."""


class UnknownConversation(LookupError):
    """No conversation has this id."""


@dataclass(frozen=True)
class Conversation:
    id: str
    title: str
    created_at: float  # seconds since the epoch
    updated_at: float


class Conversations:
    """The list of conversations, and the checkpointer that remembers them."""

    checkpointer: BaseCheckpointSaver[Any]

    def __init__(self, path: Path) -> None:
        """Open the file, or begin an empty one.

        Raises:
            ConversationsRefused: It cannot be read or written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if found := damage(path):
                raise ConversationsRefused(_damaged(path, found))
            self._open(path)
        except (OSError, sqlite3.Error) as error:
            raise refused(path, error) from error

    def _open(self, path: Path) -> None:
        # None: messages come back as messages, anything else as plain data, whatever a file claims to be
        connection = sqlite3.connect(path, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file; an old one is packed below
        self._saver = SqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        self._saver.setup()
        self.checkpointer = self._saver
        self._names = sqlite3.connect(path, check_same_thread=False, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        self._lock = threading.Lock()
        self._names.execute(
            "CREATE TABLE IF NOT EXISTS conversations"
            " (id TEXT PRIMARY KEY, title TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL)"
        )
        self._pack()

    def _pack(self) -> None:
        """Give back the space of a file that is mostly empty, where nobody else has it open."""
        free, pages = (self._names.execute(f"PRAGMA {what}").fetchone()[0] for what in ("freelist_count", "page_count"))
        if free > PACKED_PAGES and free > pages // 2:
            with contextlib.suppress(sqlite3.OperationalError):  # in use, or no room for the copy
                self._names.execute("PRAGMA auto_vacuum = INCREMENTAL")
                self._names.execute("VACUUM")

    def locked(self, conversation_id: str) -> contextlib.AbstractContextManager[None]:
        """Keep other processes from working on a conversation; here there is nobody to keep from it."""
        return contextlib.nullcontext()

    def thread(self, conversation_id: str) -> str:
        """What the checkpointer knows a conversation by."""
        return conversation_id

    def start(self, question: str, conversation_id: str | None = None) -> Conversation:
        """Open a conversation named after its first question; an id that is already kept is opened as it is."""
        now = time.time()
        conversation_id = conversation_id or uuid.uuid4().hex[:12]
        self._write(
            "INSERT INTO conversations VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET updated_at = ?",
            (conversation_id, title_of(question), now, now, now),
        )
        return self.get(conversation_id)

    def get(self, conversation_id: str) -> Conversation:
        rows = self._rows("SELECT * FROM conversations WHERE id = ?", (conversation_id,))
        if not rows:
            raise UnknownConversation(f"no conversation {conversation_id!r}; it may have been deleted")
        return rows[0]

    def all(self) -> list[Conversation]:
        """The conversations, the one used last first."""
        return self._rows("SELECT * FROM conversations ORDER BY updated_at DESC, id", ())

    def rename(self, conversation_id: str, title: str) -> None:
        if not title.strip():
            raise ValueError("a conversation needs a name; type one or keep the old one")
        self._rename(conversation_id, title_of(title))

    def _rename(self, conversation_id: str, title: str) -> None:
        self._write("UPDATE conversations SET title = ? WHERE id = ?", (title, conversation_id))

    def delete(self, conversation_id: str) -> None:
        self._write("DELETE FROM conversations WHERE id = ?", (conversation_id,))
        self.checkpointer.delete_thread(conversation_id)

    def forget_steps(self, conversation_id: str) -> None:
        """Keep a conversation's last checkpoint only.

        Every step stores the whole conversation again, so a long one would grow with the square of its length.
        """
        latest = "SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = ?"
        with self._saver.cursor() as cursor:
            for table in ("writes", "checkpoints"):
                cursor.execute(
                    f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id != ({latest})",
                    (conversation_id, conversation_id),
                )
        with self._lock, contextlib.suppress(sqlite3.OperationalError):  # somebody writes: the next turn does it
            self._names.execute(f"PRAGMA incremental_vacuum({PACKED_PAGES})").fetchall()

    def close(self) -> None:
        self._names.close()
        self._saver.conn.close()

    def _rows(self, sql: str, values: tuple[str, ...]) -> list[Conversation]:
        with self._lock:
            return [Conversation(*row) for row in self._names.execute(sql, values)]

    def _write(self, sql: str, values: tuple[str | float, ...]) -> None:
        with self._lock:
            self._names.execute(sql, values)


def recover(path: Path) -> tuple[int, Path] | None:
    """Put a file in the place of a damaged one that holds what can still be read of it.

    Returns:
        How many conversations were saved, and where the damaged file is now; None where the file is whole.
    """
    if damage(path) is None:
        return None
    kept = {
        table: list(readable_rows(path, table, ", ".join(columns)))
        for table, columns in {**_CHECKPOINTS, "conversations": ("id", "title", "created_at", "updated_at")}.items()
    }
    aside = set_aside(path)
    conversations = Conversations(path)
    saved = 0
    for row in kept.pop("conversations"):
        with contextlib.suppress(sqlite3.Error):
            conversations._names.execute("INSERT OR REPLACE INTO conversations VALUES (?, ?, ?, ?)", row)
            saved += 1
    with conversations._saver.cursor() as cursor:
        for table, rows in kept.items():
            columns = _CHECKPOINTS[table]
            places = ", ".join("?" * len(columns))
            cursor.executemany(f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)
    conversations.close()
    return saved, aside


def is_passing(error: Exception) -> bool:
    """Whether an error is SQLite's own, as of a full disk or a lock; one of a text that is no UTF-8 has no code."""
    return isinstance(error, sqlite3.OperationalError) and hasattr(error, "sqlite_errorcode")


def refused(path: Path, error: Exception) -> ConversationsRefused:
    """Say in one line why a file of conversations cannot be used, and what mends it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or getattr(error, "errno", None) == errno.ENOSPC:
        return ConversationsRefused(f"the disk that holds {path} is full; make room and ask again")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return ConversationsRefused(_damaged(path, str(error)))
    return ConversationsRefused(f"the conversations in {path} cannot be used ({error}); make room or mend permissions")


def _damaged(path: Path, how: str) -> str:
    home = path.parent
    return f"{path} is damaged ({how}); what can be read is saved by: python -m app --recover --home {home}"


def title_of(question: str) -> str:
    """A conversation's name, made from its first question."""
    words = " ".join(question.split())
    return words if len(words) <= TITLE_CHARS else words[: TITLE_CHARS - 1].rstrip() + "…"
