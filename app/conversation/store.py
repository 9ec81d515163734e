"""The conversations kept under a home: their names, their order, and the agent's memory of each.

The names stand in a table of our own beside LangGraph's checkpoints, in one SQLite file. This module knows nothing
about what was said; `transcripts.py` reads that.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

TITLE_CHARS = 80
BUSY_TIMEOUT_S = 30.0


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

    def __init__(self, path: Path) -> None:
        """Open the file, or begin an empty one.

        Raises:
            ConversationsRefused: It cannot be read or written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._open(path)
        except (OSError, sqlite3.Error) as error:
            raise ConversationsRefused(
                f"the conversations in {path} cannot be used ({error}); make room or mend its permissions, or move the "
                "file away to begin a new one"
            ) from error

    def _open(self, path: Path) -> None:
        # None: messages come back as messages, anything else as plain data, whatever a file claims to be
        connection = sqlite3.connect(path, check_same_thread=False, timeout=BUSY_TIMEOUT_S)
        self.checkpointer = SqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        self.checkpointer.setup()
        self._names = sqlite3.connect(path, check_same_thread=False, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        self._lock = threading.Lock()
        self._names.execute(
            "CREATE TABLE IF NOT EXISTS conversations"
            " (id TEXT PRIMARY KEY, title TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL)"
        )

    def start(self, question: str, conversation_id: str | None = None) -> Conversation:
        """Open a conversation named after its first question; an id that is already kept is opened as it is."""
        now = time.time()
        conversation_id = conversation_id or uuid.uuid4().hex[:12]
        self._write(
            "INSERT INTO conversations VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET updated_at = ?",
            (conversation_id, _title(question), now, now, now),
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
        self._write("UPDATE conversations SET title = ? WHERE id = ?", (_title(title), conversation_id))

    def delete(self, conversation_id: str) -> None:
        self._write("DELETE FROM conversations WHERE id = ?", (conversation_id,))
        self.checkpointer.delete_thread(conversation_id)

    def forget_steps(self, conversation_id: str) -> None:
        """Keep a conversation's last checkpoint only.

        Every step stores the whole conversation again, so a long one would grow with the square of its length.
        """
        latest = "SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = ?"
        with self.checkpointer.cursor() as cursor:
            for table in ("writes", "checkpoints"):
                cursor.execute(
                    f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id != ({latest})",
                    (conversation_id, conversation_id),
                )

    def close(self) -> None:
        self._names.close()
        self.checkpointer.conn.close()

    def _rows(self, sql: str, values: tuple[str, ...]) -> list[Conversation]:
        with self._lock:
            return [Conversation(*row) for row in self._names.execute(sql, values)]

    def _write(self, sql: str, values: tuple[str | float, ...]) -> None:
        with self._lock:
            self._names.execute(sql, values)


def _title(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= TITLE_CHARS else words[: TITLE_CHARS - 1].rstrip() + "…"
