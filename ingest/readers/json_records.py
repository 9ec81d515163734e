"""JSON: an object a line, or one object, or an array of them, pretty-printed or not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.errors import CorpusError
from ingest.files import open_regular
from ingest.readers.records import MAX_FILE_BYTES, Read, read_text

MAX_LINE_BYTES = MAX_FILE_BYTES


def read_json(file: Path) -> Iterator[Read]:
    """Read a file; lines are streamed."""
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


def _read_json_line(file: Path, number: int, data: bytes) -> Read:
    try:
        record = json.loads(data.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError:
        return CorpusError(file, "not UTF-8; save it as UTF-8", number)
    except (ValueError, RecursionError) as error:  # a ValueError of another kind: a number of 5,000 figures
        problem = getattr(error, "msg", "nested too deeply, or a number without end")
        return CorpusError(file, f"not JSON ({problem}); write one JSON object per line", number)
    return _read_record(file, number, record)


def _read_whole_json(file: Path) -> Iterator[Read]:
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


def _read_record(file: Path, number: int, record: Any) -> Read:
    if not isinstance(record, dict):
        return CorpusError(file, 'not an object; write {"id": ..., "title": ..., "summary": ...}', number)
    abstract = record.pop("abstract", None)
    body = record.pop("summary", None) or abstract
    return number, {**record, "kind": "paper", "body": body}
