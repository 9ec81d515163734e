"""The server's side: it averages what artists send, and aligns its head to what they shared of their styles.

It reaches artists only through `fit(bytes) -> bytes`. It opens no folder and sees no picture but public ones.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch

from tools.style_search.channel import FROM_ARTIST, HEAD, SETTINGS, TO_ARTIST, pack, unpack
from tools.style_search.client import LocalSettings, with_head
from tools.style_search.contrast import contrastive_loss
from tools.style_search.encoder import VECTOR, StyleEncoder
from tools.style_search.public import PublicSet, sample_styles
from tools.style_search.representation import SHAPES, StyleGaussian, check_gaussian

Fit = Callable[[bytes], bytes]
Head = dict[str, torch.Tensor]
EACH = 4
"""Virtual pictures of an artist in one step of the alignment."""
ARTISTS_AT_ONCE, STYLES_AT_ONCE = 48, 32


@dataclass(frozen=True)
class Algorithm:
    """What artists do in a round, and what the server makes of it.

    Args:
        local: How artists train.
        rounds: How often; 0 where nothing is trained at artists.
        averages: Whether the trained parameters become the server's.
        aligns: Steps of the server's alignment after the last round; a quarter of them after each other one.
    """

    local: LocalSettings
    rounds: int = 4
    averages: bool = True
    aligns: int = 0


OURS, STYLES_ALONE = "fedstyle", "styles"
ALGORITHMS: dict[str, Algorithm] = {
    OURS: Algorithm(LocalSettings(to_vector=0.5, to_server=1.0, sends_style=True), aligns=400),
    STYLES_ALONE: Algorithm(LocalSettings(steps=0, sends_style=True, sends_head=False), rounds=1, aligns=400),
    "fedavg": Algorithm(LocalSettings()),
    "fedprox": Algorithm(LocalSettings(proximal=0.1)),
    "fedproto": Algorithm(LocalSettings(prototype=1.0), averages=False),
    "moon": Algorithm(LocalSettings(contrast=1.0)),
    "public": Algorithm(LocalSettings(), rounds=0),
}
"""Those that need no picture of an artist; `pooled` is what they are held against."""
POOLED = "pooled"


@dataclass(frozen=True)
class Federated:
    """What came of it.

    Args:
        head: The server's.
        heads: Each artist's own, where nothing is averaged (FedProto); otherwise none.
        styles: What each artist shared; none where nothing was.
        received_bytes: By the names of the tensors, from one artist in one round.
        sent_bytes: To one artist in one round.
    """

    head: Head
    heads: tuple[Head, ...] = ()
    styles: tuple[StyleGaussian, ...] = ()
    received_bytes: Mapping[str, int] = field(default_factory=dict)
    sent_bytes: int = 0


def federate(
    algorithm: Algorithm,
    clients: Sequence[Fit],
    encoder: StyleEncoder,
    public: PublicSet,
    seed: int = 0,
    on_step: Callable[[int, int], None] = lambda step, total: None,
) -> Federated:
    """Run an algorithm over artists.

    Args:
        clients: Each artist's `fit`, in an order that stays.
        encoder: Where it begins.
        on_step: Called with (rounds done, rounds in all); what it raises ends the run.
    """
    state = Federated(_head_of(encoder))
    vectors = torch.zeros(0, VECTOR)
    for turn in range(algorithm.rounds):
        replies = []
        for number, fit in enumerate(clients):
            settings = replace(algorithm.local, artist=number, seed=_seed_of(seed, turn))
            sent = state.heads[number] if state.heads else state.head
            message = pack({**sent, "vectors": vectors, SETTINGS: settings.to_tensor()}, TO_ARTIST)
            replies.append(unpack(fit(message), FROM_ARTIST))
            state = replace(state, sent_bytes=len(message))
        state = replace(state, received_bytes={name: v.numel() * v.element_size() for name, v in replies[0].items()})
        heads = tuple({name: reply[name] for name in HEAD} for reply in replies) if algorithm.local.sends_head else ()
        if heads:
            state = replace(state, **({"head": average(heads)} if algorithm.averages else {"heads": heads}))
        if algorithm.local.prototype:
            vectors = torch.stack([reply["prototype"] for reply in replies])
        if algorithm.local.sends_style:
            styles = tuple(check_gaussian({name: reply[name] for name in SHAPES}) for reply in replies)
            state = replace(state, styles=styles)
            steps = algorithm.aligns if turn == algorithm.rounds - 1 else algorithm.aligns // 4
            if steps:
                state = replace(state, head=align(state.head, styles, public, steps, _seed_of(seed, turn)))
                vectors = artist_vectors(state.head, styles)
        on_step(turn + 1, algorithm.rounds)
    return state


def average(heads: Sequence[Head]) -> Head:
    """The mean of parameters, each artist alike: how many works somebody has is nobody's business."""
    return {name: torch.stack([head[name].double() for head in heads]).mean(0).float() for name in HEAD}


