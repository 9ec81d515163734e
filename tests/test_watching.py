"""A folder that is followed: the documented command indexes what changes there within seconds."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from ingest.watching import QUIET_S, changes

ROOT = Path(__file__).resolve().parent.parent
WITHIN_S = 60.0
"""What a busy machine may take: embedding included."""


def test_what_changes_in_a_folder_is_noticed_and_other_files_are_not(tmp_path):
    (tmp_path / "a.md").write_text("It paints.\n")
    seen: list[float] = []
    over = threading.Event()

    def follow() -> None:
        for _ in changes([tmp_path], is_over=over.is_set):
            seen.append(time.monotonic())

    thread = threading.Thread(target=follow)
    thread.start()
    time.sleep(2 * QUIET_S)
    (tmp_path / "picture.png").write_bytes(b"x")
    (tmp_path / "a.md").read_text()
    time.sleep(3 * QUIET_S)
    assert seen == []
    for n in range(5):
        (tmp_path / f"b{n}.md").write_text("It dries.\n")
    deadline = time.monotonic() + 20
    while not seen and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(3 * QUIET_S)
    over.set()
    thread.join(10)
    assert len(seen) == 1, "five files at once are read once"


def test_the_command_follows_a_folder(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# A\n\nIt paints.\n")
    command = [sys.executable, "-m", "ingest", str(docs), "--home", str(tmp_path / "home"), "--watch"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout
    try:
        assert process.stdout.readline().startswith("1 added")
        time.sleep(2)
        (docs / "b.md").write_text("# B\n\nIt dries.\n")
        began = time.monotonic()
        assert process.stdout.readline().startswith("1 added, 0 updated, 1 unchanged")
        assert time.monotonic() - began < WITHIN_S
        (docs / "a.md").unlink()
        assert "1 removed" in process.stdout.readline()
    finally:
        process.terminate()
        process.wait(20)
