"""What becomes of freely written sentences: `python -m tests.evals.free_sentences [--wrong]`.

384 sentences as a good language model would write them, true of their passage or wrong in one thing, by kind. Half are
held out, all by hands that had not seen the check: of these only scores are shown, never a row. The other half, over
forty of SciFact's abstracts and over this corpus, is what the rules were tuned on. Three times over: without a judge,
with one that is always right, and with one that says yes to everything.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.verification.confirmation import Claim, confirm
from tests.evals.results import Table, write_results

HALVES = {
    "held out": Path(__file__).parent / "free_sentences_held_out.jsonl",
    "tuning": Path(__file__).parent / "free_sentences_tuning.jsonl",
}
JUDGES = ("nobody", "a perfect judge", "a judge that says yes")
WANTED = {
    ("nobody", "near"): ">= .90",
    ("nobody", "all false"): "<= .03",
    ("a perfect judge", "all true"): ">= .90",
    ("a judge that says yes", "all false"): "<= .35",
}
SPELT = {"dataset": "data set"}


@dataclass(frozen=True)
class ScriptedJudge:
    """A judge that is acted out."""

    name: str
    says: Callable[[str, str], bool]

    def supports(self, pairs: Sequence[tuple[str, str]]) -> list[bool | None]:
        return [self.says(passage, sentence) for passage, sentence in pairs]


def judge_of(name: str, rows: Sequence[dict[str, Any]]) -> ScriptedJudge | None:
    """The judge of that name; the perfect one knows the rows."""
    true = {(row["passage"], row["sentence"]) for row in rows if row["true"]}
    says = {"a perfect judge": lambda *pair: pair in true, "a judge that says yes": lambda *_: True}
    return ScriptedJudge(name, says[name]) if name in says else None


def stand(rows: Sequence[dict[str, Any]], judge: str) -> dict[str, tuple[int, int]]:
    """Return, per kind and over all, how many sentences stand, and of how many."""
    claims = [Claim(row["sentence"], (row["passage"],), (row["document"],)) for row in rows]
    found: defaultdict[str, list[bool]] = defaultdict(list)
    for row, one in zip(rows, confirm(claims, judge_of(judge, rows)), strict=True):
        found[SPELT.get(row["kind"], row["kind"])].append(one.by is not None)
        found["all true" if row["true"] else "all false"].append(one.by is not None)
    return {kind: (sum(some), len(some)) for kind, some in found.items()}


def show_wrong(rows: Sequence[dict[str, Any]]) -> None:
    """Print the tuning sentences that a perfect judge could not save, and false ones that nobody's word let stand."""
    claims = [Claim(row["sentence"], (row["passage"],), (row["document"],)) for row in rows]
    judged = confirm(claims, judge_of("a perfect judge", rows))
    for row, strict, one in zip(rows, confirm(claims), judged, strict=True):
        if row["true"] and (not one.by or (row["kind"] == "near" and not strict.by)):
            print(f"  refused {row['id']} {row['kind']}: {row['sentence']} -> {one.reason or strict.reason}")
        if not row["true"] and strict.by:
            print(f"  stands {row['id']} {row['kind']}: {row['sentence']}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.free_sentences")
    parser.add_argument("--wrong", action="store_true", help="show the tuning sentences that went wrong")
    given = parser.parse_args(arguments)
    rows = {half: [json.loads(line) for line in path.read_text("utf-8").splitlines()] for half, path in HALVES.items()}
    figures: dict[str, Any] = {}
    for judge in JUDGES:
        scores = {half: stand(some, judge) for half, some in rows.items()}
        together = {
            kind: tuple(sum(score.get(kind, (0, 0))[i] for score in scores.values()) for i in (0, 1))
            for kind in dict.fromkeys(kind for score in scores.values() for kind in score)
        }
        figures[judge] = {**scores, "together": together}
        cells = []
        for kind in sorted(together, key=lambda kind: (kind.startswith("all"), kind)):
            halves = [scores[half].get(kind, (0, 0)) for half in HALVES]
            stood, count = together[kind]
            told = [f"{stands} of {of}" for stands, of in (*halves, (stood, count))]
            cells.append((kind, *told, f"{stood / count:.3f}", WANTED.get((judge, kind), "")))
        Table(f"free sentences that stand; who judges: {judge}", ("kind", *HALVES, "together", "share", "wanted")).show(
            cells
        )
    if given.wrong:
        show_wrong(rows["tuning"])
    write_results("free_sentences", figures)


if __name__ == "__main__":
    main()
