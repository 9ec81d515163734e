"""From a document to its passages: what can be quoted of it, with character spans and stable ids.

A passage is always the document's own text, to the letter; what is between passages is white space and markup.
"""

from __future__ import annotations

import bisect
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ingest.blocks import Block, read_blocks
from ingest.documents import Document
from ingest.readable import readable, title_of, unbroken
from ingest.words import is_function_word

MAX_SENTENCE_CHARS = 20_000
"""A paragraph without end (a base64 blob, a table in one line) is kept as one passage; splitting it is quadratic."""

MAX_ENDS = 100
"""Where a paragraph may end more sentences than that, our own rules tell them apart: the splitter's time grows with
the square of their number."""

MAX_ITEM_CHARS = 400
"""A list item of more is quoted by its sentences."""

NEAR_CHARS = 60
_FIELD_LINE = re.compile(r"(?:Model|Paper|GitHub): \S.*")
_END = re.compile(r"[.!?][\"'”’)\]]*\s+(?=\S)")
_RUN_TOGETHER = re.compile(r"(?<=[a-z]{3}[.!?])([A-Z][a-z]*)(?=\s)")
_MAY_END = re.compile(r"[.!?][^\w\s]{0,8}\s|[^\x00-\x7f]")
"""What a text of more than one sentence holds: to look for it takes a hundredth of the time that splitting takes."""
_OPEN_END = re.compile(
    r"(?:\b(?:et\ al|e\.\ ?g|i\.\ ?e|cf|vs|resp|approx|Figs?|Tabs?|Eqs?|Eqns?|Secs?|Refs?|Alg|Thm|Prop|App|Ch|Vol|pp"
    r"|Nos?|Dr|Prof|Mr|Mrs|Ms|St)\.|(?<![\w.])[A-Z]\.)[)\]]?\s*$",
    re.VERBOSE,
)
"""What a sentence does not end with: an abbreviation that goes on, or the initial of a name."""


@dataclass(frozen=True)
class Passage:
    """What can be quoted of a document: ``document.text[start:end] == text``."""

    id: str  # "p" + 8 hex of sha256(document_id, start, text): the same as long as the passage is
    document_id: str
    start: int
    end: int
    text: str
    is_field: bool  # a line `Model:`, `Paper:` or `GitHub:`
    kind: str = "sentence"  # "sentence" | "item" | "row" | "code" | "fact" (of the metadata) | "field"
    path: tuple[str, ...] = ()  # the headings that it stands below, the outermost first; the title is none of them
    header: str = ""  # of a row: its table's column names; of code: its language
    page: int | None = None  # of a PDF, counted from 1: where it begins

    @property
    def searched(self) -> str:
        """What the passage is found by: its text, below its headings and its table's header; words are unbroken."""
        header = self.header if self.kind == "row" else ""
        return "\n".join(part for part in (" / ".join(self.path), header, unbroken(self.text)) if part)


def split_passages(document: Document) -> tuple[Passage, ...]:
    """Split a document into what can be quoted of it, in order and without overlap.

    That is: sentences, list items, table rows, code blocks and field lines. A heading is none: it stands in the path of
    what is below it, but where it is the document's title.
    """
    passages = []
    title, pages = readable(document.title), document.metadata.get("pages")
    begin, length = (int(document.metadata.get(name, 0)) for name in ("summary_chars", "facts_chars"))
    for kind, start, end, block in _spans(document.text, (begin, begin + length)):
        text = document.text[start:end]
        path = tuple(words for words in block.path if title not in (words, title_of(words))) if block else ()
        header = block.header if block else ""
        page = bisect.bisect_right(pages, start) if pages and start < begin else None
        name = passage_id(document.id, start, text)
        passages.append(Passage(name, document.id, start, end, text, kind == "field", kind, path, header, page))
    return tuple(passages)


def passage_id(document_id: str, start: int, text: str) -> str:
    """Return the id of a passage: the same as long as it stands there."""
    return "p" + hashlib.sha256(f"{document_id}\0{start}\0{text}".encode()).hexdigest()[:8]


def place_of(document: Document, start: int) -> str:
    """Return where a passage stands, for people: "page 4, below Limits / Hands"; empty where nothing tells."""
    passage = next((p for p in split_passages(document) if p.start <= start < p.end), None)
    if passage is None:
        return ""
    page = f"page {passage.page}" if passage.page else ""
    return ", ".join(part for part in (page, f"below {' / '.join(passage.path)}" if passage.path else "") if part)


