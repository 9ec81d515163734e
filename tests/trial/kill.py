"""Killed at random moments: an ingest, a turn of a conversation, a render in the queue. What is left is taken up.

Each try is a fork of this process, so that the imports are paid for once and the kill falls into the work itself.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

from app.agent.graph import build_agent
from app.conversation.chat import Chat, proposals
from app.conversation.render_jobs import ACTIVE
from app.conversation.render_queue import RenderQueue
from app.conversation.store import Conversations
from ingest.index import Index
from tests.test_agent import Scripted, blend_styles, finished, search_corpus
from tests.test_index import HashEmbedder, check, paper
from tests.trial.outcome import Row


def run(seed: int, home: Path, *, quick: bool = False) -> list[Row]:
    chance = random.Random(seed)
    return [
        turns(chance, home, 25 if quick else 200),
        renders(chance, home, 10 if quick else 60),
        ingests(chance, home, 4 if quick else 30),
    ]


def killed(work: Callable[[], None], after_s: float) -> bool:
    """Run something in a fork and kill it; whether it was still at work."""
    process = os.fork()
    if process == 0:
        try:
            os.setpgid(0, 0)
            work()
        finally:
            os._exit(0)
    time.sleep(after_s)
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    return os.WIFSIGNALED(status)


def open_chat(path: Path) -> Chat:
    kept = Conversations(path)
    return Chat(build_agent(Scripted(), [search_corpus, blend_styles], kept.checkpointer), kept)


def turns(chance: random.Random, home: Path, tries: int) -> Row:
    row = Row("kill", "a turn: the question is answered when it is taken up, a proposal can be rendered")
    path = home / "turns" / "conversations.sqlite"
    for n in range(tries):
        name, question = f"c{n % 9}", f"why number {n}? {'blend it' if n % 3 == 0 else ''}"

        def work(name: str = name, question: str = question) -> None:
            list(open_chat(path).ask(name, question))

        def take_up(name: str = name, question: str = question, n: int = n) -> None:
            chat = open_chat(path)
            list(chat.take_up(name))
            assert not chat.is_cut_off(name), "it waits for ever"
            said = chat.messages(name)
            if any(question.strip() == m.text for m in said if m.type == "human"):
                for call in proposals(said[-1]):
                    rendered = finished(call).model_copy(update={"artifact": {"run_id": f"r{n}"}})
                    chat.hand_over(name, call["id"], call["args"], rendered)
                    assert chat.messages(name)[-1].text == "Rendered."
            assert chat.conversations is not None
            chat.conversations.close()

        killed(work, chance.uniform(0.0, 0.25))
        row.attempt(f"turn {n}", take_up)
    return row


def renders(chance: random.Random, home: Path, tries: int) -> Row:
    row = Row("kill", "a render in the queue: interrupted and said, or done; the next one runs")
    folder = home / "renders"

    def render(job, out, on_step):  # type: ignore[no-untyped-def]
        for step in range(5):
            on_step(step, 5, None)
            (out / f"{step}.png").write_bytes(bytes(50_000))
            time.sleep(0.01)
        return {"content": "rendered", "artifact": {"run_id": job.id}}

    for n in range(tries):

        def work(n: int = n) -> None:
            queue = RenderQueue(folder, render, lambda job: None)
            queue.submit("c", f"call {n}", "blend_styles", {})
            time.sleep(10)

        def take_up(n: int = n) -> None:
            queue = RenderQueue(folder, render, lambda job: None)
            later = queue.submit("c", f"later {n}", "blend_styles", {})
            until_s = time.monotonic() + 20
            while queue.latest(later.call_id).status in ACTIVE:  # type: ignore[union-attr]
                assert time.monotonic() < until_s, "the queue stands still"
                time.sleep(0.01)
            left = queue.latest(f"call {n}")
            assert left is None or left.status not in ACTIVE, f"it is shown as {left.status}"

        killed(work, chance.uniform(0.0, 0.12))
        row.attempt(f"render {n}", take_up)
    return row


def ingests(chance: random.Random, home: Path, tries: int) -> Row:
    row = Row("kill", "an ingest: no document, passage or word is lost, doubled or orphaned")
    for n in range(tries):
        documents = [paper(f"d{k}", f"Version {n} of {k} is here. So be it {n}.") for k in range(40)]

        def work(documents: list = documents) -> None:
            Index(home / "ingest", HashEmbedder()).sync(documents, prune=True)

        def complete(documents: list = documents) -> None:
            index = Index(home / "ingest", HashEmbedder())
            index.sync([], prune=False)
            check(index, index.documents())
            index.sync(documents, prune=True)
            check(index, documents)

        killed(work, chance.uniform(0.05, 4.0))
        row.attempt(f"ingest {n}", complete)
    return row
