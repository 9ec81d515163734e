"""The method on drawn artists: hands draw, their process answers the server, and precision is measured.

The artists live in a process of their own. The server has a pipe of bytes to it and nothing else of theirs; the
pictures that are shown and measured are test pictures, which no artist trained on.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from tools.style_search.client import FRAME
from tools.style_search.encoder import StyleEncoder, Vectors, statistics_of
from tools.style_search.hands import Hand, Picture, draw_scenes, sample_hands, works_of
from tools.style_search.retrieval import Retrieval, retrieval
from tools.style_search.server import Fit, Head, with_head

SEEN, UNSEEN = 24, 12
WORKS, POOL, TEST = 24, 36, 12
"""Works of an artist; scenes that they are drawn from; scenes that every hand draws for the test."""
OnStep = Callable[[int, int], None]


@dataclass(frozen=True)
class Studio:
    """Drawn artists with their works.

    Args:
        hands: The seen ones first, then those that no training meets.
        works: Each seen artist's statistics, (works, STATISTICS).
        others: The same hands on other scenes: what an artist did not train on.
        test: (hands, TEST, STATISTICS).
        shown: (hands, TEST, SIDE_PX, SIDE_PX, 3) the test's pictures.
    """

    hands: tuple[Hand, ...]
    works: tuple[torch.Tensor, ...]
    others: tuple[torch.Tensor, ...]
    test: torch.Tensor
    shown: Picture


def draw_studio(
    encoder: StyleEncoder, seed: int, plain: Picture | None = None, on_step: OnStep = lambda done, total: None
) -> Studio:
    """Have hands draw.

    Args:
        plain: From `draw_scenes(0, POOL + TEST)`, where they were drawn before: they are the same for every seed.
        on_step: Called with (hands done, hands in all).
    """
    plain = draw_scenes(0, POOL + TEST) if plain is None else plain
    hands = sample_hands(SEEN + UNSEEN, seed)
    rng = np.random.default_rng((seed, 90))
    works, others, test, shown = [], [], [], []
    for number, hand in enumerate(hands):
        if number < SEEN:
            scenes = rng.permutation(POOL)
            both = statistics_of(encoder, works_of(hand, plain, scenes.tolist()))
            works.append(both[:WORKS])
            others.append(both[WORKS:])
        shown.append(works_of(hand, plain, range(POOL, POOL + TEST)))
        test.append(statistics_of(encoder, shown[-1]))
        on_step(number + 1, len(hands))
    return Studio(tuple(hands), tuple(works), tuple(others), torch.stack(test), np.stack(shown))


def measured(head: Head | Sequence[Head], studio: Studio) -> tuple[Retrieval, Retrieval]:
    """Retrieval among the test pictures of the seen hands, and among those of the unseen ones.

    Args:
        head: The server's; or each artist's own, where there is none: an artist searches with their own.
    """
    heads = [head] if isinstance(head, dict) else list(head)
    found = []
    for some in (slice(0, SEEN), slice(SEEN, None)):
        each = [_retrieval(embedded(one, studio.test[some])) for one in heads]
        found.append(mean_of(each))
    return found[0], found[1]


def mean_of(found: Sequence[Retrieval]) -> Retrieval:
    """The mean of several."""
    return Retrieval(*np.mean([astuple(one) for one in found], axis=0).tolist())


def embedded(head: Head, statistics: torch.Tensor) -> Vectors:
    """(hands, works, STATISTICS) to vectors, (hands, works, VECTOR)."""
    with torch.no_grad():
        vectors = with_head(head).project(statistics.flatten(0, 1))
    return np.asarray(vectors.view(*statistics.shape[:2], -1).numpy(), np.float32)


def _retrieval(vectors: Vectors) -> Retrieval:
    hands, scenes = vectors.shape[:2]
    artists, shows = np.repeat(np.arange(hands), scenes), np.tile(np.arange(scenes), hands)
    return retrieval(vectors.reshape(hands * scenes, -1), artists, shows)


def mixed(works: Sequence[torch.Tensor], beta: float | None, seed: int) -> list[torch.Tensor]:
    """Artists whose works are of several hands, by Dirichlet shares; None: one hand each.

    Args:
        beta: .1 is nearly one hand each, 100 nearly all hands alike.
    """
    if beta is None:
        return list(works)
    rng = np.random.default_rng((seed, 17))
    shares = rng.dirichlet([beta] * len(works), size=len(works))
    made = []
    for share in shares:
        hands = rng.choice(len(works), size=WORKS, p=share)
        rows = [works[hand][int(rng.integers(len(works[hand])))] for hand in hands]
        made.append(torch.stack(rows))
    return made


@contextmanager
def artists_process(works: Sequence[torch.Tensor], folders: Sequence[Path] = ()) -> Iterator[list[Fit]]:
    """Start artists in a process of their own; yields each one's `fit`, which passes bytes and nothing else.

    Args:
        works: Of drawn artists, their statistics.
        folders: Of others, where their works are: that process reads them.
    """
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / "works.pt"
        torch.save(list(works), held)
        command = [sys.executable, "-m", "tools.style_search.client", str(held), *map(str, folders)]
        root = Path(__file__).resolve().parent.parent.parent
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root)
        try:
            yield [partial(_ask, process, number) for number in range(len(works) + len(folders))]
        finally:
            assert process.stdin and process.stdout
            process.stdin.close()
            process.stdout.close()
            process.wait(timeout=30)


def _ask(process: subprocess.Popen[bytes], number: int, message: bytes) -> bytes:
    assert process.stdin and process.stdout
    process.stdin.write(FRAME.pack(len(message), number) + message)
    process.stdin.flush()
    header = process.stdout.read(FRAME.size)
    if len(header) < FRAME.size:
        raise OSError("the artists' process ended")
    length, _ = FRAME.unpack(header)
    return process.stdout.read(length)
