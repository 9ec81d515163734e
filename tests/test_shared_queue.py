"""The render queue of processes that share a Postgres; beside `test_render_queue.py`, whose studio it borrows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from app.conversation import shared_queue
from app.conversation.database import Database
from app.conversation.shared_queue import SharedRenderQueue
from tests.browsing import ROOT
from tests.test_render_queue import Studio, wait_until

WHOSE = "/ada"
SILENT_S = 3.0
OTHER = f"""
import pathlib, sys, time
from app.conversation import shared_queue
from app.conversation.database import Database
from app.conversation.shared_queue import SharedRenderQueue

def render(job, folder, on_step):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "half.png").write_bytes(b"not whole")
    for step in range(1, 10_000):
        on_step(step, 10_000, b"png")
        time.sleep(0.05)

queue = SharedRenderQueue(Database(sys.argv[1]), {WHOSE!r}, pathlib.Path(sys.argv[2]), render, print)
print(queue.submit("c", "a", "blend_styles", {{"seed": 7}}).id, flush=True)
time.sleep(600)
"""


@pytest.fixture
def open_queue(database_url, tmp_path, monkeypatch):
    """Opens a queue as another process would; closes all."""
    monkeypatch.setattr(shared_queue, "SILENT_S", SILENT_S)
    made = []

    def open_one(studio, whose=WHOSE):
        made.append(Database(database_url))
        return SharedRenderQueue(made[-1], whose, tmp_path, studio.render, studio.hand_over)

    yield open_one
    for one in made:
        one.close()


@pytest.fixture
def other(database_url, tmp_path):
    """Another process that begins to render, and its job."""
    command = [sys.executable, "-c", OTHER, database_url, str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()


def busy():
    return Studio()


def free():
    studio = Studio()
    studio.go_on.set()
    return studio


def makes_folder(studio):
    render = studio.render

    def in_folder(job, folder, on_step):
        folder.mkdir(parents=True, exist_ok=True)
        return render(job, folder, on_step)

    studio.render = in_folder
    return studio


def test_what_one_does_the_other_sees_as_it_stands(open_queue):
    working, looking = makes_folder(busy()), busy()
    here = open_queue(working)
    first = here.submit("c", "a", "blend_styles", {"seed": float("nan"), "text": "\0"})
    wait_until(lambda: here.step(first.id))
    there = open_queue(looking)  # it is busy with nothing, and would take what waits
    assert there.of_conversation("c")["a"].status == "running"
    wait_until(lambda: there.step(first.id) is not None)
    assert (there.step(first.id).total, there.step(first.id).preview_png) == (3, b"png")
    assert there.submit("c", "a", "blend_styles", {}).id == first.id, "it is not rendered twice"
    assert there.latest("a").arguments["text"] == "\0"
    working.go_on.set()
    wait_until(lambda: there.latest("a").status == "done")
    assert there.latest("a").result == {"content": "rendered", "artifact": {"run_id": first.id}}
    assert [job.id for job in there.finished()] == [first.id] and there.step(first.id) is None
    assert working.handed_over == ["a"] and looking.started == looking.handed_over == []
    there.delete(first.id)
    wait_until(lambda: here.latest("a") is None)
    assert not (here.folder / first.id).exists()


def test_each_job_is_rendered_once_by_whoever_is_free(open_queue):
    studios = [makes_folder(free()) for _ in range(3)]
    queues = [open_queue(studio) for studio in studios]
    calls = [f"a{n}" for n in range(12)]
    for n, call in enumerate(calls):
        queues[n % 3].submit("c", call, "blend_styles", {})
    wait_until(lambda: all(queues[0].latest(call) and queues[0].latest(call).status == "done" for call in calls))
    assert sorted(call for studio in studios for call in studio.started) == sorted(calls)
    assert sorted(call for studio in studios for call in studio.handed_over) == sorted(calls)


def test_a_render_is_cancelled_from_the_other_process(open_queue):
    working = makes_folder(busy())
    here = open_queue(working)
    running, waiting = here.submit("c", "a", "blend_styles", {}), here.submit("c", "b", "blend_styles", {})
    wait_until(lambda: here.step(running.id))
    looking = busy()
    there = open_queue(looking)
    wait_until(lambda: looking.started == ["b"])  # taken by the one that was free
    third = here.submit("c", "d", "blend_styles", {})
    there.cancel(third.id)
    wait_until(lambda: here.latest("d").status == "cancelled")
    there.cancel(running.id)
    here.cancel(waiting.id)
    time.sleep(0.6)  # what others want is read every half a second
    working.go_on.set()
    looking.go_on.set()
    wait_until(lambda: (there.latest("a").status, here.latest("b").status) == ("cancelled", "cancelled"))
    assert working.handed_over == looking.handed_over == []


def test_a_deleted_conversation_takes_its_renders_with_it_wherever_they_run(open_queue):
    working = makes_folder(busy())
    here = open_queue(working)
    job = here.submit("c", "a", "blend_styles", {})
    wait_until(lambda: here.step(job.id))
    there = open_queue(busy())
    there.discard("c")
    time.sleep(0.6)
    working.go_on.set()
    wait_until(lambda: here.latest("a") is None and there.latest("a") is None)
    wait_until(lambda: not (here.folder / job.id).exists())


def test_nobody_elses_jobs_are_seen(open_queue):
    here, there = open_queue(makes_folder(free())), open_queue(free(), "/ben")
    job = here.submit("c", "a", "blend_styles", {})
    wait_until(lambda: here.latest("a").status == "done")
    assert there.latest("a") is None and there.of_conversation("c") == {} and there.finished() == []
    there.delete(job.id)
    assert here.latest("a").status == "done"


def test_what_a_process_was_rendering_when_it_was_killed_is_taken_up(open_queue, other, tmp_path):
    job_id = other.stdout.readline().strip()
    studio = makes_folder(free())
    here = open_queue(studio)
    wait_until(lambda: here.of_conversation("c")["a"].status == "running" and here.step(job_id) is not None)
    assert studio.started == []
    os.kill(other.pid, signal.SIGKILL)
    deadline = time.monotonic() + SILENT_S + 20
    while here.latest("a").status != "done":
        assert time.monotonic() < deadline, here.latest("a")
        time.sleep(0.05)
    assert studio.started == studio.handed_over == ["a"]
    assert here.latest("a").id == job_id and here.latest("a").arguments == {"seed": 7}
    assert [file.name for file in (tmp_path / job_id).iterdir()] == ["image.png"], "nothing half written stays"


def test_a_job_at_which_two_processes_died_is_left_to_a_click(open_queue, database_url):
    here = open_queue(makes_folder(free()))
    database = here._database
    database.rows(
        "INSERT INTO renders"
        " (whose, id, conversation_id, call_id, tool, arguments, status, created_at, owner, attempts)"
        " VALUES (%s, 'j', 'c', 'a', 'blend_styles', '{}', 'running', 1, 'somebody dead', 2)",
        (WHOSE,),
    )
    wait_until(lambda: here.latest("a") and here.latest("a").status == "interrupted")
    assert here.submit("c", "a", "blend_styles", {}).id != "j"


def test_a_process_that_was_taken_for_dead_does_not_hand_over(open_queue):
    slow, quick = makes_folder(busy()), makes_folder(free())
    here = open_queue(slow)
    job = here.submit("c", "a", "blend_styles", {})
    wait_until(lambda: here.step(job.id))
    here._database.rows("UPDATE renders SET owner = 'somebody dead' WHERE id = %s", (job.id,))
    there = open_queue(quick)
    wait_until(lambda: there.latest("a").status == "done")
    slow.go_on.set()
    wait_until(lambda: slow.now == 0)
    time.sleep(0.5)
    assert (slow.handed_over, quick.handed_over) == ([], ["a"])
    assert (here.folder / job.id / "image.png").exists() and here.latest("a").status == "done"


def test_a_render_that_ends_while_the_database_restarts_is_kept(open_queue, postgres_server):
    studio = makes_folder(busy())
    here = open_queue(studio)
    job = here.submit("c", "a", "blend_styles", {})
    wait_until(lambda: here.step(job.id))
    postgres_server.stop()
    try:
        studio.go_on.set()
        wait_until(lambda: studio.now == 0)
    finally:
        postgres_server.start()
    deadline = time.monotonic() + 30
    while here.latest("a").status != "done":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert studio.handed_over == ["a"]