def align(
    head: Head,
    styles: Sequence[StyleGaussian],
    public: PublicSet,
    steps: int,
    seed: int = 0,
    on_step: Callable[[int, int], None] = lambda step, total: None,
) -> Head:
    """Fit a head so that virtual works of one artist lie together, apart from other artists' and from public pictures.

    Args:
        styles: What artists shared; virtual works are drawn from it anew at each step.
    """

    def draw(artist: int, rng: torch.Generator) -> torch.Tensor:
        return styles[artist].sample(EACH, rng)

    return _fit(head, len(styles), draw, public, (steps, seed), on_step)


def pooled(head: Head, works: Sequence[torch.Tensor], public: PublicSet, steps: int, seed: int = 0) -> Head:
    """The same with the works themselves: what could be had if nobody kept anything to themselves.

    Args:
        works: Each artist's statistics, (works, STATISTICS).
    """

    def draw(artist: int, rng: torch.Generator) -> torch.Tensor:
        return works[artist][torch.randperm(len(works[artist]), generator=rng)[:EACH]]

    return _fit(head, len(works), draw, public, (steps, seed), lambda step, total: None)


def _fit(
    head: Head,
    artists: int,
    draw: Callable[[int, torch.Generator], torch.Tensor],
    public: PublicSet,
    run: tuple[int, int],
    on_step: Callable[[int, int], None],
) -> Head:
    steps, seed = run
    rng = torch.Generator().manual_seed(seed)
    encoder = with_head(head)
    encoder.head.requires_grad_(True)
    optimizer = torch.optim.AdamW(encoder.head.parameters(), lr=1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    last = int(public.styles.max()) + 1
    for step in range(steps):
        some = torch.randperm(artists, generator=rng)[:ARTISTS_AT_ONCE].tolist()
        drawn = [draw(artist, rng) for artist in some]
        places = sample_styles(public, STYLES_AT_ONCE, EACH, rng)
        labels = [torch.full((len(one),), last + artist) for artist, one in zip(some, drawn, strict=True)]
        statistics = torch.cat([*drawn, public.statistics[places]])
        loss = contrastive_loss(encoder.project(statistics), torch.cat([*labels, public.styles[places]]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        on_step(step + 1, steps)
    encoder.head.requires_grad_(False)
    return _head_of(encoder)


def artist_vectors(head: Head, styles: Sequence[StyleGaussian]) -> torch.Tensor:
    """Where each artist's style lies: (artists, VECTOR), each of length 1."""
    return with_head(head).project(torch.stack([style.mean for style in styles]))


def put_head(encoder: StyleEncoder, head: Head) -> StyleEncoder:
    """The same encoder with another head."""
    made = copy.deepcopy(encoder)
    made.head.load_state_dict(head)
    return made


def _head_of(encoder: StyleEncoder) -> Head:
    return {name: value.detach().clone() for name, value in encoder.head.state_dict().items()}


def _seed_of(seed: int, turn: int) -> int:
    return (seed * 1000 + turn) % 2**20  # whole numbers of this size pass as float32 unchanged
