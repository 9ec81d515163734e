"""Readers, one for each type of file: from a file to the fields of its documents.

Adding a type of file is a function and its endings in `READERS`. A reader knows its format, and nothing of what makes a
document whole: `documents.py` checks that.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ingest.blocks import read_blocks
from ingest.errors import CorpusError
from ingest.files import open_regular, read_regular
from ingest.front_matter import facts_of, split_front_matter
from ingest.pdf import read_pdf_text

MAX_FILE_BYTES = 50 * 1024 * 1024
"""A file that is read whole must be small; JSON lines are streamed and may be any size."""
MAX_LINE_BYTES = MAX_FILE_BYTES
ARXIV_ID = re.compile(r"(?:\d{4}\.\d{4,5}|[a-z-]{2,20}(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?")
FIELD_NAMES = ("Model", "Paper", "GitHub")

_BLOCK_FIELD = re.compile(r"(Model|Paper|GitHub|Summary):[ \t]*(.*)")
_HEADING = re.compile(r"#{1,6}\s+(.+)")
_OTHER_LABEL = re.compile(r"[A-Z]\w*:\s*")  # a line such as `Answer:` ends a block


Record = tuple[int, dict[str, Any]]
"""A document's first line, and its fields: kind, id, title, body, paper_url, github_url, and any others."""
Reader = Callable[[Path], Iterator[Record | CorpusError]]
"""Yields each record of a file, or the error in its place; raises CorpusError where the whole file cannot be used."""


def read_text(file: Path) -> str:
    data = read_regular(file, MAX_FILE_BYTES)
    if len(data) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 2**20
        raise CorpusError(file, f"more than {limit} MB; give it as JSON lines, which are streamed")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CorpusError(file, f"not UTF-8 (byte {error.start}); save it as UTF-8", line) from None
    if not text.strip():
        raise CorpusError(file, "the file is empty; write something in it or remove it", 1)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_markdown(file: Path) -> Iterator[Record | CorpusError]:
    """Read ours (front matter with an id) or else a Hugging Face model card."""
    text = read_text(file)
    fields, body = split_front_matter(file, text)
    if not body.strip():
        raise CorpusError(file, "nothing follows the front matter; write the summary there", text.count("\n") + 1)
    if "id" in fields:
        kind = "model_card" if "model_cards" in Path(os.path.realpath(file)).parent.parts else "paper"
        yield 1, {"kind": kind, **fields, "body": body}
    else:
        yield 1, _read_model_card(file, fields, body)


def _read_model_card(file: Path, fields: dict[str, Any], body: str) -> dict[str, Any]:
    stem = Path(os.path.realpath(file.parent)).name if file.stem.lower() in ("readme", "model_card") else file.stem
    title = fields.pop("title", None) or fields.get("model_name") or _heading(body, stem) or stem
    facts = "".join(f"\n\n{fact}" for fact in facts_of(fields))
    return {**fields, "kind": "model_card", "id": slug(stem), "title": title, "body": body.rstrip() + facts}


def _heading(text: str, name: str) -> str | None:
    """Return the heading that is a text's title: the first one, before anything is said, and no section among others.

    It is a section where others of its rank follow, and it shares no word with the file's name.
    """
    blocks = list(read_blocks(text))
    first = blocks[0] if blocks else None
    if first is None or first.kind != "heading" or not re.search(r"[^\W\d]", first.header):
        return None
    rank = first.level
    is_alone = not any(block.kind == "heading" and block.level <= rank for block in blocks[1:])
    shared = set(re.findall(r"\w+", first.header.lower())) & set(slug(name).split("-"))
    return first.header if is_alone or shared else None


def read_json_lines(file: Path) -> Iterator[Record | CorpusError]:
    """Read JSON: an object a line, or one object, or an array of them, pretty-printed or not."""
    with open_regular(file) as lines:
        number, data = 0, b"\n"
        while data and not data.strip():
            number, data = number + 1, lines.readline(MAX_LINE_BYTES + 1)
        if not data:
            raise CorpusError(file, "the file is empty; write something in it or remove it", 1)
        if len(data) <= MAX_LINE_BYTES and not _is_object(data):
            yield from _read_whole_json(file)
            return
        while data:
            if len(data) > MAX_LINE_BYTES:
                raise CorpusError(file, "a line over 50 MB; write one JSON object per line", number)
            if data.strip():
                yield _read_json_line(file, number, data)
            number, data = number + 1, lines.readline(MAX_LINE_BYTES + 1)


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data.decode("utf-8-sig")), dict)
    except (ValueError, RecursionError):
        return False


