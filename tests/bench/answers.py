"""python -m tests.bench.answers [--home HOME]: how long answers take, and how much memory.

Over the index of that home, or else over the packaged corpus's, made for it.

Questions are made of the corpus's own titles, each asked once in a conversation of its own, by the engine that answers
where no language model is named. Told are the opening, the first answer, and median and 99th percentile of the others.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.application import OPENING_ERRORS, open_undertone
from app.settings import read_settings
from tests.bench.blend import RESULTS, processor
from tests.evals.results import write_results

ROOT = Path(__file__).resolve().parents[2]
FORMS = ("How does {} work?", "What is {} good for?", "Which data does {} use?", "Why does {} matter?")
WANTED_MEDIAN_MS, WANTED_P99_MS, WANTED_FIRST_S = 25, 100, 1.0


def main(arguments: Sequence[str] = ()) -> int:
    """Run the bench, print its figures, and keep them with the day."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.answers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--home", type=Path, help="whose index is asked")
    parser.add_argument("--questions", type=int, default=300)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        if given.home is None:
            command = [sys.executable, "-m", "ingest", "--home", folder]
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        return measure(given.home or Path(folder), given.questions)


def measure(home: Path, questions: int) -> int:
    """Ask so many questions of one home."""
    load, began = os.getloadavg()[0], time.perf_counter()
    try:
        undertone = open_undertone(read_settings({}, home=home), keep=False)
    except OPENING_ERRORS as error:
        print(f"python -m tests.bench.answers: {error}", file=sys.stderr)
        return 2
    opened_s = time.perf_counter() - began
    draw = random.Random(0)
    titles = [document.title for document in undertone.index.documents()]
    seconds = []
    for _ in range(questions):
        question = draw.choice(FORMS).format(draw.choice(titles))
        began = time.perf_counter()
        undertone.answer(question, uuid.uuid4().hex)
        seconds.append(time.perf_counter() - began)
    figures = {
        "documents": len(titles),
        "opened_s": round(opened_s, 2),
        "first_s": round(seconds[0], 2),
        "median_ms": round(1e3 * float(np.median(seconds[1:])), 1),
        "p99_ms": round(1e3 * float(np.quantile(seconds[1:], 0.99)), 1),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    for name, value in figures.items():
        print(f"{name.replace('_', ' ')}: {value:,}")
    print(
        f"wanted on a quiet machine: first <= {WANTED_FIRST_S} s, median <= {WANTED_MEDIAN_MS} ms, "
        f"99 % <= {WANTED_P99_MS} ms; load average {load:.1f}"
    )
    about = {"command": "python -m tests.bench.answers", "processor": processor(), "load_average": load}
    write_results("answers", {**about, **figures}, RESULTS)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
