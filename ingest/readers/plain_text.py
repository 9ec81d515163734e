"""Plain text: the blocks of `Model:`, `Paper:`, `GitHub:` and `Summary:` lines, or else one document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.errors import CorpusError
from ingest.readers.records import Read, Record, read_text, slug

FIELD_NAMES = ("Model", "Paper", "GitHub")
MAX_TITLE_CHARS = 200

_BLOCK_FIELD = re.compile(r"(Model|Paper|GitHub|Summary):[ \t]*(.*)")
_HEADING = re.compile(r"#{1,6}\s+(.+)")
_OTHER_LABEL = re.compile(r"[A-Z]\w*:\s*")  # a line such as `Answer:` ends a block
_TITLE = re.compile(r"\s{0,999}(\S[^\n]*)\n[ \t]*\n\s*(?=\S)")


def read_plain_text(file: Path) -> Iterator[Read]:
    """Read a file: as blocks, where a line begins with `Model:`."""
    text = read_text(file)
    if re.search("^Model:", text, re.MULTILINE):
        yield from _read_blocks(file, text)
        return
    first = _TITLE.match(text)
    is_title = first is not None and len(first[1]) <= MAX_TITLE_CHARS and not first[1].rstrip().endswith(".")
    title = first[1] if first and is_title else file.stem
    body = text[first.end() :] if first and is_title else text
    yield 1, {"kind": "paper", "id": slug(file.stem), "title": title.strip("#= \t") or file.stem, "body": body}


def _read_blocks(file: Path, text: str) -> Iterator[Read]:
    """Read ``Model:`` / ``Paper:`` / ``GitHub:`` / ``Summary:`` blocks, model cards where the heading names models."""
    kind = "paper"
    block: dict[str, Any] = {}
    start, name = 0, ""

    def finish() -> Iterator[Record]:
        if not block:
            return
        given = {key: "\n".join(lines).strip() for key, lines in block.items()}
        written = "\n".join(f"{key}: {given[key]}" for key in FIELD_NAMES if key in given)
        title = given["Model"]
        yield (
            start,
            {
                "kind": kind,
                "id": slug(title.split(":")[0]),
                "title": title,
                "paper_url": given.get("Paper"),
                "github_url": given.get("GitHub"),
                "body": given.get("Summary") or written,
            },
        )

    for number, line in enumerate(text.split("\n"), 1):
        if match := _BLOCK_FIELD.fullmatch(line):
            name = match.group(1)
            if name == "Model":
                yield from finish()
                block, start = {}, number
            elif not block:
                yield CorpusError(file, f"`{name}:` comes before any `Model:`; begin the block with `Model:`", number)
                continue
            elif name in block:
                yield CorpusError(file, f"a second `{name}:` in one block; begin the next with `Model:`", number)
                continue
            block[name] = [match.group(2)]
        elif heading := _HEADING.fullmatch(line):
            yield from finish()
            block, name = {}, ""
            kind = "model_card" if re.search(r"\bmodels?\b", heading.group(1), re.IGNORECASE) else "paper"
        elif not line.strip() and name != "Summary":
            name = ""
        elif block and name and not _OTHER_LABEL.fullmatch(line):
            block[name].append(line)
        elif block and line.strip():
            yield from finish()
            block, name = {}, ""
    yield from finish()