def _read_json_line(file: Path, number: int, data: bytes) -> Record | CorpusError:
    try:
        record = json.loads(data.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError:
        return CorpusError(file, "not UTF-8; save it as UTF-8", number)
    except (ValueError, RecursionError) as error:  # a ValueError of another kind: a number of 5,000 figures
        problem = getattr(error, "msg", "nested too deeply, or a number without end")
        return CorpusError(file, f"not JSON ({problem}); write one JSON object per line", number)
    return _read_record(file, number, record)


def _read_whole_json(file: Path) -> Iterator[Record | CorpusError]:
    """Read one object, or an array of them; what is wrong with the file is said once."""
    text = read_text(file)
    try:
        json.loads(text)
        at = _next(text, 0)
        is_array = text[at] == "["
        at = _next(text, at + 1) if is_array else at
        while at < len(text) and text[at] != "]":
            record, end = json.JSONDecoder().raw_decode(text, at)
            yield _read_record(file, text.count("\n", 0, at) + 1, record)
            at = _next(text, end)
    except (ValueError, RecursionError) as error:
        problem = getattr(error, "msg", "nested too deeply, or a number without end")
        line = getattr(error, "lineno", 1)
        raise CorpusError(file, f"not JSON ({problem}); write an array of objects, or an object a line", line) from None


def _next(text: str, at: int) -> int:
    """Return where the next value of a JSON array begins, or the array ends."""
    while at < len(text) and text[at] in " \t\n,":
        at += 1
    return at


def _read_record(file: Path, number: int, record: Any) -> Record | CorpusError:
    if not isinstance(record, dict):
        return CorpusError(file, 'not an object; write {"id": ..., "title": ..., "summary": ...}', number)
    abstract = record.pop("abstract", None)
    body = record.pop("summary", None) or abstract
    if isinstance(record.get("id"), str) and ARXIV_ID.fullmatch(record["id"]) and not record.get("paper_url"):
        record["paper_url"] = f"https://arxiv.org/abs/{record['id']}"
    return number, {**record, "kind": "paper", "body": body}


def read_field_blocks(file: Path) -> Iterator[Record | CorpusError]:
    """Read ``Model:`` / ``Paper:`` / ``GitHub:`` / ``Summary:`` blocks, model cards where the heading names models."""
    text = read_text(file)
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

    found = False
    for number, line in enumerate(text.split("\n"), 1):
        if match := _BLOCK_FIELD.fullmatch(line):
            name = match.group(1)
            if name == "Model":
                yield from finish()
                block, start, found = {}, number, True
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
    if not found:
        raise CorpusError(file, "no `Model:` line; write blocks of Model:, Paper:, GitHub:, Summary:", 1)


def read_pdf(file: Path) -> Iterator[Record | CorpusError]:
    """Read a PDF as one paper."""
    data = read_regular(file, MAX_FILE_BYTES)
    if len(data) > MAX_FILE_BYTES:
        raise CorpusError(file, f"more than {MAX_FILE_BYTES // 2**20} MB; split it")
    if not data:
        raise CorpusError(file, "the file is empty; write something in it or remove it")
    pdf = read_pdf_text(file, data)
    yield (
        1,
        {
            "kind": "paper",
            "id": slug(file.stem),
            "title": pdf.title or file.stem,
            "body": pdf.body,
            "pages": list(pdf.pages),
        },
    )


def slug(text: str) -> str:
    """A text as an id: lower case, with hyphens for all but letters and digits; ASCII where it has any."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return plain or re.sub(r"[\W_]+", "-", text.lower()).strip("-") or "document"


READERS: dict[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json_lines,
    ".txt": read_field_blocks,
    ".pdf": read_pdf,
}
"""The reader of each ending."""
