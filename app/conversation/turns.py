"""A turn at work in the background, so that a click or a reload does not end it.

It knows nothing of what a turn does: it runs an iterator to its end in a thread. What came of it stands in the
conversation.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from app.answers import Partial
from app.conversation.chat import Event


class Turn:
    """One running turn."""

    def __init__(self, events: Iterator[Event]) -> None:
        self.error: Exception | None = None
        self.doing: str | None = None  # the last line that the turn gave about its work
        self.partial: Partial | None = None  # the sections of its answer that stand already
        self._ended = threading.Event()
        threading.Thread(target=self._work, args=(events,), daemon=True, name="turn").start()

    @property
    def finished(self) -> bool:
        return self._ended.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the turn's end or for so many seconds; whether it has ended."""
        return self._ended.wait(timeout_s)

    def _work(self, events: Iterator[Event]) -> None:
        try:
            for event in events:
                if isinstance(event, str):
                    self.doing = event
                elif isinstance(event, Partial):
                    self.partial = event
        except Exception as error:  # carried to whoever asks; a thread has nobody to raise to
            self.error = error
        self._ended.set()


class Turns:
    """The last turn of each conversation."""

    def __init__(self) -> None:
        self._running: dict[str, Turn] = {}
        self._lock = threading.Lock()

    def start(self, conversation_id: str, events: Iterator[Event]) -> Turn:
        """Run a turn; while one is under way the new one waits for it inside, by the conversation's lock."""
        with self._lock:
            turn = self._running[conversation_id] = Turn(events)
            return turn

    def latest(self, conversation_id: str) -> Turn | None:
        """The conversation's last turn since this process started."""
        return self._running.get(conversation_id)
