"""The short answer: one to three sentences, the comparison of two documents, and what is nearest to the missing.

Every claim is a sentence of the corpus, to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from app.answering.asking import Depth
from app.answering.explanation import Told
from app.answering.links import field
from app.answering.reading import Candidate, Reading
from app.answering.shape import answering_sections, list_of
from app.answers import Sentence
from ingest.documents import Document
from ingest.names import short_name

MAX_SENTENCES = {"simple": 1, "usual": 3, "detailed": 6}
ADDS = 0.08
"""The share of what is asked that a further sentence must add."""
NEARLY = {"simple": 1.0, "usual": 0.93, "detailed": 0.75}
"""How well a sentence that adds nothing must answer, as a share of the best."""
WORTH = 0.5
"""How well what adds something must answer, as a share of the best."""
OTHER = 0.95
"""How well another document must answer, as a share of the best, to be told beside the first."""

_LEANING = re.compile(r"\A\W*(?:this|these|those|such|it|they)\b", re.I)


def narrow(reading: Reading, depth: Depth) -> list[Sentence]:
    """Return the best sentence, and others that add what it lacks; the document that ranks first comes first."""
    if not any(reading.sentences(d) for d in reading.meant):
        return [s for d in reading.meant for f in ("Model", "Paper", "GitHub") for s in field(reading, d, f)]
    documents = [d for d in reading.meant if reading.sentences(d)]
    best = max(c.score for d in documents for c in reading.sentences(d))
    if not reading.named:
        others = [d for d in reading.documents[1:] if reading.sentences(d)]
        documents += [d for d in others if reading.ranked([d])[0].score > max(best, 0.0) / OTHER][:1]
    told = Told()
    room = MAX_SENTENCES[depth]
    sentences: list[Sentence] = []
    for document in documents:
        chosen = _chosen(reading, answering_sections(reading.ranked([document])), room - len(sentences), depth)
        listed = list_of(reading, chosen[0]) if chosen else []
        taken = told.take(listed if len(listed) > 1 else chosen)
        sentences += [c.claim for c in (taken if len(listed) > 1 else _best_first(taken, chosen))]
    return sentences


def _best_first(taken: list[Candidate], chosen: Sequence[Candidate]) -> list[Candidate]:
    """Put what answers best before what only adds to it, but where it leans on the sentence before."""
    if not chosen or _LEANING.match(chosen[0].passage.text):
        return taken
    return sorted(taken, key=lambda c: c.key != chosen[0].key)


def _chosen(reading: Reading, ranked: Sequence[Candidate], room: int, depth: Depth) -> list[Candidate]:
    """Return the best sentence of a document, and what adds to it."""
    if not ranked or room < 1:
        return []
    chosen = [ranked[0]]
    held = reading.held(ranked[0].passage) ** 2
    for candidate in ranked[1:]:
        more = np.maximum(held, reading.held(candidate.passage) ** 2)
        adds = reading.share(more) - reading.share(held)
        nearly = candidate.score >= NEARLY[depth] * ranked[0].score
        adds_to_it = depth != "simple" and adds > ADDS and _tells_more(candidate, ranked[0])
        if len(chosen) < room and (nearly or adds_to_it):
            chosen.append(candidate)
            held = more
    before = _before(reading, ranked[0])
    if len(chosen) == 1 and room > 1 and before and _LEANING.match(ranked[0].passage.text):
        chosen.append(before)
    return chosen


def _tells_more(candidate: Candidate, best: Candidate) -> bool:
    """Whether a passage that holds what the best lacks belongs beside it: a sentence that answers half as well."""
    return candidate.passage.kind in ("sentence", "item") and candidate.score >= WORTH * best.score


def _before(reading: Reading, candidate: Candidate) -> Candidate | None:
    """Return the sentence before, which one that begins with "This ..." leans on."""
    starts = [c.passage.start for c in reading.sentences(candidate.document)]
    place = starts.index(candidate.passage.start)
    before = reading.sentences(candidate.document)[place - 1] if place else None
    return before if before and before.passage.path == candidate.passage.path else None


def compared(reading: Reading, pair: Sequence[Document]) -> list[Sentence]:
    """Return what each of two documents sets out to do and how, side by side."""

    def tells(c: Candidate) -> float:
        return c.roles.get("objective", 0.0) + c.roles.get("method", 0.0) + 0.5 * c.score

    told = Told()
    sentences: list[Sentence] = []
    for document in pair:
        own = sorted(reading.sentences(document), key=lambda c: -tells(c))[:2]
        sentences += [c.claim for c in told.take(own)] or field(reading, document, "Model")
    return sentences


def nearest(reading: Reading) -> list[Sentence]:
    """Say that what is asked is not there, and quote what stands nearest as that."""
    documents = reading.meant
    names = " and ".join(short_name(d.title) for d in documents)
    ranked = reading.ranked([d for d in documents if reading.sentences(d)])
    if not ranked:
        return [Sentence(f"The corpus does not say this of {names}.", "framing")]
    text = f"The corpus does not say this of {names}. The passage that comes nearest, which does not answer it:"
    return [Sentence(text, "framing"), ranked[0].claim]
