"""What a search returns: passages with what was measured of them, best first, and whether the corpus is about it.

Plain data; it knows neither the index nor how anything was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.documents import Document
from ingest.passages import Passage
from tools.reading.words import Term


@dataclass(frozen=True)
class Evidence:
    """A passage that may answer the question, with what was measured of it."""

    passage: Passage
    document: Document
    score: float  # 0..1, higher is better
    cosine: float = 0.0  # of question and passage
    held: tuple[float, ...] = ()  # per term: 1 where the passage holds it in any form, else its nearest word's cosine
    roles: Mapping[str, float] = field(default_factory=dict)  # how likely it plays each role in its document
    stages: Mapping[str, float] = field(default_factory=dict)  # how likely it tells of input, model or output
    heading: float = 0.0  # 0..1, how well what it stands below answers to the question
    said: float = 0.0  # 0..1, how likely it tells of the aspect that is asked after


@dataclass(frozen=True)
class SearchResult:
    """What the corpus holds about a question."""

    query: str
    relevant: bool  # False: refuse
    evidence: tuple[Evidence, ...]  # best first; for display only where not relevant
    documents: tuple[str, ...]  # document ids, best first
    document_scores: dict[str, float]  # 0..1, higher is better
    unknown_terms: tuple[str, ...]  # content words of the question that neither the corpus nor its neighbours hold
    reason: str
    found: tuple[Document, ...] = ()  # the documents themselves, best first, 20 at most; also where not relevant
    measures: Mapping[str, float] = field(default_factory=dict)  # what the decision was made from
    leading: tuple[Evidence, ...] = ()  # every other passage of the LEADING best documents and of those named
    passages: tuple[Passage, ...] = ()  # all passages of the documents in `found`, each document's in their order
    terms: tuple[Term, ...] = ()
    named: tuple[str, ...] = ()  # ids of the documents that the question names, in its order
    wants: Mapping[str, float] = field(default_factory=dict)  # how likely the question asks for each role
    aspects: Mapping[str, float] = field(default_factory=dict)  # how likely it asks after each aspect of a document
