"""From a question to ranked evidence, or the finding that the corpus holds nothing about it.

Ranking: documents by the sum of three z-scores, of their vector, of their best sentence's vector and of their words
(BM25). Means and spreads are taken over the corpus *and* a hundred sentences about everything, so that they stand for
something with four documents and are the corpus's own with four thousand. Likewise a word is as rare as the corpus and
English at large say together.

Decision: `tools/reading/relevance.py`, over how far the best document stands out and whether the corpus knows the
question's words or their neighbours. Beside it, each passage of the leading documents is handed on with what was
measured of it: its likeness, which of the question's words it holds, what it does in its document.

Knows the index; knows nothing of how an answer is written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.names import named_documents, without_names
from ingest.passages import Passage
from ingest.queries import IndexQueries
from ingest.words import BACKGROUND_DOCUMENTS, content_words
from tools.reading.aspects import AspectReader
from tools.reading.evidence import Evidence, SearchResult
from tools.reading.heads import MASK, ROLES, STAGES, WANTS, form_of, labels_of, load_heads
from tools.reading.relevance import certainty
from tools.reading.words import Terms, WordReader

MAX_QUERY_CHARS = 2_000
MAX_SENTENCES = 4
FOUND = 20
"""Documents that are handed on whole."""

LEADING = 4
"""Documents whose passages are all measured, beside those that the question names: which answers is for the reader."""

BEHIND = 0.5
"""The share of the best document's rank score that another one must have to be measured whole as well."""

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


@dataclass(frozen=True)
class _View:
    """What the corpus shows of one text."""

    vector: NDArray[np.float32]
    terms: Terms
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
        return certainty(self.measures)


class Searcher:
    """Searches one index."""

    def __init__(self, index: IndexQueries) -> None:
        self.index = index
        self._read_revision = -1
        self._words = WordReader(index)
        self._heads = load_heads(index.embedder.name)
        self._aspects = AspectReader(index.embedder)

    def search(self, query: str, top_k: int = 12) -> SearchResult:
        """Rank the corpus's passages for a question and decide whether any of them is about it.

        Args:
            query: The question; what comes after the first 2,000 characters is not read.
            top_k: How many passages to return at most.
        """
        while True:
            revision = self.index.revision
            try:
                return self._search(query, top_k)
            except (KeyError, ValueError):  # a document was removed while it was being read: once more, without it
                if self.index.revision == revision:
                    raise

    def _search(self, query: str, top_k: int) -> SearchResult:
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
        documents = {i: self.index.document(i) for i in view.order[:FOUND]}
        named = tuple(d.id for d in named_documents(asked, documents.values()))
        plain = without_names(asked, [documents[i] for i in named], "it")
        evidence, leading = self._evidence(view, plain, dict.fromkeys((*_leading(view, count), *named)), top_k)
        return SearchResult(
            query,
            surest.certainty > 0,
            evidence,
            view.order,
            {i: _squash(view.ranks[i]) for i in view.order},
            unknown,
            _reason(surest, unknown),
            tuple(documents.values()),
            surest.measures,
            leading,
            tuple(passage for i in documents for passage in self.index.passages(i)),
            view.terms.told(asked, [documents[i] for i in named]),
            named,
            labels_of(self._wants(asked, view, named), WANTS),
            self._aspects.asked(plain),
        )

    def _wants(self, asked: str, view: _View, named: Sequence[str]) -> NDArray[np.float64]:
        """Read what is wanted from the question's form: what it says of its document without what that says itself."""
        of = named[0] if named else view.order[0]
        form = form_of(without_names(asked, [self.index.document(of)], MASK), view.terms.held_by(of))
        return self._heads.wants(form, self.index.embedder.encode([form])[0])

    def _look(self, asked: str, count: int) -> _View:
        """Rank the documents for a text and measure how far the best one stands out."""
        vector, terms = self._words.read(asked, count)
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
        held = self._words.held(terms, passages)
        covers = {p: terms.cover(held[p]) for p in passages}
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

    def _evidence(
        self, view: _View, plain: str, whole: Collection[str], top_k: int
    ) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
        """Return the best passages, and what else the documents hold that are to be measured whole."""
        of_document = {i: self.index.passages(i) for i in whole}
        vectors = self.index.passage_vectors([p for passages in of_document.values() for p in passages])
        passages = dict(view.passages) | {p: float(vector @ view.vector) for p, vector in vectors.items()}
        held = self._words.held(view.terms, passages)
        headings = self._aspects.match(plain, [p for own in of_document.values() for p in own])
        said = self._aspects.said(plain, vectors, headings)
        scores = {
            p: 0.5 * max(cosine, 0.0)
            + 0.3 * view.terms.cover(held[p])
            + 0.2 * _squash(view.ranks[p.document_id])
            + 0.2 * headings.get(p, 0.0)
            for p, cosine in passages.items()
        }
        chosen = sorted(scores, key=lambda p: -scores[p])
        kept = [p for n, p in enumerate(chosen) if n < top_k or p.document_id in of_document]
        documents = {i: self.index.document(i) for i in {p.document_id for p in kept}}
        soft = held | self._words.softly_held(view.terms, {p: held[p] for p in kept if p.document_id in of_document})
        roles, stages = self._read_sentences(of_document.values(), vectors)
        ranked = tuple(
            Evidence(
                p,
                documents[p.document_id],
                min(scores[p], 1.0),
                passages[p],
                tuple(float(h) for h in soft[p]),
                roles.get(p, {}),
                stages.get(p, {}),
                headings.get(p, 0.0),
                said.get(p, 0.0),
            )
            for p in kept
        )
        return ranked[:top_k], ranked[top_k:]

    def _read_sentences(
        self, documents: Iterable[Sequence[Passage]], vectors: Mapping[Passage, NDArray[np.float32]]
    ) -> tuple[dict[Passage, dict[str, float]], dict[Passage, dict[str, float]]]:
        """Return the roles and the stages of the sentences of whole documents."""
        roles, stages = {}, {}
        for passages in documents:
            sentences = [p for p in passages if not p.is_field and p in vectors]
            if not sentences:
                continue
            rows = np.array([vectors[p] for p in sentences])
            texts = [p.text for p in sentences]
            read = zip(sentences, self._heads.roles(texts, rows), self._heads.stages(texts, rows), strict=True)
            for p, role, stage in read:
                roles[p], stages[p] = labels_of(role, ROLES), labels_of(stage, STAGES)
        return roles, stages


def _leading(view: _View, count: int) -> list[str]:
    """Return the documents that may answer: the best, and the next ones that do not fall far behind it.

    Among few documents none stands out by much, and a long answer tells of several.
    """
    bar = BEHIND * view.ranks[view.order[0]] if count > SETTLED else -math.inf
    return [i for n, i in enumerate(view.order[:LEADING]) if n == 0 or view.ranks[i] >= bar]


def _squash(rank: float) -> float:
    """Map a rank score, 0 for an ordinary document, to 0..1."""
    return 1 / (1 + math.exp(-max(min((rank - 6) / 3, 30), -30)))


def _reason(view: _View, unknown: Sequence[str]) -> str:
    verdict = "stands out" if view.certainty > 0 else "does not stand out enough"
    words = f"; unknown here: {', '.join(unknown)}" if unknown else ""
    cosine = view.measures["passage"]
    return f"{view.order[0]} {verdict} (certainty {view.certainty:+.1f}, best passage at cosine {cosine:.2f}){words}"
