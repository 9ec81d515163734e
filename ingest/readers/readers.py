"""The registry of readers: the one of each type of file.

Adding a type of file is a file here and a line for its ending.
"""

from __future__ import annotations

from ingest.readers.bibtex import read_bibtex
from ingest.readers.json_records import read_json
from ingest.readers.markdown import read_markdown
from ingest.readers.pdf_papers import read_pdf
from ingest.readers.plain_text import read_plain_text
from ingest.readers.records import Reader
from ingest.readers.tables import read_table
from ingest.readers.web_pages import read_web_page

READERS: dict[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".jsonl": read_json,
    ".ndjson": read_json,
    ".json": read_json,
    ".csv": read_table,
    ".bib": read_bibtex,
    ".html": read_web_page,
    ".htm": read_web_page,
    ".txt": read_plain_text,
    ".pdf": read_pdf,
}
"""The reader of each ending."""

LISTS = frozenset((read_json, read_table, read_bibtex))
"""Readers of files that hold many records, which are quick to read twice."""
