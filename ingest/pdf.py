"""PDF files: their text in reading order as Markdown, with title, sections and the place where each page begins.

Text comes in the order in which a file draws it, which is the order of reading in what typesetters make, columns
included. Set larger or bolder than the rest, a short line is a heading; the largest on the first page is the title.
What stands below "References" is left out. Knows no document.
"""

from __future__ import annotations

import io
import logging
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import CorpusError
from ingest.readable import unbroken

MAX_PAGES = 2_000
MAX_SECONDS = 60.0
MAX_TEXT_CHARS = 10_000_000
MAX_HEADING_CHARS = 120
LARGER = 1.12
"""How much larger than most of the text a heading is set."""
PARAGRAPH_GAP = 1.55
"""The distance of two lines, in sizes of their letters, that parts paragraphs."""

_REFERENCES = re.compile(r"\A(?:[\dIVX]{1,9}\.?\s+)?(?:references|bibliography|literature cited)", re.IGNORECASE)
_PAGE_NUMBER = re.compile(r"(?:page\s*)?\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?", re.IGNORECASE)


@dataclass(frozen=True)
class _Line:
    text: str
    size: float  # of its letters, in points
    is_bold: bool
    y: float
    page: int  # counted from 1


@dataclass(frozen=True)
class PdfText:
    """What a PDF says.

    Args:
        title: From its first page; None where nothing stands out there.
        body: Markdown.
        pages: For each page, where its text begins in the body, in characters.
    """

    title: str | None
    body: str
    pages: tuple[int, ...]


def read_pdf_text(file: Path, data: bytes) -> PdfText:
    """Read a PDF.

    Raises:
        CorpusError: It is encrypted, scanned, too long, or no PDF.
    """
    from pypdf import PdfReader
    from pypdf.errors import PdfReadError

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise CorpusError(file, "the PDF is encrypted; save a copy without its password")
        if len(reader.pages) > MAX_PAGES:
            raise CorpusError(file, f"more than {MAX_PAGES:,} pages; split it")
        lines = list(_lines(file, reader))
    except CorpusError:
        raise
    except (PdfReadError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # what a broken file makes of a parser's expectations
        told = " ".join(str(error).split())[:120] or type(error).__name__
        raise CorpusError(file, f"the PDF cannot be read ({told}); save it anew") from None
    except NotImplementedError:
        raise CorpusError(file, "the PDF uses what cannot be read; save it anew") from None
    if not lines:
        raise CorpusError(file, "the PDF holds no text, as scans do; give one whose text can be selected")
    return _composed(lines)


def _lines(file: Path, reader: Any) -> Iterator[_Line]:
    began, chars = time.monotonic(), 0
    for number, page in enumerate(reader.pages, 1):
        pieces: list[tuple[float, float, bool, str]] = []

        def visit(
            text: str, cm: Any, tm: Any, font: Any, size: float, pieces: list[Any] = pieces, page: Any = page
        ) -> None:
            if text.strip():
                scale = abs(tm[3] or tm[0] or 1.0) * abs(cm[3] or 1.0)
                name = str((font or {}).get("/BaseFont", ""))
                pieces.append((tm[5] * cm[3] + cm[5], size * scale, "bold" in name.lower(), text))

        page.extract_text(visitor_text=visit)
        chars += sum(len(piece[3]) for piece in pieces)
        if chars > MAX_TEXT_CHARS or time.monotonic() - began > MAX_SECONDS:
            raise CorpusError(file, f"the PDF takes more than {MAX_SECONDS:.0f} s or holds too much text; split it")
        yield from _joined(pieces, number)


def _joined(pieces: list[tuple[float, float, bool, str]], page: int) -> Iterator[_Line]:
    """Yield the lines of a page: pieces that stand at one height, one after the other."""
    row: list[tuple[float, float, bool, str]] = []
    for piece in [*pieces, None]:
        if piece is not None and row and abs(piece[0] - row[-1][0]) < 0.3 * max(piece[1], 1.0):
            row.append(piece)
            continue
        if row:
            text = " ".join("".join(part[3] for part in row).split())
            if text and not _PAGE_NUMBER.fullmatch(text):
                yield _Line(text, round(max(part[1] for part in row), 1), all(part[2] for part in row), row[0][0], page)
        row = [piece] if piece is not None else []


def _composed(lines: list[_Line]) -> PdfText:
    """Make Markdown of lines."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    usual = sizes.most_common(1)[0][0]
    largest = max(line.size for line in lines if line.page == lines[0].page)
    title = " ".join(line.text for line in lines if line.page == lines[0].page and line.size == largest)
    has_title = largest > usual * LARGER and len(title) <= 3 * MAX_HEADING_CHARS
    blocks: list[tuple[int, str]] = []  # page, Markdown
    paragraph: list[_Line] = []
    is_listing = False

    def finish() -> None:
        if paragraph and not is_listing:
            text = unbroken("\n".join(line.text for line in paragraph)).replace("\n", " ")
            blocks.append((paragraph[0].page, text))
        paragraph.clear()

    for line in lines:
        if has_title and line.page == lines[0].page and line.size == largest:
            continue
        stands_out = line.size > usual * LARGER or (line.is_bold and line.size >= usual)
        if stands_out and len(line.text) <= MAX_HEADING_CHARS and not line.text.endswith((".", ",", ";")):
            finish()
            is_listing = bool(_REFERENCES.fullmatch(line.text))
            if not is_listing:
                blocks.append((line.page, f"## {line.text}"))
            continue
        if paragraph and _parts(paragraph[-1], line):
            finish()
        paragraph.append(line)
    finish()
    pages, body = [0], ""
    for page, block in blocks:
        body += "\n\n" if body else ""
        pages += [len(body)] * (page - len(pages))
        body += block
    return PdfText(title if has_title else None, body, tuple(pages))


def _parts(before: _Line, line: _Line) -> bool:
    """Say whether a paragraph ends between two lines."""
    if before.page != line.page or line.y > before.y:  # a new page or column: a sentence may go on there
        return before.text.endswith((".", "!", "?", ":"))
    return before.y - line.y > PARAGRAPH_GAP * max(line.size, 1.0) or abs(before.size - line.size) > 0.5
