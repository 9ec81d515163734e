"""An artist's side: works are read and measured here, a head is trained on them here, and bytes leave that say little.

`Client.fit(bytes) -> bytes` is all that the server has of an artist. `python -m tools.style_search.client FOLDER ...`
is a process that does nothing else: one frame in, one frame out. A client knows no other artist and no server.
"""

from __future__ import annotations

import secrets
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import BinaryIO

import torch
from torch.nn import functional as F

from tools.style_search.channel import FROM_ARTIST, HEAD, SETTINGS, TO_ARTIST, ChannelError, pack, unpack
from tools.style_search.contrast import TEMPERATURE, contrastive_loss
from tools.style_search.encoder import StyleHead, load_encoder
from tools.style_search.public import PublicSet, load_public
from tools.style_search.representation import MIN_WORKS, RepresentationError, StyleGaussian, fit_gaussian

OWN_AT_ONCE, PUBLIC_AT_ONCE = 16, 96
MOON_TEMPERATURE = 0.5
FRAME = struct.Struct("<IH")
"""Length of a message in bytes, and the number of the artist in this process."""


@dataclass(frozen=True)
class LocalSettings:
    """How an artist trains in one round; all are numbers, so that they pass the channel.

    Args:
        steps: Of training; 0 trains nothing.
        lr: Learning rate.
        to_vector: Weight of the distance to the server's vector of this artist.
        to_server: Weight of the distance to the server's head, on public pictures.
        proximal: Weight of the distance to the server's parameters (FedProx).
        contrast: Weight of the contrast between the server's head and the last own one (MOON).
        prototype: Weight of the distance between the own prototype and the server's (FedProto).
        sends_style: Whether what is shared of the style is sent.
        sends_head: Whether the trained parameters are sent.
        noise: On the style that is sent.
        artist: The row of this artist among the vectors.
        seed: Of this round.
    """

    steps: int = 10
    lr: float = 1e-3
    to_vector: float = 0.0
    to_server: float = 0.0
    proximal: float = 0.0
    contrast: float = 0.0
    prototype: float = 0.0
    sends_style: bool = False
    sends_head: bool = True
    noise: float = 0.0
    artist: int = 0
    seed: int = 0

    def to_tensor(self) -> torch.Tensor:
        return torch.tensor([float(value) for value in astuple(self)])

    @classmethod
    def from_tensor(cls, values: torch.Tensor) -> LocalSettings:
        kinds = [type(value) for value in astuple(cls())]
        if len(kinds) != len(values):
            raise ChannelError(f"{len(values)} settings came, and there are {len(kinds)}")
        return cls(*(kind(value) for kind, value in zip(kinds, values.tolist(), strict=True)))


