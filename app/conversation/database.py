"""One Postgres database that several page processes have in common: connections, locks, who is alive, what changed.

The one door to psycopg, which is imported when a database is named. Knows its tables, and not what their rows mean.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from app.conversation.store import ConversationsRefused

VARIABLE = "UNDERTONE_DATABASE_URL"
REQUIREMENTS = "python -m pip install -r requirements-scale.txt"
CONNECT_TIMEOUT_S = 5
POOL_CONNECTIONS = 8  # none is held longer than a statement takes
POOL_TIMEOUT_S = 10.0
LOCK_POLL_S = 0.05
BEAT_S = 2.0
SILENT_S = 20.0
"""A process that has not been heard of for so long is dead; on a busy machine a living one may be late by seconds."""
CHANNEL = "undertone"

SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    whose TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL, updated_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (whose, id));
CREATE TABLE IF NOT EXISTS feedback (
    whose TEXT NOT NULL, conversation_id TEXT NOT NULL, answer_key TEXT NOT NULL, question TEXT NOT NULL,
    answer TEXT NOT NULL, passages TEXT NOT NULL, cited TEXT NOT NULL, rating TEXT, comment TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL, PRIMARY KEY (whose, conversation_id, answer_key, cited));
CREATE TABLE IF NOT EXISTS renders (
    whose TEXT NOT NULL, id TEXT NOT NULL, conversation_id TEXT NOT NULL, call_id TEXT NOT NULL, tool TEXT NOT NULL,
    arguments TEXT NOT NULL, status TEXT NOT NULL, created_at DOUBLE PRECISION NOT NULL, owner TEXT NOT NULL,
    error TEXT, result TEXT, attempts INTEGER NOT NULL DEFAULT 0, is_cancelled BOOLEAN NOT NULL DEFAULT FALSE,
    step INTEGER, total INTEGER, preview BYTEA, PRIMARY KEY (whose, id));
CREATE INDEX IF NOT EXISTS renders_under_way ON renders (status) WHERE status IN ('queued', 'running', 'rendered');
CREATE TABLE IF NOT EXISTS processes (name TEXT PRIMARY KEY, seen_at TIMESTAMPTZ NOT NULL);
"""


class DatabaseRefused(ConversationsRefused):
    """The database cannot be used; the message is one line that says what mends it."""


