"""The links of documents, and which documents lack them.

Every line that the corpus has of a link is quoted; that there is none is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.answering.reading import Reading, cite
from app.answers import Citation, Sentence
from ingest.documents import Document
from ingest.names import short_name
from ingest.words import content_words

LINKS = {"Paper": "paper_url", "GitHub": "github_url"}
SAID = {"Paper": "paper", "GitHub": "code"}
MAX_NAMED = 8
_WHERE = re.compile(
    r"\b(?:where|links?|urls?|address(?:es)?|website|web ?sites?|homepage|pages?|get|find|cite)\b", re.I
)
_PAPER = re.compile(r"\b(?:papers?|pdf|arxiv|preprint|publications?|article)\b", re.I)
_CODE = re.compile(
    r"\b(?:code|repo|repos|repositor\w+|github|implementation|source|weights|checkpoint|download)\b", re.I
)


def wanted_fields(question: str) -> list[str]:
    """Return which links a question asks for, in its own order; both where it names neither."""
    places = {"Paper": _PAPER.search(question), "GitHub": _CODE.search(question)}
    found = sorted((place.start(), field) for field, place in places.items() if place)
    return [field for _, field in found] or list(LINKS)


def wanted_link(word: str) -> str | None:
    """Return which link a word asks for, if it asks for one."""
    return next((field for field, cue in (("Paper", _PAPER), ("GitHub", _CODE)) if cue.fullmatch(word)), None)


def asks_for_links(reading: Reading) -> bool:
    """Whether a question has a word of links, of where something is, or of a page that a document gives."""
    question = reading.question
    return any(cue.search(question) for cue in (_PAPER, _CODE, _WHERE)) or bool(_pages(reading))


def links(reading: Reading) -> list[Sentence]:
    """Return the links that are asked for of the documents that the question means; what is missing is said."""
    if pages := _pages(reading):
        return pages
    return [s for d in reading.meant for f in wanted_fields(reading.question) for s in field(reading, d, f)]


def _pages(reading: Reading) -> list[Sentence]:
    """Sentences that hold an address of the kind that is asked for, where that is neither paper nor code: a project
    page."""
    if _PAPER.search(reading.question) or _CODE.search(reading.question):
        return []
    asked = set(reading.words)
    return [
        Sentence(p.text, "claim", (cite(p),), document_id=d.id)
        for d in reading.meant
        for p in reading.passages(d)
        if not p.is_field and "://" in p.text and asked & set(content_words(p.text))
    ]


def field(reading: Reading, document: Document, name: str) -> list[Sentence]:
    """Return a document's `Model`, `Paper` or `GitHub` line as a claim; where it has none, a sentence that says so."""
    lines = [p for p in reading.passages(document) if p.is_field and p.text.startswith(f"{name}: ")]
    title = short_name(document.title)
    if name not in LINKS:
        return [Sentence(p.text, "claim", (cite(p),), document_id=document.id) for p in lines]
    if getattr(document, LINKS[name]):
        return [Sentence(f"{title} — {p.text}", "claim", (cite(p),), document_id=document.id) for p in lines]
    absent = f"The corpus gives no {'GitHub link' if name == 'GitHub' else 'paper'} for {title}."
    if lines:  # a line that says "None"
        return [Sentence(absent, "claim", tuple(cite(p) for p in lines), document_id=document.id)]
    return [Sentence(absent, "framing", document_id=document.id)]


def lacking(reading: Reading) -> list[Sentence]:
    """Return, for each kind of link that is asked about, the documents without it."""
    asked = reading.named if len(reading.named) > 1 else reading.documents
    return [_without(reading, asked, name) for name in wanted_fields(reading.question)]


def _without(reading: Reading, documents: Sequence[Document], name: str) -> Sentence:
    without = [d for d in documents if not getattr(d, LINKS[name])]
    among = len(reading.result.documents) > len(documents)
    scope = f" Only the {len(documents)} documents nearest to the question were looked at." if among else ""
    if not without:
        return Sentence(f"Every document has a {SAID[name]} link.{scope}", "framing")
    cited: list[Citation] = []
    for document in without[:MAX_NAMED]:
        lines = [p for p in reading.passages(document) if p.is_field and p.text.startswith(f"{name}: ")]
        model = [p for p in reading.passages(document) if p.is_field and p.text.startswith("Model: ")]
        cited += [cite(p) for p in lines or model]
    named = [short_name(d.title) for d in without[:MAX_NAMED]]
    more = f"; and {len(without) - MAX_NAMED} more" if len(without) > MAX_NAMED else ""
    text = f"No {SAID[name]} is given for {'; '.join(named)}{more}.{scope}"
    return Sentence(text, "claim", tuple(cited)) if cited else Sentence(text, "framing")


def listing(reading: Reading, document: Document) -> Sentence:
    """Name a document with exactly its links."""
    lines = [p for p in reading.passages(document) if p.is_field]
    given = [p.text for p in lines if p.text.startswith(("Paper: ", "GitHub: "))]
    text = " — ".join([document.title, *given])
    if not lines:
        return Sentence(text, "framing", document_id=document.id)
    return Sentence(text, "claim", tuple(cite(p) for p in lines), document_id=document.id)
