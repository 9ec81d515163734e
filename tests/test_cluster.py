"""A real Ray cluster of two workers on this machine: it indexes and renders as one process does, whoever dies."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.conversation.render_queue import RenderQueue
from ingest.cluster import Cluster, ClusterUnavailable
from ingest.index import Index
from tests.browsing import ROOT
from tests.second_corpus import documents
from tools import render_pool
from tools.registry import run_tool
from tools.render_pool import RenderPool
from tools.specs import ToolContext

HAS_RAY = importlib.util.find_spec("ray") is not None
BLEND = {
    "subject": "a red house",
    "styles": [{"text": "watercolor", "weight": 1}, {"text": "pixel art", "weight": 1}],
    "steps": 4,
    "seed": 3,
}
EXPERIMENT = {**BLEND, "experiment": "weaken", "steps": 2, "more": {"points": 3}}


@pytest.fixture(scope="module")
def cluster():
    """A cluster of this process's own, with room for two workers whatever the machine has."""
    if not HAS_RAY:
        pytest.skip("needs requirements-scale.txt")
    import ray

    patched = os.cpu_count
    os.cpu_count = lambda: 2
    try:
        joined = Cluster("local")
    finally:
        os.cpu_count = patched
    assert joined.workers == 2
    yield joined
    ray.shutdown()


@pytest.fixture(scope="module")
def pool(cluster):
    return RenderPool(cluster, "embedded")


def pixels(file):
    return np.asarray(Image.open(file))


def rendering_processes():
    """The processes of the workers that render, by the name that Ray gives them."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if line.read_bytes().startswith(b"ray::_Renderer"):
                found.append(int(line.parent.name))
    return found


@pytest.mark.timeout(240)
@pytest.mark.parametrize("tool, arguments", [("blend_styles", BLEND), ("run_experiment", EXPERIMENT)])
def test_what_the_cluster_runs_is_what_one_machine_runs(pool, tmp_path, tool, arguments):
    there, here = tmp_path / "renders" / "there", tmp_path / "renders" / "here"
    told = []
    _, artifact = pool.render(tool, arguments, there, lambda *step: told.append(step))
    _, expected = run_tool(tool, arguments, ToolContext(None, "embedded", here))
    names = {file.name for file in here.iterdir()}
    assert {file.name for file in there.iterdir()} == names
    pictures = [name for name in names if name.endswith(".png") and name not in ("figure.png", "sweep.png")]
    assert pictures and all((pixels(there / name) == pixels(here / name)).all() for name in pictures)
    assert artifact["record"]["requests"] == expected["record"]["requests"]
    assert artifact["verdict"] == expected["verdict"] and artifact["facts"] == expected["facts"]
    assert (artifact["folder"], artifact["run_id"]) == (str(there), "there")
    assert told and told == sorted(told, key=lambda step: step[0]), "steps are told as they come"


@pytest.mark.timeout(240)
def test_two_render_at_once_and_a_killed_worker_is_replaced(pool, tmp_path):
    handed_over: list[str] = []

    def render(job, folder, on_step):
        content, artifact = pool.render(job.tool, job.arguments, folder, on_step)
        return {"content": content, "artifact": {"run_id": artifact["run_id"]}}

    rendering = threading.BoundedSemaphore(pool.size)
    queues = [
        RenderQueue(tmp_path / name / "renders", render, lambda job: handed_over.append(job.call_id), rendering)
        for name in ("ada", "ben")
    ]
    jobs = [queue.submit("c", f"a{n}", "blend_styles", {**BLEND, "steps": 20}) for n, queue in enumerate(queues)]
    deadline = time.monotonic() + 220
    while not all((step := queue.step(job.id)) and step.step for queue, job in zip(queues, jobs, strict=True)):
        assert time.monotonic() < deadline, [queue.latest(j.call_id) for queue, j in zip(queues, jobs, strict=True)]
        time.sleep(0.02)
    running = rendering_processes()
    assert len(running) == 2, "they render at the same time"
    assert [queue.latest(job.call_id).status for queue, job in zip(queues, jobs, strict=True)] == ["running"] * 2
    os.kill(running[0], signal.SIGKILL)
    while any(queue.latest(job.call_id).status != "done" for queue, job in zip(queues, jobs, strict=True)):
        assert time.monotonic() < deadline, [queue.latest(j.call_id) for queue, j in zip(queues, jobs, strict=True)]
        time.sleep(0.05)
    assert sorted(handed_over) == ["a0", "a1"]
    first, second = (pixels(q.folder / job.id / "image.png") for q, job in zip(queues, jobs, strict=True))
    assert (first == second).all(), "nothing is lost"
    assert running[0] not in rendering_processes()


@pytest.mark.timeout(240)
def test_a_worker_that_rests_gives_its_place_back(pool, monkeypatch, tmp_path):
    pool.render("blend_styles", BLEND, tmp_path / "renders" / "a", lambda *step: None)
    assert rendering_processes()
    monkeypatch.setattr(render_pool, "IDLE_S", 0)
    pool._stop_the_idle()
    deadline = time.monotonic() + 20
    while rendering_processes():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    pool.render("blend_styles", BLEND, tmp_path / "renders" / "b", lambda *step: None)


@pytest.mark.timeout(240)
def test_what_tells_can_stop_a_run_and_what_cannot_be_run_is_one_line(pool, tmp_path):
    class Cancelled(Exception):
        pass

    def stop(step, total, png):
        raise Cancelled

    folder = tmp_path / "renders" / "x"
    with pytest.raises(Cancelled):
        pool.render("blend_styles", {**BLEND, "steps": 100}, folder, stop)
    assert not folder.exists()
    with pytest.raises(RuntimeError, match="steps") as refused:
        pool.render("blend_styles", {**BLEND, "steps": 100_000}, folder, lambda *step: None)
    assert "\n" not in str(refused.value) and not folder.exists()


@pytest.mark.timeout(240)
def test_what_the_cluster_indexes_is_what_one_process_indexes(cluster, embedder, tmp_path):
    alone, many = Index(tmp_path / "a", embedder), Index(tmp_path / "b", embedder, preparing=cluster.preparing(None))
    corpus = documents()
    assert alone.sync(corpus, prune=True) == many.sync(corpus, prune=True)
    assert [d.id for d in alone.documents()] == [d.id for d in many.documents()]
    for document in corpus:
        assert alone.passages(document.id) == many.passages(document.id)
        ours, theirs = (index.passage_vectors(index.passages(document.id)) for index in (alone, many))
        for passage, vector in ours.items():
            assert float(vector @ theirs[passage]) > 0.999


@pytest.mark.skipif(not HAS_RAY, reason="needs requirements-scale.txt")
@pytest.mark.parametrize(
    "address, complaint",
    [
        ("nonsense", "names no cluster"),
        ("ray://127.0.0.1:1", "no Ray cluster is at"),
        ("ray://[", "no Ray cluster is at"),
    ],
)
def test_a_cluster_that_is_not_there_is_one_line_and_status_2(address, complaint, tmp_path):
    environ = {**os.environ, "UNDERTONE_RAY": address}
    command = [sys.executable, "-m", "ingest", "--home", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_missing_package_is_one_line_that_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterUnavailable, match=r"needs ray, .*pip install -r requirements-scale.txt"):
        Cluster("local")
