"""Random bytes in each file of a home: told of in one line, and healed without losing what can be read."""

from __future__ import annotations

import contextlib
import random
import shutil
from pathlib import Path

from app.conversation.store import Conversations, ConversationsRefused, recover
from ingest.index import Index, IndexRefused
from ingest.recovery import recover_documents
from tests.test_index import HashEmbedder, check, paper
from tests.trial.kill import open_chat
from tests.trial.outcome import Row

DOCUMENTS = [paper(f"d{k}", f"Number {k} is here, and goes on for a while. So be it.") for k in range(50)]


def run(seed: int, home: Path, *, quick: bool = False) -> list[Row]:
    chance = random.Random(seed)
    tries = 8 if quick else 40
    return [indexes(chance, home, tries), conversations(chance, home, tries)]


def spoil(chance: random.Random, file: Path) -> None:
    """Overwrite some bytes somewhere, or cut the file off."""
    data = bytearray(file.read_bytes())
    if not data:
        return
    at, length = chance.randrange(len(data)), chance.choice((1, 16, 4_096))
    data[at : at + length] = chance.randbytes(min(length, len(data) - at))
    file.write_bytes(data if chance.random() < 0.8 else data[:at])


def indexes(chance: random.Random, home: Path, tries: int) -> Row:
    row = Row("damage", "any file of the index: one line with the command, which makes it whole again")
    whole = home / "whole"
    index = Index(whole, HashEmbedder())
    index.sync(DOCUMENTS, prune=True)
    index.lexical._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    index.lexical.close()
    for n in range(tries):
        spoilt = home / f"index{n}"
        shutil.copytree(whole, spoilt)
        file = chance.choice(sorted(f for f in spoilt.rglob("*") if f.is_file() and f.stat().st_size))
        spoil(chance, file)

        def attempt(spoilt: Path = spoilt) -> None:
            try:
                asked = Index(spoilt, HashEmbedder())
                asked.nearest_passages(asked.embedder.encode(["So be it."])[0], 3)
            except IndexRefused as refusal:
                assert "\n" not in str(refusal) and "python -m ingest" in str(refusal)
            recover_documents(spoilt)
            again = Index(spoilt, HashEmbedder())
            again.sync(DOCUMENTS, prune=True)
            check(again, DOCUMENTS)

        row.attempt(f"{file.name} ({n})", attempt)
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
