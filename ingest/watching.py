"""Files and folders that are followed: what changes there is indexed within seconds.

Knows when something may have changed, and leaves it to the index to say what.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ingest.readers.readers import READERS

WRITES = ("created", "deleted", "modified", "moved", "closed")
QUIET_S = 0.7
"""So long nothing must change before it is read: who copies a folder is not interrupted at each file."""


def changes(paths: Sequence[Path], *, is_over: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Yield each time that something below the paths has changed and rests again, until `is_over` says so."""
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    changed = threading.Event()

    class Notes(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            names = [str(name) for name in (event.src_path, getattr(event, "dest_path", "")) if name]
            is_document = any(Path(name).suffix.lower() in READERS for name in names)
            if event.event_type in (("created", "deleted", "moved") if event.is_directory else WRITES) and (
                event.is_directory or is_document
            ):
                changed.set()

    observer = Observer()
    for folder in dict.fromkeys(path if path.is_dir() else path.parent for path in paths):
        if folder.is_dir():
            observer.schedule(Notes(), str(folder), recursive=True)
    observer.start()
    try:
        while not is_over():
            if not changed.wait(QUIET_S):
                continue
            while changed.is_set():
                changed.clear()
                changed.wait(QUIET_S)
            yield
    finally:
        observer.stop()
        observer.join()
