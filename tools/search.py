"""From a question to ranked evidence, or the finding that the corpus holds nothing about it.

Knows the index; knows nothing of how an answer is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.documents import Document
from ingest.index import Index
from ingest.passages import Passage

MAX_QUERY_CHARS = 2_000
CANDIDATES = 50


@dataclass(frozen=True)
class Evidence:
    """A passage that may answer the question."""

    passage: Passage
    document: Document
    score: float  # 0..1, higher is better


@dataclass(frozen=True)
class SearchResult:
    """What the corpus holds about a question."""

    query: str
    relevant: bool  # False: refuse
    evidence: tuple[Evidence, ...]  # best first; for display only where not relevant
    documents: tuple[str, ...]  # document ids, best first
    document_scores: dict[str, float]
    unknown_terms: tuple[str, ...]  # content words of the question that the corpus does not hold
    reason: str
    found: tuple[Document, ...] = ()  # the documents themselves, best first, 20 at most; also where not relevant


class Searcher:
    """Searches one index."""

    def __init__(self, index: Index) -> None:
        self.index = index

    def search(self, query: str, top_k: int = 12) -> SearchResult:
        """Rank the corpus's passages for a question and decide whether any of them is about it.

        Args:
            query: The question; words after the first 2,000 characters are not read.
            top_k: How many passages to return at most.
        """
        words = list(dict.fromkeys(re.findall(r"\w+", query[:MAX_QUERY_CHARS].lower())))
        if not words or not len(self.index):
            reason = "the corpus is empty" if words else "nothing was asked"
            return SearchResult(query, False, (), (), {}, (), reason)
        vector = self.index.embedder.encode([query[:MAX_QUERY_CHARS]])[0]
        scores = {i: cosine / 2 for i, cosine in self.index.nearest_documents(vector, CANDIDATES)}
        lexical = self.index.match_documents(words)
        top = max(lexical.values(), default=0) or 1
        for i, score in lexical.items():
            scores[i] = scores.get(i, 0) + score / top / 4
        passages = {p: cosine for p, cosine in self.index.nearest_passages(vector, CANDIDATES)}
        matched = self.index.match_passages(words, CANDIDATES)
        top = max((s for _, s in matched), default=0) or 1
        points = {p: max(cosine, 0) * 0.75 for p, cosine in passages.items()}
        for p, s in matched:
            points[p] = points.get(p, 0) + 0.25 * s / top
        ranked = sorted(points, key=lambda p: -points[p])[:top_k]
        evidence = tuple(Evidence(p, self.index.document(p.document_id), min(points[p], 1.0)) for p in ranked)
        order = tuple(sorted(scores, key=lambda i: -scores[i]))
        unknown = tuple(w for w in words if not self.index.document_frequency(w))
        best = max(passages.values(), default=0)
        relevant = best > 0.35
        return SearchResult(query, relevant, evidence, order, scores, unknown, f"best passage at cosine {best:.2f}",
                            tuple(self.index.document(i) for i in order[:20]))
