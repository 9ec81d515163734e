"""One click that runs a tool, as it is kept: `job.json` in a folder of its own. Knows nothing of when it runs."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

Status = Literal["queued", "running", "rendered", "done", "failed", "cancelled", "interrupted"]
ACTIVE: tuple[Status, ...] = ("queued", "running", "rendered")

JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
"""What may become a folder's name: no path, and nothing that leads out of the folder of renders."""


@dataclass(frozen=True)
class RenderJob:
    """One click that runs a tool.

    Args:
        call_id: The proposal that it comes from.
        tool: The tool to run.
        arguments: The tool's arguments as the person set them.
        status: "rendered" means that the files are there and the conversation is still to be told.
        result: What the tool returned, once rendered: `content` and `artifact`.
        owner: The process that works on it (`owner.process_name`).
    """

    id: str
    conversation_id: str
    call_id: str
    tool: str
    arguments: dict[str, Any]
    status: Status
    created_at: float
    owner: str
    error: str | None = None
    result: dict[str, Any] | None = None


def write_job(job: RenderJob, renders: Path) -> None:
    """Keep a job in its folder under `renders`, whole or not at all.

    Raises:
        OSError: It cannot be kept; what was kept before is still there.
    """
    folder = renders / job.id
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / "job.json.draft"
    try:
        draft.write_text(json.dumps(asdict(job), ensure_ascii=False, indent=1), "utf-8")
        draft.replace(folder / "job.json")
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def read_job(file: Path) -> RenderJob | None:
    """Read a job; None for what is not one of ours, or from another version: it is left alone."""
    try:
        job = RenderJob(**json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    is_ours = isinstance(job.id, str) and JOB_ID.fullmatch(job.id) and job.id == file.parent.name
    return replace(job, owner=str(job.owner)) if is_ours and not file.parent.is_symlink() else None


def clear_job(job: RenderJob, renders: Path) -> None:
    """Delete what a job that came to no end has left beside itself, and keep what it was."""
    folder = renders / job.id
    for file in folder.iterdir() if folder.is_dir() else ():
        if file.name != "job.json":
            with contextlib.suppress(OSError):
                shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink()
