"""A long day: a thousand answers and two hundred renders in one process, whose memory must not grow with them."""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from app.application import open_render_queue, open_undertone
from app.conversation.chat import proposals
from app.settings import read_settings
from tests.trial.jobs import ended
from tests.trial.outcome import Row

QUESTIONS = (
    "How does Visual Style Prompting keep the style of a reference?",
    "What is FedStyle about?",
    "Which of these needs no fine-tuning?",
    "How long do I have to boil an egg?",
    "What does WSAM show, and for which networks?",
)
SUBJECTS = ("red house", "green tree", "blue boat", "cat", "yellow flower")
SETTLED = 50
MAX_GROWTH = 0.05


def run(seed: int, home: Path, *, quick: bool = False) -> list[Row]:
    if quick:
        return []
    # a new process: in one that has held more, what is freed would hide what grows
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as new:
        return [new.submit(answers, seed, home, 1_000).result(), new.submit(renders, seed, home, 200).result()]


def memory_mb() -> float:
    """What this process holds in memory, in MB (Linux)."""
    gc.collect()
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


def repeated(what: str, count: int, once: Callable[[int], object]) -> Row:
    """Do something many times; told every fifty, so that a day that is cut short says how far it came."""
    row = Row(
        "load", f"{count:,} {what}s: each is given, memory grows by at most {MAX_GROWTH:.0%} after the first {SETTLED}"
    )
    held_mb = []
    for n in range(count):
        row.attempt(f"{what} {n}", lambda n=n: once(n))  # type: ignore[misc]
        if (n + 1) % SETTLED == 0:
            held_mb.append(memory_mb())
            print(f"load: {n + 1} {what}s, {held_mb[-1]:.1f} MB", file=sys.stderr, flush=True)
    grown = held_mb[-1] / held_mb[0] - 1
    row.told.append(f"{held_mb[0]:.0f} MB after the first {SETTLED}, {held_mb[-1]:.0f} MB after all: {grown:+.1%}")
    if grown > MAX_GROWTH:
        row.held -= 1
    return row


def answers(seed: int, home: Path, count: int) -> Row:
    chance = random.Random(seed)
    undertone = open_undertone(read_settings({}, home=home / "load"), keep=True)
    row = repeated("answer", count, lambda n: undertone.answer(chance.choice(QUESTIONS), f"c{n // 4}"))
    undertone.conversations.close()  # what SQLite keeps beside the file goes into it
    kept = undertone.settings.conversations.stat().st_size
    row.told.append(f"{kept / count / 1000:.0f} kB an answer are kept")
    return row


def renders(seed: int, home: Path, count: int) -> Row:
    """Each as a click on what was proposed: rendered in the queue, measured, kept, and told to its conversation."""
    undertone = open_undertone(read_settings({}, home=home / "load"), keep=True)
    queue = open_render_queue(undertone)

    def render(n: int) -> None:
        conversation, subject = f"r{n // 4}", SUBJECTS[n % len(SUBJECTS)]
        asked = f"a {subject} in watercolor and pixel art, seed {seed + n}"
        list(undertone.chat.ask(conversation, asked))
        (call,) = proposals(undertone.chat.messages(conversation)[-1])
        queue.submit(conversation, call["id"], call["name"], {**call["args"], "steps": 2})
        job = ended(queue, call["id"])
        assert job is not None and job.status == "done" and not job.error, job

    row = repeated("render", count, render)
    undertone.conversations.close()
    return row
