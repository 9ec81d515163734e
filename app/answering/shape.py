"""The shape that a question gives its answer: code for how to use something, a list for what a list tells, a section.

Knows what was measured of each passage. The code is whole, as it is written.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.answering.reading import Candidate, Reading
from app.answers import Sentence
from ingest.passages import Passage
from tools.reading.aspects import ANSWERS

WANTS_CODE = 0.5
"""How likely a question must ask how something is used, for code to be its answer."""
MAX_CODE_BLOCKS = 3
AS_WELL = 0.8
"""Headings that answer nearly as well as the best, as a share of it, are told beside it."""
MAX_ITEMS = 12


def code_for(reading: Reading) -> list[Sentence]:
    """Return the code that shows how a document is used; nothing where that is not asked, or no code is there."""
    if reading.result.aspects.get("use", 0.0) < WANTS_CODE or len(reading.meant) != 1:
        return []
    (document,) = reading.meant
    blocks = [c for c in reading.sentences(document) if c.passage.kind == "code"]
    best = max(blocks, key=lambda c: (c.heading, c.score), default=None)
    if best is None or best.heading < ANSWERS:
        return []
    beside = [c for c in blocks if c.passage.path == best.passage.path]
    first = beside.index(best)
    start = max(0, min(first, len(beside) - MAX_CODE_BLOCKS))
    return [c.claim for c in beside[start : start + MAX_CODE_BLOCKS]]


def answering_sections(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return what stands below the headings that answer best, and what holds more of what is asked than all of that.

    Where no heading answers, that is everything.
    """
    best = max((c.heading for c in candidates if c.passage.path), default=0.0)
    if best < ANSWERS:
        return list(candidates)
    below = [c for c in candidates if c.heading >= AS_WELL * best]
    held = max(c.measures["exact"] for c in below)
    return [c for c in candidates if c.heading >= AS_WELL * best or c.measures["exact"] > held]


def list_of(reading: Reading, candidate: Candidate) -> list[Candidate]:
    """Return the whole list that an item stands in, where the heading above it is what answers; else the item alone."""
    if candidate.passage.kind != "item" or candidate.heading < ANSWERS:
        return [candidate]
    own = reading.sentences(candidate.document)
    place = next(n for n, c in enumerate(own) if c.key == candidate.key)
    first = last = place
    while first > 0 and _goes_on(own[first - 1].passage, own[first].passage):
        first -= 1
    while last + 1 < len(own) and _goes_on(own[last].passage, own[last + 1].passage):
        last += 1
    start = max(first, min(place, last + 1 - MAX_ITEMS))
    return own[start : min(last + 1, start + MAX_ITEMS)]


def _goes_on(before: Passage, after: Passage) -> bool:
    return before.kind == after.kind == "item" and before.path == after.path
