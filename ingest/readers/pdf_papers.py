"""PDF files: one paper each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ingest.arxiv import paper_of
from ingest.errors import CorpusError
from ingest.pdf import read_pdf_text
from ingest.readers.records import Read, read_bytes, slug


def read_pdf(file: Path) -> Iterator[Read]:
    """Read a file; called by an arXiv identifier, it has that as its id."""
    data = read_bytes(file, "split it")
    if not data:
        raise CorpusError(file, "the file is empty; write something in it or remove it")
    pdf = read_pdf_text(file, data)
    name = file.stem if paper_of(file.stem) else slug(file.stem)
    fields = {"kind": "paper", "id": name, "title": pdf.title or file.stem, "body": pdf.body, "pages": list(pdf.pages)}
    yield 1, fields
