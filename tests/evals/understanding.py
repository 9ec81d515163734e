"""How well messages are understood: kind and every slot, on messages that were written without knowledge of the
program.

`python -m tests.evals.understanding` scores both halves; `--mistakes` prints those of the tuning half. The held-out
half is
looked at only as a score: nothing here prints a row of it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from app.understanding.request import Known, Request, Run, State
from app.understanding.spelling import fold
from app.understanding.understand import understand
from ingest.documents import read_documents
from tests.evals.results import write_results

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
HALVES = {
    "tuning": HERE / "understanding_tuning.jsonl",
    "held out": HERE / "understanding_held_out.jsonl",
    "why and weights, held out": HERE / "why_weights_held_out.jsonl",
}
SHARE_SLACK = 0.011
PICTURES = {"render", "adjust", "experiment"}


def documents() -> tuple[Known, ...]:
    found = read_documents([ROOT / "corpus"])
    return tuple(Known(d.id, d.title, d.kind, d.github_url) for d in found)


def state_of(row: dict[str, Any], known: Sequence[Known]) -> State:
    """The conversation that a row stands in."""
    runs = tuple(
        Run(run["tool"], run.get("subject"), tuple((t, float(s)) for t, s in run.get("styles", ())), run.get("method"))
        for run in row.get("runs", ())
    )
    titles = {fold(k.title): k.id for k in known} | {k.id: k.id for k in known}
    spoken = tuple(titles.get(fold(name)) or titles.get(name, name) for name in row.get("spoken", ()))
    return State(runs, spoken, (), tuple(known))


def score(row: dict[str, Any], request: Request) -> dict[str, bool]:
    """Which parts of a Request are right; a slot that the row does not judge is left out."""
    if "kind" not in row:  # a question of why: what counts is the experiment that would tell
        return {"experiment": request.experiment == row["experiment"], "kind": request.kind in ("ask", "experiment")}
    marks = {"kind": request.kind in (row["kind"], *row.get("also", ()))}
    marks["kind or asked back"] = marks["kind"] or request.runner_up in (row["kind"], *row.get("also", ()))
    if row["kind"] not in PICTURES:
        return marks
    marks["not turned away"] = bool({request.kind, request.runner_up} & PICTURES)
    if row.get("refusal"):
        marks["refusal"] = bool(request.refusal)
        return marks
    marks["no false refusal"] = not request.refusal
    if row.get("styles"):
        marks["styles"] = _same_styles(row["styles"], [(s.text, s.share) for s in request.styles])
        marks["styles, without shares"] = {fold(t) for t, _ in row["styles"]} == {fold(s.text) for s in request.styles}
    if row.get("subject"):
        marks["subject"] = fold(row["subject"]) == fold(request.subject or "")
    for slot in ("method", "seed", "steps", "experiment"):
        if row.get(slot) is not None:
            marks[slot] = getattr(request, slot) == row[slot]
    return marks


def _same_styles(wanted: Sequence[Sequence[Any]], got: Sequence[tuple[str, float]]) -> bool:
    mine = {fold(text): share for text, share in got}
    theirs = {fold(text): float(share) for text, share in wanted}
    return mine.keys() == theirs.keys() and all(abs(mine[t] - theirs[t]) <= SHARE_SLACK for t in theirs)


def measure(path: Path, *, mistakes: bool = False) -> dict[str, Any]:
    """Score every row of a file."""
    known = documents()
    marks: defaultdict[str, list[bool]] = defaultdict(list)
    confused: Counter[str] = Counter()
    seconds: list[float] = []
    understand("warm up", State(documents=known))
    for line in path.read_text().splitlines():
        row = json.loads(line)
        state = state_of(row, known)
        started = time.perf_counter()
        request = understand(row["message"], state)
        seconds.append(time.perf_counter() - started)
        judged = score(row, request)
        for name, is_right in judged.items():
            marks[name].append(is_right)
        kind = row.get("kind", "why")
        marks[f"kind {kind}"].append(judged["kind"])
        if "styles" in judged:
            marks[f"styles in {kind}"].append(judged["styles"])
        if not judged["kind"]:
            confused[f"{kind} as {request.kind}"] += 1
        if mistakes and not all(judged.values()):
            wrong = [name for name, is_right in judged.items() if not is_right]
            got = {
                k: v for k, v in request.model_dump(exclude_defaults=True).items() if k not in ("message", "question")
            }
            want = {k: v for k, v in row.items() if v and k not in ("id", "message")}
            print(f"{row['id']} {row['message']!r}\n   wrong: {wrong}\n   got {got}\n   want {want}")
    return {
        "figures": {name: (sum(found), len(found)) for name, found in sorted(marks.items())},
        "confused": confused.most_common(),
        "median_ms": statistics.median(seconds) * 1000,
    }


def main(argv: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mistakes", action="store_true", help="print the mistakes of the tuning half")
    parser.add_argument("--only", choices=list(HALVES))
    given = parser.parse_args(list(argv) if argv is not None else None)
    measured: dict[str, Any] = {}
    for half, path in HALVES.items():
        if given.only and half != given.only:
            continue
        if not path.is_file():
            print(f"{half}: {path.name} is not here")
            continue
        found = measure(path, mistakes=given.mistakes and half == "tuning")
        measured[half] = found["figures"]
        print(f"\n{half}, {found['median_ms']:.0f} ms a message (median)")
        for name, (right, count) in found["figures"].items():
            print(f"  {name:28} {right:4}/{count:<4} {right / count:.3f}")
        print("  " + "; ".join(f"{what}: {count}" for what, count in found["confused"]))
    write_results("understanding", measured)


if __name__ == "__main__":
    main()
