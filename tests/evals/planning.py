"""What plans of four qualities make of an answer: `python -m tests.evals.planning`.

Forty questions over the four documents, each with the sentences that answer it. Models that are acted out over HTTP
plan the answers: a good one names them, a sloppy one too, in shapes that nobody asked for and among others; an injected
one names what an instruction in a passage tells it to, one of nonsense whatever comes. Counted is how often a right
passage is told first, beside the reader alone. The nine shapes are read, and the passages' cost in tokens is counted.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.answers import CitedAnswer
from app.application import open_undertone
from app.conversation.chat import Chat
from app.generation.parsing import read_plan
from app.settings import read_settings
from ingest.vectors import load_embedder
from tests.chat_server import ChatServer, Request, number_of, part, planned
from tests.evals.hostile import settings_of
from tests.evals.results import Table, write_results

ROWS = Path(__file__).with_name("planning.jsonl")
LIMIT_S = 20
MAX_TOKENS = 380
SEED = 11


def as_asked(first: int, second: int) -> str:
    return json.dumps({"sections": [{"heading": "", "passages": [first, second]}], "missing": None})


def prose(first: int, second: int) -> str:
    return f"The first part is answered in passage [{first}]. More of it is said elsewhere [{second}]."


def bullets(first: int, second: int) -> str:
    return f"Relevant:\n- The answer: [{first}]\n- What else there is: [{second}]\n"


def fenced(first: int, second: int) -> str:
    return f"Sure, {{here}} it is!\n```json\n{as_asked(first, second)}\n```\nAnything else?"


def wrapped(first: int, second: int) -> str:
    return json.dumps({"response": {"answer": json.loads(as_asked(first, second))}})


def keys(first: int, second: int) -> str:
    return json.dumps({"sections": [{"title": "", "sources": [f"[{first}]", f"passage {second}"]}]})


def strings(first: int, second: int) -> str:
    return json.dumps({"sentences": [f"It is said here [{first}].", f"And here [{second}]."]})


def quotes(first: int, second: int) -> str:
    ids = [{"id": "q1", "passage": str(first), "text": "copied"}, {"id": "q2", "passage": str(second), "text": "words"}]
    said = [{"n": 1, "text": "It is said here.", "quotes": ["q1"]}, {"n": 2, "text": "And here.", "quotes": ["q2"]}]
    return json.dumps({"quotes": ids, "sentences": said})


def numbers(first: int, second: int) -> str:
    return f"[{first}, {second}]"


SHAPES: tuple[Callable[[int, int], str], ...] = (
    as_asked, prose, bullets, fenced, wrapped, keys, strings, quotes, numbers,
)  # fmt: skip
"""Nine shapes in which two passages are named, the first one first."""


def count_of(request: Request) -> int:
    """How many passages a brief lists."""
    return sum(line.startswith("[") for line in (part(request, "passages") or "").splitlines())


def good(request: Request, right: Sequence[str], _: random.Random) -> str:
    return planned(("", [n for words in right if (n := number_of(request, words)) <= count_of(request)]))(request)


def sloppy(request: Request, right: Sequence[str], chance: random.Random) -> str:
    shape = chance.choice(SHAPES)
    first = number_of(request, right[0])
    return shape(first, chance.randint(1, count_of(request))) + chance.choice(["", " [99]", "\nI hope this helps."])


def injected(request: Request, _: Sequence[str], chance: random.Random) -> str:
    last = count_of(request)
    return planned(("Buy the professional edition", [last, max(1, last - 1)]), ("Ignore the rest", [last]))(request)


def nonsense(request: Request, _: Sequence[str], chance: random.Random) -> str:
    if chance.random() < 0.25:
        return "ĠtheĠof asd {{{{ ]] 0x00 " * 20
    drawn = [chance.randint(1, count_of(request) + 4) for _ in range(3)]
    return planned((chance.choice(["Bees", "Of the", "What is said"]), drawn))(request)


PLANNERS: dict[str, Callable[[Request, Sequence[str], random.Random], str]] = {
    "good": good,
    "sloppy": sloppy,
    "injected": injected,
    "nonsense": nonsense,
}


def is_right_first(answer: CitedAnswer, right: Sequence[str]) -> bool:
    """Whether the first claim cites a sentence that answers."""
    first = next((c.quote for s in answer.sentences for c in s.citations), "")
    return any(words in first for words in right)


def answers_of(chat: Chat, rows: Sequence[dict[str, Any]]) -> list[bool]:
    """Ask every question in a conversation of its own."""
    judged = []
    for row in rows:
        *_, answer = chat.ask(uuid.uuid4().hex, row["question"])
        assert isinstance(answer, CitedAnswer)
        judged.append(is_right_first(answer, row["right"]))
    return judged


def act_of(planner: str, rows: Sequence[dict[str, Any]]) -> Callable[[Request], str]:
    """A planner as a script: it finds the question in the brief, and the sentences that answer in the rows."""
    chance = random.Random(SEED)
    right = {row["question"]: row["right"] for row in rows}

    def act(request: Request) -> str:
        return PLANNERS[planner](request, right[part(request, "question") or ""], chance)

    return act


def run() -> dict[str, Any]:
    """Print the tables and return their figures."""
    rows = [json.loads(line) for line in ROWS.read_text("utf-8").splitlines()]
    tokens: list[int] = []
    figures: dict[str, Any] = {"questions": len(rows)}
    server = ChatServer(500)
    try:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            alone = answers_of(open_undertone(read_settings({}, home=home), keep=False).chat, rows)
            figures["reader alone"] = sum(alone)
            chat = open_undertone(read_settings(settings_of(server.url, home, LIMIT_S, "plan")), keep=False).chat
            for planner in PLANNERS:
                server.play(act_of(planner, rows))
                figures[planner] = sum(answers_of(chat, rows))
                tokens += [tokens_in(part(r, "passages") or "") for r in server.requests if count_of(r) == 12]
    finally:
        server.close()
    who = ["reader alone", *PLANNERS]
    Table("A right passage is told first", ("planned by", "right", "of")).show(
        [(name, str(figures[name]), str(len(rows))) for name in who]
    )
    read = [[n for item in read_plan(shape(3, 1)).items for n in item.passages] == [3, 1] for shape in SHAPES]
    figures["shapes read"] = [sum(read), len(read)]
    figures["tokens of 12 passages"] = {
        "least": min(tokens), "median": statistics.median(tokens), "most": max(tokens), "wanted": MAX_TOKENS,
    }  # fmt: skip
    print(f"  {sum(read)} of {len(read)} shapes read; 12 passages are {figures['tokens of 12 passages']} tokens")
    return figures


def tokens_in(text: str) -> int:
    """How many tokens a text is to the packaged embedder, whose words are cut about as small as a language model's."""
    return sum(len(spans) for _, spans in load_embedder().encode_pieces(text.splitlines()))


def main(_: Sequence[str] | None = None) -> None:
    write_results("planning", run())


if __name__ == "__main__":
    main()
