"""The page's modules and its corpus, opened in a thread from when the server starts.

Importing them takes seconds, which nobody should look at an empty window for. What cannot be opened, the page tells;
it tries again each time that it is drawn.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from typing import TYPE_CHECKING

from app.settings import read_settings
from ingest.command import lasting
from ingest.vectors import load_embedder

if TYPE_CHECKING:
    from app.application import Shared


class Opening:
    """One process's opening."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._shared: Shared | None = None

    def start(self) -> None:
        """Begin, where nobody has begun."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._open, name="opening")
                self._thread.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until all is there, no longer than so many seconds; say whether it is."""
        self.start()
        assert self._thread is not None
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def take(self) -> Shared | None:
        """Hand over what was opened, once; None where nothing was, or somebody has it already."""
        shared, self._shared = self._shared, None
        return shared

    def _open(self) -> None:
        with lasting():
            settings = read_settings()
            load_embedder(settings.embedder).load_ahead()
            from app.application import OPENING_ERRORS, open_shared

            with contextlib.suppress(*OPENING_ERRORS):
                self._shared = open_shared(settings)
            importlib.import_module("app.page")


opening = Opening()
"""This process's."""
