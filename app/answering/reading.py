"""The documents that a search found, opened: how well each of their sentences answers the question.

Knows what was measured of each passage; knows nothing of how an answer is composed of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from app.answering.asking import focus_of, wants_number
from app.answers import Citation, Sentence, Source
from ingest.documents import Document
from ingest.passages import Passage
from ingest.readable import readable
from tools.search import Evidence, SearchResult

_CELL = re.compile(r"(?<!\\)\||<t[hd][^<>]*>")
EXACT = 0.999
"""Above it a passage holds a word itself, in any of its forms."""

BELOW = 0.5
"""How well a heading must answer to the question for what stands below it to be its answer."""
TELLS = 0.1
"""How likely the one that tells most of what is asked must do so, for the others to be held against it."""

COUNTED = ("data", "procedure", "evaluation", "requirements")
"""Aspects that are told in numbers."""
NUMBERLESS = 0.4
"""How much a heading of another aspect counts where a number is asked for."""

SCORE: Mapping[str, float] = MappingProxyType(
    {
        "cosine": 0.35,  # of question and sentence
        "covered": 0.65,  # share of what is asked, by rarity, that the sentence holds or has a neighbour of
        "exact": 0.5,  # the same, held to the word
        "focus": 0.5,  # how nearly it holds the noun that is asked for
        "suits": 0.5,  # how likely it does in its document what the question wants, or something near to that
        "number": 0.4,  # it has a number where one is asked for
        "heading": 0.8,  # how well the headings above it answer to the question
        "said": 0.4,  # how likely it tells of the aspect that is asked after
    }
)
"""How well a sentence answers."""

NAMES_ALONE: Mapping[str, float] = MappingProxyType({**SCORE, "cosine": 0.1, "suits": 1.0})
"""The same where the question says nothing but a name: then likeness to it tells little."""

SUITS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "background": {"background": 1.0, "objective": 0.2},
        "objective": {"objective": 1.0, "method": 0.6},
        "method": {"method": 1.0, "objective": 0.4},
        "result": {"result": 1.0, "method": 0.2},
        "resource": {"other": 1.0},
    }
)
"""How far a sentence's role gives what a question wants: what a thing is is often said with how it is done."""


@dataclass(frozen=True)
class Candidate:
    """A sentence with how well it answers, higher is better."""

    passage: Passage
    document: Document
    score: float
    measures: Mapping[str, float]
    roles: Mapping[str, float]
    stages: Mapping[str, float]

    @property
    def heading(self) -> float:
        """How well the headings above it answer to the question, 0..1."""
        return self.measures["heading"]

    @property
    def key(self) -> tuple[str, int]:
        """What it is told by: its document and where it starts there."""
        return self.passage.document_id, self.passage.start

    @property
    def claim(self) -> Sentence:
        return Sentence(told(self.passage), "claim", (cite(self.passage),), document_id=self.document.id)


