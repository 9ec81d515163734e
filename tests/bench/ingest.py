"""How long a corpus takes: `python -m tests.bench.ingest [--records 10000]`

Records like arXiv's are made up, written as JSON lines and indexed by the documented command in a process of its own:
seconds, texts embedded, the process's memory at its highest, and what a second run over the same file takes.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.evals.results import write_results

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = Path(__file__).parent / "results"
WORDS = (
    *("signal", "lattice", "harbour", "neuron", "plasma", "orbit", "protein", "glacier", "market", "voter", "alloy"),
    *("tensor", "galaxy", "enzyme", "traffic", "forest", "antenna", "polymer", "reservoir", "language", "sensor"),
    *("bridge", "vaccine", "battery", "telescope", "sediment", "catalyst", "grammar", "turbine", "retina"),
)
FRAMES = (
    "We study how {a} {b} behave when the {c} changes over time.",
    "Earlier work on {a} assumes that every {b} is independent of its {c}, which seldom holds in practice.",
    "Here we propose a {a} model that learns the {b} from {n} observations of the {c}.",
    "Given a {a}, it first estimates the {b} and then corrects for the {c} with a linear filter.",
    "On {n} samples of {a} our method reduces the {b} error by {p} percent against the best {c} baseline.",
    "The {a} and its {b} are released together with the {c} used in all experiments.",
    "These results suggest that the {a} depends on the {b} far more than on the {c}.",
)


def records(count: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Yield records with arXiv's fields, an abstract of seven sentences each."""
    draw = random.Random(seed)
    for n in range(count):

        def filled(frame: str) -> str:
            a, b, c = draw.sample(WORDS, 3)
            return frame.format(a=a, b=b, c=c, n=draw.randint(20, 90_000), p=draw.randint(2, 60))

        a, b, c = draw.sample(WORDS, 3)
        yield {
            "id": f"{2000 + n // 5000:04}.{n % 5000:05}",
            "title": f"{a.capitalize()} {b} under a changing {c} ({n})",
            "abstract": "  " + "\n".join(map(filled, FRAMES)) + "\n",
            "categories": "cs.LG",
            "versions": [{"version": "v1"}],
            "update_date": "2024-01-02",
        }


def indexed(file: Path, home: Path) -> dict[str, Any]:
    """Run the command once; returns its counts with the seconds that it took."""
    command = [sys.executable, "-m", "ingest", str(file), "--home", str(home), "--json"]
    began = time.perf_counter()
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {**json.loads(ran.stdout), "seconds": round(time.perf_counter() - began, 1)}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ingest", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--records", type=int, default=10_000, help="how many are made and indexed")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        file, home = Path(folder) / "arxiv.jsonl", Path(folder) / "home"
        with file.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(record) + "\n" for record in records(given.records))
        first, peak_kb = indexed(file, home), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        second = indexed(file, home)
        size = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
    figures = {
        "records": given.records,
        "seconds": first["seconds"],
        "texts_embedded": first["embedded"],
        "peak_memory_mb": round(peak_kb / 1024),
        "index_mb": round(size / 1e6),
        "second_run_seconds": second["seconds"],
        "second_run_embedded": second["embedded"],
        "second_run_unchanged": second["unchanged"],
    }
    for name, value in figures.items():
        print(f"{name.replace('_', ' ')}: {value:,}")
    write_results("ingest", {"command": "python -m tests.bench.ingest", **figures}, RESULTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
