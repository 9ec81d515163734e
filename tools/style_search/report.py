"""The whole method on drawn artists, told: precision before and after, what left each artist, a map of the style space.

Everything is measured in the run itself. It knows no page.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tools.studio.vocabulary import BASIC
from tools.style_search.channel import FROM_ARTIST, HEAD
from tools.style_search.demonstration import (
    SEEN,
    TEST,
    UNSEEN,
    WORKS,
    Studio,
    artists_process,
    draw_studio,
    embedded,
    measured,
    mixed,
)
from tools.style_search.encoder import VECTOR, StyleEncoder, save_encoder
from tools.style_search.hands import Picture
from tools.style_search.membership import membership
from tools.style_search.public import PublicSet
from tools.style_search.representation import SHAPES
from tools.style_search.retrieval import Retrieval
from tools.style_search.server import (
    ALGORITHMS,
    OURS,
    POOLED,
    STYLES_ALONE,
    Algorithm,
    Federated,
    Head,
    federate,
    pooled,
    put_head,
)

BEFORE, AVERAGED, ALIGNED = "before", "parameters averaged", "styles aligned"
BOTH, TOGETHER = "parameters averaged and styles aligned", "pictures pooled"
KIND = "federation"
FIGURE = "figure.png"
TILE_PX, WALL_PX, WALL_WORKS = 48, 72, 4
OTHER_NOISE = 0.08
"""Measured beside a run without noise, so that its price can be seen."""
ABOUT = (
    "A reconstruction: the corpus gives the idea, and no loss, network, data, aggregation rule or figure. The artists "
    "are drawn hands, each one of six styles with deviations of its own; the trunk of the encoder was learned from "
    "public pictures and stays, and what artists and server train is its head."
)
OnStep = Callable[[int, int], None]


def demonstrate(
    encoder: StyleEncoder, public: PublicSet, seed: int, noise: float, folder: Path, on_step: OnStep
) -> dict[str, Any]:
    """Run what the card shows, and write it into a folder.

    Args:
        noise: On what artists share; 0 for none.
        on_step: Called with (steps done, steps in all); what it raises ends the run.

    Returns:
        What `federation.json` holds: bars, left, map, membership, verdict, facts, record.
    """
    began = time.monotonic()
    ours = with_noise(noise)
    alone = with_noise(noise, STYLES_ALONE)
    total = SEEN + UNSEEN + ALGORITHMS["fedavg"].rounds + alone.rounds + ours.rounds
    studio = draw_studio(encoder, seed, on_step=lambda done, _: on_step(done, total))
    before = dict(encoder.head.state_dict())
    with artists_process(studio.works) as artists:
        at = len(studio.hands)
        averaged = federate(ALGORITHMS["fedavg"], artists, encoder, public, seed, lambda d, _: on_step(at + d, total))
        at += ALGORITHMS["fedavg"].rounds
        aligned = federate(alone, artists, encoder, public, seed, lambda d, _: on_step(at + d, total))
        at += alone.rounds
        contrast = 0.0 if noise else OTHER_NOISE
        other = federate(with_noise(contrast, STYLES_ALONE), artists, encoder, public, seed)
        both = federate(ours, artists, encoder, public, seed, lambda d, _: on_step(at + d, total))
    together = pooled(before, studio.works, public, ours.aligns, seed)
    heads = {BEFORE: before, AVERAGED: averaged.head, ALIGNED: aligned.head, BOTH: both.head, TOGETHER: together}
    bars = {name: measured(head, studio) for name, head in heads.items()}
    found = {
        "kind": KIND,
        "bars": [
            {"name": name, "seen": asdict(seen), "unseen": asdict(unseen)} for name, (seen, unseen) in bars.items()
        ],
        "left": what_left(both),
        "membership": [_membership(aligned, studio, noise), _membership(other, studio, contrast)],
        "map": _map(before, aligned.head, studio),
        "hands": [BASIC.styles[hand.style] for hand in studio.hands],
        "works": WORKS,
        "about": ABOUT,
        "record": {"kind": KIND, "seed": seed, "noise": noise, "encoder": encoder.digest, "seen": SEEN, "test": TEST},
        "seconds": round(time.monotonic() - began, 1),
    }
    found |= {"verdict": verdict_of(bars), "facts": _facts(bars, found)}
    save(found, studio, (before, aligned.head), folder)
    save_encoder(put_head(encoder, aligned.head), folder / "encoder.safetensors")
    return found


def with_noise(noise: float, name: str = OURS) -> Algorithm:
    """An algorithm with noise on what artists share of their styles."""
    algorithm = ALGORITHMS[name]
    return replace(algorithm, local=replace(algorithm.local, noise=noise))


def run_one(
    name: str,
    encoder: StyleEncoder,
    public: PublicSet,
    given: tuple[int, float | None, float],
    on_step: OnStep = lambda done, total: None,
) -> tuple[Head | Sequence[Head], Studio, Federated | None]:
    """One algorithm on drawn artists.

    Args:
        given: Seed, beta of the Dirichlet split (None: one style an artist), noise.
    """
    seed, beta, noise = given
    studio = draw_studio(encoder, seed, on_step=on_step)
    works = mixed(studio.works, beta, seed)
    if name == POOLED:
        return pooled(dict(encoder.head.state_dict()), works, public, ALGORITHMS[OURS].aligns, seed), studio, None
    with artists_process(works) as artists:
        made = federate(with_noise(noise, name), artists, encoder, public, seed)
    return made.heads or made.head, studio, made


def what_left(made: Federated) -> list[dict[str, Any]]:
    """Every tensor that one artist sent in one round, with its shape and bytes."""
    shapes = {name: list(shape) for name, shape in FROM_ARTIST.items()}
    what = {**dict.fromkeys(HEAD, "parameters of the head"), **dict.fromkeys(SHAPES, "abstract style")}
    return [
        {"tensor": name, "what": what.get(name, "prototype"), "shape": shapes[name], "bytes": size}
        for name, size in sorted(made.received_bytes.items(), key=lambda one: (what.get(one[0], ""), one[0]))
    ]


def _membership(made: Federated, studio: Studio, noise: float) -> dict[str, float]:
    """What what was shared gives away, and the precision that it brings."""
    mean, worst = membership(made.styles, studio.works, studio.others)
    return {"mean": mean, "worst": worst, "noise": noise, "precision": measured(made.head, studio)[0].precision}


def _map(before: Head, after: Head, studio: Studio) -> list[dict[str, Any]]:
    """Where each test picture of the seen hands lies in the plane that varies most, before and after."""
    placed = []
    for head in (before, after):
        vectors = embedded(head, studio.test[:SEEN]).reshape(SEEN * TEST, VECTOR)
        off = torch.from_numpy(vectors - vectors.mean(0))
        placed.append((off @ torch.linalg.svd(off, full_matrices=False)[2][:2].T).numpy().round(4).tolist())
    return [
        {"artist": at // TEST, "work": at % TEST, "before": first, "after": second}
        for at, (first, second) in enumerate(zip(*placed, strict=True))
    ]


def verdict_of(bars: Mapping[str, tuple[Retrieval, Retrieval]]) -> str:
    """What the bars say, in two sentences that hold for any figures."""
    was, averaged, now, whole = (bars[name][0].precision for name in (BEFORE, AVERAGED, ALIGNED, TOGETHER))
    share = f", {now / whole:.0%} of what pooling all pictures gives" if whole > 0 else ""
    return (
        f"The nearest picture is by the same artist for {now:.0%} of pictures once styles are aligned, "
        f"after {was:.0%} before{share}. Averaging parameters alone gives {averaged:.0%}."
    )


def _facts(bars: Mapping[str, tuple[Retrieval, Retrieval]], found: Mapping[str, Any]) -> list[dict[str, Any]]:
    style = sum(row["bytes"] for row in found["left"] if row["what"] == "abstract style")
    head = sum(row["bytes"] for row in found["left"] if row["what"] != "abstract style")
    unseen, leak, known = bars[ALIGNED][1], bars[ALIGNED][0].leak, found["membership"]
    texts = {
        "unseen": f"For {UNSEEN} artists that no training met it is {unseen.precision:.0%}, "
        f"after {bars[BEFORE][1].precision:.0%} before.",
        "leak": f"For {leak:.0%} of pictures the nearest one shows the same scene by another artist.",
        "left": f"What left each artist where styles were aligned: {style / 1000:.1f} kB of abstract style, once. "
        f"Where parameters were averaged, {head / 1000:.0f} kB of them in each round. No picture, no name.",
        "membership": "From what is shared, an attacker tells an artist's works from others by the same hand with "
        + "; ".join(
            f"an AUC of {one['mean']:.2f} on average and {one['worst']:.2f} at worst "
            f"{'with noise of ' + format(one['noise'], 'g') if one['noise'] else 'without noise'}, "
            f"where {one['precision']:.0%} are found"
            for one in known
        )
        + ". An AUC of 0.5 is a guess.",
    }
    return [{"topic": topic, "text": text, "figure": None, "numbers": {}} for topic, text in texts.items()]


def save_wall(shown: Sequence[Picture] | Picture, folder: Path) -> None:
    """Write the wall of hands: the first works of each, two hands in a row.

    Args:
        shown: Of each hand, (WALL_WORKS, side, side, 3) pictures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    small = [_small(one, WALL_PX) for works in shown for one in works]
    across = 2 * WALL_WORKS
    rows = [np.concatenate(small[at : at + across], axis=1) for at in range(0, len(small), across)]
    Image.fromarray(np.concatenate(rows)).save(folder / FIGURE)


def save(found: Mapping[str, Any], studio: Studio, heads: tuple[Head, Head], folder: Path) -> None:
    """Write `federation.json`, the wall of hands, and the test pictures with their vectors, as `gallery.npz`.

    Args:
        heads: Before the alignment and after it.
    """
    before, head = heads
    folder.mkdir(parents=True, exist_ok=True)
    save_wall(studio.shown[:SEEN, :WALL_WORKS], folder)
    was, now = (embedded(one, studio.test[:SEEN]).reshape(-1, VECTOR).astype(np.float16) for one in (before, head))
    tiles = np.stack([_small(one) for one in studio.shown[:SEEN].reshape(-1, *studio.shown.shape[2:])])
    artists = np.repeat(np.arange(SEEN), TEST)
    np.savez_compressed(folder / "gallery.npz", before=was, vectors=now, artists=artists, tiles=tiles)
    (folder / "federation.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")


def _small(picture: np.ndarray, side_px: int = TILE_PX) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((side_px, side_px), Image.Resampling.LANCZOS))
