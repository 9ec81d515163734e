"""A turn at work in the background, so that a click or a reload does not end it.

It knows nothing of what a turn does: it runs an iterator in a thread, keeps what came, and lets any number of readers
follow.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator

from app.chat import Event


class Turn:
    """One running turn."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events: list[Event] = []
        self.error: Exception | None = None
        self._finished = False
        self._changed = threading.Condition()
        threading.Thread(target=self._work, args=(events,), daemon=True, name="turn").start()

    @property
    def finished(self) -> bool:
        return self._finished

    def follow(self) -> Iterator[Event]:
        """Yield the turn's events from its beginning; ends with the turn, or raises what ended it."""
        for number in itertools.count():
            with self._changed:
                while len(self._events) <= number and not self._finished:
                    self._changed.wait()
                if len(self._events) <= number:
                    break
            yield self._events[number]
        if self.error:
            raise self.error

    def _work(self, events: Iterator[Event]) -> None:
        try:
            for event in events:
                with self._changed:
                    self._events.append(event)
                    self._changed.notify_all()
        except Exception as error:  # carried to whoever follows; a thread has nobody to raise to
            self.error = error
        with self._changed:
            self._finished = True
            self._changed.notify_all()


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
