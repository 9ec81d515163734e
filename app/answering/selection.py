"""The short answer: which sentences of the documents found answer a question, and in which order.

Every claim is a sentence of the corpus, to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.answering.candidates import Candidate, Shelf, telling
from app.answering.rhetoric import Role, leans_on_context
from app.answers import Sentence
from app.understanding.followups import Conversation, focus_of
from app.understanding.intents import short_name
from app.understanding.stems import content_stems

MAX_NARROW_SENTENCES = 3

_WANTS: tuple[tuple[re.Pattern[str], Role], ...] = (
    (
        re.compile(r"\b(problem|challenge|issue|difficult\w*|limit\w*|concern\w*|motivat\w*|drawback)\b", re.I),
        "problem",
    ),
    (
        re.compile(
            r"\b(results?|perform\w*|evaluat\w*|dataset|benchmark|accura\w*|better|outperform\w*|good|tested)\b", re.I
        ),
        "result",
    ),
    (re.compile(r"\b(project page|website|available|homepage|web ?site)\b", re.I), "resource"),
    (
        re.compile(r"\b(propos\w*|introduc\w*|contribut\w*|present\w*)\b|^\W*(and )?what (is|are|does|about)\b", re.I),
        "contribution",
    ),
    (re.compile(r"\b(how|which layers?|mechanism|steps?|process|way|swapp\w*|keep|kept|shared?)\b", re.I), "mechanism"),
)


def narrow(shelf: Shelf) -> list[Sentence]:
    """One to three sentences: the best, and others that add words of the question which it lacks."""
    if shelf.named and not any(shelf.sentences(d) for d in shelf.named):
        return [s for d in shelf.named for f in ("Model", "Paper", "GitHub") for s in shelf.field(d, f)]
    ranked = shelf.ranked(_wanted_role(shelf.question))
    ranked = [c for c in ranked if not shelf.named or c.document in shelf.named] or ranked
    best = ranked[0]
    chosen, told = [best], shelf.held(shelf.terms, content_stems(best.passage.text))
    for candidate in ranked[1:12]:
        stems = content_stems(candidate.passage.text)
        adds = shelf.held(shelf.terms, stems) - told
        worth = candidate.score >= (0.55 if adds else 0.92) * best.score
        if worth and len(chosen) < MAX_NARROW_SENTENCES and not _redundant(stems, chosen):
            chosen.append(candidate)
            told |= adds
    if leans_on_context(best.passage.text) and len(chosen) == 1 and (before := shelf.before(best)):
        chosen.append(before)
    return _told(_in_order(chosen))


def links(shelf: Shelf) -> list[Sentence]:
    """The field lines that were asked for, of the documents named; what is missing is said."""
    documents = shelf.named or shelf.documents[:1]
    wants_paper = re.search(r"\b(paper|pdf|arxiv|publication)\b", shelf.question, re.I)
    wants_code = re.search(r"\b(code|repo\w*|github|implementation|source|weights|checkpoint)\b", shelf.question, re.I)
    fields = ["Paper"] * bool(wants_paper or not wants_code) + ["GitHub"] * bool(wants_code or not wants_paper)
    return [sentence for d in documents for f in fields for sentence in shelf.field(d, f)]


def lacking(shelf: Shelf) -> list[Sentence]:
    """The documents that have no paper, or no code."""
    wants_code = re.search(r"\b(code|repo\w*|github)\b", shelf.question, re.I)
    field, attribute = ("GitHub", "github_url") if wants_code else ("Paper", "paper_url")
    without = [d for d in shelf.documents if not getattr(d, attribute)]
    if not without:
        return [Sentence(f"Every document that was found has a {field} link.", "framing")]
    return [s for d in without for s in (*shelf.field(d, "Model"), *shelf.field(d, field))]


def compared(shelf: Shelf, conversation: Conversation) -> list[Sentence]:
    """What each of two documents proposes and how, side by side."""
    pair = list(shelf.named[:2])
    told = [i for a in reversed(conversation.answers) for i in [focus_of(a)] if i]
    for document_id in (*told, *(d.id for d in shelf.documents if d.kind == "paper")):
        if len(pair) < 2 and document_id not in {d.id for d in pair}:
            pair += [d for d in shelf.documents if d.id == document_id]
    if len(pair) < 2:
        return []
    sentences: list[Sentence] = []
    for document in pair:
        mine = [c for c in shelf.ranked("mechanism") if c.document.id == document.id]
        apt = sorted(mine, key=lambda c: -telling(c, ("contribution", "mechanism")))[:2]
        sentences.append(Sentence(f"{short_name(document.title)}:", "framing"))
        sentences += [c.claim for c in sorted(apt, key=lambda c: c.passage.start)]
    return sentences


def _wanted_role(question: str) -> Role | None:
    return next((role for cue, role in _WANTS if cue.search(question)), None)


def _redundant(stems: frozenset[str], chosen: Sequence[Candidate]) -> bool:
    told = (content_stems(c.passage.text) for c in chosen)
    return any(len(stems & t) > 0.6 * min(len(stems), len(t)) for t in told)


def _in_order(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep the documents in order of their best sentence; within each, the document's own order."""
    rank = list(dict.fromkeys(c.document.id for c in candidates))
    return sorted(candidates, key=lambda c: (rank.index(c.document.id), c.passage.start))


def _told(candidates: Sequence[Candidate]) -> list[Sentence]:
    """The sentences as claims, each document introduced by its name."""
    sentences: list[Sentence] = []
    last = None
    for candidate in candidates:
        if candidate.document.id != last:
            sentences.append(Sentence(f"{short_name(candidate.document.title)}:", "framing"))
            last = candidate.document.id
        sentences.append(candidate.claim)
    return sentences
