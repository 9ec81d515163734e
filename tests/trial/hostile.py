"""Input that means harm or is none: arguments, files, records, a foreign page. One line each, no traceback."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from pathlib import Path

from tests.browsing import served
from tests.trial.outcome import Row

ROOT = Path(__file__).resolve().parents[2]
BLEND = ["tools", "blend", "--subject", "a house", "--style", "watercolor=1", "--steps", "1"]


def run(seed: int, home: Path, *, quick: bool = False) -> list[Row]:
    chance = random.Random(seed)
    tried = [arguments(chance, home, quick)]
    return tried if quick else [*tried, foreign_host(home)]


def commands(chance: random.Random, folder: Path) -> list[list[str | bytes]]:
    """Commands that cannot be done."""
    (folder / "a.md").symlink_to(folder / "b.md")
    (folder / "b.md").symlink_to(folder / "a.md")
    os.mkfifo(folder / "pipe.md")
    os.mkfifo(folder / "pipe.json")
    noise = folder / "noise.md"
    noise.write_bytes(chance.randbytes(5_000))
    (folder / "bomb.md").write_text(
        "---\na: &a [x, x]\n"
        + "".join(f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefgh", "bcdefghi", strict=True))
        + "---\nText."
    )
    (folder / "deep.jsonl").write_text("[" * 50_000)
    (folder / "half.jsonl").write_text('{"id": "\\ud800", "title": "t", "summary": "s"}\n')
    (folder / "number.jsonl").write_text('{"id": ' + "9" * 6_000 + ', "title": "t", "summary": "s"}\n')
    (folder / "batch.jsonl").write_text("[" * 50_000)
    (folder / "deep.json").write_text("[" * 50_000)
    bad_paths = ["", "~nouser-of-that-name/x", b"\xff", "a\nb", "/dev/zero", "/dev/null/x"]
    files = [
        folder / name for name in ("a.md", "pipe.md", "noise.md", "bomb.md", "deep.jsonl", "half.jsonl", "number.jsonl")
    ]
    found: list[list[str | bytes]] = [["ingest", path] for path in [*bad_paths, *map(str, files)]]
    found += [["app", "why?", "--home", path] for path in bad_paths]
    found += [["app", "--batch", path] for path in [*bad_paths, str(folder / "batch.jsonl"), str(folder / "pipe.json")]]
    found += [["tools", "replay", path] for path in [*bad_paths, str(folder / "deep.json"), str(folder / "pipe.json")]]
    found += [[*BLEND, "--out", path] for path in ("", "~nouser-of-that-name/x", "/dev/null/x")]
    reference = ["tools", "blend", "--method", "reference", "--subject", "a cat", "--out", str(folder / "out")]
    found += [[*reference, "--reference", path] for path in ("/dev/zero", str(folder / "pipe.json"), "", "nowhere.png")]
    found += [[*reference, "--reference-prompt", text] for text in ("=", "", "=0.5")]
    found += [["app", "x" * 4_001], ["app", b"\xff"], ["app"], ["app", "--what"], ["tools"], ["tools", "nothing"]]
    return found


def arguments(chance: random.Random, home: Path, quick: bool) -> Row:
    row = Row("hostile", "arguments and files that cannot be used: exit status 2 and one line")
    folder = home / "hostile"
    folder.mkdir()
    tried = commands(chance, folder)
    environment = {**os.environ, "UNDERTONE_HOME": str(home / "hostile home"), "OMP_NUM_THREADS": "1"}
    for command in chance.sample(tried, 6) if quick else tried:

        def attempt(command: list[str | bytes] = command) -> None:
            done = subprocess.run(
                [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, timeout=90
            )
            said = done.stderr.decode("utf-8", "replace")
            assert done.returncode == 2, f"exit status {done.returncode}: {said[-300:]}"
            lines = [line for line in said.splitlines() if not line.startswith("started in")]
            assert len(lines) == 1 and "Traceback" not in said, said[-300:]

        row.attempt(repr(command)[:120], attempt)
    return row


def foreign_host(home: Path) -> Row:
    row = Row("hostile", "a page of somebody else's whose name leads to this machine: neither a file nor a connection")
    upgrade = (
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )  # fmt: skip
    asked = (("/", (), b"200"), ("/_stcore/health", (), b"200"), ("/_stcore/stream", upgrade, b"101"))
    with served(home / "page home", home / "page.log") as address:
        port = int(address.rpartition(":")[2])
        for host in ("evil.example", "evil.example.localhost", "127.0.0.1"):
            for path, more, welcome in asked:

                def attempt(host: str = host, path: str = path, more: tuple = more, welcome: bytes = welcome) -> None:
                    lines = (f"GET {path} HTTP/1.1", f"Host: {host}:{port}", f"Origin: http://{host}:{port}", *more)
                    with socket.create_connection(("127.0.0.1", port), 20) as connection:
                        connection.sendall("\r\n".join((*lines, "", "")).encode())
                        said = connection.recv(100).split(b"\r\n")[0]
                    assert (welcome if host == "127.0.0.1" else b"400") in said, said

                row.attempt(f"{host}{path}", attempt)
    return row
