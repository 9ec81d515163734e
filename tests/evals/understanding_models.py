"""What models of four qualities add to the understanding of messages: `python -m tests.evals.understanding_models`.

They are acted out: a good one says what the row says, a sloppy one the same in prose and with half of it missing, a
wrong one another kind and names that nobody said, one of nonsense says nothing that can be read. Only scores are shown.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.generation.client import ModelClient
from app.generation.understanding import is_worth_asking, understand_with
from app.understanding.request import KINDS
from app.understanding.understand import understand
from tests.evals.results import Table, write_results
from tests.evals.understanding import HALVES, documents, score, state_of

SEED = 5
SHOWN = ("kind", "kind or asked back", "styles", "subject")


class Scripted(ModelClient):
    """A client that says what it is told to."""

    def __init__(self) -> None:
        self.says = ""
        self.asked = 0

    def take(self, *_: Any, **__: Any) -> str:
        self.asked += 1
        return self.says


def good(row: Mapping[str, Any], _: random.Random) -> str:
    styles = [{"text": text, "share": share} for text, share in row.get("styles") or ()]
    reply = {
        "kind": row.get("kind", "ask"),
        "styles": styles,
        "subject": row.get("subject"),
        "question": row["message"],
    }
    return json.dumps(reply)


def sloppy(row: Mapping[str, Any], chance: random.Random) -> str:
    said = json.loads(good(row, chance))
    for key in chance.sample(["styles", "subject", "question"], 2):
        said[key] = None
    for style in said["styles"] or ():
        style["share"] = chance.choice([None, style["share"], 100 * style["share"]])
    return f"Here is what I think:\n```json\n{json.dumps(said)}\n```"


def wrong(row: Mapping[str, Any], chance: random.Random) -> str:
    words = row["message"].split()
    drawn = " ".join(chance.sample(words, min(2, len(words))))
    named = [{"text": drawn, "share": 0.9}, {"text": "bee wax", "share": 0.4}]
    return json.dumps({"kind": chance.choice(KINDS), "styles": named, "subject": "a hive", "question": "Who are you?"})


def nonsense(_: Mapping[str, Any], __: random.Random) -> str:
    return "ĠtheĠof asd {{{{ ]] 0x00"


MODELS: dict[str, Callable[[Mapping[str, Any], random.Random], str]] = {
    "good": good,
    "sloppy": sloppy,
    "wrong": wrong,
    "nonsense": nonsense,
}


def measure(rows: Sequence[Mapping[str, Any]], model: str | None) -> tuple[dict[str, tuple[int, int]], int]:
    """Score the rows as the program reads them with a model's help; returns the scores and how often it was asked."""
    known, client, chance = documents(), Scripted(), random.Random(SEED)
    marks: defaultdict[str, list[bool]] = defaultdict(list)
    for row in rows:
        state = state_of(dict(row), known)
        if model is None:
            request = understand(row["message"], state)
            client.asked += is_worth_asking(request, state)
        else:
            client.says = MODELS[model](row, chance)
            request = understand_with(client, row["message"], state, 60)
        for name, is_right in score(dict(row), request).items():
            marks[name].append(is_right)
    return {name: (sum(marks[name]), len(marks[name])) for name in SHOWN if name in marks}, client.asked


def main(_: Sequence[str] | None = None) -> None:
    figures: dict[str, Any] = {}
    for half, path in HALVES.items():
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.is_file() else []
        if not rows or "kind" not in rows[0]:
            continue
        cells = []
        for model in (None, *MODELS):
            found, asked = measure(rows, model)
            figures[f"{half}, {model or 'the program alone'}"] = {name: list(pair) for name, pair in found.items()}
            cells.append((model or "the program alone", *(f"{right} of {count}" for right, count in found.values())))
        figures[f"{half}, asked"] = [asked, len(rows)]
        Table(f"{half}: {asked} of {len(rows)} messages are asked about", ("read with", *SHOWN)).show(cells)
    write_results("understanding_models", figures)


if __name__ == "__main__":
    main()
