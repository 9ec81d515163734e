"""Every eval in one run: `make eval`, or `python -m tests.evals [--only PART ...] [--data FOLDER] [--whole]`.

The image side is measured on a part of its prompts, so that all fits into 15 minutes on two cores; `--whole` takes all
of them, as `python -m tests.evals.studio`, `...classifier` and `...reference` do by themselves.
"""

from __future__ import annotations

import argparse
import datetime
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.evals import (
    answerable,
    claims,
    classifier,
    conversations,
    documents,
    free_sentences,
    hostile,
    other_corpus,
    planning,
    reference,
    runs,
    search,
    smollm,
    studio,
    style_augmentation,
    style_search,
    understanding,
    understanding_models,
)
from tests.evals.results import Table, write_results
from tests.evals.search import DATA

PARTS: dict[str, tuple[Callable[[Sequence[str]], object], bool]] = {  # what runs it, and whether it draws pictures
    "search": (search.main, False),
    "answerable": (answerable.main, False),
    "other_corpus": (other_corpus.main, False),
    "claims": (claims.main, False),
    "understanding": (understanding.main, False),
    "conversations": (conversations.main, False),
    "hostile": (hostile.main, False),
    "documents": (documents.main, False),
    "free_sentences": (free_sentences.main, False),
    "planning": (planning.main, False),
    "understanding_models": (understanding_models.main, False),
    "smollm": (smollm.main, False),
    "runs": (runs.main, False),
    "studio": (studio.main, True),
    "style_search": (style_search.main, True),
    "classifier": (classifier.main, True),
    "reference": (reference.main, True),
    "style_augmentation": (style_augmentation.main, True),
}
READS_DATA = ("search", "answerable", "other_corpus", "claims", "conversations")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="run these parts alone")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of the evaluation data")
    parser.add_argument("--whole", action="store_true", help="all renders of the image side, not a part of them")
    given = parser.parse_args(arguments)
    took: dict[str, dict[str, float]] = {}
    for name, (run, draws) in PARTS.items():
        if name in given.only:
            options = ["--quick"] if draws and not given.whole else []
            data = ["--data", str(given.data)] if name in READS_DATA else []
            command = " ".join(["python -m", f"tests.evals.{name}", *options])
            print(f"\n=== {command} · {datetime.date.today()} ===", flush=True)
            wall, busy = time.perf_counter(), time.process_time()
            run([*options, *data])
            took[name] = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - busy}
    rows = [(name, *(f"{t:.0f}" for t in times.values())) for name, times in took.items()]
    Table("How long it took", ("part", "seconds", "CPU seconds")).show(
        [*rows, ("all", *(f"{sum(t[what] for t in took.values()):.0f}" for what in ("seconds", "cpu_seconds")))]
    )
    seconds = {name: {what: round(t, 1) for what, t in times.items()} for name, times in took.items()}
    write_results("evals", seconds, is_whole=took.keys() == PARTS.keys())


if __name__ == "__main__":
    main()
