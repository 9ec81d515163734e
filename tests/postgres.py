"""A real Postgres for the tests that need one: in a folder of its own, on a socket and a free port of this machine."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browsing import free_port

PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt")
SERVANT = "nobody"
"""Who runs the server where the tests are run by root, whom it refuses."""


def server_folder() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, the newest; None where no server is installed."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    there = [path.parent for place in PLACES for path in Path(place).glob("*/bin/initdb")]
    return max(
        there, default=None, key=lambda path: [int(part) for part in path.parent.name.split(".") if part.isdigit()]
    )


class Server:
    """A server that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        bin_folder = server_folder()
        assert bin_folder is not None
        self._bin, self._folder, self.port = bin_folder, folder, free_port()
        self._user = {"user": SERVANT, "group": "nogroup"} if os.geteuid() == 0 else {}
        folder.mkdir(parents=True, exist_ok=True)
        if self._user:
            shutil.chown(folder, SERVANT, "nogroup")
        self._run("initdb", "-D", str(folder / "data"), "-U", "undertone", "-A", "trust", "-E", "UTF8", "--no-sync")

    @property
    def url(self) -> str:
        return f"postgresql://undertone@127.0.0.1:{self.port}/postgres"

    def new_database(self) -> str:
        """Make an empty database; returns its address."""
        import psycopg

        name = f"d{secrets.token_hex(6)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url.removesuffix("postgres") + name

    def start(self) -> None:
        said = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = str(self._folder / "log")
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-l", log, "-o", said, "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        done = subprocess.run(
            command, cwd=self._folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, **self._user,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


@contextmanager
def postgres(folder: Path) -> Iterator[Server]:
    """Run a server for as long as it is needed.

    Args:
        folder: Of the server alone; where root runs it, every folder above must let others through.
    """
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
