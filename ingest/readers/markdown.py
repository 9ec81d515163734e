"""Markdown: ours, with an id in its front matter, or else a Hugging Face model card."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.blocks import read_blocks
from ingest.errors import CorpusError, CorpusNote
from ingest.front_matter import facts_of, split_front_matter
from ingest.readable import title_of
from ingest.readers.records import Read, read_text, slug


def read_markdown(file: Path) -> Iterator[Read]:
    """Read a file; what its front matter says is quoted as well."""
    text = read_text(file)
    fields, body, left_out = split_front_matter(file, text)
    if not body.strip():
        raise CorpusError(file, "nothing follows the front matter; write the summary there", text.count("\n") + 1)
    if left_out:
        said = f"the front matter is not closed; lines 1 to {left_out} are left out: close it behind line {left_out} "
        yield CorpusNote(file, said + "with a line of three dashes", 1)
    if "id" in fields:
        kind = "model_card" if "model_cards" in Path(os.path.realpath(file)).parent.parts else "paper"
        yield 1, {"kind": kind, **fields, "body": body}
    else:
        yield 1, _model_card(file, fields, body)


def _model_card(file: Path, fields: dict[str, Any], body: str) -> dict[str, Any]:
    stem = name_of(file)
    title = fields.pop("title", None) or fields.get("model_name") or title_in(body, stem) or stem
    return {**fields, "kind": "model_card", "id": slug(stem), "title": title, "body": body, "facts": facts_of(fields)}


def name_of(file: Path) -> str:
    """Return what a file is called: by its folder, where its own name says only what it is."""
    return Path(os.path.realpath(file.parent)).name if file.stem.lower() in ("readme", "model_card") else file.stem


def title_in(text: str, name: str) -> str | None:
    """Return the heading that is a text's title, and no section among others; None where there is none.

    It is the first one. Before anything is said it may be of any level; behind that it has the highest, alone. It is a
    section where others of its rank follow, and it shares no word with the file's name.
    """
    blocks = list(read_blocks(text))
    place = next((n for n, block in enumerate(blocks) if block.kind == "heading"), None)
    if place is None or not re.search(r"[^\W\d]", blocks[place].header):
        return None
    first = blocks[place]
    is_alone = not any(b.kind == "heading" and b.level <= first.level for b in blocks[place + 1 :])
    shared = set(re.findall(r"\w+", first.header.lower())) & set(slug(name).split("-"))
    is_title = is_alone and (place == 0 or first.level == 1)
    is_named = bool(shared) and (place == 0 or first.level == 1)
    return title_of(first.header) if is_title or is_named else None
