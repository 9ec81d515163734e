"""A `VectorStore` in a process of its own, for the files of a home.

What Chroma writes holds memory that it did not clear. This process is new, is given ids and vectors and nothing else,
and inherits no environment: neither a key nor a conversation was ever in its memory. It ends with the process that
started it, and holds a lock while it has a folder open, so that the next one waits for it.

Each request is a line of JSON, followed by as many bytes of float32 as the line says; each reply is a line of JSON.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ingest.vector_store import VectorStore, VectorsUnavailable

ROOT = Path(__file__).resolve().parent.parent
ZEROED = "glibc.malloc.perturb=255:glibc.malloc.tcache_count=0"
"""Has glibc clear memory when it is given out, should Chroma write some of it; other systems ignore this."""
FULL_BYTES = 2**20
OPERATIONS = frozenset({"make_anew", "put", "delete_documents", "delete_words", "settle"})


class StoreProcess:
    """A folder's collections, changed by the other process; as `VectorStore`."""

    def __init__(self, place: Path, signature: dict[str, Any], base: Path | None) -> None:
        """Open a folder to be changed, in place of what lies there.

        Args:
            place: The folder.
            signature: The embedder's name and dimension.
            base: What it begins with, a folder of the same kind; None begins with nothing.

        Raises:
            OSError: The folder cannot be written.
            VectorsUnavailable: Chroma cannot open it.
        """
        self._worker = _shared_worker()
        opening = {"place": str(place), "signature": signature, "base": str(base) if base else None}
        self._worker.ask("open", opening)

    def make_anew(self) -> None:
        self._worker.ask("make_anew", {})

    def put(
        self, kind: int, ids: Sequence[str], vectors: NDArray[np.float32], owners: Sequence[str] | None = None
    ) -> None:
        if len(ids):
            given = {"kind": kind, "ids": list(ids), "owners": list(owners) if owners else None}
            self._worker.ask("put", given, np.ascontiguousarray(vectors, np.float32))

    def delete_documents(self, ids: Sequence[str]) -> None:
        self._worker.ask("delete_documents", {"ids": list(ids)})

    def delete_words(self, words: Sequence[str]) -> None:
        if words:
            self._worker.ask("delete_words", {"words": list(words)})

    def settle(self) -> None:
        self._worker.ask("settle", {})

    def close(self) -> None:
        self._worker.ask("close", {})


class _Worker:
    """The other process, as it is seen from here."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ingest.store_process", str(os.getpid())],
            cwd=ROOT,
            env={"GLIBC_TUNABLES": ZEROED, "PYTHONUTF8": "1", "ANONYMIZED_TELEMETRY": "False", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for this process to take; the other one ends with it
        )

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, name: str, given: dict[str, Any], vectors: NDArray[np.float32] | None = None) -> None:
        requests, replies = self._process.stdin, self._process.stdout
        assert requests is not None and replies is not None
        with self._lock:
            try:
                line = {"name": name, "given": given, "shape": None if vectors is None else vectors.shape}
                requests.write(json.dumps(line).encode() + b"\n")
                if vectors is not None:
                    requests.write(vectors.tobytes())
                requests.flush()
                reply = replies.readline()
            except BrokenPipeError:
                reply = b""
        if not reply:
            status = self._process.wait()
            raise VectorsUnavailable(f"the process that writes the vectors ended (status {status})")
        told = json.loads(reply)
        if told["errno"]:
            raise OSError(told["errno"], os.strerror(told["errno"]))
        if told["error"]:
            raise VectorsUnavailable(f"the vectors cannot be written ({told['error']})")

    def stop(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


_worker: _Worker | None = None
_starting = threading.Lock()


def _shared_worker() -> _Worker:
    """The one other process of this process; started when it is first needed, as importing Chroma takes a second."""
    global _worker
    with _starting:
        if _worker is None or not _worker.is_alive:
            _worker = _Worker()
        return _worker


def stop_worker() -> None:
    """End the other process, where one runs; it would end with this one."""
    global _worker
    with _starting:
        if _worker is not None:
            _worker.stop()
            _worker = None


class _Folder:
    """What the other process has open."""

    def __init__(self, place: str, signature: dict[str, Any], base: str | None) -> None:
        folder = Path(place)
        self._lock = (folder.parent / "writing").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)  # a process that was orphaned in the middle of a change ends it first
        shutil.rmtree(folder, ignore_errors=True)
        if base:
            shutil.copytree(base, folder)
        self.store = VectorStore(folder, signature)

    def close(self) -> None:
        try:
            self.store.close()
        finally:
            self._lock.close()


def _serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Do what is asked until nobody asks."""
    folder: _Folder | None = None
    home: Path | None = None
    for name, given, vectors in _received(requests):
        if os.getppid() != int(sys.argv[1]):  # whoever asked has been killed
            return
        reply: dict[str, Any] = {"errno": None, "error": None}
        try:
            if name in ("open", "close") and folder is not None:
                closing, folder = folder, None
                closing.close()
            if name == "open":
                home = Path(given["place"]).parent
                folder = _Folder(**given)
            elif name in OPERATIONS and folder is not None:
                getattr(folder.store, name)(**given, **({} if vectors is None else {"vectors": vectors}))
        except OSError as error:
            reply["errno"] = error.errno or 0
            reply["error"] = str(error)
        except BaseException as error:  # Chroma's panics are no Exceptions
            reply["error"] = " ".join(str(error).split()) or type(error).__name__
            if home and shutil.disk_usage(home).free < FULL_BYTES:
                reply["errno"] = errno.ENOSPC  # which Chroma does not always say
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


def _received(requests: BinaryIO) -> Iterator[tuple[str, dict[str, Any], NDArray[np.float32] | None]]:
    while line := requests.readline():
        request = json.loads(line)
        vectors = None
        if shape := request["shape"]:
            data = requests.read(4 * shape[0] * shape[1])
            if len(data) < 4 * shape[0] * shape[1]:
                return  # whoever asked has died in the middle of it
            vectors = np.frombuffer(data, np.float32).reshape(shape)
        yield request["name"], request["given"], vectors


if __name__ == "__main__":
    _serve(sys.stdin.buffer, os.fdopen(os.dup(1), "wb"))
