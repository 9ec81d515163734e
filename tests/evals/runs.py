"""Are renders, experiments and what was made of them understood? `python -m tests.evals.runs [--conversations N]`

The conversations of `runs_held_out.jsonl`, written by a hand that had not seen the program, played through
`python -m app --batch`: where a turn says so, what is proposed is approved and rendered with the embedded model. A turn
is right if what it asks for is done: the blend or the experiment proposed with its styles and shares, the run told with
what was measured, the corpus quoted, the program explained, the rest refused. Only scores are printed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.__main__ import main as ask
from tests.evals.results import Table, write_results

CONVERSATIONS = Path(__file__).with_name("runs_held_out.jsonl")
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


def is_done(turn: Mapping[str, Any], line: Mapping[str, Any]) -> bool:
    """Whether an answer does what its turn asks for."""
    sentences = [sentence for section in line["sections"] for sentence in section["sentences"]]
    kinds = {sentence["kind"] for sentence in sentences}
    call = line["proposals"][0] if line["proposals"] else None
    match turn["kind"]:
        case "render" | "adjust" | "experiment":
            if call is None or not has_styles(turn.get("styles"), call["arguments"]):
                return False
            experiment = turn.get("experiment")
            return call["arguments"].get("experiment") == experiment if experiment else call["tool"] == "blend_styles"
        case "run" | "compare":
            return "measured" in kinds
        case "program":
            return "program" in kinds
        case "ask" | "links":
            return line["status"] == "answered" and "claim" in kinds
        case "social":
            return line["status"] == "answered" and not {"claim", "measured"} & kinds
        case _:
            return line["status"] == "refused"


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


def run(count: int | None = None) -> dict[str, Any]:
    """Play the conversations, print the table by kind and return the figures."""
    found = [json.loads(line) for line in CONVERSATIONS.read_text("utf-8").splitlines()][:count]
    turns = [turn for conversation in found for turn in conversation["turns"]]
    with tempfile.TemporaryDirectory() as home:
        lines = play(found, Path(home))
    done = [is_done(turn, line) for turn, line in zip(turns, lines, strict=True)]
    approved = [line for turn, line in zip(turns, lines, strict=True) if turn.get("approve")]
    rendered = sum(any("record" in result for result in line["results"]) for line in approved)
    kinds = sorted({turn["kind"] for turn in turns})
    figures: dict[str, Any] = {"conversations": len(found), "approved": len(approved), "rendered": rendered}
    rows = []
    for kind in [*kinds, "all"]:
        of = [right for turn, right in zip(turns, done, strict=True) if kind in (turn["kind"], "all")]
        figures[kind] = {"turns": len(of), "right": sum(of)}
        rows.append((kind, f"{sum(of)} of {len(of)}"))
    title = f"Turns about renders and experiments, held out; {rendered} of {len(approved)} approvals rendered"
    Table(title, ("kind", "done")).show(rows)
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.runs", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--conversations", type=int, metavar="N", help="play the first N alone")
    given = parser.parse_args(arguments)
    write_results("runs", run(given.conversations), is_whole=given.conversations is None)


if __name__ == "__main__":
    main()
