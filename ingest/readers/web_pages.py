"""HTML pages: what they say as Markdown, without navigation, forms, frames and scripts.

Where a page names its main part, that is what is read. Knows no document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

from ingest.errors import CorpusError
from ingest.readers.records import Read, read_bytes, slug

SKIPPED = frozenset(
    ("script", "style", "nav", "footer", "aside", "form", "button", "svg", "noscript", "template", "iframe", "select")
)
VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
BREAKS = frozenset(
    ("address", "article", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "figcaption", "figure")
).union(("header", "hr", "li", "main", "ol", "p", "section", "summary", "ul"))
"""Tags at which a paragraph ends."""
MAX_DEPTH = 400

_CHARSET = re.compile(rb"<meta[^<>]{0,200}charset\s{0,9}=\s{0,9}[\"']?([\w-]{1,40})", re.IGNORECASE)
_MARK = re.compile(r"(?m)^(\s*)([#>+*-]|\d{1,9}[.)])(?=\s)")
_TITLE_END = re.compile(r"\s+[|–—·-]\s+")


def read_web_page(file: Path) -> Iterator[Read]:
    """Read a page as one paper, called by its first heading of the highest level, else by its title."""
    data = read_bytes(file, "split it")
    text = _decoded(file, data)
    page = _Page()
    page.feed(text)
    page.close()
    page.finish()
    body = "\n\n".join(page.main or page.blocks)
    if not re.search(r"\w", body):
        raise CorpusError(file, "the page says nothing, as those do that a script fills; save what it shows", 1)
    title = page.heading or _TITLE_END.split(" ".join(page.title.split()))[0] or file.stem
    yield 1, {"kind": "paper", "id": slug(file.stem), "title": title, "body": body}


def _decoded(file: Path, data: bytes) -> str:
    named = _CHARSET.search(data[:4096])
    for encoding in ("utf-8-sig", named[1].decode("ascii", "ignore") if named else "utf-8"):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    raise CorpusError(file, "neither UTF-8 nor what it says that it is; save it as UTF-8")


class _Page(HTMLParser):
    """Gathers a page's blocks as Markdown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = self.heading = ""
        self.blocks: list[str] = []
        self.main: list[str] = []  # those inside of <main>, or else <article>
        self._open: list[str] = []
        self._text: list[str] = []
        self._cells: list[str] = []
        self._is_cell = False
        self._rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attributes: Sequence[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._text.append("\n")
        if tag in VOID or len(self._open) >= MAX_DEPTH:
            return
        if not self._is_in("table"):
            if tag in BREAKS or tag in ("table", "pre") or re.fullmatch("h[1-6]", tag):
                self.finish()
        elif tag in ("tr", "td", "th"):  # the one before needs no end
            self._end_row() if tag == "tr" else self._end_cell()
            self._is_cell = tag != "tr"
        if tag == "li" and self._open[-1:] == ["li"]:  # which needs no end
            self._open.pop()
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._open:
            return
        if tag == "table":
            self._end_table()
        elif self._is_in("table"):
            if tag in ("td", "th"):
                self._end_cell()
            elif tag == "tr":
                self._end_row()
        elif tag in BREAKS or tag == "pre" or re.fullmatch("h[1-6]", tag):
            self.finish()
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["title"] and not self._is_in("svg"):
            self.title += data
        elif not SKIPPED.intersection(self._open):
            self._text.append(data)

    def finish(self) -> None:
        """End the block that is open."""
        raw = "".join(self._text)
        self._text = []
        if self._is_in("pre"):
            fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", raw)), default=0))
            self._put(f"{fence}\n{raw.strip(chr(10))}\n{fence}" if raw.strip() else "")
            return
        text = _MARK.sub(r"\1\\\2", " ".join(raw.split())).replace("<", "\\<")
        heading = next((tag for tag in self._open if re.fullmatch("h[1-6]", tag)), None)
        if not text:
            return
        if heading:
            if not self.heading and heading == "h1":
                self.heading = text
            self._put(f"{'#' * int(heading[1])} {text}")
        elif self._is_in("li") or self._is_in("dd"):
            self._put(f"- {text}")
        else:
            self._put(f"> {text}" if self._is_in("blockquote") else text)

    def _end_cell(self) -> None:
        if self._is_cell:
            self._cells.append(" ".join("".join(self._text).split()).replace("|", "\\|"))
        self._is_cell, self._text = False, []

    def _end_row(self) -> None:
        self._end_cell()
        if self._cells:
            self._rows.append(self._cells)
        self._cells = []

    def _end_table(self) -> None:
        self._end_row()
        rows, self._rows = self._rows, []
        width = max(map(len, rows), default=0)
        if width and len(rows) > 1:
            lines = [row + [""] * (width - len(row)) for row in rows]
            lines.insert(1, ["---"] * width)
            self._put("\n".join(f"| {' | '.join(cells)} |" for cells in lines))
        else:  # it lays the page out
            self._put("\n\n".join(cell for row in rows for cell in row if cell))

    def _put(self, block: str) -> None:
        if not block or SKIPPED.intersection(self._open):
            return
        self.blocks.append(block)
        if "main" in self._open or "article" in self._open:
            self.main.append(block)

    def _is_in(self, tag: str) -> bool:
        return tag in self._open
