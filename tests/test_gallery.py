"""The gallery: which runs it shows, and which of them fit."""

from __future__ import annotations

import time

from PIL import Image

from app.conversation.render_queue import RenderQueue
from app.ui.gallery import fitting, kept_runs

WATER = {"subject": "a boat", "styles": [{"text": "watercolor", "weight": 3}, {"text": "ink", "weight": 1}], "seed": 1}
ORDER = {"experiment": "order", "styles": [{"text": "ink", "weight": 1}], "subject": "a boat", "seed": 2}


def a_queue(folder, *jobs):
    """A queue that has run these: each (tool, arguments)."""

    def render(job, into, on_step):
        name = "figure.png" if "experiment" in job.arguments else "image.png"
        Image.new("RGB", (8, 8)).save(into / name)
        seen = {"styles": ["watercolor", "ink"], "probability": [job.arguments["styles"][0]["weight"] / 4, 0.25]}
        artifact = {"measurements": {"images": [{"seen_by_model": seen}]}, "verdict": "Watercolor decided."}
        return {"content": "rendered", "artifact": artifact}

    queue = RenderQueue(folder, render, lambda job: None)
    for number, (tool, arguments) in enumerate(jobs):
        queue.submit("conversation", f"call-{number}", tool, arguments)
    deadline = time.monotonic() + 30
    while len(queue.finished()) < len(jobs):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return queue


def test_runs_are_told_apart_and_found(tmp_path):
    queue = a_queue(tmp_path, ("blend_styles", {**WATER, "method": "prompt"}), ("run_experiment", ORDER))
    experiment, blend = kept_runs(queue)
    assert (blend.title, blend.method) == ("a boat: 75% watercolor + 25% ink", "prompt")
    assert (experiment.title, experiment.method) == ("order: ink", "experiment order")
    assert (blend.is_picture, experiment.is_picture) == (True, False)
    runs = [experiment, blend]
    assert fitting(runs, "", [], []) == runs
    assert fitting(runs, "BOAT 75%", [], []) == [blend]
    assert fitting(runs, "decided", ["experiment order"], []) == [experiment]
    assert fitting(runs, "", [], ["watercolor", "ink"]) == [blend]
    assert fitting(runs, "nowhere", [], []) == []


def test_a_deleted_run_is_gone_with_its_files(tmp_path):
    queue = a_queue(tmp_path, ("blend_styles", WATER))
    (run,) = kept_runs(queue)
    queue.delete(run.job.id)
    queue.delete(run.job.id)
    assert kept_runs(queue) == []
    assert not (tmp_path / run.job.id).exists()
