"""From Markdown to its blocks: what is said, each below its headings, with its span in the text to the letter.

Paragraphs, list items, table rows with their header, code and quotes are blocks; headings tell where a block stands.
Badges, tables of contents, rules, pictures and HTML wrappers say nothing and are none. CommonMark decides what is what,
but for code by indentation alone: abstracts and HTML are indented for looks. Knows no sentence and no document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ingest.readable import is_navigation, readable

MAX_HEADING_CHARS = 300
MAX_CELLS = 200
"""Columns of a table that are told apart; a wider row is read as it is written."""

_NEWLINE = re.compile(r"\r\n?|\n")
_MARKS = re.compile(r"(?:\s{0,99}+(?:[-*+]|\d{1,9}[.)]|>)(?:\s{1,99}+|(?<=>))){0,99}")
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)(?:[\s/][^<>]*)?>")
_WORD = re.compile(r"\w")
_IN_LINE = re.compile(
    r"a|abbr|b|big|br|code|del|em|font|i|img|ins|kbd|mark|q|s|small|span|strong|sub|sup|tt|u", re.IGNORECASE
)
_SILENT = frozenset(("head", "nav", "script", "style", "summary", "svg", "title"))


@dataclass(frozen=True)
class Block:
    """A part of a text that stands for itself: ``text[start:end]``."""

    kind: str  # "heading" | "paragraph" | "item" | "row" | "code" | "quote"
    start: int
    end: int
    path: tuple[str, ...] = ()  # the headings that it stands below, the outermost first
    header: str = ""  # of a row: its table's column names; of code: its language; of a heading: its words
    level: int = 0  # of a heading: 1 to 6


def read_blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a text in order and without overlap, headings included."""
    starts = [0, *(found.end() for found in _NEWLINE.finditer(text)), len(text)]
    headings: list[tuple[int, str]] = []
    at = 0
    for block in _parsed(text, starts):
        if block.start < at or block.start >= block.end:
            continue  # a paragraph inside of what was taken whole
        at = block.end
        if block.kind == "heading":
            headings = [(above, words) for above, words in headings if above < block.level]
        yield replace(block, path=tuple(words for _, words in headings))
        if block.kind == "heading" and block.header:
            headings.append((block.level, block.header))


def _parsed(text: str, starts: Sequence[int]) -> Iterator[Block]:
    """Yield the blocks without their paths."""
    tokens = _tokens(text)
    around: list[str] = []
    header: list[str] = []
    for number, token in enumerate(tokens):
        low, high = (starts[min(line, len(starts) - 1)] for line in token.map or (0, 0))
        if token.type in _OPENINGS:
            around.append(token.type.split("_")[0])
            header = [] if token.type == "table_open" else header
        elif token.type in _CLOSINGS:
            around.pop()
        elif token.type == "heading_open":
            words = readable(tokens[number + 1].content)[:MAX_HEADING_CHARS]
            yield _trimmed(text, Block("heading", low, high, header=words, level=int(token.tag[1])))
        elif token.type in ("fence", "code_block"):
            yield _trimmed(text, Block("code", low, high, header=token.info.strip().partition(" ")[0]))
        elif token.type == "html_block":
            yield from _of_html(text, low, high)
        elif token.type == "tr_open":
            cells = _cells(tokens, number)
            if "thead" in around:
                header = cells
            elif any(cells):
                yield _trimmed(text, Block("row", low, high, header=" | ".join(header)))
        elif token.type == "inline" and token.map and "table" not in around and tokens[number - 1].tag[:1] != "h":
            kind = next((kind for name, kind in _KINDS.items() if name in around), "paragraph")
            if kind != "paragraph":
                low = min(_MARKS.match(text, low).end(), high)  # type: ignore[union-attr]
            if not is_navigation(token.content) or not _WORD.search(token.content):
                yield _trimmed(text, Block(kind, low, high))


_OPENINGS = frozenset(f"{name}_open" for name in ("bullet_list", "ordered_list", "blockquote", "table", "thead"))
_CLOSINGS = frozenset(name.replace("_open", "_close") for name in _OPENINGS)
_KINDS = {"bullet": "item", "ordered": "item", "blockquote": "quote"}


def _cells(tokens: Sequence[Any], row: int) -> list[str]:
    cells: list[str] = []
    for token in tokens[row + 1 :]:
        if token.type == "tr_close" or len(cells) == MAX_CELLS:
            break
        if token.type == "inline":
            cells.append(readable(token.content))
    return cells


def _trimmed(text: str, block: Block) -> Block:
    start, end = block.start, block.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return replace(block, start=start, end=end)


def _of_html(text: str, start: int, end: int) -> Iterator[Block]:
    """Yield what HTML says: its headings, table rows, code, and the runs of text between its block tags."""
    raw = _without_comments(text[start:end])
    lower = raw.lower()
    begin = at = 0
    kind, header = "paragraph", ""

    def run(low: int, high: int) -> Iterator[Block]:
        block = _trimmed(text, Block(kind, start + low, start + high))
        if block.start < block.end and not is_navigation(raw[block.start - start : block.end - start]):
            yield block

    while found := _TAG.search(raw, at):
        name, at = found[2].lower(), found.end()
        if _IN_LINE.fullmatch(name):
            continue
        yield from run(begin, found.start())
        begin = at
        kind = "item" if name == "li" and not found[1] else "paragraph"
        if found[1]:
            continue
        if name in _SILENT or name in ("tr", "pre") or re.fullmatch("h[1-6]", name):
            closing = lower.find(f"</{name}", at)
            inner_end = closing if closing >= 0 else len(raw)
            inner = raw[at:inner_end]
            whole = _trimmed(text, Block("code" if name == "pre" else "row", start + at, start + inner_end))
            if name == "tr":
                if "<th" in inner.lower() and not header:
                    header = " | ".join(readable(cell) for cell in re.split("<t[hd][^<>]*>", inner, flags=re.I)[1:])
                elif not is_navigation(inner):
                    yield replace(whole, header=header)
            elif name == "pre":
                yield whole
            elif name not in _SILENT:
                yield replace(whole, kind="heading", header=readable(inner)[:MAX_HEADING_CHARS], level=int(name[1]))
            begin = at = inner_end
    yield from run(begin, len(raw))


def _without_comments(raw: str) -> str:
    """Return HTML with its comments blanked out, as long as it was."""
    pieces, at = [], 0
    while (opening := raw.find("<!--", at)) >= 0:
        closing = raw.find("-->", opening + 4)
        after = closing + 3 if closing >= 0 else len(raw)
        pieces += [raw[at:opening], " " * (after - opening)]
        at = after
    return "".join([*pieces, raw[at:]])


def _tokens(text: str) -> list[Any]:
    parser = _parser()
    tokens: list[Any] = []
    parser.block.parse(_NEWLINE.sub("\n", text).replace("\0", "\ufffd"), parser, {}, tokens)
    return tokens


@lru_cache(maxsize=1)
def _parser() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table").disable("code")