class Reading:
    """What one search found, for the question that was searched for."""

    def __init__(self, result: SearchResult, documents: Collection[str] = ()) -> None:
        """Open what was found.

        Args:
            result: Of the search.
            documents: Ids of the documents that the question names or means; none: those whose names stand in it.
        """
        self.result = result
        self.question = result.query
        self.documents = result.found
        wanted = tuple(documents) or result.named
        by_id = {d.id: d for d in result.found}
        self.named: tuple[Document, ...] = tuple(by_id[i] for i in wanted if i in by_id)
        self.asked = np.array([not term.is_name for term in result.terms], bool)
        self.rarity = np.array([term.rarity for term in result.terms], float)[self.asked]
        aspect = max(result.aspects, key=lambda name: result.aspects[name], default="")
        self._telling = NUMBERLESS if wants_number(self.question) and aspect not in COUNTED else 1.0
        focus = focus_of(self.question).lower()
        self.focus = np.array([word in focus for word in self.words], bool)
        self._evidence = {(e.passage.document_id, e.passage.start): e for e in (*result.evidence, *result.leading)}
        self._sentences: dict[str, list[Candidate]] = {}
        self._passages: dict[str, list[Passage]] = {d.id: [] for d in self.documents}
        for passage in result.passages:
            self._passages[passage.document_id].append(passage)

    @property
    def meant(self) -> tuple[Document, ...]:
        """The documents that the question is about: those named, else the one that ranks first."""
        return self.named or self.documents[:1]

    @property
    def words(self) -> tuple[str, ...]:
        """The words that say what is asked, without the names that say of what."""
        return tuple(term.word for term, asked in zip(self.result.terms, self.asked, strict=True) if asked)

    def passages(self, document: Document) -> list[Passage]:
        return self._passages[document.id]

    def sentences(self, document: Document) -> list[Candidate]:
        """Return a document's sentences in its order."""
        if document.id not in self._sentences:
            own = [p for p in self.passages(document) if not p.is_field]
            self._sentences[document.id] = self._candidates(own, document)
        return list(self._sentences[document.id])

    def ranked(self, documents: Sequence[Document] | None = None) -> list[Candidate]:
        """Return the sentences of documents, all that were found if none are given, best first."""
        some = [c for d in (self.documents if documents is None else documents) for c in self.sentences(d)]
        return sorted(some, key=lambda c: -c.score)

    def held(self, passage: Passage) -> NDArray[np.float64]:
        """Return, per asked word, how nearly the passage holds it, 0..1."""
        evidence = self._evidence.get((passage.document_id, passage.start))
        if evidence is None or len(evidence.held) != len(self.asked):
            return np.zeros(int(self.asked.sum()))
        return np.array(evidence.held, float)[self.asked]

    def share(self, held: NDArray[np.float64]) -> float:
        """Return the share of what is asked that is held, weighed by rarity, 0..1; 1 where only names are said."""
        return float(self.rarity @ held / self.rarity.sum()) if self.rarity.sum() > 0 else 1.0

    def _candidates(self, passages: Sequence[Passage], document: Document) -> list[Candidate]:
        """Measure a document's passages.

        Where a heading answers to the question, what stands below it is told apart by which tells most of what is
        asked, and less by what abstracts' sentences do.
        """
        evidence = [self._evidence.get((p.document_id, p.start)) for p in passages]
        measured = [self._measures(p, e) for p, e in zip(passages, evidence, strict=True)]
        below = [m for m in measured if m["heading"] > BELOW]
        most = max((m["said"] for m in below), default=0.0)
        for m in below:
            m["suits"] *= 1 - m["heading"]
            m["said"] = m["said"] / most if most > TELLS else m["said"]
        weights = SCORE if self.words else NAMES_ALONE
        return [
            Candidate(p, document, sum(weight * m[name] for name, weight in weights.items()), m, *_learned(e))
            for p, m, e in zip(passages, measured, evidence, strict=True)
        ]

    def _measures(self, passage: Passage, evidence: Evidence | None) -> dict[str, float]:
        if evidence is None:
            return dict.fromkeys((*SCORE, "role"), 0.0)
        wants = self.result.wants
        held = np.clip(self.held(passage), 0.0, 1.0)
        return {
            "cosine": evidence.cosine,
            "covered": self.share(held**2),
            "exact": self.share((held > EXACT).astype(float)),
            "focus": float(held[self.focus].mean()) if self.focus.any() else 0.0,
            "role": sum(wants.get(role, 0.0) * likely for role, likely in evidence.roles.items()),
            "suits": sum(
                likely * fit * evidence.roles.get(role, 0.0)
                for want, likely in wants.items()
                for role, fit in SUITS.get(want, {}).items()
            ),
            "heading": evidence.heading * self._telling,
            "said": evidence.said * self._telling,
            "number": float(wants_number(self.question) and any(c.isdigit() for c in passage.text)),
        }


def _learned(evidence: Evidence | None) -> tuple[Mapping[str, float], Mapping[str, float]]:
    return (evidence.roles, evidence.stages) if evidence else ({}, {})


def told(passage: Passage) -> str:
    """Return a passage as it is read: code as it is written, a table's row with what its columns are called."""
    if passage.kind == "code":
        return passage.text
    if passage.kind == "row":
        return row_as_read(passage)
    return readable(passage.text)


def row_as_read(passage: Passage) -> str:
    """Return a table's row as "Brush: soft; FID: 3.1"."""
    cells = [readable(cell) for cell in _CELL.split(passage.text.strip("| "))]
    cells = cells[1:] if passage.text.startswith("<") else cells  # before the first <td> nothing stands
    names = passage.header.split(" | ")
    if len(names) != len(cells):
        return "; ".join(cell for cell in cells if cell)
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True) if cell)


def cite(passage: Passage) -> Citation:
    return Citation(passage.document_id, passage.start, passage.end, passage.text, passage.page)


def source_of(document: Document) -> Source:
    return Source(document.id, document.kind, document.title, document.paper_url, document.github_url)
