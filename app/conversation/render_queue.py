"""The queue of renders: one runs at a time, each is a folder with a `job.json`, none is lost by a reload or a restart.

It knows nothing of pixels; what renders a job, and where a finished one goes, it is given.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.conversation.owner import is_running, process_name
from app.conversation.render_jobs import ACTIVE, RenderJob, clear_job, read_job, write_job


class RenderCancelled(Exception):
    """The person cancelled the render."""


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
        rendering: Held while a job renders: queues that have it in common render one after the other.
    """

    def __init__(
        self,
        folder: Path,
        render: Render,
        hand_over: HandOver,
        rendering: contextlib.AbstractContextManager[Any] | None = None,
    ) -> None:
        self.folder = folder
        self._render = render
        self._hand_over = hand_over
        self._rendering = rendering or threading.Lock()
        self._jobs: dict[str, RenderJob] = {}
        self._steps: dict[str, RenderStep] = {}
        self._cancelled: set[str] = set()
        self._discarded: set[str] = set()  # conversations
        self._changed = threading.Condition()
        self._me = process_name()
        self._begin()
        threading.Thread(target=self._work, daemon=True, name="renders").start()

    def submit(self, conversation_id: str, call_id: str, tool: str, arguments: dict[str, Any]) -> RenderJob:
        """Queue a run; a second click for the same while it waits or runs gives the same job."""
        with self._changed:
            self._read_others()
            latest = self.latest(call_id, tool)
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
                owner=self._me,
            )
            try:
                self._keep(job)
            except OSError as error:  # a full disk; the card says so, and another click tries again
                job = replace(job, status="failed", error=f"it cannot be kept ({error.strerror}); make room, try again")
                self._jobs[job.id] = job
            return job

    def cancel(self, job_id: str) -> None:
        """Stop a job: at once while it waits, at its next step while it runs."""
        with self._changed:
            job = self._jobs[job_id]
            if job.status == "queued":
                self._keep(replace(job, status="cancelled"))
            elif job.status == "running":
                self._cancelled.add(job_id)

    def latest(self, call_id: str, tool: str | None = None) -> RenderJob | None:
        """The last job of a proposal; with a tool, the last that ran it: a blend's card renders, and sweeps too."""
        jobs = [job for job in list(self._jobs.values()) if job.call_id == call_id and tool in (None, job.tool)]
        return max(jobs, key=lambda job: job.created_at) if jobs else None

    def of_conversation(self, conversation_id: str) -> dict[str, RenderJob]:
        """The last job of each of a conversation's proposals, as it stands now, whichever process works on it."""
        with self._changed:
            self._read_others()
        jobs = [job for job in list(self._jobs.values()) if job.conversation_id == conversation_id]
        return {job.call_id: job for job in sorted(jobs, key=lambda job: job.created_at)}

    def finished(self) -> list[RenderJob]:
        """Every job that left something to see, the newest first."""
        done = [job for job in list(self._jobs.values()) if job.status == "done" and job.result]
        return sorted(done, key=lambda job: job.created_at, reverse=True)

    def delete(self, job_id: str) -> None:
        """Forget a job that has ended and delete what it rendered; where it was shown, its files are gone."""
        with self._changed:
            job = self._jobs.get(job_id)
            if job and job.status not in ACTIVE:
                self._drop(job)

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
                now = self._jobs.get(job.id)
                if now and now.status not in ACTIVE:
                    self._drop(job)

    def _begin(self) -> None:
        """Read the jobs that there are."""
        for file in sorted(self.folder.glob("*/job.json")):
            self._load(file, is_restart=True)

    def _drop(self, job: RenderJob) -> None:
        """Forget a job, and what it rendered."""
        self._jobs.pop(job.id, None)
        shutil.rmtree(self.folder / job.id, ignore_errors=True)

    def _read_others(self) -> None:
        """Read what other processes have done, and take over what those that have died left to do."""
        for file in sorted(self.folder.glob("*/job.json")):
            known = self._jobs.get(file.parent.name)
            if known is None or (known.owner != self._me and known.status in ACTIVE):
                self._load(file)

    def _load(self, file: Path, is_restart: bool = False) -> None:
        def is_left(job: RenderJob) -> bool:
            nobody_works_on_it = is_restart if job.owner == self._me else not is_running(job.owner)
            return job.status in ACTIVE and nobody_works_on_it

        job = read_job(file)
        if job is None:
            return
        self._jobs[job.id] = job
        if is_left(job):
            with contextlib.suppress(OSError), self._taking_over():
                job = read_job(file) or job  # another process may have been quicker
                if is_left(job):
                    if job.status == "running":
                        clear_job(job, self.folder)
                        job = replace(job, status="interrupted")
                    self._keep(replace(job, owner=self._me))

    @contextlib.contextmanager
    def _taking_over(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _keep(self, job: RenderJob) -> None:
        """Write a job, and only then show it so: who sees that it is done finds its files as they stay."""
        with self._changed:
            try:
                write_job(job, self.folder)
            finally:
                self._jobs[job.id] = job
                self._changed.notify_all()

    def _next(self) -> RenderJob | None:
        waiting = [job for job in self._jobs.values() if self._can_take(job)]
        return min(waiting, key=lambda job: job.created_at) if waiting else None

    def _can_take(self, job: RenderJob) -> bool:
        return job.owner == self._me and job.status in ("queued", "rendered")

    def _take(self, job: RenderJob) -> RenderJob | None:
        """Begin to work on a job; None where it waits no more."""
        with self._changed:
            now = self._jobs.get(job.id)
            if now is None or now.status != "queued":  # rendered, or cancelled while it waited for another queue's
                return now if now and now.status == "rendered" else None
            now = replace(now, status="running")
            with contextlib.suppress(OSError):  # a full disk: the render itself will say so
                self._keep(now)
            return now

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._next)
                waiting = self._next()
                assert waiting is not None
            with self._rendering if waiting.status == "queued" else contextlib.nullcontext():
                if (job := self._take(waiting)) is None:
                    continue
                job = self._finish(job) if job.status == "rendered" else self._run(job)
            try:
                self._keep(job)
            except OSError as error:
                if job.status == "rendered":  # the conversation can be told nonetheless, and once
                    self._jobs[job.id] = self._finish(job)
                else:
                    self._jobs[job.id] = replace(job, error=job.error or f"not kept: {error.strerror}")
            if job.conversation_id in self._discarded:
                self.discard(job.conversation_id)

    def _run(self, job: RenderJob) -> RenderJob:
        def on_step(step: int, total: int, preview_png: bytes | None) -> None:
            if job.id in self._cancelled:
                raise RenderCancelled
            if preview_png is None and (before := self._steps.get(job.id)):
                preview_png = before.preview_png
            self._note_step(job, RenderStep(step, total, preview_png))

        try:
            result = self._render(job, self.folder / job.id, on_step)
        except RenderCancelled:
            self._clear(job)
            return replace(job, status="cancelled")
        except Exception as error:  # a failed render is shown on its card; the queue goes on
            self._clear(job)
            return replace(job, status="failed", error=_one_line(error))
        finally:
            self._steps.pop(job.id, None)
            self._cancelled.discard(job.id)
        return replace(job, status="rendered", result=result)

    def _note_step(self, job: RenderJob, step: RenderStep) -> None:
        """Keep how far a job is; RenderCancelled ends it."""
        self._steps[job.id] = step

    def _clear(self, job: RenderJob) -> None:
        """Delete what a job of this process has left half done."""
        clear_job(job, self.folder)

    def _finish(self, job: RenderJob) -> RenderJob:
        try:
            self._hand_over(job)
        except Exception as error:  # the files are there; only the conversation could not be told
            return replace(job, status="done", error=_one_line(error))
        return replace(job, status="done")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
