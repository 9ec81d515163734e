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

from ingest.files import open_regular, read_regular

MAX_FILE_BYTES = 50 * 1024 * 1024
"""A file that is read whole must be small; JSON lines are streamed and may be any size."""
MAX_LINE_BYTES = MAX_FILE_BYTES
FIELD_NAMES = ("Model", "Paper", "GitHub")
MAX_FRONT_MATTER_CHARS = 200_000
"""Parsed in Python; a model card's list of evaluation results is the longest thing that people put there."""

_BLOCK_FIELD = re.compile(r"(Model|Paper|GitHub|Summary):[ \t]*(.*)")
_HEADING = re.compile(r"#{1,6}\s+(.+)")
_OTHER_LABEL = re.compile(r"[A-Z]\w*:\s*")  # a line such as `Answer:` ends a block


class CorpusError(ValueError):
    """Something in the corpus cannot be used; the message says where, why, and what to do."""

    def __init__(self, file: Path | str, problem: str, line: int | None = None) -> None:
        place = f"{file}:{line}" if line else str(file)
        super().__init__(f"{place}: {problem}")
        self.file = Path(file)
        self.line = line


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
    import yaml

    front: Any = {}
    body = text
    if re.match(r"---[ \t]*\n", text):
        closing = re.search(r"^---[ \t]*$", text[4:], re.MULTILINE)
        if not closing:
            raise CorpusError(file, "the front matter is not closed; end it with a line of three dashes", 1)
        written = text[4 : 4 + closing.start()]
        if len(written) > MAX_FRONT_MATTER_CHARS:
            raise CorpusError(file, f"the front matter is longer than {MAX_FRONT_MATTER_CHARS:,} characters", 1)
        try:
            # an alias is one object, and grows beyond all memory where it is written out
            if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(written, yaml.SafeLoader)):
                raise CorpusError(file, "the front matter repeats a part by an alias (*name); write it out", 1)
            front = yaml.safe_load(written)
        except (RecursionError, ValueError) as error:
            if isinstance(error, CorpusError):
                raise
            raise CorpusError(file, "the front matter cannot be parsed; write `name: value` lines", 1) from None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 2 if mark else 1
            problem = getattr(error, "problem", None) or "it cannot be parsed"
            raise CorpusError(file, f"the front matter is not YAML ({problem}); mend that line", line) from None
        if front is None:
            front = {}
        if not isinstance(front, dict):
            raise CorpusError(file, "the front matter is not a list of `name: value` lines; write it so", 2)
        body = text[4 + closing.end() :]
    if not body.strip():
        raise CorpusError(file, "nothing follows the front matter; write the summary there", text.count("\n") + 1)
    fields = {str(key): value for key, value in front.items()}
    if "id" in fields:
        kind = "model_card" if "model_cards" in Path(os.path.realpath(file)).parent.parts else "paper"
        yield 1, {"kind": kind, **fields, "body": body}
    else:
        yield 1, _read_model_card(file, text)


def _read_model_card(file: Path, text: str) -> dict[str, Any]:
    import logging

    from huggingface_hub import ModelCard

    for name in ("repocard", "repocard_data"):  # they tell of what is missing; a card may have no front matter at all
        logging.getLogger(f"huggingface_hub.{name}").setLevel(logging.ERROR)
    card = ModelCard(text, ignore_metadata_errors=True)
    fields = dict(card.data.to_dict())
    stem = Path(os.path.realpath(file.parent)).name if file.stem.lower() in ("readme", "model_card") else file.stem
    headings = (line[1:].strip().rstrip("#").rstrip() for line in card.text.split("\n") if line[:2] in ("# ", "#\t"))
    heading = next((heading for heading in headings if heading), None)
    title = fields.pop("title", None) or fields.get("model_name") or heading or stem
    return {**fields, "kind": "model_card", "id": slug(stem), "title": title, "body": card.text}


def read_json_lines(file: Path) -> Iterator[Record | CorpusError]:
    """Read one JSON object a line."""
    empty = True
    with open_regular(file) as lines:
        number = 0
        while data := lines.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(data) > MAX_LINE_BYTES:
                raise CorpusError(file, "a line over 50 MB; write one JSON object per line", number)
            if not data.strip():
                continue
            empty = False
            try:
                record = json.loads(data.decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError:
                yield CorpusError(file, "not UTF-8; save it as UTF-8", number)
                continue
            except (ValueError, RecursionError) as error:  # a ValueError of another kind: a number of 5,000 figures
                problem = getattr(error, "msg", "nested too deeply, or a number without end")
                yield CorpusError(file, f"not JSON ({problem}); write one JSON object per line", number)
                continue
            if not isinstance(record, dict):
                yield CorpusError(file, 'not an object; write {"id": ..., "title": ..., "summary": ...}', number)
                continue
            body = record.pop("summary", None) or record.pop("abstract", None)
            record.pop("abstract", None)
            yield number, {**record, "kind": "paper", "body": body}
    if empty:
        raise CorpusError(file, "the file is empty; write something in it or remove it", 1)


def read_blocks(file: Path) -> Iterator[Record | CorpusError]:
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


def slug(text: str) -> str:
    """A text as an id: lower case, with hyphens for all but letters and digits."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "document"


READERS: dict[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".jsonl": read_json_lines,
    ".ndjson": read_json_lines,
    ".json": read_json_lines,
    ".txt": read_blocks,
}
"""The reader of each ending."""
