"""Several at once: questions while documents come and go, two ingests on one home, many threads asking."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

from ingest.index import Index, IndexRefused
from tests.test_index import HashEmbedder, check, paper
from tests.trial.outcome import Row
from tools.search import Searcher


def run(seed: int, home: Path, *, quick: bool = False) -> list[Row]:
    chance = random.Random(seed)
    return [asking(chance, home, 3 if quick else 12), two_at_once(home, 2 if quick else 8)]


def asking(chance: random.Random, home: Path, rounds: int) -> Row:
    """Ask from four threads while another connection removes and adds documents."""
    row = Row("races", "a question while documents are removed and added: it is answered")
    documents = [paper(f"d{k}", f"Number {k} is here, and it rains. So be it.") for k in range(30)]
    Index(home / "asked", HashEmbedder()).sync(documents, prune=True)
    searcher = Searcher(Index(home / "asked", HashEmbedder()))
    over = threading.Event()
    asked: list[str] = []

    def ask() -> None:
        while not over.is_set():
            try:
                searcher.search("Is number seven here, and does it rain?")
                asked.append("")
            except Exception as error:  # counted below
                asked.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    changing = Index(home / "asked", HashEmbedder())
    for n in range(rounds):
        kept = chance.sample(documents, 10)
        changing.sync([*kept, paper(f"new{n}", f"New {n} is here. It rains.")], prune=True)
        time.sleep(0.2)
    over.set()
    for thread in threads:
        thread.join(20)
    row.tries, row.held = len(asked), asked.count("")
    row.told = [told for told in dict.fromkeys(asked) if told]
    return row


def two_at_once(home: Path, tries: int) -> Row:
    row = Row("races", "two ingests on one home: one goes on, the other says so, nothing is lost")
    for n in range(tries):
        documents = [paper(f"d{k}", f"Try {n}, number {k}. So be it.") for k in range(20)]

        def attempt(documents: list = documents) -> None:
            told: list[str] = []

            def ingest() -> None:
                try:
                    Index(home / "two", HashEmbedder()).sync(documents, prune=True)
                    told.append("done")
                except IndexRefused as refusal:
                    told.append(str(refusal))

            threads = [threading.Thread(target=ingest) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert "done" in told and all(t == "done" or "another run" in t for t in told), told
            check(Index(home / "two", HashEmbedder()), documents)

        row.attempt(f"pair {n}", attempt)
    return row
