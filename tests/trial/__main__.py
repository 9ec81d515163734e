"""The trial: what may go wrong is made to go wrong, many times: `make trial`, or `python -m tests.trial [--only PART]`.

Seeded, on this machine's loopback only, at most 20 minutes on two cores. `--quick` is the half that `make test` runs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.evals.results import Table, write_results
from tests.trial import damage, disk, hostile, jobs, kill, load, races
from tests.trial.outcome import Row

PARTS = {
    "kill": kill.run, "damage": damage.run, "races": races.run,
    "disk": disk.run, "hostile": hostile.run, "jobs": jobs.run, "load": load.run,
}  # fmt: skip
BESIDE = ("load",)
"""Parts in a process of their own, which takes one core for most of the time."""
RESULTS = Path(__file__).parent / "results"


def try_all(parts: Sequence[str], seed: int, *, quick: bool) -> list[Row]:
    """Run the parts, each in a home of its own that is deleted afterwards; those in a process of their own beside."""

    def tried(name: str) -> list[Row]:
        with tempfile.TemporaryDirectory() as home:
            started = time.monotonic()
            found = PARTS[name](seed, Path(home), quick=quick)
            print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
            return found

    with ThreadPoolExecutor(len(BESIDE)) as others:
        waiting = {name: others.submit(tried, name) for name in parts if name in BESIDE}
        found = {name: tried(name) for name in parts if name not in BESIDE}
        found |= {name: one.result() for name, one in waiting.items()}
    return [row for name in parts for row in found[name]]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.trial", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="these parts alone")
    parser.add_argument("--seed", type=int, default=1, help="another one makes other tries")
    parser.add_argument("--quick", action="store_true", help="the half that make test runs")
    given = parser.parse_args(arguments)
    rows = try_all(given.only, given.seed, quick=given.quick)
    Table("The trial", ("kind", "what must hold", "tries", "held")).show(
        [(row.kind, row.what, f"{row.tries:,}", f"{row.held:,}") for row in rows]
    )
    for row in rows:
        for told in row.told[:5]:
            print(f"  {row.kind}: {told}")
    figures = {f"{row.kind}: {row.what}": {"tries": row.tries, "held": row.held, "told": row.told[:5]} for row in rows}
    is_whole = list(given.only) == list(PARTS) and not given.quick
    said = {"command": "python -m tests.trial", "seed": given.seed}
    write_results("trial", {**said, **figures}, RESULTS, is_whole=is_whole)
    return 0 if all(row.held == row.tries for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
