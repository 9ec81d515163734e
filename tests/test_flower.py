"""The client under a real Flower server gives what it gives alone; skipped where Flower is not installed."""

import multiprocessing
import socket
from dataclasses import replace

import pytest
import torch

pytest.importorskip("flwr", reason="needs the environment of requirements-flower.txt")

from tools.style_search.client import Client
from tools.style_search.encoder import STATISTICS, StyleEncoder
from tools.style_search.flower import join_server, serve_artists
from tools.style_search.public import PublicSet
from tools.style_search.server import ALGORITHMS, OURS, federate

ARTISTS = 2
SHORT = replace(ALGORITHMS[OURS], rounds=1, aligns=4)


def made():
    rng = torch.Generator().manual_seed(0)
    styles = torch.arange(6).repeat_interleave(8)
    public = PublicSet(torch.randn(48, STATISTICS, generator=rng), styles)
    torch.manual_seed(0)
    works = 0.5 * torch.randn(14, STATISTICS, generator=rng)
    return StyleEncoder(), public, works


def artist(address):
    _, public, works = made()
    join_server(address, Client(works, public).fit)


@pytest.mark.timeout(900)
def test_a_run_over_grpc_is_the_run_alone():
    """All artists have the same works, so that the order in which they come in does not matter."""
    encoder, public, works = made()
    alone = federate(SHORT, [Client(works, public).fit for _ in range(ARTISTS)], encoder, public)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    found = []
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=artist, args=(address,), daemon=True) for _ in range(ARTISTS)]
    for process in processes:
        process.start()
    serve_artists(address, ARTISTS, lambda fits: found.append(federate(SHORT, fits, encoder, public)))
    for process in processes:
        process.join(30)
        process.kill()
    assert all(torch.equal(alone.head[name], found[0].head[name]) for name in alone.head)
    assert found[0].received_bytes == alone.received_bytes
