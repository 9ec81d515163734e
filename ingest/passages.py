"""From a document to its passages: sentences with character spans and stable ids.

Knows text only. A passage is always the document's own text, to the letter; what is between passages is white space.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ingest.documents import Document

MAX_SENTENCE_CHARS = 20_000
"""A paragraph without end (a base64 blob, a table in one line) is kept as one passage; splitting it is quadratic."""

MAX_ENDS = 100
"""Where a paragraph may end more sentences than that, our own rules tell them apart: the splitter's time grows with
the square of their number."""

NEAR_CHARS = 60
_FIELD_LINE = re.compile(r"(?:Model|Paper|GitHub): \S.*")
_BLOCK_START = re.compile(r"(?<!\s)\s*(?:#{1,6}\s|[-*+]\s|\d{1,3}[.)]\s|\||>|<)")
_FENCE = re.compile(r"(?<!\s)\s*(```|~~~)")
_END = re.compile(r"[.!?][\"'”’)\]]*\s+(?=\S)")
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
    """A sentence, or a field line, of a document: ``document.text[start:end] == text``."""

    id: str  # "p" + 8 hex of sha256(document_id, start, text): the same as long as the passage is
    document_id: str
    start: int
    end: int
    text: str
    is_field: bool  # a line `Model:`, `Paper:` or `GitHub:`


def split_passages(document: Document) -> tuple[Passage, ...]:
    """Split a document into its sentences and field lines, in order and without overlap."""
    passages = []
    for start, end, is_field in _spans(document.text):
        text = document.text[start:end]
        digest = hashlib.sha256(f"{document.id}\0{start}\0{text}".encode()).hexdigest()
        passages.append(Passage(f"p{digest[:8]}", document.id, start, end, text, is_field))
    return tuple(passages)


def _spans(text: str) -> Iterator[tuple[int, int, bool]]:
    for start, end, is_field in _blocks(text):
        for low, high in [(start, end)] if is_field else _sentences(text, start, end):
            while low < high and text[low].isspace():
                low += 1
            while high > low and text[high - 1].isspace():
                high -= 1
            if low < high:
                yield low, high, is_field


def _blocks(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, is_field) of paragraphs, headings, list items, code blocks and field lines."""
    begin, at, fence = 0, 0, False
    for line in text.splitlines(keepends=True):
        end = at + len(line)
        bare = line.rstrip()
        if _FENCE.match(line):
            if not fence:
                yield begin, at, False
                begin = at
            else:
                yield begin, end, False
                begin = end
            fence = not fence
        elif fence:
            pass
        elif _FIELD_LINE.fullmatch(bare):
            yield begin, at, False
            yield at, at + len(bare), True
            begin = end
        elif not bare or _BLOCK_START.match(line):
            yield begin, at, False
            begin = at
            if line.lstrip().startswith("#"):
                yield at, end, False
                begin = end
        at = end
    yield begin, len(text), False


def _sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return the spans of the sentences between start and end; together they cover all of it."""
    block = text[start:end]
    if not block.strip():
        return []
    if len(block) > MAX_SENTENCE_CHARS or _FENCE.match(block) or not _MAY_END.search(block):
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
