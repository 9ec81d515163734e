"""The queue of renders: one runs at a time, each is a folder with a `job.json`, none is lost by a reload or a restart.

It knows nothing of pixels; what renders a job, and where a finished one goes, it is given.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

Status = Literal["queued", "running", "rendered", "done", "failed", "cancelled", "interrupted"]
ACTIVE: tuple[Status, ...] = ("queued", "running", "rendered")


class RenderCancelled(Exception):
    """The person cancelled the render."""


@dataclass(frozen=True)
class RenderJob:
    """One click that runs a tool.

    Args:
        call_id: The proposal that it comes from.
        tool: The tool to run.
        arguments: The tool's arguments as the person set them.
        status: "rendered" means that the files are there and the conversation is still to be told.
        result: What the tool returned, once rendered: `content` and `artifact`.
        owner: The process that works on it.
    """

    id: str
    conversation_id: str
    call_id: str
    tool: str
    arguments: dict[str, Any]
    status: Status
    created_at: float
    owner: int
    error: str | None = None
    result: dict[str, Any] | None = None


@dataclass(frozen=True)
class RenderStep:
    """How far a running render is."""

    step: int
    total: int
    preview_png: bytes | None = None


OnStep = Callable[[int, int, bytes | None], None]
Render = Callable[[RenderJob, Path, OnStep], dict[str, Any]]
HandOver = Callable[[RenderJob], None]


class RenderQueue:
    """Renders jobs one after the other in a thread of its own.

    Args:
        folder: One subfolder per job.
        render: Renders a job into its folder and returns `content` and `artifact`; it calls back after each step and
            lets what the callback raises pass.
        hand_over: Tells the conversation; called once per rendered job, again after a crash in between.
    """

    def __init__(self, folder: Path, render: Render, hand_over: HandOver) -> None:
        self.folder = folder
        self._render = render
        self._hand_over = hand_over
        self._jobs: dict[str, RenderJob] = {}
        self._steps: dict[str, RenderStep] = {}
        self._cancelled: set[str] = set()
        self._discarded: set[str] = set()  # conversations
        self._changed = threading.Condition()
        for file in sorted(folder.glob("*/job.json")):
            self._load(file)
        threading.Thread(target=self._work, daemon=True, name="renders").start()

    def submit(self, conversation_id: str, call_id: str, tool: str, arguments: dict[str, Any]) -> RenderJob:
        """Queue a run; a second click while it waits or runs gives the same job."""
        with self._changed:
            latest = self.latest(call_id)
            if latest and latest.status in ACTIVE:
                return latest
            job = RenderJob(
                id=time.strftime("%Y%m%d-%H%M%S-") + uuid.uuid4().hex[:6],
                conversation_id=conversation_id,
                call_id=call_id,
                tool=tool,
                arguments=arguments,
                status="queued",
                created_at=time.time(),
                owner=os.getpid(),
            )
            self._keep(job)
            return job

    def cancel(self, job_id: str) -> None:
        """Stop a job: at once while it waits, at its next step while it runs."""
        with self._changed:
            job = self._jobs[job_id]
            if job.status == "queued":
                self._keep(replace(job, status="cancelled"))
            elif job.status == "running":
                self._cancelled.add(job_id)

    def latest(self, call_id: str) -> RenderJob | None:
        """The last job of a proposal."""
        jobs = [job for job in list(self._jobs.values()) if job.call_id == call_id]
        return max(jobs, key=lambda job: job.created_at) if jobs else None

    def of_conversation(self, conversation_id: str) -> dict[str, RenderJob]:
        """The last job of each of a conversation's proposals."""
        jobs = [job for job in list(self._jobs.values()) if job.conversation_id == conversation_id]
        return {job.call_id: job for job in sorted(jobs, key=lambda job: job.created_at)}

    def step(self, job_id: str) -> RenderStep | None:
        return self._steps.get(job_id)

    def ahead_of(self, job: RenderJob) -> int:
        """How many jobs run or wait before this one."""
        return sum(j.status in ACTIVE and j.created_at < job.created_at for j in list(self._jobs.values()))

    def discard(self, conversation_id: str) -> None:
        """Cancel a deleted conversation's jobs and delete what they rendered."""
        with self._changed:
            self._discarded.add(conversation_id)
            for job in [j for j in self._jobs.values() if j.conversation_id == conversation_id]:
                self.cancel(job.id)
                if self._jobs[job.id].status not in ACTIVE:
                    del self._jobs[job.id]
                    shutil.rmtree(self.folder / job.id, ignore_errors=True)

    def _load(self, file: Path) -> None:
        try:
            job = RenderJob(**json.loads(file.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return  # not one of ours, or from another version: leave it alone
        if job.status in ACTIVE and (job.owner == os.getpid() or not _is_alive(job.owner)):
            status: Status = "interrupted" if job.status == "running" else job.status
            self._keep(replace(job, status=status, owner=os.getpid()))
        else:
            self._jobs[job.id] = job

    def _keep(self, job: RenderJob) -> None:
        with self._changed:
            self._jobs[job.id] = job
            folder = self.folder / job.id
            folder.mkdir(parents=True, exist_ok=True)
            draft = folder / "job.json.draft"
            draft.write_text(json.dumps(asdict(job), ensure_ascii=False, indent=1), "utf-8")
            draft.replace(folder / "job.json")
            self._changed.notify_all()

    def _next(self) -> RenderJob | None:
        waiting = [j for j in self._jobs.values() if j.owner == os.getpid() and j.status in ("queued", "rendered")]
        return min(waiting, key=lambda job: job.created_at) if waiting else None

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._next)
                job = self._next()
                assert job is not None
                if job.status == "queued":
                    job = replace(job, status="running")
                    self._keep(job)
            self._keep(self._finish(job) if job.status == "rendered" else self._run(job))
            if job.conversation_id in self._discarded:
                self.discard(job.conversation_id)

    def _run(self, job: RenderJob) -> RenderJob:
        def on_step(step: int, total: int, preview_png: bytes | None) -> None:
            if job.id in self._cancelled:
                raise RenderCancelled
            before = self._steps.get(job.id)
            if preview_png is None and before:
                preview_png = before.preview_png
            self._steps[job.id] = RenderStep(step, total, preview_png)

        try:
            result = self._render(job, self.folder / job.id, on_step)
        except RenderCancelled:
            return replace(job, status="cancelled")
        except Exception as error:  # a failed render is shown on its card; the queue goes on
            return replace(job, status="failed", error=_one_line(error))
        finally:
            self._steps.pop(job.id, None)
            self._cancelled.discard(job.id)
        return replace(job, status="rendered", result=result)

    def _finish(self, job: RenderJob) -> RenderJob:
        try:
            self._hand_over(job)
        except Exception as error:  # the files are there; only the conversation could not be told
            return replace(job, status="done", error=_one_line(error))
        return replace(job, status="done")


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
