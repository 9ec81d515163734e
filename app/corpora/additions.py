"""What a person adds to a corpus from the page: kept as files beside the index, read and indexed one after the other.

A thread of its own works on them, so that no click and no reload breaks one off. Files lie in `added/` of the home;
what is removed goes to `removed/` beside it and can be taken back. Documents that came from elsewhere are not touched.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Literal

from app.markup import file_name
from ingest.arxiv import paper_of
from ingest.documents import Document, read_documents, real
from ingest.errors import CorpusError, CorpusNote
from ingest.fetching import Unfetched, fetch
from ingest.front_matter import split_front_matter
from ingest.index import Index
from ingest.readers.markdown import title_in
from ingest.readers.readers import READERS
from ingest.readers.records import slug
from ingest.refusals import IndexRefused
from ingest.vector_store import VectorsUnavailable

MAX_KEPT = 200
"""Additions whose outcome is kept in sight."""

State = Literal["waiting", "fetching", "reading", "indexing", "taken", "not taken"]


@dataclass(frozen=True)
class Addition:
    """Something that was added, and what became of it."""

    number: int
    name: str
    state: State = "waiting"
    said: str = ""  # why it was not taken, or what was left out
    titles: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        return self.state in ("taken", "not taken")


class NotTaken(ValueError):
    """It was not taken; the message is one line that says why."""


@dataclass
class Additions:
    """Adds to one corpus, removes what was added, and takes it back.

    Args:
        home: Of the corpus.
        open_index: Opens the index for a change; what answers questions has one of its own.
        fetch_to: Fetches what an identifier names into a folder.
    """

    home: Path
    open_index: Callable[[], Index]
    fetch_to: Callable[[str, Path], Path] = fetch
    _known: dict[int, Addition] = field(default_factory=dict)
    _work: SimpleQueue[tuple[int, Callable[[int], None]]] = field(default_factory=SimpleQueue)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _index: Index | None = None

    def __post_init__(self) -> None:
        threading.Thread(target=self._run, name="additions", daemon=True).start()

    @property
    def folder(self) -> Path:
        return self.home / "added"

    def known(self) -> list[Addition]:
        """Return what was added since the program began, the newest first."""
        with self._lock:
            return sorted(self._known.values(), key=lambda one: -one.number)

    def is_working(self) -> bool:
        return any(not one.is_over for one in self.known())

    def add_file(self, name: str, data: bytes) -> None:
        """Add a file as it was dropped."""
        self._put(name, lambda number: self._index_file(number, self._write(name, data)))

    def add_text(self, title: str, text: str, *, is_model_card: bool) -> None:
        """Add a pasted text."""
        name = f"{file_name(slug(title))}.{'md' if is_model_card else 'txt'}"
        mark = "# " if is_model_card else ""
        data = f"{mark}{' '.join(title.split())}\n\n{text}\n".encode("utf-8", "replace")
        self._put(title, lambda number: self._index_file(number, self._write(name, data)))

    def add_named(self, identifier: str) -> None:
        """Add what arXiv or the hub has by this identifier."""

        def work(number: int) -> None:
            self._set(number, state="fetching")
            self._index_file(number, self.fetch_to(identifier, self.folder / "fetched"))

        self._put(identifier, work)

    def is_added(self, document: Document) -> bool:
        """Whether a document came from the page, and can be removed there."""
        return bool(document.origin) and Path(document.origin).is_relative_to(real(self.folder))

    def remove(self, document: Document) -> list[str]:
        """Take a document's file out of the corpus, with all that came from it; returns the ids of those documents."""
        if not self.is_added(document):
            raise NotTaken(f"{document.id} was not added here; remove it where it lies: {document.origin}")
        file = Path(document.origin)
        aside = self._aside(file)
        aside.parent.mkdir(parents=True, exist_ok=True)
        with self._changing() as index:
            gone = [one.id for one in index.documents() if one.origin == document.origin]
            os.replace(file, aside)
            index.sync((), prune=True, under=[file])
        return gone

    def take_back(self, origin: str) -> None:
        """Undo `remove`."""
        file = Path(origin)
        aside = self._aside(file)
        if not aside.is_file() or file.exists():
            raise NotTaken(f"{file.name} cannot be taken back; add it again")
        file.parent.mkdir(parents=True, exist_ok=True)
        os.replace(aside, file)
        self._put(file.name, lambda number: self._index_file(number, file))

    def wait(self, seconds: float) -> None:
        """Wait until nothing is left to do. For commands and tests."""
        done = threading.Event()
        self._work.put((-1, lambda _: done.set()))
        done.wait(seconds)

    # The thread's own work

    def _run(self) -> None:
        while True:
            number, work = self._work.get()
            try:
                work(number)
            except (NotTaken, Unfetched, CorpusError, IndexRefused, VectorsUnavailable, OSError) as error:
                self._set(number, state="not taken", said=" ".join(str(error).split()))
            except Exception as error:  # whatever a file is: the next one's turn comes
                self._set(number, state="not taken", said=f"it cannot be read ({type(error).__name__}); save it anew")

    def _put(self, name: str, work: Callable[[int], None]) -> None:
        with self._lock:
            number = max(self._known, default=0) + 1
            self._known[number] = Addition(number, name)
            for old in sorted(self._known)[:-MAX_KEPT]:
                del self._known[old]
        self._work.put((number, work))

    def _set(self, number: int, **changes: object) -> None:
        with self._lock:
            if number in self._known:
                self._known[number] = replace(self._known[number], **changes)  # type: ignore[arg-type]

    def _write(self, name: str, data: bytes) -> Path:
        """Keep a dropped file by a name of its own; a README goes into a folder that is called by its title."""
        path = self.folder / _safe(name)
        if path.suffix.lower() not in READERS:
            raise NotTaken(f"not a kind of file that can be read; give one of {', '.join(sorted(READERS))}")
        if path.stem.lower() in ("readme", "model_card"):
            path = self.folder / _titled(data) / path.name
        if path.exists() and path.read_bytes() != data:
            path = path.with_stem(f"{path.stem}-{hashlib.sha256(data).hexdigest()[:6]}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def _index_file(self, number: int, file: Path) -> None:
        self._set(number, state="reading")
        rejected, notes = list[CorpusError](), list[CorpusNote]()
        documents = list(read_documents([file], on_error=rejected.append, on_note=notes.append))
        with self._changing() as index:
            known = {one.id: one for one in index.documents()}
            here = str(real(file))
            taken = [d for d in documents if d.id not in known or known[d.id].origin == here or paper_of(d.id)]
            clash = [
                f"the id {d.id!r} is taken by “{known[d.id].title}”; rename the file"
                for d in documents
                if d not in taken
            ]
            self._set(number, state="indexing")
            if taken:
                index.sync(taken, prune=True, under=[file])
        said = [*clash, *(_without_place(str(one), file) for one in (*rejected, *notes))]
        if not taken:
            file.unlink(missing_ok=True)
            raise NotTaken("; ".join(said[:3]) or "nothing can be read in it")
        self._set(number, state="taken", said="; ".join(said[:3]), titles=tuple(d.title for d in taken))

    def _changing(self) -> _Opened:
        return _Opened(self)

    def _aside(self, file: Path) -> Path:
        return self.home / "removed" / file.relative_to(real(self.folder))


class _Opened:
    """The index, opened for one change at a time."""

    _one_at_a_time = threading.Lock()

    def __init__(self, additions: Additions) -> None:
        self._additions = additions

    def __enter__(self) -> Index:
        self._one_at_a_time.acquire()
        try:
            return self._additions.open_index()
        except BaseException:
            self._one_at_a_time.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._one_at_a_time.release()


def _safe(name: str) -> str:
    """Return a file's own name, its letters of any alphabet kept, without what leads elsewhere."""
    plain = re.sub(r"[^\w.-]+", "-", Path(name.replace("\\", "/")).name).lstrip(".-")
    stem, ending = os.path.splitext(plain)
    return f"{stem[:80] or 'file'}{ending.lower()}"


def _titled(data: bytes) -> str:
    """Return what the folder of a card is called: by its title, else by what it holds."""
    text = data.decode("utf-8-sig", "replace")
    try:
        fields, body, _ = split_front_matter(Path("README.md"), text)
        title = str(fields.get("model_name") or fields.get("title") or title_in(body, "") or "")
    except CorpusError:
        title = ""
    return slug(title)[:80] if title else f"card-{hashlib.sha256(data).hexdigest()[:6]}"


def _without_place(said: str, file: Path) -> str:
    return said.replace(f"{file}:", "line ").replace(f"{file}", file.name).removeprefix("line  ")


def endings() -> Sequence[str]:
    """The endings of files that can be added, without their dots."""
    return tuple(sorted(ending.lstrip(".") for ending in READERS))
