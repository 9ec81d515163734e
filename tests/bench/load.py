"""python -m tests.bench.load: people who chat at the page at the same time, with renders queued, on real servers.

Each person asks, reads for a while and asks again, and now and then has what is proposed rendered. `--pages 2` has two
page processes share one Postgres, and people take turns between them. Told: errors, seconds until an answer stands,
and whether people are served alike.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.blend import RESULTS, processor
from tests.browsing import ROOT, served
from tests.evals.results import Table, write_results
from tests.page_client import PageClient, PageFailed
from tests.postgres import postgres, server_folder
from tests.trial.load import QUESTIONS, SUBJECTS

PEOPLE, SECONDS = 32, 120
DRAIN_S = 60
RENDER_SHARE = 0.15
"""Of what people ask; the rest is for words."""


@dataclass
class Person:
    """What one of them met."""

    number: int
    waits_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    clicked: int = 0
    conversation: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench, print its figures, and keep them with the day."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.load", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--think-s", type=float, default=5, help="mean of how long a person reads an answer")
    parser.add_argument("--pages", type=int, default=1, help="page processes; more than one share a Postgres")
    parser.add_argument("--render-share", type=float, default=RENDER_SHARE, help="of what is asked, is rendered")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    if given.people < 1 or given.pages < 1 or given.seconds <= 0 or given.think_s < 0:
        parser.error("people and pages are 1 or more, seconds more than 0")
    if given.pages > 1 and server_folder() is None:
        parser.error("--pages 2 needs a Postgres: apt-get install postgresql")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, pages(Path(folder), given.pages) as (addresses, database):
        for address in addresses:
            PageClient(address, timeout_s=300).close()  # opens the corpus
        before = page_costs()
        people = chat(given, addresses)
        renders = render_waits(Path(folder) / "home" / "renders", sum(person.clicked for person in people))
        figures = told(people, renders, given.seconds)
        figures |= costs(before, page_costs(), figures["answers"])
        if database and figures["answers"]:
            figures["database kB an answer"] = round(_database_bytes(database) / figures["answers"] / 1000, 1)
    title = f"{given.people} people, {given.pages} page process(es), {given.seconds:.0f} s, load before {load:.1f}"
    Table(title, ("what", "")).show([(what, str(value)) for what, value in figures.items()])
    command = f"python -m tests.bench.load --people {given.people} --seconds {given.seconds:g} --pages {given.pages}"
    said: dict[str, Any] = {
        "command": command,
        "processor": processor(),
        "load_average": load,
        "think_s": given.think_s,
    }
    is_whole = (given.people, given.seconds) == (PEOPLE, SECONDS)
    write_results(f"load-{given.pages}", {**said, "think_s": given.think_s, **figures}, RESULTS, is_whole=is_whole)
    for error in [error for person in people for error in person.errors][:5]:
        print(f"error: {error}", file=sys.stderr)
    return 1 if figures["errors"] else 0


@contextlib.contextmanager
def pages(folder: Path, count: int) -> Iterator[tuple[list[str], str | None]]:
    """Serve the page by so many processes over one home; yields their addresses, and that of a database they share."""
    os.chmod(folder, 0o755)  # Postgres is another user's where root runs this
    home = folder / "home"
    subprocess.run([sys.executable, "-m", "ingest", "--home", str(home)], cwd=ROOT, check=True, capture_output=True)
    with contextlib.ExitStack() as stack:
        environ: dict[str, str] = {}
        if count > 1:
            environ["UNDERTONE_DATABASE_URL"] = stack.enter_context(postgres(folder / "server")).url
        served_at = [stack.enter_context(served(home, folder / f"page{n}.log", **environ)) for n in range(count)]
        yield served_at, environ.get("UNDERTONE_DATABASE_URL")


def chat(given: argparse.Namespace, addresses: Sequence[str]) -> list[Person]:
    """Have them chat until the time is over; returns what they met."""
    people = [Person(number) for number in range(given.people)]
    stop_at = time.monotonic() + given.seconds
    threads = [
        threading.Thread(target=_live, args=(one, addresses[one.number % len(addresses)], stop_at, given), daemon=True)
        for one in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return people


def _live(person: Person, address: str, stop_at: float, given: argparse.Namespace) -> None:
    chance = random.Random(given.seed * 1000 + person.number)
    time.sleep(chance.uniform(0, min(given.think_s, given.seconds / 2)))  # they do not come at the same moment
    client: PageClient | None = None
    while time.monotonic() < stop_at:
        try:
            client = client or PageClient(address, conversation=person.conversation)
            renders = chance.random() < given.render_share
            question = (
                f"a {chance.choice(SUBJECTS)} in watercolor and pixel art" if renders else chance.choice(QUESTIONS)
            )
            person.waits_s.append(client.ask(question))
            person.clicked += renders and client.click("Render")
            person.conversation = client.conversation
        except (PageFailed, OSError, EOFError) as error:
            person.errors.append(f"person {person.number}: {' '.join(str(error).split())[:200]}")
            client = None  # as one who reloads the page
        time.sleep(chance.expovariate(1 / given.think_s) if given.think_s else 0)
    if client:
        client.close()


def render_waits(renders: Path, clicked: int) -> list[float]:
    """Seconds from each click to its picture, of the renders that are done a minute after the last question, at most.

    A render's folder is named by the moment of its click.
    """
    until = time.monotonic() + DRAIN_S
    while len(done := list(renders.glob("*/image.png"))) < clicked and time.monotonic() < until:
        time.sleep(1)
    waits = []
    for picture in done:
        begun = time.mktime(time.strptime(picture.parent.name[:15], "%Y%m%d-%H%M%S"))
        waits.append(picture.stat().st_mtime - begun)
    return waits


def told(people: Sequence[Person], renders: Sequence[float], seconds: float) -> dict[str, Any]:
    """Sum up what people met."""
    waits = [wait for person in people for wait in person.waits_s]
    counts = [len(person.waits_s) for person in people]
    means = sorted(statistics.mean(person.waits_s) for person in people if person.waits_s)
    return {
        "answers": len(waits),
        "answers a minute": round(60 * len(waits) / seconds, 1),
        "errors": sum(len(person.errors) for person in people),
        "answer p50 s": _percentile(waits, 50),
        "answer p95 s": _percentile(waits, 95),
        "answer longest s": round(max(waits, default=0.0), 2),
        "answers of a person, fewest to most": f"{min(counts)} to {max(counts)}",
        "mean wait of a person, quickest to slowest s": f"{means[0]:.2f} to {means[-1]:.2f}" if means else "-",
        "fairness of waits (Jain; 1 is alike)": _jain(means),
        "renders clicked": sum(person.clicked for person in people),
        "renders done a minute later": len(renders),
        "click to picture p50 s": _percentile(renders, 50),
        "click to picture p95 s": _percentile(renders, 95),
    }


def page_costs() -> dict[int, tuple[float, float]]:
    """Seconds of CPU and MB of memory of each page process (Linux), by its number."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = file.read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid() and b"streamlit" in file.with_name("cmdline").read_bytes():
                cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
                found[int(file.parent.name)] = cpu_s, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return found


def costs(
    before: dict[int, tuple[float, float]], after: dict[int, tuple[float, float]], answers: int
) -> dict[str, Any]:
    """What the page processes took for so many answers."""
    if not after or not answers:
        return {}
    cpu_s = sum(after[process][0] - before[process][0] for process in after)
    return {
        "CPU s an answer, renders and all": round(cpu_s / answers, 3),
        "memory of a page process MB": ", ".join(f"{memory_mb:.0f}" for _, memory_mb in after.values()),
    }


def _database_bytes(url: str) -> int:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM")
        sizes = connection.execute("SELECT pg_database_size('template1'), pg_database_size('postgres')").fetchone()
    assert sizes is not None
    return int(sizes[1] - sizes[0])


def _percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) * percent // 100, len(ordered) - 1)], 2) if ordered else 0.0


def _jain(values: Sequence[float]) -> float:
    """Jain's index: 1 where all are equal, 1/n where one has everything."""
    squares = sum(value * value for value in values)
    return round(sum(values) ** 2 / (len(values) * squares), 3) if squares else 1.0


if __name__ == "__main__":
    sys.exit(main())
