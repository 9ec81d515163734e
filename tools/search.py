"""From a question to ranked evidence, or the finding that the corpus holds nothing about it.

Ranking: documents by the sum of three z-scores, of their vector, of their best sentence's vector and of their words
(BM25). Means and spreads are taken over the corpus *and* a hundred sentences about everything, so that they stand for
something with four documents and are the corpus's own with four thousand. Likewise a word is as rare as the corpus and
English at large say together.

Decision: one logistic rule over seven measures of how far the best document stands out and whether the corpus knows the
question's words or their neighbours. `python -m tests.evals.search --fit` makes its weights.

Knows the index; knows nothing of how an answer is written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Document
from ingest.index import Index
from ingest.passages import Passage
from ingest.words import BACKGROUND_DOCUMENTS, background_frequency, content_words

MAX_QUERY_CHARS = 2_000
MAX_WORDS = 24
"""The rarest words of a long question; each is a lookup."""

MAX_SENTENCES = 4
FOUND = 20
"""Documents that are handed on whole."""

LEADING = 3
"""Documents whose passages are all scored: which of them answers is for the reader to choose."""

CANDIDATE_DOCUMENTS = 50
CANDIDATE_PASSAGES = 200
SAMPLE_DOCUMENTS = 1_000
SAMPLE_PASSAGES = 2_000
"""Enough to know a mean and a spread within 3 %."""

NEAR = 0.6
"""A word of the question is a neighbour of the corpus's when the nearest one is at least so near."""

SETTLED = 20
"""Documents at which the gap between the best and the second counts half: two of four are often both about it."""

_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "bias": -7.875,
        "document": 3.048,  # cosine of the best document
        "passage": 11.274,  # cosine of its best passage
        "words": 0.096,  # z-score of its words (BM25)
        "passage_words": 2.816,  # share of the question's words, by rarity, in one passage of it
        "neighbours": 9.433,  # the same in the whole corpus; a word that is not there counts as its neighbour's cosine
        "gap": 0.28,  # rank score above the second document's
        "chance": -3.523,  # how far the best of so many ordinary documents would stand out: sqrt(2 ln N)
    }
)
"""The rule: relevant where the sum is above 0. Made by `python -m tests.evals.search --fit`."""


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
    document_scores: dict[str, float]  # 0..1, higher is better
    unknown_terms: tuple[str, ...]  # content words of the question that neither the corpus nor its neighbours hold
    reason: str
    found: tuple[Document, ...] = ()  # the documents themselves, best first, 20 at most; also where not relevant
    measures: Mapping[str, float] = field(default_factory=dict)  # what the decision was made from
    leading: tuple[Evidence, ...] = ()  # every other passage of the LEADING best documents
    passages: tuple[Passage, ...] = ()  # all passages of the documents in `found`, each document's in their order


@dataclass(frozen=True)
class _Terms:
    """The content words of a question, each with its rarity and with the documents that hold it."""

    words: tuple[str, ...]
    rarity: NDArray[np.float64]  # (words,)
    weights: tuple[dict[str, float], ...]  # per word: document id -> BM25 term weight
    neighbours: NDArray[np.float64]  # (words,) 1 where the corpus holds the word, else cosine of its nearest word

    def cover(self, held: Sequence[float] | NDArray[np.float64]) -> float:
        """Return the share of the question's words, weighed by rarity, that are held, 0..1; held is 0..1 per word."""
        return float(self.rarity @ np.array(held, float) / self.rarity.sum()) if self.words else 0.0


@dataclass(frozen=True)
class _View:
    """What the corpus shows of one text."""

    vector: NDArray[np.float32]
    terms: _Terms
    passages: Mapping[Passage, float]  # candidates with their cosine
    covers: Mapping[Passage, float]  # share of the text's words that each holds
    ranks: Mapping[str, float]  # document id -> rank score
    order: tuple[str, ...]  # document ids, best first
    measures: Mapping[str, float]

    @property
    def leading(self) -> tuple[str, ...]:
        return self.order[:LEADING]

    @property
    def certainty(self) -> float:
        """Above 0: the corpus is about it."""
        return WEIGHTS["bias"] + sum(WEIGHTS[name] * value for name, value in self.measures.items())


