"""Renders and experiments on the workers of a cluster: each holds one image model, on a GPU of its own if there is one.

A worker has neither the index nor a home: it is sent the arguments and the reference pictures that they name, and sends
back what it wrote. Knows nothing of a queue; `render` takes as long as the run takes.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ingest.cluster import Cluster
from tools.registry import paced_previews, run_tool
from tools.rendering import BLEND_STYLES, RUN_EXPERIMENT
from tools.specs import ToolContext

RUN_THERE = frozenset({BLEND_STYLES.name, RUN_EXPERIMENT.name})
LOOK_EVERY_S = 0.3
IDLE_S = 60.0
MAX_ATTEMPTS = 3
"""A run at which so many workers died may be what they died of."""

Tell = Callable[[int, int, bytes | None], None]


class RenderFailed(RuntimeError):
    """It could not be run; the message is one line."""


class RenderPool:
    """The workers that render, begun when they are needed, as many as there is room for."""

    def __init__(self, cluster: Cluster, image_model: str) -> None:
        self.size = cluster.workers
        self._cluster = cluster
        self._image_model = image_model
        self._idle: dict[Any, float] = {}  # since when
        self._changing = threading.Lock()

    def runs(self, tool: str) -> bool:
        """Whether this tool is run on the workers; others need the index, or files of the home."""
        return tool in RUN_THERE

    def render(self, tool: str, arguments: Mapping[str, Any], folder: Path, tell: Tell) -> tuple[str, Any]:
        """Run a tool on a worker, and put what it wrote into a folder.

        Args:
            folder: One of the renders of a home; its name becomes the run's id.
            tell: Called with (steps done, steps in all, PNG or None); what it raises ends the run and is raised.

        Returns:
            Its result in sentences, and the artifact.

        Raises:
            RenderFailed: The tool said no, or the workers died.
        """
        pictures = _pictures_of(arguments, folder)
        for _ in range(MAX_ATTEMPTS):
            with self._changing:
                worker = self._idle.popitem()[0] if self._idle else None
            worker = worker or self._start()
            try:
                ran = self._run(worker, (tool, dict(arguments), folder.name, pictures), tell)
            except self._cluster.died:
                continue
            except BaseException:
                self._cluster.stop(worker)  # it is in the middle of a run that nobody wants
                raise
            self._rest(worker)
            if "error" in ran:
                raise RenderFailed(ran["error"])
            _write(ran["files"], folder)
            if isinstance(ran["artifact"], dict) and "folder" in ran["artifact"]:
                ran["artifact"]["folder"] = str(folder)
            return ran["content"], ran["artifact"]
        raise RenderFailed(f"{MAX_ATTEMPTS} workers died while they ran it; look at Ray's logs")

    def _start(self) -> Any:
        import torch  # here, or joining a cluster would wait for it

        return self._cluster.start(_Renderer, self._image_model, torch.get_num_threads(), threads=2)

    def _run(self, worker: Any, asked: tuple[Any, ...], tell: Tell) -> dict[str, Any]:
        running, looking = worker.run.remote(*asked), worker.progress.remote()
        now: tuple[int, int, bytes | None] = (0, 1, None)
        while not self._cluster.has_ended(running, LOOK_EVERY_S):
            if self._cluster.has_ended(looking, 0):
                now = self._cluster.get(looking) or now
                looking = worker.progress.remote()
            tell(*now)  # also where it still waits for a place, so that it can be ended
        return self._cluster.get(running)

    def _rest(self, worker: Any) -> None:
        """Keep a worker for the next run, and for a while only: its place is others' too."""
        with self._changing:
            self._idle[worker] = time.monotonic()
        timer = threading.Timer(IDLE_S, self._stop_the_idle)
        timer.daemon = True
        timer.start()

    def _stop_the_idle(self) -> None:
        with self._changing:
            for worker, since in list(self._idle.items()):
                if time.monotonic() - since >= IDLE_S:
                    del self._idle[worker]
                    self._cluster.stop(worker)


class _Renderer:
    """Runs one tool after the other in a worker's process.

    Args:
        threads: Of a render; as many as where it was asked for, since sums in another order round to other pixels.
    """

    def __init__(self, image_model: str, threads: int) -> None:
        self._image_model = image_model
        self._threads = threads
        self._step: tuple[int, int, bytes | None] | None = None

    def run(self, tool: str, arguments: dict[str, Any], run_id: str, pictures: dict[str, bytes]) -> dict[str, Any]:
        """Run a tool in a folder of its own; returns its content, artifact and files, or the error."""
        import torch

        from tools.blend.references import REFERENCES_FOLDER

        torch.set_num_threads(self._threads)

        def told(step: int, total: int, png: bytes | None) -> None:
            self._step = (step, total, png or (self._step or (0, 0, None))[2])

        self._step = None
        with tempfile.TemporaryDirectory() as home:
            folder = Path(home) / "renders" / run_id
            _write(pictures, Path(home) / REFERENCES_FOLDER)
            try:
                context = ToolContext(None, self._image_model, folder, paced_previews(told))
                content, artifact = run_tool(tool, arguments, context)
            except Exception as error:  # told where it was asked for, as any other run's
                return {"error": " ".join(str(error).split()) or type(error).__name__}
            files = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
            return {"content": content, "artifact": artifact, "files": files}

    def progress(self) -> tuple[int, int, bytes | None] | None:
        """How far the run is: steps done, steps in all, the last preview as a PNG."""
        return self._step


def _pictures_of(arguments: Mapping[str, Any], folder: Path) -> dict[str, bytes]:
    """Read the stored pictures that a run's references name."""
    from tools.blend.references import ID_PATTERN, REFERENCES_FOLDER

    names = [one.get("image") for one in arguments.get("references") or () if isinstance(one, Mapping)]
    kept = folder.parent.parent / REFERENCES_FOLDER
    files = [kept / f"{name}.png" for name in names if isinstance(name, str) and ID_PATTERN.fullmatch(name)]
    return {file.name: file.read_bytes() for file in files if file.is_file()}


def _write(files: Mapping[str, bytes], folder: Path) -> None:
    for name, data in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.draft")
        draft.write_bytes(data)
        shutil.move(draft, file)
