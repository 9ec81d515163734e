"""A disk that is full: one line, nothing half written, the old index answers on, and the next run heals.

It needs a small file system of its own: as root a tmpfs is mounted; elsewhere these rows are left out.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

from app.conversation.store import ConversationsRefused
from ingest.index import Index, IndexRefused
from tests.test_index import HashEmbedder, check, paper
from tests.trial.kill import open_chat
from tests.trial.outcome import Row

SIZE_MB = 24


def run(seed: int, home: Path, *, quick: bool = False) -> list[Row]:
    chance = random.Random(seed)
    with small_disk(home / "disk") as disk:
        if disk is None:
            return []
        tries = 3 if quick else 12
        return [ingests(chance, disk, tries), turns(chance, disk, tries)]


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "tmpfs", str(folder)], capture_output=True
    ).returncode
    try:
        yield folder if mounted == 0 else None
    finally:
        if mounted == 0:
            subprocess.run(["umount", "-l", str(folder)], check=False)


@contextlib.contextmanager
def filled(disk: Path, left_bytes: int) -> Iterator[None]:
    """Fill a disk but for so many bytes."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb") as file:
        free = shutil.disk_usage(disk).free - left_bytes
        for _ in range(max(0, free) // 4096):
            file.write(bytes(4096))
    try:
        yield
    finally:
        ballast.unlink(missing_ok=True)


def ingests(chance: random.Random, disk: Path, tries: int) -> Row:
    row = Row("disk", "an ingest on a full disk: one line, the old index answers, the next run heals")
    for n in range(tries):
        home = disk / f"ingest{n}"
        old = [paper(f"d{k}", f"Old {k} is here. So be it.") for k in range(20)]
        new = [paper(f"d{k}", f"New {k} is here, and is longer. So be it.") for k in range(60)]

        def attempt(home: Path = home, old: list = old, new: list = new) -> None:
            index = Index(home, HashEmbedder(dimension=384))
            index.sync(old, prune=True)
            with filled(disk, chance.randrange(0, 900_000)):
                try:
                    index.sync(new, prune=True)
                except IndexRefused as refusal:
                    assert "full" in str(refusal) and "\n" not in str(refusal), str(refusal)
                    assert len(list(index.folder.glob("chroma*"))) == 1, "half-written vectors stay"
                asked = Index(home, HashEmbedder(dimension=384))
                assert asked.nearest_passages(asked.embedder.encode(["So be it."])[0], 3)
            again = Index(home, HashEmbedder(dimension=384))
            again.sync(new, prune=True)
            check(again, new)

        row.attempt(f"ingest {n}", attempt)
        shutil.rmtree(home, ignore_errors=True)
    return row


def turns(chance: random.Random, disk: Path, tries: int) -> Row:
    row = Row("disk", "a turn on a full disk: one line, and it is answered when there is room")
    for n in range(tries):
        path = disk / f"turn{n}" / "conversations.sqlite"

        def attempt(path: Path = path) -> None:
            chat = open_chat(path)
            list(chat.ask("c", "why?"))
            with filled(disk, chance.randrange(0, 60_000)):
                try:
                    list(chat.ask("c", "and how?"))
                except (sqlite3.Error, ConversationsRefused) as error:
                    assert "full" in str(error) or "I/O" in str(error), str(error)
            again = open_chat(path)
            list(again.take_up("c"))
            assert not again.is_cut_off("c")
            list(again.ask("c", "and now?"))
            assert [m.text for m in again.messages("c") if m.type == "human"][-1] == "and now?"

        row.attempt(f"turn {n}", attempt)
        shutil.rmtree(path.parent, ignore_errors=True)
    return row