class Searcher:
    """Searches one index."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._read_revision = -1
        self._word_vectors: dict[str, NDArray[np.float32]] = {}

    def search(self, query: str, top_k: int = 12) -> SearchResult:
        """Rank the corpus's passages for a question and decide whether any of them is about it.

        Args:
            query: The question; what comes after the first 2,000 characters is not read.
            top_k: How many passages to return at most.
        """
        asked = query[:MAX_QUERY_CHARS]
        count = len(self.index)
        if not count or not any(character.isalnum() for character in asked):
            reason = "the corpus is empty" if not count else "nothing was asked"
            return SearchResult(query, False, (), (), {}, (), reason)
        self._refresh()
        view = self._look(asked, count)
        sentences = [part for part in _SENTENCE_END.split(asked) if len(content_words(part)) > 1][:MAX_SENTENCES]
        # Who tells a story before asking is about the corpus as soon as one of the sentences is.
        views = [view, *(self._look(part, count) for part in sentences if len(sentences) > 1)]
        surest = max(views, key=lambda v: v.certainty)
        unknown = tuple(w for w, cosine in zip(view.terms.words, view.terms.neighbours, strict=True) if cosine < NEAR)
        evidence, leading = self._evidence(view, top_k)
        return SearchResult(
            query,
            surest.certainty > 0,
            evidence,
            view.order,
            {i: _squash(view.ranks[i]) for i in view.order},
            unknown,
            _reason(surest, unknown),
            tuple(self.index.document(i) for i in view.order[:FOUND]),
            surest.measures,
            leading,
            tuple(passage for i in view.order[:FOUND] for passage in self.index.passages(i)),
        )

    def _look(self, asked: str, count: int) -> _View:
        """Rank the documents for a text and measure how far the best one stands out."""
        vector, terms = self._read(asked, count)
        near = dict(self.index.nearest_documents(vector, CANDIDATE_DOCUMENTS))
        passages = dict(self.index.nearest_passages(vector, CANDIDATE_PASSAGES))
        lexical: dict[str, float] = {}
        for rarity, weights in zip(terms.rarity, terms.weights, strict=True):
            for i, weight in weights.items():
                lexical[i] = lexical.get(i, 0.0) + rarity * weight
        ranks, word_scores = self._rank(vector, near, passages, lexical, count)
        order = sorted(ranks, key=lambda i: -ranks[i])
        best = order[0]
        for passage in self.index.passages(best):
            passages.setdefault(passage, min(passages.values()))
        covers = self._passage_covers(terms, passages)
        own = [p for p in passages if p.document_id == best]
        measures = {
            "document": near.get(best, min(near.values())),
            "passage": max(passages[p] for p in own),
            "words": word_scores[best],
            "passage_words": max(covers[p] for p in own),
            "neighbours": terms.cover(terms.neighbours),
            "gap": (ranks[best] - ranks[order[1]]) * count / (count + SETTLED) if len(order) > 1 else 0.0,
            "chance": math.sqrt(2 * math.log(count)),
        }
        return _View(vector, terms, passages, covers, ranks, tuple(order), {k: float(v) for k, v in measures.items()})

    def _refresh(self) -> None:
        """Take the sample again when the index has changed."""
        revision = self.index.revision
        if revision != self._read_revision:
            background = self.index.background
            documents, passages = self.index.sample(SAMPLE_DOCUMENTS, SAMPLE_PASSAGES)
            self._document_sample = np.vstack([documents, background])
            self._passage_sample = np.vstack([passages, background])
            self._read_revision = revision

    def _read(self, asked: str, count: int) -> tuple[NDArray[np.float32], _Terms]:
        """Return the question's vector and its words."""
        words = sorted(content_words(asked), key=background_frequency)[:MAX_WORDS]
        weights = tuple(self.index.match_documents(word) for word in words)
        held = np.array([len(found) for found in weights]) + np.array([background_frequency(word) for word in words])
        rarity = np.log1p((count + BACKGROUND_DOCUMENTS - held + 0.5).clip(0.5) / (held + 0.5))
        strange = [word for word, found in zip(words, weights, strict=True) if not found]
        if len(self._word_vectors) > 4096:
            self._word_vectors.clear()
        new = [word for word in strange if word not in self._word_vectors]
        vector, *rows = self.index.embedder.encode([asked, *new])  # in one call: most of its time is the call's
        self._word_vectors.update(zip(new, rows, strict=True))
        nearest = self.index.nearest_words(np.array([self._word_vectors[word] for word in strange], np.float32))
        cosines = {word: max(cosine, 0.0) for word, (_, cosine) in zip(strange, nearest, strict=True)}
        neighbours = np.array([cosines.get(word, 1.0) for word in words], float)
        return vector, _Terms(tuple(words), rarity, weights, neighbours)

    def _rank(
        self,
        vector: NDArray[np.float32],
        near: Mapping[str, float],
        passages: Mapping[Passage, float],
        lexical: Mapping[str, float],
        count: int,
    ) -> tuple[dict[str, float], dict[str, float]]:
        """Return each candidate's rank score, and the z-score of its words, which is part of it."""
        best_passage: dict[str, float] = {}
        for passage, cosine in passages.items():
            best_passage[passage.document_id] = max(cosine, best_passage.get(passage.document_id, -1.0))
        strongest = sorted(lexical, key=lambda i: -lexical[i])[:CANDIDATE_DOCUMENTS]
        # A candidate outside of the nearest is no nearer than the last of them.
        far, far_passage = min(near.values()), min(passages.values())
        words = np.zeros(count + BACKGROUND_DOCUMENTS)
        words[: len(lexical)] = list(lexical.values())
        scales = [
            (float(sims.mean()), float(sims.std()) + 1e-9)
            for sims in (self._document_sample @ vector, self._passage_sample @ vector, words)
        ]
        ranks, word_scores = {}, {}
        for i in {**near, **best_passage, **dict.fromkeys(strongest)}:
            values = (near.get(i, far), best_passage.get(i, far_passage), lexical.get(i, 0.0))
            z = [(value - mean) / spread for value, (mean, spread) in zip(values, scales, strict=True)]
            ranks[i], word_scores[i] = sum(z), z[2]
        return ranks, word_scores

    def _passage_covers(self, terms: _Terms, passages: Mapping[Passage, float]) -> dict[Passage, float]:
        """Return the share of the question's rarity that each passage's own words carry."""
        held = [
            self.index.holding(word, passages) if found else set()
            for word, found in zip(terms.words, terms.weights, strict=True)
        ]
        return {p: terms.cover([p in having for having in held]) for p in passages}

    def _evidence(self, view: _View, top_k: int) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
        """Return the best passages, and what else the leading documents hold."""
        passages = dict(view.passages) | dict(
            self.index.nearest_passages(view.vector, CANDIDATE_PASSAGES, view.leading)
        )
        covers = self._passage_covers(view.terms, passages)
        scores = {
            p: 0.5 * max(cosine, 0.0) + 0.3 * covers[p] + 0.2 * _squash(view.ranks[p.document_id])
            for p, cosine in passages.items()
        }
        chosen = sorted(scores, key=lambda p: -scores[p])
        kept = [p for n, p in enumerate(chosen) if n < top_k or p.document_id in view.leading]
        documents = {i: self.index.document(i) for i in {p.document_id for p in kept}}
        ranked = tuple(Evidence(p, documents[p.document_id], min(scores[p], 1.0)) for p in kept)
        return ranked[:top_k], ranked[top_k:]


def _squash(rank: float) -> float:
    """Map a rank score, 0 for an ordinary document, to 0..1."""
    return 1 / (1 + math.exp(-max(min((rank - 6) / 3, 30), -30)))


def _reason(view: _View, unknown: Sequence[str]) -> str:
    verdict = "stands out" if view.certainty > 0 else "does not stand out enough"
    words = f"; unknown here: {', '.join(unknown)}" if unknown else ""
    cosine = view.measures["passage"]
    return f"{view.order[0]} {verdict} (certainty {view.certainty:+.1f}, best passage at cosine {cosine:.2f}){words}"
