"""Random bytes in each file of a home: told of in one line, and healed without losing what can be read.

`python -m tests.trial.damage --documents 20000` tries each file of an index of so many, which takes minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from app.conversation.store import Conversations, ConversationsRefused, recover
from ingest.documents import Document
from ingest.index import Index, IndexRefused
from ingest.recovery import recover_documents
from tests.test_index import HashEmbedder, check, paper
from tests.trial.kill import open_chat
from tests.trial.outcome import Row

FEW = 50


def run(seed: int, home: Path, *, quick: bool = False) -> list[Row]:
    chance = random.Random(seed)
    tries = 8 if quick else 40
    return [indexes(chance, home, tries), conversations(chance, home, tries)]


def short_documents(count: int) -> list[Document]:
    return [paper(f"d{k}", f"Number {k} is here, and goes on for a while. So be it.") for k in range(count)]


def spoil(chance: random.Random, file: Path) -> None:
    """Overwrite some bytes somewhere, or cut the file off."""
    data = bytearray(file.read_bytes())
    if not data:
        return
    at, length = chance.randrange(len(data)), chance.choice((1, 16, 4_096))
    data[at : at + length] = chance.randbytes(min(length, len(data) - at))
    file.write_bytes(data if chance.random() < 0.8 else data[:at])


def indexes(chance: random.Random, home: Path, tries: int, count: int = FEW, named: str = "*") -> Row:
    """Spoil a file of an index, whichever chance names; as often as there are files, each is spoilt once."""
    row = Row("damage", f"any file of an index of {count:,}: one line with the command, which makes it whole again")
    documents = short_documents(count)
    embedder = HashEmbedder(dimension=384)  # as the packaged one has, for vectors of its size
    whole = home / "whole"
    index = Index(whole, embedder)
    index.sync(documents, prune=True)
    index.lexical.close()
    files = [f.relative_to(whole) for f in sorted(whole.rglob(named)) if f.is_file() and f.stat().st_size]
    chosen = chance.sample(files, len(files)) if tries >= len(files) else []
    chosen += [chance.choice(files) for _ in range(tries - len(chosen))]
    for n, name in enumerate(chosen):
        spoilt = home / f"index{n}"
        shutil.copytree(whole, spoilt)
        spoil(chance, spoilt / name)
        is_changed = (spoilt / name).read_bytes() != (whole / name).read_bytes()

        def attempt(spoilt: Path = spoilt, is_changed: bool = is_changed) -> None:
            told = ""
            try:
                asked = Index(spoilt, embedder)
                asked.nearest_passages(embedder.encode(["So be it."])[0], 3)
            except IndexRefused as refusal:
                told = str(refusal)
            if is_changed:
                assert "python -m ingest" in told and "\n" not in told, told or "nothing was noticed"
            recover_documents(spoilt)
            again = Index(spoilt, embedder)
            again.sync(documents, prune=True)
            check(again, documents)

        started = time.monotonic()
        row.attempt(f"{name.name} ({n})", attempt)
        if count > FEW:
            print(f"damage: {name}, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        shutil.rmtree(spoilt, ignore_errors=True)
    return row


def conversations(chance: random.Random, home: Path, tries: int) -> Row:
    row = Row(
        "damage", "the conversations: one line with the command that saves what SQLite can read; new ones are kept"
    )
    whole = home / "talk" / "conversations.sqlite"
    chat = open_chat(whole)
    for k in range(12):
        list(chat.ask(f"c{k}", f"why number {k}?"))
    assert chat.conversations is not None
    chat.conversations.checkpointer.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    chat.conversations.close()
    for n in range(tries):
        spoilt = home / f"talk{n}" / "conversations.sqlite"
        spoilt.parent.mkdir()
        shutil.copy(whole, spoilt)
        data = bytearray(spoilt.read_bytes())
        at = chance.randrange(4_096, len(data))
        data[at : at + 512] = chance.randbytes(min(512, len(data) - at))
        spoilt.write_bytes(data)

        def attempt(spoilt: Path = spoilt) -> None:
            try:
                Conversations(spoilt).close()
            except ConversationsRefused as refusal:
                assert "--recover" in str(refusal) and "\n" not in str(refusal)
                assert recover(spoilt) is not None
            chat = open_chat(spoilt)
            assert chat.conversations is not None
            for kept in chat.conversations.all():  # a page that leads to others takes them along where it is hit
                with contextlib.suppress(ConversationsRefused):
                    chat.messages(kept.id)
            list(chat.ask("new", "and now?"))
            assert chat.messages("new")[0].text == "and now?"
            chat.conversations.close()

        row.attempt(f"conversations {n}", attempt)
        shutil.rmtree(spoilt.parent, ignore_errors=True)
    return row


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trial.damage")
    parser.add_argument("--documents", type=int, default=20_000, help="so many in the index")
    parser.add_argument("--tries", type=int, default=20)
    parser.add_argument("--files", default="*", help="only those of such names: '*.bin' are HNSW's")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as home:
        row = indexes(random.Random(given.seed), Path(home), given.tries, given.documents, given.files)
    print(f"{row.what}: {row.held} of {row.tries}", *row.told, sep="\n  ")
    return 0 if row.held == row.tries else 1


if __name__ == "__main__":
    sys.exit(main())
