"""What a question takes for granted, and where the corpus says otherwise.

Two ways to be wrong: what is asked of one document is said of another, or the document itself denies it. The second is
found by the objections of the claim check, since a premise is a claim. It knows no topic.
"""

from __future__ import annotations

import re

import numpy as np

from app.answering.asking import asks_how_or_why
from app.answering.reading import EXACT, Candidate, Reading
from app.answers import Sentence
from app.understanding.stems import content_stems
from app.verification.alignment import align
from app.verification.objections import objections
from ingest.documents import Document
from ingest.names import short_name, spans_of, without_names
from ingest.words import content_words

_GROUND = re.compile(r"\b(?:since|because|given that|considering that|as|if)\s+(.{8,160}?)(?:,|;|\?|$)", re.I)
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
_ASIDE = re.compile(r"(?<!\s)\s*\([^()]*\)")
MIN_WORDS = 2
"""A premise of one word besides names can hardly be told from a topic."""
SAID = 0.6
"""The share of a premise's words, by rarity, that a sentence must hold to be about it."""
HELD = 0.5
"""The share that the document itself may hold, and still not be what is asked about."""
SETTING = 0.85
"""How likely a sentence must set the scene to be passed over: what others do is not what the document says."""


def said_of_another(reading: Reading) -> list[Sentence]:
    """Where one document is asked about what the corpus says of another one, say so; else nothing."""
    if len(reading.named) != 1:
        return []
    blamed = reading.named[0]
    grounds_given = [m[1] for m in _GROUND.finditer(reading.question) if spans_of(m[1], blamed)]
    premise = set(content_words((grounds_given or [reading.question])[0]))
    taken = np.array([word in premise for word in reading.words], bool)
    takes_for_granted = grounds_given or asks_how_or_why(reading.question)
    if taken.sum() < MIN_WORDS or not takes_for_granted or not reading.sentences(blamed):
        return []

    def exactly(candidate: Candidate) -> float:
        """The share of the premise whose own words a sentence holds."""
        held = reading.held(candidate.passage) > EXACT
        return float(reading.rarity[taken] @ held[taken] / reading.rarity[taken].sum())

    others = [c for d in reading.documents if d.id != blamed.id for c in reading.sentences(d)]
    true = max(others, key=exactly, default=None)
    if true is None or exactly(true) < SAID or max(map(exactly, reading.sentences(blamed)), default=0.0) > HELD:
        return []
    name = short_name(blamed.title)
    own = reading.ranked([blamed])[:1]
    text = f"The corpus does not say that of {name}; it says it of {short_name(true.document.title)}:"
    of_it = [Sentence(f"Of {name} it says:", "framing"), *(c.claim for c in own)] if own else []
    return [Sentence(text, "framing"), true.claim, *of_it]


def corrected(reading: Reading) -> list[Sentence]:
    """Where the document that is asked about says the opposite of what the question takes for granted, quote it."""
    ground = next((found for cue in (_GROUND, *_ASSUMES) if (found := cue.search(reading.question))), None)
    documents = [d for d in reading.meant if reading.sentences(d)]
    if not ground or len(documents) != 1:
        return []
    denying = _denial(_ASIDE.sub("", ground[1]), documents[0], reading)
    if not denying:
        return []
    name = short_name(documents[0].title)
    return [Sentence(f"The corpus does not say so; of this, {name} says:", "framing"), denying.claim]


def _denial(premise: str, document: Document, reading: Reading) -> Candidate | None:
    """Return the document's sentence that denies a premise, unless another one says it."""
    names = content_stems(premise) - content_stems(without_names(premise, [document]))
    best: tuple[float, Candidate] | None = None
    said = 0.0
    for candidate in reading.sentences(document):
        if candidate.roles.get("background", 0.0) > SETTING:
            continue
        alignment = align(premise, (candidate.passage.text,))
        words = [
            (word.weight, match is not None)
            for word, match in zip(alignment.sentence, alignment.matches, strict=True)
            if word.key not in names
        ]
        if len(words) < MIN_WORDS or any(word.negated for word in alignment.sentence):
            return None  # "how is it done without sharing?" takes no sharing for granted
        share = sum(weight for weight, held in words if held) / sum(weight for weight, _ in words)
        found = objections(alignment)
        if any(objection.kind in ("negation", "opposite") for objection in found):
            best = max(best or (share, candidate), (share, candidate), key=lambda pair: pair[0])
        elif not found:
            said = max(said, share)
    return best[1] if best and best[0] >= max(SAID, said) else None