def _spans(text: str, facts: tuple[int, int]) -> Iterator[tuple[str, int, int, Block | None]]:
    """Yield (kind, start, end, block); what the metadata say, from start to end of `facts`, stands in no block."""
    if facts[0] < facts[1]:
        yield from _spans(text[: facts[0]], (0, 0))
        yield from (("fact", *span, None) for span in _lines(text, *facts))
        yield from (("field", *span, None) for span in _lines(text, facts[1], len(text)))
        return
    body_end = len(text)
    # what closes the text as field lines is that, also behind a fence that nothing closes
    while (begin := text.rfind("\n", 0, max(body_end - 1, 0)) + 1) < body_end:
        line = text[begin:body_end].strip()
        if line and not _FIELD_LINE.fullmatch(line):
            break
        body_end = begin
    for block in read_blocks(text[:body_end]):
        if block.kind == "code":
            yield "code", block.start, block.end, block
        elif block.kind == "row":
            yield "row", block.start, block.end, block
        elif block.kind != "heading":
            yield from _of_block(text, block)
    for start, end in _lines(text, body_end, len(text)):
        yield "field", start, end, None


def _of_block(text: str, block: Block) -> Iterator[tuple[str, int, int, Block | None]]:
    """Yield the sentences of a paragraph, and the field lines in it."""
    kind = "item" if block.kind == "item" else "sentence"
    is_whole = kind == "item" and block.end - block.start <= MAX_ITEM_CHARS
    begin = block.start
    for start, end in [*_lines(text, block.start, block.end), (block.end, block.end)]:
        if start < block.end and not _FIELD_LINE.fullmatch(text[start:end]):
            continue
        for low, high in [(begin, start)] if is_whole else _parted(text, begin, start):
            if span := _trimmed(text, low, high):
                yield kind, *span, block
        if start < end:
            yield "field", start, end, None
        begin = end


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of the lines that are not blank, without the space around them."""
    at = start
    for line in text[start:end].splitlines(keepends=True):
        if span := _trimmed(text, at, at + len(line)):
            yield span
        at += len(line)


def _trimmed(text: str, low: int, high: int) -> tuple[int, int] | None:
    while low < high and text[low].isspace():
        low += 1
    while high > low and text[high - 1].isspace():
        high -= 1
    return (low, high) if low < high else None


def _parted(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of the sentences, also of those that lack the blank between them: "... blending.We release"."""
    begin = start
    for found in _RUN_TOGETHER.finditer(text, start, end):
        if is_function_word(found[1]):
            yield from _sentences(text, begin, found.start(1))
            begin = found.start(1)
    yield from _sentences(text, begin, end)


def _sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the spans of the sentences between start and end; together they cover all of it."""
    block = text[start:end]
    if not block.strip():
        return []
    if len(block) > MAX_SENTENCE_CHARS or not _MAY_END.search(block):
        return [(start, end)]
    # A line break inside a paragraph is no end of a sentence; a blank of the same length keeps the spans.
    flat = re.sub(r"\s", " ", block)
    ends = [found.end() for found in _END.finditer(flat)]
    if len(ends) > MAX_ENDS:
        cuts = [
            0,
            *(end for end in ends if _is_end(flat[max(0, end - NEAR_CHARS) : end], flat[end : end + NEAR_CHARS])),
        ]
        return [(start + low, start + high) for low, high in zip(cuts, [*cuts[1:], len(block)], strict=True)]
    cuts, cursor = [0], 0
    for sentence in (span.sent for span in _segmenter().segment(flat)):
        # The splitter's own spans come from a search that can miss repeated sentences: align again, from the last cut.
        found = flat.find(sentence.strip(), cursor) if sentence.strip() else -1
        if found < 0:
            continue
        if found > cuts[-1] and _is_end(flat[cuts[-1] : found], flat[found:]):
            cuts.append(found)
        cursor = found + len(sentence.strip())
    return [(start + low, start + high) for low, high in zip(cuts, [*cuts[1:], len(block)], strict=True)]


def _is_end(before: str, after: str) -> bool:
    """Say whether a sentence really ends between the two texts."""
    if not before[-1:].isspace() and before.isascii():
        return False  # inside an address, a file name or a number
    if _OPEN_END.search(before):
        return False
    # ... and "5 % (p < 0.05). mRNA": a small letter goes on with the sentence, except in a list of short ones.
    return not (after[:1].islower() and re.search(r"\b\w{1,5}\.\s*$", before))


@lru_cache(maxsize=1)
def _segmenter() -> Any:
    import pysbd

    return pysbd.Segmenter(language="en", clean=False, char_span=True)