class Client:
    """One artist.

    Args:
        statistics: (works, STATISTICS) of the artist's works; their order changes nothing.
        public: Public pictures, which both sides have.
        secret: Seed of the noise, for drawn artists, whose runs replay. None draws one that nobody knows: noise that
            the server could draw again would hide nothing.
    """

    def __init__(self, statistics: torch.Tensor, public: PublicSet, secret: int | None = None) -> None:
        if len(statistics) < MIN_WORKS:
            raise RepresentationError(f"{len(statistics)} works are too few: give {MIN_WORKS} or more")
        order = sorted(range(len(statistics)), key=lambda row: statistics[row].tolist())
        self._statistics = statistics[order]
        self._public = public.statistics
        self._styles: dict[float, StyleGaussian] = {}
        self._noise = torch.Generator().manual_seed(secrets.randbits(62) if secret is None else secret)
        self._before: StyleHead | None = None  # as it was after the last round

    def fit(self, message: bytes) -> bytes:
        """Train on the own works as the message says; returns what it asks for.

        Raises:
            ChannelError: The message is not one of the server's.
        """
        received = unpack(message, TO_ARTIST)
        settings = LocalSettings.from_tensor(received[SETTINGS])
        server = with_head({name: received[name] for name in HEAD})
        local = with_head({name: received[name] for name in HEAD})
        rng = torch.Generator().manual_seed(settings.seed)
        if settings.steps:
            self._train(local, server, received["vectors"], settings, rng)
        self._before = local
        sent: dict[str, torch.Tensor] = dict(local.head.state_dict()) if settings.sends_head else {}
        if settings.sends_style:
            if settings.noise not in self._styles:  # once: noise drawn anew in each round would average out
                self._styles[settings.noise] = fit_gaussian(self._statistics, settings.noise, self._noise)
            sent |= self._styles[settings.noise].tensors()
        if settings.prototype:
            with torch.no_grad():
                sent["prototype"] = F.normalize(local.project(self._statistics).mean(0), dim=0)
        return pack(sent, FROM_ARTIST)

    def _train(
        self,
        local: StyleHead,
        server: StyleHead,
        vectors: torch.Tensor,
        settings: LocalSettings,
        rng: torch.Generator,
    ) -> None:
        local.head.requires_grad_(True)
        optimizer = torch.optim.AdamW(local.head.parameters(), lr=settings.lr, weight_decay=0.0)
        for _ in range(settings.steps):
            own = self._statistics[torch.randperm(len(self._statistics), generator=rng)[:OWN_AT_ONCE]]
            public = self._public[torch.randperm(len(self._public), generator=rng)[:PUBLIC_AT_ONCE]]
            loss = self._loss(local, server, (own, public, vectors), settings)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        local.head.requires_grad_(False)

    def _loss(
        self,
        local: StyleHead,
        server: StyleHead,
        batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
        settings: LocalSettings,
    ) -> torch.Tensor:
        """The own works together and apart from public ones and other artists; then what each algorithm adds."""
        own, public, vectors = batch
        z, u = local.project(own), local.project(public)
        others = torch.cat([vectors[: settings.artist], vectors[settings.artist + 1 :]])
        labels = torch.cat([torch.zeros(len(z)), -torch.ones(len(u) + len(others))])
        loss = contrastive_loss(torch.cat([z, u, others]), labels, labels == 0, TEMPERATURE)
        mine = vectors[settings.artist] if settings.artist < len(vectors) else None
        if settings.to_vector and mine is not None:
            loss = loss + settings.to_vector * (1 - z @ mine).mean()
        if settings.to_server:
            loss = loss + settings.to_server * (1 - (u * server.project(public)).sum(1)).mean()
        if settings.proximal:
            pairs = zip(local.head.parameters(), server.head.parameters(), strict=True)
            loss = loss + settings.proximal / 2 * sum((a - b).square().sum() for a, b in pairs)
        if settings.contrast and self._before is not None:
            near = (z * server.project(own)).sum(1) / MOON_TEMPERATURE
            far = (z * self._before.project(own)).sum(1) / MOON_TEMPERATURE
            loss = loss + settings.contrast * F.softplus(far - near).mean()
        if settings.prototype and mine is not None:
            loss = loss + settings.prototype * (F.normalize(z.mean(0), dim=0) - mine).square().sum()
        return loss


def with_head(head: dict[str, torch.Tensor]) -> StyleHead:
    """A head of its parameters."""
    made = StyleHead().requires_grad_(False)
    made.head.load_state_dict(head)
    return made


def serve(clients: Sequence[Callable[[bytes], bytes]], incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Answer frames until there are no more."""
    while header := incoming.read(FRAME.size):
        length, number = FRAME.unpack(header)
        reply = clients[number](incoming.read(length))
        outgoing.write(FRAME.pack(len(reply), number) + reply)
        outgoing.flush()


def main() -> None:
    """Serve the artists whose folders are named, or whose statistics a file holds (`hands.py` drew their works)."""
    from tools.style_search.works import read_works

    torch.set_num_threads(1)
    encoder, public = load_encoder(), load_public()
    clients = []
    for name in sys.argv[1:]:
        source = Path(name)
        if source.suffix == ".pt":
            drawn = torch.load(source, weights_only=True)
            clients += [Client(one, public, secret).fit for secret, one in enumerate(drawn)]
        else:
            clients.append(Client(read_works(source, encoder).statistics, public).fit)
    serve(clients, sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
