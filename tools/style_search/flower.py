"""The same artists under a real Flower server, over gRPC. `flwr` comes with requirements-flower.txt, not with ours.

It carries our messages in Flower's and back, and knows nothing of what they hold. Flower's own usage reports are off.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial

os.environ.update(FLWR_TELEMETRY_ENABLED="0")  # before flwr is imported

from flwr.client import Client, start_client
from flwr.common import Code, FitIns, FitRes, Parameters, Status
from flwr.server import History, Server, ServerConfig, SimpleClientManager, start_server
from flwr.server.client_proxy import ClientProxy

from tools.style_search.server import Fit

KIND = "undertone"
WAIT_S = 120


class Artist(Client):
    """An artist as Flower's client."""

    def __init__(self, fit: Fit) -> None:
        self._fit = fit

    def fit(self, ins: FitIns) -> FitRes:
        """Hand the message to the artist, and what comes back to the server; how many works there are is not said."""
        (message,) = ins.parameters.tensors
        reply = Parameters(tensors=[self._fit(message)], tensor_type=KIND)
        return FitRes(status=Status(Code.OK, ""), parameters=reply, num_examples=0, metrics={})


class _Server(Server):
    """Flower's server, whose rounds are ours."""

    def __init__(self, artists: int, run: Callable[[Sequence[Fit]], None]) -> None:
        super().__init__(client_manager=SimpleClientManager())
        self._artists, self._run = artists, run

    def fit(self, num_rounds: int, timeout: float | None) -> tuple[History, float]:
        if not self.client_manager().wait_for(self._artists, WAIT_S):
            raise TimeoutError(f"{self._artists} artists were expected; not all came within {WAIT_S} s")
        proxies = sorted(self.client_manager().all().items())  # an order that stays
        self._run([partial(_ask, proxy) for _, proxy in proxies])
        return History(), 0.0


def serve_artists(address: str, artists: int, run: Callable[[Sequence[Fit]], None]) -> None:
    """Start a Flower server and wait for artists; then run something with their `fit`s, and end.

    Args:
        address: HOST:PORT to listen at.
        artists: How many to wait for.
        run: Called once with each artist's `fit`, e.g. to `federate` over them.
    """
    start_server(server_address=address, server=_Server(artists, run), config=ServerConfig(num_rounds=1))


def join_server(address: str, fit: Fit) -> None:
    """Take part as an artist until the server ends."""
    start_client(server_address=address, client=Artist(fit))


def _ask(proxy: ClientProxy, message: bytes) -> bytes:
    result = proxy.fit(FitIns(Parameters(tensors=[message], tensor_type=KIND), {}), timeout=WAIT_S, group_id=None)
    (reply,) = result.parameters.tensors
    return bytes(reply)
