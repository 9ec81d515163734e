"""Real renders and real experiments, as a click runs them: killed at random moments, and on a full disk.

Each try opens Undertone in a fork and ends with it. What forks has loaded the models, and has opened no file of a home.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from app.application import Undertone, open_render_queue, open_undertone
from app.conversation.chat import proposals
from app.conversation.render_jobs import ACTIVE, RenderJob
from app.conversation.render_queue import RenderQueue
from app.settings import read_settings
from app.understanding.request import State
from app.understanding.understand import understand
from ingest.vectors import load_embedder
from tests.trial.disk import filled, small_disk
from tests.trial.kill import killed
from tests.trial.outcome import Row
from tools.models import load_image_model

ASKED = {
    "render": "Mix watercolor and pixel art: a red house",
    "experiment": "Does averaging the embeddings of watercolor and pixel art weaken both?",
}
TRIES = {"render": 24, "experiment": 16}
CHEAP: dict[str, dict[str, Any]] = {"render": {"steps": 2}, "experiment": {"steps": 2, "more": {"points": 3}}}
PATIENCE_S = 120


def run(seed: int, home: Path, *, quick: bool = False) -> list[Row]:
    if quick:
        return []
    # a new process: this one may have threads, which a fork would lose
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as new:
        return new.submit(_run, seed, home).result()


def _run(seed: int, home: Path) -> list[Row]:
    chance = random.Random(seed)
    warm()
    rows = [kills(chance, home / kind, kind, tries) for kind, tries in TRIES.items()]
    return rows + [row for kind, tries in TRIES.items() for row in full_disk(chance, home, kind, tries // 2)]


def warm() -> None:
    """Load what every try needs, on one thread: the threads of a second would be missing in a fork."""
    torch.set_num_threads(1)
    load_embedder().encode(["style"])
    understand("style", State())
    load_image_model("embedded")


def in_fork(work: Callable[[], None]) -> None:
    """Run something in a fork and raise what it raised."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        told = ""
        try:
            os.close(reader)
            work()
        except BaseException as error:  # it is told of by the process that started this one
            told = f"{type(error).__name__}: {error}"
        finally:
            os.write(writer, told.encode()[:4_000])
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        told = said.read()
    os.waitpid(process, 0)
    assert not told, told


def asked(home: Path, kind: str, conversation: str) -> tuple[Undertone, RenderQueue, str]:
    """Open a home, ask for a render in a conversation of its own where it was not, and wait for the click."""
    undertone = open_undertone(read_settings({}, home=home), keep=True)
    if undertone.chat.is_cut_off(conversation):
        list(undertone.chat.take_up(conversation))
    if not undertone.chat.messages(conversation):
        list(undertone.chat.ask(conversation, ASKED[kind]))
    said = undertone.chat.messages(conversation)
    return undertone, open_render_queue(undertone), next(call for m in said for call in proposals(m))["id"]


def click(undertone: Undertone, queue: RenderQueue, kind: str, conversation: str) -> RenderJob:
    """Click on what is proposed, with fewer steps than proposed."""
    call = next(call for m in undertone.chat.messages(conversation) for call in proposals(m))
    return queue.submit(conversation, call["id"], call["name"], {**call["args"], **CHEAP[kind]})


def ended(queue: RenderQueue, call_id: str) -> RenderJob | None:
    until_s = time.monotonic() + PATIENCE_S
    while (job := queue.latest(call_id)) and job.status in ACTIVE:
        assert time.monotonic() < until_s, f"it is shown as {job.status}"
        time.sleep(0.02)
    return job


def told(undertone: Undertone, conversation: str, call_id: str) -> int:
    """How often a conversation was told what came of a proposal."""
    said = undertone.chat.messages(conversation)
    return sum(getattr(m, "tool_call_id", "").startswith(call_id) and bool(getattr(m, "artifact", None)) for m in said)


def check_whole(job: RenderJob, folder: Path) -> None:
    """A finished job's files are those that its record names, each readable."""
    made = folder / job.id
    record = json.loads((made / "record.json").read_text("utf-8"))
    for name in record["files"]:
        assert (made / name).stat().st_size, f"{name} is empty"
    assert not list(made.glob("*.draft")), "a draft stays"


def kills(chance: random.Random, home: Path, kind: str, tries: int) -> Row:
    row = Row("kill", f"a real {kind}, from question to answer: whole, or taken up, or interrupted and run by a click")

    def run_once(conversation: str) -> None:
        undertone, queue, call_id = asked(home, kind, conversation)
        click(undertone, queue, kind, conversation)
        ended(queue, call_id)

    in_fork(lambda: run_once("first"))  # makes the index, too
    started = time.monotonic()
    in_fork(lambda: run_once("whole"))
    whole_s = time.monotonic() - started
    for n in range(tries):
        conversation = f"{kind}{n}"

        def work(conversation: str = conversation) -> None:
            run_once(conversation)

        def take_up(conversation: str = conversation) -> None:
            undertone, queue, call_id = asked(home, kind, conversation)
            left = ended(queue, call_id)
            if left is None or left.status != "done":
                assert left is None or left.status == "interrupted", f"it is shown as {left.status}: {left.error}"
                files = [] if left is None else [f.name for f in (queue.folder / left.id).iterdir()]
                assert set(files) <= {"job.json"}, f"half written: {files}"
                click(undertone, queue, kind, conversation)
                left = ended(queue, call_id)
            assert left is not None and left.status == "done" and not left.error, left
            check_whole(left, queue.folder)
            assert told(undertone, conversation, call_id) == 1, "told not once"

        killed(work, chance.uniform(0.0, whole_s))
        row.attempt(f"{kind} {n}", lambda: in_fork(take_up))
    return row


def full_disk(chance: random.Random, home: Path, kind: str, tries: int) -> list[Row]:
    """Needs a small file system of its own, as `tests.trial.disk`; without one there is no row."""
    row = Row("disk", f"a real {kind} on a full disk: done, or one line and nothing half written; a click runs it")
    with small_disk(home / f"disk-{kind}") as disk:
        if disk is None:
            return []
        in_fork(lambda: asked(disk, kind, "first") and None)  # makes the index
        for n in range(tries):
            conversation, left_bytes = f"{kind}{n}", chance.randrange(0, 250_000)

            def attempt(conversation: str = conversation, left_bytes: int = left_bytes, disk: Path = disk) -> None:
                undertone, queue, call_id = asked(disk, kind, conversation)
                with filled(disk, left_bytes):
                    click(undertone, queue, kind, conversation)
                    job = ended(queue, call_id)
                    assert job is not None
                    if job.status == "failed":
                        assert job.error and "\n" not in job.error and "space" in job.error, job.error
                        files = [f.name for f in (queue.folder / job.id).iterdir()]
                        assert set(files) <= {"job.json"}, f"half written: {files}"
                    else:
                        check_whole(job, queue.folder)
                if job.status == "failed":
                    click(undertone, queue, kind, conversation)
                    job = ended(queue, call_id)
                    assert job is not None and job.status == "done" and not job.error, job
                    check_whole(job, queue.folder)

            row.attempt(f"{kind} {n}, {left_bytes:,} bytes left", lambda: in_fork(attempt))
            shutil.rmtree(disk / "renders", ignore_errors=True)
    return [row]
