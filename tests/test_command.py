"""Every command as a process: stopped at any moment, read by nobody, given what it cannot use. Never a traceback."""

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.settings import UnusableSettings, usable_path
from ingest.command import lasting

ROOT = Path(__file__).resolve().parent.parent
BLEND = ["tools", "blend", "--subject", "a house", "--style", "watercolor=1", "--steps", "2"]


def environment(tmp_path, **more):
    return {**os.environ, "UNDERTONE_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1", **more}


def run(tmp_path, *command, **given):
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment(tmp_path), capture_output=True, **given
    )


@pytest.mark.parametrize("after_s", [0.3, 1.5, 4.0])
@pytest.mark.parametrize("command", [["app", "What is FedStyle?"], ["ingest"], BLEND], ids=lambda c: c[0])
def test_ctrl_c_at_any_moment_is_one_line_at_most(tmp_path, command, after_s):
    extra = ["--out", str(tmp_path / "out")] if command is BLEND else []
    process = subprocess.Popen(
        [sys.executable, "-m", *command, *extra],
        cwd=ROOT,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(after_s)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode in (0, 130)
    assert "Traceback" not in err and "Error" not in err
    if process.returncode == 130:
        assert err.splitlines()[-1] == "stopped"


def piped(tmp_path, command, reader):
    """Run a command into a reader that goes away; the command's status and what it said."""
    read_end, write_end = os.pipe()
    os.close(read_end) if reader is None else None
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=environment(tmp_path, PYTHONUNBUFFERED=""),
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(write_end)
    _, err = process.communicate(timeout=120)
    return process.returncode, err


@pytest.mark.parametrize(
    "command", [["app", "What is FedStyle?", "--json"], ["app", "--help"], ["ingest", "--json"], ["ingest", "--help"]]
)
def test_a_reader_that_has_gone_ends_it_quietly(tmp_path, command):
    status, err = piped(tmp_path, command, None)
    assert status == 0 and "Error" not in err and "Traceback" not in err and "Exception" not in err


def test_what_was_rendered_is_said_where_nobody_reads_the_answer(tmp_path):
    status, err = piped(tmp_path, [*BLEND, "--json", "--out", str(tmp_path / "out")], None)
    assert status == 0 and "Traceback" not in err
    assert str(tmp_path / "out") in err.splitlines()[-1]
    assert (tmp_path / "out" / "image.png").is_file()


@pytest.mark.parametrize(
    "command, complaint",
    [
        (["app", "why?", "--home", "~nouser-of-that-name/x"], "no such person"),
        (["app", "why?", "--home", ""], "--home is empty"),
        (["app", "why?", "--home", "README.md"], "is a file"),
        (["app", "--feedback", "--home", "README.md"], "is a file"),
        (["app", b"\xff"], "not UTF-8"),
        (["app", "why?", "--home", b"\xff"], "not UTF-8"),
        (["app", "why?", "--conversation", ""], "--conversation is empty"),
        (["app", "--batch", ""], "--batch is empty"),
        (["app", "why?", "and", "why\nnot?"], "unrecognized arguments"),
        (["ingest", "~nouser-of-that-name/x"], "no such person"),
        (["ingest", ""], "PATH is empty"),
        (["ingest", b"\xff"], "not UTF-8"),
        (["ingest", "--home", ""], "--home is empty"),
        (["ingest", "--what"], "unrecognized arguments"),
        (["tools", "replay", "~nouser-of-that-name/x"], "no such person"),
        (["tools", "replay", "/dev/zero"], "not a regular file"),
        ([*BLEND, "--out", ""], "--out is empty"),
    ],
    ids=lambda value: None if isinstance(value, list) else value,
)
def test_arguments_that_cannot_be_used_are_one_line(tmp_path, command, complaint):
    done = run(tmp_path, *command, text=True, errors="replace", timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr and len(done.stderr.splitlines()) == 1


def test_links_that_lead_to_each_other_are_one_line(tmp_path):
    (tmp_path / "a.md").symlink_to("b.md")
    (tmp_path / "b.md").symlink_to("a.md")
    os.mkfifo(tmp_path / "pipe.md")
    done = run(tmp_path, "ingest", str(tmp_path / "a.md"), str(tmp_path / "pipe.md"), text=True, timeout=60)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 2 and "Traceback" not in done.stderr


def test_a_path_is_one_line_of_utf_8():
    assert usable_path("~", "--home") == Path.home()
    for text in ("", " ", "a\nb", "a\0b", "\udcff"):
        with pytest.raises(UnusableSettings):
            usable_path(text, "--home")


def make(tmp_path, *pythons):
    """What `make` would install on, where only these Pythons are there."""
    bin_folder, seen = tmp_path / "bin", tmp_path / "seen"
    bin_folder.mkdir()
    for name, works in pythons:
        stand_in = bin_folder / name
        stand_in.write_text(f'#!/bin/sh\n[ "$1" = -c ] && exit {0 if works else 1}\necho {name} >> {seen}\nexit 1\n')
        stand_in.chmod(0o755)
    for tool in ("sh", "test", "touch", "rm", "echo"):
        (bin_folder / tool).symlink_to(f"/bin/{tool}")
    work = tmp_path / "work"
    work.mkdir()
    (work / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (work / "requirements.txt").write_text("")
    done = subprocess.run(
        ["/usr/bin/make", "-s", ".venv/installed"],
        cwd=work,
        env={"PATH": str(bin_folder)},
        capture_output=True,
        text=True,
    )
    return done, seen.read_text().split() if seen.exists() else []


def test_the_newest_python_that_is_there_is_taken(tmp_path):
    _, seen = make(tmp_path, ("python3.11", True), ("python3.13", True), ("python3.12", False), ("python3", True))
    assert seen[0] == "python3.13" and "python3.12" not in seen
    assert seen.index("python3.11") > 0, "where the pins do not install on one, the next is tried"


def test_no_python_at_all_is_one_line(tmp_path):
    done, _ = make(tmp_path, ("python3", False))
    assert done.returncode != 0
    first, *rest = done.stderr.splitlines()
    assert "3.11 to 3.14" in first and all(line.startswith("make:") for line in rest)


def test_what_lasts_is_kept_from_the_garbage_collector_and_what_comes_later_is_not():
    with lasting():
        assert not gc.isenabled()
        kept = [[] for _ in range(1000)]
    assert gc.isenabled() and gc.get_freeze_count() >= 1000
    assert not any(one is kept for one in gc.get_objects())
    gc.unfreeze()


def test_the_collector_is_on_again_where_opening_failed():
    with pytest.raises(ValueError), lasting():
        raise ValueError
    assert gc.isenabled()
    gc.unfreeze()
