"""The pictures nearest in style to one: a gallery of style vectors, embedded once, and their ranks.

Cosines of style vectors are not calibrated, so none is shown: a picture has a rank, and a percentile that says how much
nearer it is than pairs of the gallery's pictures are to each other.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from tools.style_search.encoder import VECTOR, StyleEncoder, Vectors, vectors_of
from tools.style_search.works import OnFile, open_picture

SAVE_EVERY = 500
PAIRS = 20_000
"""Of a large gallery's pairs, so many are drawn to place a distance among them."""
FEW_PAIRS = 10
"""Fewer, of less than five pictures, place nothing."""
BESIDE = "style.npz"
"""Beside a render: its vector, so that it is embedded once."""


@dataclass(frozen=True)
class Gallery:
    """Pictures that can be found.

    Args:
        files: Where they are.
        vectors: (N, VECTOR), each of length 1.
        skipped: Files that could not be read, with the reason.
    """

    files: tuple[Path, ...]
    vectors: Vectors
    skipped: tuple[str, ...] = ()

    @cached_property
    def pairs(self) -> Vectors:
        """The cosines of its pairs, sorted, worked out once."""
        return pair_scores(self.vectors)


@dataclass(frozen=True)
class Nearest:
    """One of the pictures found.

    Args:
        rank: From 1.
        percentile: Share of the gallery's pairs that are farther apart, 0..100; None where there are too few to tell.
    """

    file: Path
    rank: int
    percentile: float | None


def nearest(vector: Vectors, gallery: Gallery, top: int) -> list[Nearest]:
    """Rank a gallery by its nearness in style to a vector, (VECTOR); the first `top` of it."""
    if not len(gallery.files):
        return []
    scores = gallery.vectors @ vector
    top = min(top, len(scores))
    first = np.argpartition(-scores, top - 1)[:top]
    first = first[np.lexsort((first, -scores[first]))]
    pairs = gallery.pairs
    shares = np.searchsorted(pairs, scores[first]) / len(pairs) if len(pairs) >= FEW_PAIRS else None
    return [
        Nearest(gallery.files[at], rank, None if shares is None else 100 * float(shares[rank - 1]))
        for rank, at in enumerate(first.tolist(), 1)
    ]


def pair_scores(vectors: Vectors) -> Vectors:
    """The cosines of a gallery's pairs, sorted; of a large one, of PAIRS drawn ones, the same ones every time."""
    count = len(vectors)
    if count * (count - 1) // 2 <= PAIRS:
        left, right = np.triu_indices(count, 1)
    else:
        rng = np.random.default_rng(0)
        left = rng.integers(count, size=PAIRS)
        right = (left + rng.integers(1, count, size=PAIRS)) % count
    return np.asarray(np.sort(np.einsum("nd,nd->n", vectors[left], vectors[right])), np.float32)


def gallery_of(
    files: Sequence[Path],
    encoder: StyleEncoder,
    cache: Path | None = None,
    on_file: OnFile = lambda done, total: None,
    most: int | None = None,
) -> Gallery:
    """Embed pictures that were not embedded yet.

    Args:
        cache: A file that keeps the vectors of all; None keeps each one's beside it, as BESIDE in its folder.
        on_file: Called with (files done, files in all); what it raises ends it, and what was embedded is kept.
        most: Embed at most so many; what is left over is not in the gallery.
    """
    version = version_of(encoder)
    kept = _read_cache(cache, version) if cache else {}
    found: dict[Path, Vectors] = {}
    skipped, fresh = [], 0
    try:
        for number, file in enumerate(files, 1):
            key = _stamp(file)
            vector = kept.get(key) if cache else _read_cache(file.with_name(BESIDE), version).get(key)
            if vector is None and (most is None or fresh < most):
                try:
                    vector = vectors_of(encoder, [open_picture(file)])[0]
                except (OSError, ValueError) as error:
                    skipped.append(f"{file.name}: {' '.join(str(error).split())}")
                    continue
                fresh += 1
                kept[key] = vector
                if cache is None:
                    _write_cache(file.with_name(BESIDE), version, {key: vector})
                elif fresh % SAVE_EVERY == 0:
                    _write_cache(cache, version, kept)
            if vector is not None:
                found[file] = vector
            on_file(number, len(files))
    finally:
        if cache and fresh:
            _write_cache(cache, version, kept)
    vectors = np.stack(list(found.values())) if found else np.zeros((0, VECTOR), np.float32)
    return Gallery(tuple(found), vectors, tuple(skipped))


def vector_of(picture: Image.Image, encoder: StyleEncoder) -> Vectors:
    """The style vector of one picture, (VECTOR)."""
    return np.asarray(vectors_of(encoder, [picture])[0], np.float32)


def version_of(encoder: StyleEncoder) -> str:
    """Which encoder made a vector: its digest and its head's."""
    head = b"".join(value.cpu().numpy().tobytes() for _, value in sorted(encoder.head.state_dict().items()))
    return hashlib.sha256(encoder.digest.encode() + head).hexdigest()[:32]


def renders_in(folder: Path) -> list[Path]:
    """The pictures of finished renders, the newest first."""
    return sorted(folder.glob("*/image.png"), reverse=True)


def cache_of(folder: Path, home: Path) -> Path:
    """Where the vectors of a folder's pictures are kept: in the home, since the folder may belong to others."""
    name = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return home / "styles" / f"{name}.npz"


def _stamp(file: Path) -> str:
    """A file as it is now: another one of its name is embedded anew."""
    try:
        status = file.stat()
    except OSError:
        return ""
    path = os.fsencode(file.resolve())
    return hashlib.sha256(path + f"|{status.st_size}|{status.st_mtime_ns}".encode()).hexdigest()[:32]


def _read_cache(path: Path, version: str) -> dict[str, Vectors]:
    """What was embedded before by the same encoder; nothing where it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as held:
            if str(held["version"]) != version or held["vectors"].shape != (len(held["keys"]), VECTOR):
                return {}
            return dict(zip(held["keys"].tolist(), held["vectors"].astype(np.float32), strict=True))
    except (OSError, ValueError, KeyError, EOFError):
        return {}


def _write_cache(path: Path, version: str, kept: dict[str, Vectors]) -> None:
    """Keep vectors; where they cannot be kept, they are embedded again next time."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            np.savez(file, version=version, keys=np.array(list(kept)), vectors=np.stack(list(kept.values())))
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
