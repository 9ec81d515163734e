"""The documented command, run as a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest import __main__ as command
from ingest.index import Index
from tests.test_index import HashEmbedder

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def quick(monkeypatch):
    """Run the command inside this process, by a stand-in for the embedder."""
    monkeypatch.setattr(command, "load_embedder", lambda name: HashEmbedder(name or "hash"))
    monkeypatch.delenv("UNDERTONE_EMBEDDER", raising=False)
    monkeypatch.delenv("UNDERTONE_CHROMA_URL", raising=False)


def write(folder: Path, i: str, text: str = "One. Two.") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{i}.md"
    path.write_text(f"---\nid: {i}\ntitle: T {i}\n---\n{text}\n")
    return path


def run(capsys, *arguments) -> tuple[int, str, str]:
    status = command.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return status, out, err


def test_what_changed_is_counted(tmp_path, capsys, quick):
    docs, home = tmp_path / "docs", tmp_path / "home"
    a, b = write(docs, "a"), write(docs, "b")
    status, out, err = run(capsys, docs, "--home", home)
    assert (status, err) == (0, "")
    assert out == f"2 added, 0 updated, 0 unchanged, 0 removed, 0 rejected; 2 documents in {home}\n"
    write(docs, "a", "Three.")
    b.unlink()
    write(docs, "c")
    (docs / "bad.md").write_bytes(b"\xff\xfe")
    status, out, err = run(capsys, docs, "--home", home, "--json")
    told = json.loads(out)
    assert status == 2
    assert [told[k] for k in ("added", "updated", "unchanged", "removed", "rejected", "documents")] == [
        1,
        1,
        0,
        1,
        1,
        2,
    ]
    assert told["errors"][0]["line"] == 1 and told["errors"][0]["file"].endswith("bad.md")
    assert err == f"{docs}/bad.md:1: not UTF-8 (byte 0); save it as UTF-8\n"
    assert {d.id for d in Index(home, HashEmbedder()).documents()} == {"a", "c"}
    assert a.exists()


def test_no_such_path(tmp_path, capsys, quick):
    status, out, err = run(capsys, tmp_path / "gone", "--home", tmp_path / "home")
    assert status == 2 and "no such file or folder" in err and err.count("\n") == 1
    assert "0 documents" in out


def test_a_line_that_is_rejected_leaves_what_was_indexed(tmp_path, capsys, quick):
    rows = [{"id": i, "title": i, "summary": "One. Two."} for i in "ab"]
    dump = tmp_path / "d.jsonl"
    dump.write_text("\n".join(map(json.dumps, rows)))
    assert run(capsys, dump, "--home", tmp_path / "home")[0] == 0
    dump.write_text(json.dumps(rows[0]) + '\n{"id": "b", "title"\n')
    status, out, err = run(capsys, dump, "--home", tmp_path / "home")
    assert status == 2 and out.startswith("0 added, 0 updated, 1 unchanged, 0 removed, 1 rejected; 2 documents")
    assert f"{dump}:2: not JSON" in err


def test_another_embedder_and_the_command_that_reindexes(tmp_path, capsys, quick, monkeypatch):
    write(tmp_path / "docs", "a")
    assert run(capsys, tmp_path / "docs", "--home", tmp_path / "home")[0] == 0
    monkeypatch.setenv("UNDERTONE_EMBEDDER", "other")
    status, out, err = run(capsys, tmp_path / "docs", "--home", tmp_path / "home")
    assert (status, out) == (2, "") and "--reindex" in err and err.count("\n") == 1
    status, out, _ = run(capsys, tmp_path / "docs", "--home", tmp_path / "home", "--reindex")
    assert status == 0 and out.startswith("0 added, 0 updated, 1 unchanged")
    assert run(capsys, tmp_path / "docs", "--home", tmp_path / "home")[0] == 0


def test_the_documented_command(tmp_path):
    """`python -m ingest` in a process of its own: the packaged corpus, the packaged embedder, no network."""
    environment = {**os.environ, "UNDERTONE_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    results = [
        subprocess.run(
            [sys.executable, "-m", "ingest", "--json"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        for _ in range(2)
    ]
    first, second = (json.loads(r.stdout) for r in results)
    assert (first["added"], second["unchanged"], second["embedded"]) == (4, 4, 0)
    assert [r.stderr for r in results] == ["", ""], "no progress bar where there is no terminal"
