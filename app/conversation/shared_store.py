"""Conversations and feedback in a database that several processes share, instead of in files of one home.

Each row says whose it is, and nothing of anybody else's is read through an object that is one person's.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from dataclasses import astuple
from typing import Any

from app.conversation.database import Database, open_database
from app.conversation.feedback import Feedback, Row
from app.conversation.store import Conversation, Conversations, UnknownConversation, title_of
from app.settings import Settings

_COLUMNS = "id, title, created_at, updated_at"
_REFERRED = """SELECT 1 FROM checkpoints c WHERE c.thread_id = b.thread_id AND c.checkpoint_ns = b.checkpoint_ns
    AND c.checkpoint -> 'channel_versions' ->> b.channel = b.version"""


class SharedConversations(Conversations):
    """One person's conversations."""

    def __init__(self, database: Database, whose: str) -> None:
        self._database = database
        self._whose = whose
        self.checkpointer = database.checkpointer()

    def locked(self, conversation_id: str) -> contextlib.AbstractContextManager[None]:
        """Keep other processes from working on a conversation until this one is done with it, or dies."""
        return self._database.locked(f"conversation {self.thread(conversation_id)}")

    def thread(self, conversation_id: str) -> str:
        return f"{self._whose}/{conversation_id}"

    def start(self, question: str, conversation_id: str | None = None) -> Conversation:
        now = time.time()
        conversation_id = conversation_id or uuid.uuid4().hex[:12]
        self._database.rows(
            "INSERT INTO conversations VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (whose, id) DO UPDATE SET updated_at = excluded.updated_at",
            (self._whose, conversation_id, _stored(title_of(question)), now, now),
        )
        return self.get(conversation_id)

    def get(self, conversation_id: str) -> Conversation:
        sql = f"SELECT {_COLUMNS} FROM conversations WHERE whose = %s AND id = %s"
        rows = self._database.rows(sql, (self._whose, _stored(conversation_id)))
        if not rows:
            raise UnknownConversation(f"no conversation {conversation_id!r}; it may have been deleted")
        return Conversation(*rows[0])

    def all(self) -> list[Conversation]:
        sql = f"SELECT {_COLUMNS} FROM conversations WHERE whose = %s ORDER BY updated_at DESC, id"
        return [Conversation(*row) for row in self._database.rows(sql, (self._whose,))]

    def delete(self, conversation_id: str) -> None:
        self._database.rows("DELETE FROM conversations WHERE whose = %s AND id = %s", (self._whose, conversation_id))
        self.checkpointer.delete_thread(self.thread(conversation_id))

    def forget_steps(self, conversation_id: str) -> None:
        """Keep a conversation's last checkpoint only, and of the values those that it refers to."""
        thread = self.thread(conversation_id)
        latest = "SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = %s"
        for table in ("checkpoint_writes", "checkpoints"):
            sql = f"DELETE FROM {table} WHERE thread_id = %s AND checkpoint_id != ({latest})"
            self._database.rows(sql, (thread, thread))
        sql = f"DELETE FROM checkpoint_blobs b WHERE thread_id = %s AND NOT EXISTS ({_REFERRED})"
        self._database.rows(sql, (thread,))

    def close(self) -> None:
        """The database stays open: others of this process use it."""

    def _rename(self, conversation_id: str, title: str) -> None:
        sql = "UPDATE conversations SET title = %s WHERE whose = %s AND id = %s"
        self._database.rows(sql, (_stored(title), self._whose, conversation_id))


class SharedFeedback(Feedback):
    """One person's feedback."""

    def __init__(self, database: Database, whose: str) -> None:
        self._database = database
        self._whose = whose

    def forget(self, conversation_id: str) -> None:
        sql = "DELETE FROM feedback WHERE whose = %s AND conversation_id = %s"
        self._database.rows(sql, (self._whose, conversation_id))

    def _keep(self, row: Row) -> None:
        values = [self._whose, *(_stored(value) for value in astuple(row))]
        places = ", ".join(["%s"] * len(values))
        renewed = ", ".join(
            f"{c} = excluded.{c}" for c in ("question", "answer", "passages", "rating", "comment", "at")
        )
        self._database.rows(
            f"INSERT INTO feedback (whose, {', '.join(row.columns())}) VALUES ({places})"
            f" ON CONFLICT (whose, conversation_id, answer_key, cited) DO UPDATE SET {renewed}",
            values,
        )

    def _read(self, columns: str, where: str = "", values: tuple[str, ...] = ()) -> list[Any]:
        asked = f" AND {where.replace('?', '%s')}" if where else ""
        sql = f"SELECT {columns} FROM feedback WHERE whose = %s{asked} ORDER BY at"
        return self._database.rows(sql, (self._whose, *values))


def open_conversations(settings: Settings) -> Conversations:
    """Open the conversations of the person whom the settings name, in the database where there is one.

    Raises:
        ConversationsRefused: They cannot be used.
    """
    if settings.database_url:
        return SharedConversations(open_database(settings.database_url), settings.whose)
    return Conversations(settings.conversations)


def open_feedback(settings: Settings) -> Feedback:
    """Open what that person thought of answers.

    Raises:
        ConversationsRefused: The database cannot be used.
    """
    if settings.database_url:
        return SharedFeedback(open_database(settings.database_url), settings.whose)
    return Feedback(settings.feedback)


def _stored(value: Any) -> Any:
    """A value as Postgres can hold it: its texts have no NUL."""
    return value.replace("\0", " ") if isinstance(value, str) else value
