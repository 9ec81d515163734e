"""The works in a folder, read one by one: named where one cannot be read, counted once where two have the same pixels.

It runs where the pictures are. It knows nothing of what is shared.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from ingest.files import read_regular
from tools.blend.references import MAX_UPLOAD_BYTES, ReferenceError, read_upload
from tools.style_search.encoder import STATISTICS, StyleEncoder, statistics_of

SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})
OnFile = Callable[[int, int], None]


class WorksError(ValueError):
    """A folder that cannot be used; one line says why."""


@dataclass(frozen=True)
class Works:
    """What was read.

    Args:
        statistics: (works, STATISTICS), in the order of the files' names.
        files: Where each was read from.
        skipped: Files that could not be read, with the reason.
        twice: How many files held the pixels of another one.
    """

    statistics: torch.Tensor
    files: tuple[Path, ...]
    skipped: tuple[str, ...] = ()
    twice: int = 0


def pictures_in(folder: Path) -> list[Path]:
    """The PNG and JPEG files of a folder and of those below it, in the order of their names.

    Raises:
        WorksError: It is no folder, or cannot be opened.
    """
    if not folder.is_dir():
        raise WorksError(f"{folder} is no folder; give one that holds PNG or JPEG files")

    def refuse(error: OSError) -> None:
        raise WorksError(f"{error.filename} cannot be opened: {error.strerror}")

    found = []
    for at, _, names in os.walk(folder, onerror=refuse):
        found += [Path(at) / name for name in names if Path(name).suffix.lower() in SUFFIXES]
    return sorted(found)


def open_picture(file: Path) -> Image.Image:
    """Read one picture, checked as an upload is.

    Raises:
        ValueError, OSError: It cannot be used.
    """
    return read_upload(read_regular(file, MAX_UPLOAD_BYTES))


def read_works(folder: Path, encoder: StyleEncoder, on_file: OnFile = lambda done, total: None) -> Works:
    """Read every picture of a folder.

    Raises:
        WorksError: It is no folder.
    """
    files = pictures_in(folder)
    seen: set[bytes] = set()
    rows, kept, skipped, twice = [], [], [], 0
    for number, (file, picture) in enumerate(_opened(files), 1):
        if isinstance(picture, str):
            skipped.append(f"{file.name}: {picture}")
        else:
            digest = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).digest()
            if digest in seen:
                twice += 1
            else:
                seen.add(digest)
                rows.append(statistics_of(encoder, [picture]))
                kept.append(file)
        on_file(number, len(files))
    statistics = torch.cat(rows) if rows else torch.zeros(0, STATISTICS)
    return Works(statistics, tuple(kept), tuple(skipped), twice)


def _opened(files: list[Path]) -> Iterator[tuple[Path, Image.Image | str]]:
    for file in files:
        try:
            yield file, open_picture(file)
        except (ReferenceError, OSError, ValueError) as error:
            yield file, " ".join(str(error).split())
