"""CSV with a header: a document a row where the columns say so, else one document, which is the table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ingest.errors import CorpusError
from ingest.readers.records import Read, read_text, slug, web_address

BODIES = ("summary", "abstract", "body", "text", "description")
"""Columns that hold what a document says; the first of them that a table has."""
PAPER_URLS = ("paper_url", "paper", "url", "link")
GITHUB_URLS = ("github_url", "github", "code")
MAX_FACT_CHARS = 300


def read_table(file: Path) -> Iterator[Read]:
    """Read a file; columns are told apart by a comma, a semicolon or a tab, whichever its header has most of."""
    text = read_text(file)
    head = text.lstrip().partition("\n")[0]
    rows = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=head.count), strict=True)
    try:
        header = [cell.strip() for cell in next(rows)]
        names = [name.lower() for name in header]
        if len(names) < 2 or not all(names) or len(set(names)) < len(names):
            raise CorpusError(file, "no header that names each of several columns; write one in the first line", 1)
        body = next((name for name in BODIES if name in names), None)
        if "title" not in names or body is None:
            yield 1, _whole(file, header, list(rows))
            return
        for cells in rows:
            if not any(cells):
                continue
            if len(cells) != len(names):
                problem = f"{len(cells)} cells where the header has {len(names)}; quote what holds a comma"
                yield CorpusError(file, problem, rows.line_num)
                continue
            yield (
                rows.line_num,
                _record(dict(zip(names, cells, strict=True)), body, dict(zip(names, header, strict=True))),
            )
    except csv.Error as error:
        raise CorpusError(file, f"not CSV ({error}); save it anew", rows.line_num) from None


def _record(row: dict[str, str], body: str, header: Mapping[str, str]) -> dict[str, object]:
    """Return a row's fields; the columns that are none are facts."""
    title = row.pop("title")
    fields: dict[str, object] = {"title": title, "body": row.pop(body), "id": row.pop("id", "") or slug(title)}
    for name, columns in (("paper_url", PAPER_URLS), ("github_url", GITHUB_URLS)):
        column = next((c for c in columns if web_address(row.get(c))), None)
        fields[name] = row.pop(column) if column else None
    kind = row.pop("kind", "")
    facts = [
        f"{header[name]}: {' '.join(value.split())}"[:MAX_FACT_CHARS] for name, value in row.items() if value.strip()
    ]
    return {**row, **fields, "kind": kind if kind == "model_card" else "paper", "facts": facts}


def _whole(file: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, object]:
    lines = [header, ["---"] * len(header), *(cells for cells in rows if any(cells))]
    body = "\n".join(
        f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |" for cells in lines
    )
    if len(lines) < 3:
        raise CorpusError(file, "nothing follows the header; write a row there", 1)
    return {"kind": "paper", "id": slug(file.stem), "title": file.stem, "body": body}
