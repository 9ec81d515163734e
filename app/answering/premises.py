"""What a question takes for granted, and where the corpus says otherwise.

Two ways to be wrong: what is said of one document is true of another, or the document itself denies it. The second is
found by the objections of the claim check, since a premise is a claim.
"""

from __future__ import annotations

import re

from app.answering.candidates import Candidate, Shelf
from app.answering.rhetoric import role_of
from app.answers import Sentence
from app.understanding.intents import named_documents, short_name
from app.understanding.stems import content_stems
from app.verification.alignment import align
from app.verification.objections import objections
from ingest.documents import Document

_GROUND = re.compile(r"\b(?:since|because|given that|considering that|as|if)\s+(.{8,160}?)(?:,|;|\?|$)", re.I)
_ASKS_HOW = re.compile(r"\b(why|how|when|where) (does|do|did|is|are)\b", re.I)
_ASSUMES: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"^\W*+(?:(?:so|and|but)\b\W*+)?(?:why|how)\s+(?:does|do|did|is|are|was|were|has|have|can|could)\s+(.*\w)\W*$",
        r"\b(?:is|isn['’]t|was|wasn['’]t) it (?:not )?(?:true|correct|right|a fact|the case) that\s+(.*\w)\W*$",
        r"\bI (?:thought|think|heard|read|assume|believe|understand)\s+(?:that\s+)?(.*\w)\W*$",
        r"^\W*+(?:(?:so|and|but)\b\W*+)?(.+?),? (?:right|correct|is(?:n['’]t| it not) it|does(?:n['’]t| it not) it|don['’]t they)\W*\?\W*$",
        r"^\W*+(?:(?:so|and|but)\b\W*+)?(?:doesn|don|didn|isn|aren|wasn|weren)['’]t\s+(.*\w)\W*$",
    )
)
_ASIDE = re.compile(r"\s*\([^)]*\)")
MIN_WORDS = 2
"""A premise of one word besides names can hardly be told from a topic."""
SAID = 0.6
"""The share of a premise's words, by rarity, that a sentence must hold to be about it."""


def corrected(shelf: Shelf) -> list[Sentence]:
    """The sentences that put a false premise right; none where nothing speaks against it."""
    return _said_of_another(shelf) or _denied(shelf)


def _said_of_another(shelf: Shelf) -> list[Sentence]:
    """Where the question holds of one document what the corpus says of another, say so."""
    if len(shelf.named) != 1:
        return []
    blamed = shelf.named[0]
    clause = next((m[1] for m in _GROUND.finditer(shelf.question) if named_documents(m[1], [blamed])), None)
    if not clause and not _ASKS_HOW.search(shelf.question):
        return []
    terms = content_stems(clause or shelf.question) - shelf.name_stems
    if len(terms) < MIN_WORDS:
        return []
    if shelf.weight(shelf.held(terms, shelf.stems(blamed))) > 0.5 * shelf.weight(terms):
        return []
    others = [c for c in shelf.ranked(None, terms) if c.document.id != blamed.id]
    if not others or shelf.weight(terms & content_stems(others[0].passage.text)) < SAID * shelf.weight(terms):
        return []
    true = others[0]
    name = short_name(blamed.title)
    own_words = [c for c in shelf.ranked("mechanism") if c.document.id == blamed.id][:1]
    return [
        Sentence(
            f"The corpus does not say that of {name}; it says it of {short_name(true.document.title)}:", "framing"
        ),
        true.claim,
        *([Sentence(f"Of {name} it says:", "framing"), own_words[0].claim] if own_words else []),
    ]


def _denied(shelf: Shelf) -> list[Sentence]:
    """Where the document that is asked about says the opposite of what the question takes for granted, quote it."""
    ground = next((found for cue in (_GROUND, *_ASSUMES) if (found := cue.search(shelf.question))), None)
    best = shelf.ranked(None)[:1]
    if not ground or not best:
        return []
    document = shelf.named[0] if len(shelf.named) == 1 else best[0].document
    denying = _denial(_ASIDE.sub("", ground[1]), document, shelf)
    if not denying:
        return []
    name = short_name(document.title)
    return [Sentence(f"The corpus does not say so; of this, {name} says:", "framing"), denying.claim]


def _denial(premise: str, document: Document, shelf: Shelf) -> Candidate | None:
    """Return the document's sentence that denies a premise, unless another one says it."""
    denials: list[Candidate] = []
    said = 0.0
    for passage in shelf.sentences(document):
        if role_of(passage.text) in ("problem", "background"):
            continue  # what others do, or what is feared, is not what the document says
        alignment = align(premise, (passage.text,))
        words = [
            (word.weight, match is not None)
            for word, match in zip(alignment.sentence, alignment.matches, strict=True)
            if word.key not in shelf.name_stems
        ]
        if len(words) < MIN_WORDS or any(word.negated for word in alignment.sentence):
            return None  # "how is it done without sharing?" takes no sharing for granted
        share = sum(weight for weight, held in words if held) / sum(weight for weight, _ in words)
        found = objections(alignment)
        if any(objection.kind in ("negation", "opposite") for objection in found):
            denials.append(Candidate(passage, document, share))
        elif not found:
            said = max(said, share)
    surest = max(denials, key=lambda c: c.score, default=None)
    return surest if surest and surest.score >= max(SAID, said) else None
