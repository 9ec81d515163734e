"""Are renders, experiments and what was made of them understood? `python -m tests.evals.runs [--only HALF] [--wrong]`

Conversations played through `python -m app --batch`: where a turn says so, what is proposed is approved and rendered
with the embedded model. A turn is right if what it asks for is done: the blend or the experiment proposed with its
styles and shares, the run told with what was measured, the corpus quoted, the program explained, the rest refused.
Those of `runs_held_out.jsonl` were written by a hand that had not seen the program; of them only scores and counts of
faults by sort are printed, of those of `runs_tuning.jsonl` the faults themselves with `--wrong`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.__main__ import main as ask
from tests.evals.results import Table, write_results

HALVES = {
    "tuning": Path(__file__).with_name("runs_tuning.jsonl"),
    "held out": Path(__file__).with_name("runs_held_out.jsonl"),
}
SPELLINGS = (("colour", "color"), ("grey", "gray"))


def plain_style(text: str) -> str:
    """A style's text without what is written this way or that: case, hyphens, spelling, a trailing "style"."""
    text = re.sub(r"[\s-]+", " ", text.casefold()).strip()
    for british, american in SPELLINGS:
        text = text.replace(british, american)
    return text.removesuffix(" style")


def has_styles(wanted: Sequence[Sequence[Any]] | None, arguments: Mapping[str, Any]) -> bool:
    """Whether a call has the styles that were wanted, each with its share to a hundredth; any, where none is named."""
    if not wanted:
        return True
    total = sum(style["weight"] for style in arguments["styles"]) or 1.0
    found = {plain_style(style["text"]): style["weight"] / total for style in arguments["styles"]}
    return found.keys() == {plain_style(text) for text, _ in wanted} and all(
        abs(found[plain_style(text)] - share) <= 0.011 for text, share in wanted
    )


def fault_of(turn: Mapping[str, Any], line: Mapping[str, Any]) -> str:
    """What an answer lacks of what its turn asks for, as a sort; empty where it does it."""
    kinds = {sentence["kind"] for section in line["sections"] for sentence in section["sentences"]}
    if turn["kind"] in ("render", "adjust", "experiment"):
        return fault_of_call(turn, line["proposals"][0] if line["proposals"] else None)
    match turn["kind"]:
        case "run" | "compare":
            is_done = "measured" in kinds
        case "program":
            is_done = "program" in kinds
        case "ask" | "links":
            is_done = line["status"] == "answered" and "claim" in kinds
        case "social":
            is_done = line["status"] == "answered" and not {"claim", "measured"} & kinds
        case _:
            is_done = line["status"] == "refused"
    return "" if is_done else "proposed instead" if line["proposals"] else f"{line['status']} otherwise"


def fault_of_call(turn: Mapping[str, Any], call: Mapping[str, Any] | None) -> str:
    """What a proposal lacks of the one that a turn asks for."""
    if call is None:
        return "nothing proposed"
    experiment = call["arguments"].get("experiment")
    if turn.get("experiment") != experiment:
        return "another experiment" if experiment and turn.get("experiment") else "another tool"
    if has_styles(turn.get("styles"), call["arguments"]):
        return ""
    named = {plain_style(style["text"]) for style in call["arguments"]["styles"]}
    return "shares" if named == {plain_style(text) for text, _ in turn["styles"]} else "names of styles"


def play(conversations: Sequence[Mapping[str, Any]], home: Path) -> list[dict[str, Any]]:
    """Play all turns as one batch; returns the lines that came back."""
    batch = home / "turns.jsonl"
    lines = [
        {
            "id": f"{c['id']}-{n}",
            "question": turn["say"],
            "conversation": c["id"],
            "approve": turn.get("approve", False),
        }
        for c in conversations
        for n, turn in enumerate(c["turns"])
    ]
    batch.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        ask(["--batch", str(batch), "--home", str(home)])
    return [json.loads(line) for line in out.getvalue().splitlines()]


def run(half: str, count: int | None = None, *, wrong: bool = False) -> dict[str, Any]:
    """Play the conversations of a half, print the table by kind and return the figures."""
    found = [json.loads(line) for line in HALVES[half].read_text("utf-8").splitlines()][:count]
    turns = [turn for conversation in found for turn in conversation["turns"]]
    with tempfile.TemporaryDirectory() as home:
        lines = play(found, Path(home))
    faults = [fault_of(turn, line) for turn, line in zip(turns, lines, strict=True)]
    approved = [line for turn, line in zip(turns, lines, strict=True) if turn.get("approve")]
    rendered = sum(any("record" in result for result in line["results"]) for line in approved)
    figures: dict[str, Any] = {"conversations": len(found), "approved": len(approved), "rendered": rendered}
    rows = []
    for kind in [*sorted({turn["kind"] for turn in turns}), "all"]:
        of = [fault for turn, fault in zip(turns, faults, strict=True) if kind in (turn["kind"], "all")]
        sorts = Counter(fault for fault in of if fault)
        figures[kind] = {"turns": len(of), "right": of.count(""), "faults": dict(sorts)}
        said = ", ".join(f"{sort} {times}" for sort, times in sorts.most_common())
        rows.append((kind, f"{of.count('')} of {len(of)}", said))
    title = f"Turns about renders and experiments, {half}; {rendered} of {len(approved)} approvals rendered"
    Table(title, ("kind", "done", "faults")).show(rows)
    if wrong:
        show_faults(turns, lines, faults)
    return figures


def show_faults(turns: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]], faults: Sequence[str]) -> None:
    for turn, line, fault in zip(turns, lines, faults, strict=True):
        if fault:
            told = " / ".join(s["text"] for section in line["sections"] for s in section["sentences"])
            call = json.dumps(line["proposals"][0]["arguments"]) if line["proposals"] else "no call"
            print(f"\n{line['id']} {turn['kind']}: {turn['say']}\n  {fault}: {call}\n  {told[:300]}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.runs", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--conversations", type=int, metavar="N", help="play the first N alone")
    parser.add_argument("--only", choices=list(HALVES), help="play one half")
    parser.add_argument("--wrong", action="store_true", help="show what went wrong in the tuning half")
    given = parser.parse_args(arguments)
    halves = [given.only] if given.only else list(HALVES)
    figures = {half: run(half, given.conversations, wrong=given.wrong and half == "tuning") for half in halves}
    write_results("runs", figures, is_whole=not (given.only or given.conversations))


if __name__ == "__main__":
    main()
