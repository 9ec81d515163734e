"""Which process works on something, known so that no later one is taken for it. Knows nothing of what is worked on."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path


def process_name(process_id: int | None = None) -> str:
    """Return a process's number with the moment it was started; the number alone is given out again.

    Args:
        process_id: None is this process.

    Returns:
        "PID@START"; nothing follows the sign where no such process runs.
    """
    process_id = os.getpid() if process_id is None else process_id
    return f"{process_id}@{_started(process_id)}"


def is_running(name: str) -> bool:
    """Say whether the process of that name runs."""
    process_id, _, started = name.partition("@")
    return bool(started) and process_id.isdecimal() and started == _started(int(process_id))


@cache
def _this_system_has_proc() -> bool:
    return Path("/proc/self/stat").exists()


def _started(process_id: int) -> str:
    if _this_system_has_proc():
        try:
            stat = Path(f"/proc/{process_id}/stat").read_text()
        except OSError:
            return ""
        fields = stat.rpartition(")")[2].split()  # the name before may hold anything
        return "" if fields[0] in "ZX" else fields[19]  # in ticks since the system's start
    asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(process_id)], capture_output=True, text=True)
    return " ".join(asked.stdout.split())
