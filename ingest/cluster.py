"""A Ray cluster: its processes cut documents and embed them, beside whatever else is run there. The one door to Ray.

One process writes the index: the one that asked. What a worker was doing when it died is given to another.
"""

from __future__ import annotations

import logging
import os
import socket
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Document
from ingest.prepared import Here, Prepared
from ingest.vectors import load_embedder

VARIABLE = "UNDERTONE_RAY"
ROOT = Path(__file__).resolve().parent.parent
AHEAD = 2  # batches that wait for each worker
SHARE = 0.5
"""Of a processor core, and of a GPU, for a worker: there is room for one that renders and for one that embeds."""

FEW_TEXTS = 64  # are embedded here sooner than they are sent
RETRIES = 3
CLIENT_PORT, CONNECT_TIMEOUT_S = 10001, 5
OFF = {"HF_HUB_OFFLINE": "1", "RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_AUTO_CONNECT": "0"}
"""Nothing is downloaded, nobody is told, and no second cluster is begun where the first one is gone."""


class ClusterUnavailable(RuntimeError):
    """The cluster cannot be used; the message is one line that says what to do."""


class Cluster:
    """A cluster that this process has joined.

    Attributes:
        died: What is raised for a worker that is gone.
    """

    def __init__(self, address: str) -> None:
        """Join a cluster, or begin one.

        Args:
            address: `auto` (the one that runs on this machine), `local` (one of this process's own), `ray://HOST:PORT`.

        Raises:
            ClusterUnavailable: The address is none, no cluster is there, or Ray is missing.
        """
        if address not in ("auto", "local") and not address.startswith("ray://"):
            raise ClusterUnavailable(f"{VARIABLE}={address} names no cluster; write auto, local or ray://HOST:PORT")
        if address.startswith("ray://"):
            _check_listens(address)
        os.environ.update(OFF)  # Ray reads it when it is imported
        try:
            import ray
        except ImportError as error:
            raise ClusterUnavailable(
                f"{VARIABLE} needs ray, which is missing; run: python -m pip install -r requirements-scale.txt"
            ) from error
        here: dict[str, Any] = {"num_cpus": os.cpu_count(), "include_dashboard": False} if address == "local" else {}
        try:
            ray.init(
                address=address,
                namespace="undertone",
                log_to_driver=False,
                logging_level=logging.ERROR,
                runtime_env={"env_vars": {"PYTHONPATH": str(ROOT), **OFF}},
                **here,
            )
        except (ConnectionError, ValueError, RuntimeError, OSError) as error:
            said = " ".join(str(error).split())[:200]
            raise ClusterUnavailable(f"no Ray cluster is at {address} ({said}); start it: ray start --head") from error
        self._ray = ray
        self.died: tuple[type[Exception], ...] = (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError)

    @property
    def workers(self) -> int:
        """How many workers there is room for: one on each GPU, or on each processor core where there is none."""
        have = self._ray.cluster_resources()
        return max(int(have.get("GPU", 0)) or int(have.get("CPU", 1)), 1)

    def start(self, what: type, *arguments: Any, threads: int = 1, restarts: int = 0) -> Any:
        """Start a worker: an object of this class in a process of its own.

        Args:
            threads: How many of its methods may run at a time.
            restarts: How often another one takes its place when it dies, and what it was asked is asked again.
        """
        gpus = SHARE if self._ray.cluster_resources().get("GPU", 0) else 0
        options = {"num_cpus": SHARE, "num_gpus": gpus, "max_concurrency": threads}
        again = {"max_restarts": restarts, "max_task_retries": restarts}
        return self._ray.remote(what).options(**options, **again).remote(*arguments)

    def get(self, asked: Any) -> Any:
        """Wait for what a worker was asked, and return it."""
        return self._ray.get(asked)

    def has_ended(self, asked: Any, within_s: float) -> bool:
        """Wait no longer than so many seconds for what a worker was asked; say whether it is there."""
        return bool(self._ray.wait([asked], timeout=within_s)[0])

    def stop(self, worker: Any) -> None:
        self._ray.kill(worker)

    def preparing(self, embedder: str | None) -> PreparingThere:
        """Workers that cut documents and embed them."""
        return PreparingThere(self, embedder)


class PreparingThere:
    """Prepares on the cluster's workers, some batches ahead of the writer; they are there for as long as it takes."""

    def __init__(self, cluster: Cluster, embedder: str | None) -> None:
        self._cluster = cluster
        self._embedder = embedder
        self._here = Here(load_embedder(embedder))
        self._workers: list[Any] = []

    def prepared(self, batches: Iterable[list[Document]]) -> Iterator[Prepared]:
        under_way: deque[Any] = deque()
        try:
            for number, batch in enumerate(batches):
                if not self._workers:
                    self._workers = [self._start() for _ in range(self._cluster.workers)]
                under_way.append(self._workers[number % len(self._workers)].prepare.remote(batch))
                if len(under_way) >= AHEAD * len(self._workers):
                    yield self._cluster.get(under_way.popleft())
            while under_way:
                yield self._cluster.get(under_way.popleft())
        finally:
            for worker in self._workers:
                self._cluster.stop(worker)
            self._workers = []

    def _start(self) -> Any:
        return self._cluster.start(_Worker, self._embedder, restarts=RETRIES)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not self._workers or len(texts) < FEW_TEXTS:
            return self._here.encode(texts)
        parts = np.array_split(np.arange(len(texts)), len(self._workers))
        asked = [
            worker.encode.remote([texts[n] for n in part]) for worker, part in zip(self._workers, parts, strict=True)
        ]
        return np.concatenate([self._cluster.get(one) for one in asked])


class _Worker:
    """Prepares in a worker's process."""

    def __init__(self, embedder: str | None) -> None:
        self._here = Here(load_embedder(embedder))

    def prepare(self, documents: list[Document]) -> Prepared:
        return self._here.prepare(documents)

    def encode(self, texts: list[str]) -> NDArray[np.float32]:
        return self._here.encode(texts)


def _check_listens(address: str) -> None:
    """Check that somebody listens there: Ray itself would ask for half a minute.

    Raises:
        ClusterUnavailable: Nobody does, or it is no address.
    """
    try:
        url = urlsplit(address)
        with socket.create_connection((url.hostname or "", url.port or CLIENT_PORT), CONNECT_TIMEOUT_S):
            pass
    except (OSError, ValueError) as error:
        raise ClusterUnavailable(f"no Ray cluster is at {address} ({error}); start it: ray start --head") from error


@cache
def join_cluster(address: str) -> Cluster:
    """Join a cluster, once in this process.

    Raises:
        ClusterUnavailable: As `Cluster`.
    """
    return Cluster(address)
