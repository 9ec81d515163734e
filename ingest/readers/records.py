"""What a reader gives: records, or what keeps one from being read; and what readers have in common.

Knows no format, and nothing of what makes a document whole: `ingest/documents.py` checks that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ingest.errors import CorpusError, CorpusNote
from ingest.files import read_regular

MAX_FILE_BYTES = 50 * 1024 * 1024
"""A file that is read whole must be small; JSON lines are streamed and may be any size."""

Record = tuple[int, dict[str, Any]]
"""A document's first line, and its fields: kind, id, title, body, paper_url, github_url, facts (lines that its metadata
say), and any others."""
Read = Record | CorpusError | CorpusNote
Reader = Callable[[Path], Iterator[Read]]
"""Yields each record of a file, the error in its place, or a note; raises CorpusError where the whole file cannot be
used."""


def read_bytes(file: Path, cure: str) -> bytes:
    """Return what a file holds; `cure` says what to do with one that is too big."""
    data = read_regular(file, MAX_FILE_BYTES)
    if len(data) > MAX_FILE_BYTES:
        raise CorpusError(file, f"more than {MAX_FILE_BYTES // 2**20} MB; {cure}")
    return data


def read_text(file: Path) -> str:
    """Return a text file's text, its lines ended by a line feed."""
    data = read_bytes(file, "give it as JSON lines, which are streamed")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CorpusError(file, f"not UTF-8 (byte {error.start}); save it as UTF-8", line) from None
    if not text.strip():
        raise CorpusError(file, "the file is empty; write something in it or remove it", 1)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def slug(text: str) -> str:
    """A text as an id: lower case, with hyphens for all but letters and digits; ASCII where it has any."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return plain or re.sub(r"[\W_]+", "-", text.lower()).strip("-") or "document"


def web_address(value: Any) -> str | None:
    """Return what a field gives as an address, where it is one."""
    text = str(value or "").strip()
    return text if re.fullmatch(r"https?://[^\s<>\"]+", text) else None
