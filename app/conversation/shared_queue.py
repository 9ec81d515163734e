"""The queue of renders where several processes share a database: any of them works on a job, one at a time.

A row is the job; the pictures lie in its folder, which the processes share. A process that dies is silent: what it
was rendering waits anew, and is taken by another that has the person's page open, or by the next one that opens it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.conversation.database import SILENT_S, Database, DatabaseRefused
from app.conversation.render_jobs import ACTIVE, RenderJob, clear_job
from app.conversation.render_queue import HandOver, Render, RenderCancelled, RenderQueue, RenderStep

STEP_EVERY_S = 0.5
PATIENCE_S = 120.0
"""So long a job that has ended waits for a database that restarts."""

MAX_ATTEMPTS = 2
"""A job that was under way when two processes died may be what they died of."""

_COLUMNS = "id, conversation_id, call_id, tool, arguments, status, created_at, owner, error, result"
_ALIVE = "SELECT name FROM processes WHERE seen_at > now() - make_interval(secs => %s)"
_RELEASE = f"""UPDATE renders SET owner = '', status = CASE
        WHEN status = 'rendered' THEN status
        WHEN is_cancelled THEN 'cancelled'
        WHEN attempts >= {MAX_ATTEMPTS} THEN 'interrupted'
        ELSE 'queued' END
    WHERE status IN ('running', 'rendered') AND owner != '' AND owner NOT IN ({_ALIVE}) RETURNING whose, id"""


class SharedRenderQueue(RenderQueue):
    """One person's jobs, as this process sees them and works on them."""

    def __init__(
        self,
        database: Database,
        whose: str,
        folder: Path,
        render: Render,
        hand_over: HandOver,
        rendering: contextlib.AbstractContextManager[Any] | None = None,
    ) -> None:
        """As `RenderQueue`.

        Args:
            whose: Whom the jobs belong to; no other's are seen.
        """
        self._database = database
        self._whose = whose
        self._noted_at = 0.0
        super().__init__(folder, render, hand_over, rendering)

    def submit(self, conversation_id: str, call_id: str, tool: str, arguments: dict[str, Any]) -> RenderJob:
        with self._database.locked(f"submit {self._whose} {call_id}"):  # two pages, one click on each
            self._load_all("call_id = %s", call_id)
            return super().submit(conversation_id, call_id, tool, arguments)

    def cancel(self, job_id: str) -> None:
        cancelled = self._rows(
            "UPDATE renders SET is_cancelled = TRUE,"
            " status = CASE status WHEN 'queued' THEN 'cancelled' ELSE status END"
            " WHERE whose = %s AND id = %s AND status IN ('queued', 'running') RETURNING status",
            job_id,
        )
        if cancelled:
            self._cancelled.add(job_id)
            self._told(job_id)
            self._database.tell(self._whose, job_id)

    def step(self, job_id: str) -> RenderStep | None:
        job = self._jobs.get(job_id)
        if job is None or job.status != "running" or job.owner == self._me:
            return super().step(job_id)
        found = self._rows("SELECT step, total, preview FROM renders WHERE whose = %s AND id = %s", job_id)
        return RenderStep(*found[0]) if found and found[0][0] is not None else None

    def _begin(self) -> None:
        self._me = self._database.name
        self._database.at_each_beat("renders", lambda: release(self._database))
        self._database.watch(self._whose, self._told)
        self._load_all("TRUE")

    def _drop(self, job: RenderJob) -> None:
        self._rows("DELETE FROM renders WHERE whose = %s AND id = %s", job.id)
        super()._drop(job)
        self._database.tell(self._whose, job.id)

    def _read_others(self) -> None:
        """What others do, this process is told when they do it."""

    def _told(self, job_id: str | None) -> None:
        """Read a job as it is now; None: all of them."""
        if job_id is None:
            self._load_all("TRUE")
            return
        with self._changed:
            if not self._load_all("id = %s", job_id):
                self._jobs.pop(job_id, None)

    def _load_all(self, where: str, *values: str) -> bool:
        """Read the jobs of which this holds; say whether there are any."""
        with self._changed:
            rows = self._database.rows(
                f"SELECT {_COLUMNS} FROM renders WHERE whose = %s AND {where}", (self._whose, *values)
            )
            for job in map(_job, rows):
                self._jobs[job.id] = job
                if job.status in ("cancelled", "interrupted") and not job.owner:
                    clear_job(job, self.folder)
                if job.conversation_id in self._discarded and job.status not in ACTIVE:
                    self._drop(job)
            self._changed.notify_all()
        return bool(rows)

    def _can_take(self, job: RenderJob) -> bool:
        return job.status == "queued" or (job.status == "rendered" and job.owner in ("", self._me))

    def _take(self, job: RenderJob) -> RenderJob | None:
        try:
            taken = self._rows(
                "UPDATE renders SET owner = %s, attempts = attempts + CASE status WHEN 'queued' THEN 1 ELSE 0 END,"
                " status = CASE status WHEN 'queued' THEN 'running' ELSE status END, step = NULL, preview = NULL"
                " WHERE (whose, id) IN (SELECT whose, id FROM renders WHERE whose = %s AND id = %s"
                " AND (status = 'queued' OR (status = 'rendered' AND owner IN ('', %s))) FOR UPDATE SKIP LOCKED)"
                f" RETURNING {_COLUMNS}",
                job.id,
                before=(self._me,),
                after=(self._me,),
            )
            if not taken:  # another process was quicker
                self._told(job.id)
                return None
            self._database.tell(self._whose, job.id)
        except DatabaseRefused:
            time.sleep(1)  # it is the queue's own thread, and has nothing else to do
            return None
        mine = _job(taken[0])
        if mine.status == "running":
            clear_job(mine, self.folder)  # what a process that died may have left
        self._jobs[mine.id] = mine
        return mine

    def _keep(self, job: RenderJob) -> None:
        if job.status == "queued":
            self._keep_new(replace(job, owner=""))
            return
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._rows(
                    "UPDATE renders SET status = %s, error = %s, result = %s, is_cancelled = FALSE, preview = NULL"
                    " WHERE whose = %s AND id = %s AND owner = %s",  # unless it is another's by now
                    job.id,
                    before=(job.status, job.error, _written(job.result)),
                    after=(self._me,),
                )
                self._told(job.id)
                self._database.tell(self._whose, job.id)
                return
            except DatabaseRefused as error:
                if time.monotonic() > until:
                    raise OSError(errno.EIO, str(error)) from error
            time.sleep(1)

    def _keep_new(self, job: RenderJob) -> None:
        try:
            self._database.rows(
                f"INSERT INTO renders (whose, {_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    *(self._whose, job.id, job.conversation_id, job.call_id, job.tool, _written(job.arguments)),
                    *(job.status, job.created_at, job.owner, job.error, _written(job.result)),
                ),
            )
            self._told(job.id)
            self._database.tell(self._whose, job.id)
        except DatabaseRefused as error:
            raise OSError(errno.EIO, str(error)) from error

    def _note_step(self, job: RenderJob, step: RenderStep) -> None:
        super()._note_step(job, step)
        if time.monotonic() - self._noted_at < STEP_EVERY_S:
            return
        self._noted_at = time.monotonic()
        try:
            mine = self._rows(
                "UPDATE renders SET step = %s, total = %s, preview = %s WHERE whose = %s AND id = %s AND owner = %s"
                " RETURNING is_cancelled",
                job.id,
                before=(step.step, step.total, step.preview_png),
                after=(self._me,),
            )
        except DatabaseRefused:
            return  # it goes on, and is kept when the database is there again
        if not mine or mine[0][0]:  # another's by now, or cancelled in another process
            raise RenderCancelled

    def _clear(self, job: RenderJob) -> None:
        with contextlib.suppress(DatabaseRefused):
            mine = "SELECT 1 FROM renders WHERE whose = %s AND id = %s AND owner = %s"
            if self._rows(mine, job.id, after=(self._me,)):
                super()._clear(job)

    def _rows(self, sql: str, job_id: str, before: tuple[Any, ...] = (), after: tuple[Any, ...] = ()) -> list[Any]:
        """Run a statement about one job; `before` and `after` are what it asks for beside whose and id."""
        return self._database.rows(sql, (*before, self._whose, job_id, *after))


def release(database: Database) -> None:
    """Let go of what processes that died were working on."""
    for whose, job_id in database.rows(_RELEASE, (SILENT_S,)):
        database.tell(whose, job_id)


def _job(row: tuple[Any, ...]) -> RenderJob:
    job_id, conversation_id, call_id, tool, arguments, status, created_at, owner, error, result = row
    return RenderJob(
        id=job_id,
        conversation_id=conversation_id,
        call_id=call_id,
        tool=tool,
        arguments=json.loads(arguments),
        status=status,
        created_at=created_at,
        owner=owner,
        error=error,
        result=None if result is None else json.loads(result),
    )


def _written(value: dict[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=True)