class Database:
    """The database at one address, as this process uses it.

    Attributes:
        name: This process's, among all that share the database.
    """

    def __init__(self, url: str) -> None:
        """Connect, and make the tables where they are missing.

        Raises:
            DatabaseRefused: The address is none, nobody answers there, or psycopg is missing.
        """
        try:
            import psycopg
            import psycopg_pool
            from langgraph.checkpoint.postgres import PostgresSaver
        except ImportError as error:
            raise DatabaseRefused(f"{VARIABLE} needs {error.name}, which is missing; run: {REQUIREMENTS}") from error
        self._psycopg, self._saver = psycopg, _explaining(PostgresSaver, self._explained)
        self._errors = (psycopg.Error, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed)
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._url, self._place = url, _place(url, psycopg)
        self._changing, self._closed = threading.Lock(), threading.Event()
        self._locks: Any = self._connect()
        self._watchers: dict[str, Callable[[str | None], None]] = {}
        self._chores: dict[str, Callable[[], None]] = {}
        self._listener: threading.Thread | None = None
        self._pool = psycopg_pool.ConnectionPool(
            url,
            min_size=1,
            max_size=POOL_CONNECTIONS,
            timeout=POOL_TIMEOUT_S,
            kwargs={"autocommit": True, "connect_timeout": CONNECT_TIMEOUT_S},
            check=psycopg_pool.ConnectionPool.check_connection,  # one that a restart of the server has broken is left
            open=True,
        )
        atexit.register(self.close)
        with self.locked("schema"):
            for statement in SCHEMA.strip().split(";\n"):
                self.rows(statement)
            self._saver(self._pool).setup()

    def close(self) -> None:
        """Let go of every connection, and with them of every lock."""
        self._closed.set()
        if self._listener:
            self._listener.join(BEAT_S * 2)
        self._pool.close()
        self._locks.close()
        atexit.unregister(self.close)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement and return its rows, each a tuple.

        Raises:
            DatabaseRefused: It cannot be run.
        """
        with self._explained(), self._pool.connection() as connection:
            done = connection.execute(sql, values or None)
            return done.fetchall() if done.description else []

    def checkpointer(self) -> BaseCheckpointSaver[Any]:
        """LangGraph's checkpoints in this database; messages come back as messages, anything else as plain data."""
        return self._saver(self._pool, serde=JsonPlusSerializer(allowed_msgpack_modules=None))

    @contextlib.contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold a lock that one process has at a time; the server drops it when the process dies.

        Threads of one process are not kept from each other.
        """
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        while not self._on_locks("SELECT pg_try_advisory_lock(%s)", key):
            time.sleep(LOCK_POLL_S)
        try:
            yield
        finally:
            with contextlib.suppress(DatabaseRefused):  # a connection that broke has dropped its locks
                self._on_locks("SELECT pg_advisory_unlock(%s)", key)

    # Who is alive, and what changed

    def watch(self, whose: str, told: Callable[[str | None], None]) -> None:
        """Be told what any process changes of somebody's, by its id; None: anything may have changed."""
        self._watchers[whose] = told
        with self._changing:
            if self._listener is None:
                self._beat()  # before anything is owned
                self._listener = threading.Thread(target=self._listen, daemon=True, name="database")
                self._listener.start()

    def tell(self, whose: str, changed: str) -> None:
        """Tell every process that watches."""
        self.rows("SELECT pg_notify(%s, %s)", (CHANNEL, f"{whose} {changed}"))

    def at_each_beat(self, name: str, chore: Callable[[], None]) -> None:
        """Have something done every two seconds, once in this process whoever asks for it."""
        self._chores[name] = chore

    def _beat(self) -> None:
        """Say that this process lives."""
        self.rows(
            "INSERT INTO processes VALUES (%s, now()) ON CONFLICT (name) DO UPDATE SET seen_at = now()", (self.name,)
        )
        self.rows("DELETE FROM processes WHERE seen_at < now() - interval '1 day'")

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                with self._connect() as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    for told in list(self._watchers.values()):  # what changed while nobody listened
                        told(None)
                    while not self._closed.is_set():
                        self._beat()
                        for chore in list(self._chores.values()):
                            chore()
                        for notice in connection.notifies(timeout=BEAT_S):
                            whose, _, changed = notice.payload.rpartition(" ")
                            if whose in self._watchers:
                                self._watchers[whose](changed)
            except (DatabaseRefused, *self._errors):  # the server restarts: the next beat tries again
                self._closed.wait(BEAT_S)

    # Connections

    def _connect(self) -> Any:
        with self._explained():
            return self._psycopg.connect(self._url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)

    def _on_locks(self, sql: str, key: int) -> bool:
        """Ask on the connection that holds this process's locks; one that broke, and holds none, is replaced."""
        with self._changing:
            if not self._locks.closed:
                with contextlib.suppress(self._psycopg.OperationalError):
                    return bool(self._locks.execute(sql, (key,)).fetchone()[0])
            self._locks = self._connect()
            with self._explained():
                return bool(self._locks.execute(sql, (key,)).fetchone()[0])

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what psycopg raises into one line that says what to do."""
        try:
            yield
        except self._errors as error:
            said = " ".join(str(error).split()) or type(error).__name__
            raise DatabaseRefused(
                f"the database at {self._place} cannot be used ({said}); start it, or mend {VARIABLE}"
            ) from error


@cache
def open_database(url: str) -> Database:
    """Open a database, once in this process.

    Raises:
        DatabaseRefused: As `Database`.
    """
    return Database(url)


def _place(url: str, psycopg: Any) -> str:
    """Say where a database is, without the password.

    Raises:
        DatabaseRefused: The address is none.
    """
    example = f"write {VARIABLE}=postgresql://USER@HOST:5432/DATABASE"
    if not url.startswith(("postgresql://", "postgres://")):
        raise DatabaseRefused(f"{VARIABLE} is no address of a Postgres database; {example}")
    try:
        parts = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # its message may hold the password
        raise DatabaseRefused(f"{VARIABLE} is no address of a Postgres database; {example}") from None
    return f"{parts.get('host', 'the local socket')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


def _explaining(saver: Any, explained: Callable[[], Any]) -> Any:
    """A checkpointer whose errors are told as any other of the database."""

    class Saver(saver):
        @contextlib.contextmanager
        def _cursor(self, *, pipeline: bool = False) -> Iterator[Any]:
            with explained(), super()._cursor(pipeline=pipeline) as cursor:
                yield cursor

    return Saver
