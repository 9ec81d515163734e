"""The render queue with a stand-in for the renderer."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from app.conversation.owner import process_name
from app.conversation.render_jobs import RenderJob
from app.conversation.render_queue import RenderQueue


class Studio:
    """Renders when it is told to, and writes down what happens."""

    def __init__(self):
        self.go_on = threading.Event()
        self.started: list[str] = []
        self.handed_over: list[str] = []
        self.most_at_once = self.now = 0

    def render(self, job, folder, on_step):
        self.now += 1
        self.most_at_once = max(self.now, self.most_at_once)
        try:
            self.started.append(job.call_id)
            for step in range(1, 4):
                on_step(step, 3, b"png")
                assert self.go_on.wait(10)
                on_step(step, 3, b"png")
            if job.arguments.get("fail"):
                raise RuntimeError("no weights;\n get some")
            (folder / "image.png").write_bytes(b"image")
            return {"content": "rendered", "artifact": {"run_id": job.id}}
        finally:
            self.now -= 1

    def hand_over(self, job):
        self.handed_over.append(job.call_id)


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def studio():
    return Studio()


def open_queue(tmp_path, studio):
    return RenderQueue(tmp_path, studio.render, studio.hand_over)


def status(queue, call_id):
    return queue.latest(call_id).status


def test_a_card_that_renders_can_sweep_as_well(tmp_path, studio):
    queue = open_queue(tmp_path, studio)
    render = queue.submit("c", "a", "blend_styles", {})
    sweep = queue.submit("c", "a", "run_experiment", {})
    assert sweep.id != render.id and queue.submit("c", "a", "blend_styles", {"again": 1}).id == render.id
    studio.go_on.set()
    wait_until(lambda: queue.latest("a", "run_experiment").status == "done")
    assert queue.latest("a", "blend_styles").id == render.id and queue.latest("a").id == sweep.id
    assert studio.handed_over == ["a", "a"] and studio.most_at_once == 1


def test_one_render_at_a_time_in_the_order_of_the_clicks(tmp_path, studio):
    queue = open_queue(tmp_path, studio)
    jobs = [queue.submit("c", call, "blend_styles", {}) for call in "abc"]
    wait_until(lambda: queue.step(jobs[0].id))
    assert [queue.ahead_of(job) for job in jobs] == [0, 1, 2]
    assert queue.step(jobs[0].id).preview_png == b"png"
    assert {call: job.status for call, job in queue.of_conversation("c").items()} == {
        "a": "running",
        "b": "queued",
        "c": "queued",
    }
    assert queue.of_conversation("d") == {}
    studio.go_on.set()
    wait_until(lambda: status(queue, "c") == "done")
    assert studio.started == studio.handed_over == ["a", "b", "c"]
    assert studio.most_at_once == 1
    assert queue.step(jobs[0].id) is None


def test_a_second_click_gives_the_same_job_and_a_later_one_a_new_job(tmp_path, studio):
    queue = open_queue(tmp_path, studio)
    first = queue.submit("c", "a", "blend_styles", {})
    assert queue.submit("c", "a", "blend_styles", {}).id == first.id
    studio.go_on.set()
    wait_until(lambda: status(queue, "a") == "done")
    assert queue.submit("c", "a", "blend_styles", {}).id != first.id


def test_a_waiting_and_a_running_render_can_be_cancelled(tmp_path, studio):
    queue = open_queue(tmp_path, studio)
    running, waiting = queue.submit("c", "a", "blend_styles", {}), queue.submit("c", "b", "blend_styles", {})
    wait_until(lambda: queue.step(running.id))
    queue.cancel(waiting.id)
    assert status(queue, "b") == "cancelled"
    queue.cancel(running.id)
    studio.go_on.set()
    wait_until(lambda: status(queue, "a") == "cancelled")
    assert studio.started == ["a"]
    assert studio.handed_over == []


def test_a_failed_render_says_why_in_one_line_and_the_next_one_runs(tmp_path, studio):
    studio.go_on.set()
    queue = open_queue(tmp_path, studio)
    queue.submit("c", "a", "blend_styles", {"fail": True})
    queue.submit("c", "b", "blend_styles", {})
    wait_until(lambda: status(queue, "b") == "done")
    assert queue.latest("a").error == "no weights; get some"
    assert studio.handed_over == ["b"]


def test_a_restart_takes_up_what_waited_and_owns_up_to_what_it_interrupted(tmp_path, studio):
    queue = open_queue(tmp_path, studio)
    job = queue.submit("c", "a", "blend_styles", {})
    queue.submit("c", "b", "blend_styles", {})
    wait_until(lambda: queue.step(job.id))
    (tmp_path / job.id / "half.png").write_bytes(b"not whole")

    after = Studio()
    after.go_on.set()
    restarted = open_queue(tmp_path, after)
    wait_until(lambda: status(restarted, "b") == "done")
    assert status(restarted, "a") == "interrupted"
    assert [file.name for file in (tmp_path / job.id).iterdir()] == ["job.json"], "nothing half written stays"
    assert after.handed_over == ["b"]


def test_a_render_that_was_not_handed_over_is_handed_over_after_a_restart(tmp_path, studio):
    studio.go_on.set()
    queue = open_queue(tmp_path, studio)
    job = queue.submit("c", "a", "blend_styles", {})
    wait_until(lambda: status(queue, "a") == "done")
    file = tmp_path / job.id / "job.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "status": "rendered"}))

    after = Studio()
    restarted = open_queue(tmp_path, after)
    wait_until(lambda: status(restarted, "a") == "done")
    assert after.started == [] and after.handed_over == ["a"]
    assert restarted.latest("a").result["artifact"] == {"run_id": job.id}


def test_another_living_process_keeps_its_job(tmp_path, studio):
    queue = open_queue(tmp_path, studio)
    job = queue.submit("c", "a", "blend_styles", {})
    wait_until(lambda: queue.step(job.id))
    file = tmp_path / job.id / "job.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "owner": process_name(1)}))
    assert status(open_queue(tmp_path, Studio()), "a") == "running"
    studio.go_on.set()


def test_what_another_process_did_is_shown_as_it_stands_now(tmp_path, studio):
    job = RenderJob("one", "c", "theirs", "blend_styles", {}, "running", 1.0, process_name(1))
    file = tmp_path / "one" / "job.json"
    file.parent.mkdir()
    file.write_text(json.dumps(asdict(job)))
    queue = open_queue(tmp_path, studio)
    assert queue.of_conversation("c")["theirs"].status == "running"
    assert queue.submit("c", "theirs", "blend_styles", {}).id == "one", "it is not rendered twice"
    file.write_text(json.dumps({**asdict(job), "status": "done"}))
    assert queue.of_conversation("c")["theirs"].status == "done"
    studio.go_on.set()
    assert queue.submit("c", "theirs", "blend_styles", {}).id != "one"


@pytest.mark.parametrize(
    "owner",
    [f"{os.getpid()}@1", "999999999@77", 1, f"{os.getpid()}"],
    ids=["began at another time", "nobody", "a number", "no time"],
)
def test_a_number_that_was_given_out_again_is_not_its_owner(tmp_path, studio, owner):
    job = {
        "id": "20260101-000000-abcdef", "conversation_id": "c", "call_id": "a", "tool": "blend_styles",
        "arguments": {}, "status": "running", "created_at": 1.0, "owner": owner,
    }  # fmt: skip
    (tmp_path / job["id"]).mkdir()
    (tmp_path / job["id"] / "job.json").write_text(json.dumps(job))
    queue = open_queue(tmp_path, studio)
    assert status(queue, "a") == "interrupted"
    studio.go_on.set()
    queue.submit("c", "a", "blend_styles", {})
    wait_until(lambda: status(queue, "a") == "done")


@pytest.mark.parametrize("name", ["../out", "..", ".", "/etc", "other", "a/b", ""])
def test_a_job_cannot_name_another_folder(tmp_path, studio, name):
    renders, out = tmp_path / "renders", tmp_path / "out"
    out.mkdir()
    (out / "precious").write_text("")
    job = {
        "id": name, "conversation_id": "c", "call_id": "a", "tool": "blend_styles",
        "arguments": {}, "status": "done", "created_at": 1.0, "owner": "1@1",
    }  # fmt: skip
    (renders / "one").mkdir(parents=True)
    (renders / "one" / "job.json").write_text(json.dumps(job))
    queue = open_queue(renders, studio)
    assert queue.latest("a") is None
    queue.discard("c")
    assert (out / "precious").exists() and (renders / "one").exists()


def test_a_full_disk_is_said_on_the_card_and_leaves_nothing_half_written(tmp_path, studio, monkeypatch):
    queue = open_queue(tmp_path, studio)
    whole = Path.write_text

    def full(self, *args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    job = queue.submit("c", "a", "blend_styles", {})
    assert job.status == "failed" and "No space left on device" in job.error
    assert list(tmp_path.glob("*/*")) == []
    monkeypatch.setattr(Path, "write_text", whole)
    studio.go_on.set()
    queue.submit("c", "a", "blend_styles", {})
    wait_until(lambda: status(queue, "a") == "done")


def test_a_render_that_fails_leaves_no_files(tmp_path, studio):
    def fails(job, folder, on_step):
        (folder / "image.png").write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    queue = RenderQueue(tmp_path, fails, studio.hand_over)
    job = queue.submit("c", "a", "blend_styles", {})
    wait_until(lambda: status(queue, "a") == "failed")
    assert [file.name for file in (tmp_path / job.id).iterdir()] == ["job.json"]


def test_a_deleted_conversation_takes_its_renders_with_it(tmp_path, studio):
    studio.go_on.set()
    queue = open_queue(tmp_path, studio)
    job = queue.submit("c", "a", "blend_styles", {})
    kept = queue.submit("d", "b", "blend_styles", {})
    wait_until(lambda: status(queue, "b") == "done")
    queue.discard("c")
    assert queue.latest("a") is None
    assert not (tmp_path / job.id).exists()
    assert (tmp_path / kept.id / "image.png").exists()


def test_a_conversation_deleted_during_its_render_leaves_nothing(tmp_path, studio):
    queue = open_queue(tmp_path, studio)
    job = queue.submit("c", "a", "blend_styles", {})
    wait_until(lambda: queue.step(job.id))
    queue.discard("c")
    studio.go_on.set()
    wait_until(lambda: queue.latest("a") is None)
    wait_until(lambda: not (tmp_path / job.id).exists())


def test_a_broken_job_file_does_not_stop_the_queue(tmp_path, studio):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "job.json").write_text("{")
    studio.go_on.set()
    queue = open_queue(tmp_path, studio)
    queue.submit("c", "a", "blend_styles", {})
    wait_until(lambda: status(queue, "a") == "done")
