"""What a language model's answer stands on: the reader's, the passages that may be told, how well each answers.

It knows the reader's answer and what was found; it asks no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from app.answering.reading import Reading, source_of
from app.answers import IN_SHORT, UNDER_THE_HOOD, CitedAnswer, Section, Sentence, Source
from app.generation.markup import addresses
from app.generation.prompt import choose_passages
from ingest.passages import Passage
from tools.search import SearchResult

Key = tuple[str, int]
"""What a passage is told by: its document and where it starts there."""


class Ground:
    """What one answer stands on."""

    def __init__(self, read: CitedAnswer, results: Sequence[SearchResult]) -> None:
        """Open it.

        Args:
            read: What the reader would say.
            results: What was found for the question, then for what was missing.
        """
        self.read = read
        self.question = read.question
        evidence = [e for result in results for e in result.evidence]
        found = [d for result in results for d in result.found]
        self.documents = {d.id: d for d in (*found, *(e.document for e in evidence))}
        self.mine = self._mine()
        self.short = next((s for s in read.sections if s.heading == IN_SHORT), None)
        told = [s for part in (self.short, *self.mine) if part for s in part.sentences]
        self.own = _passages_of(told, results[0].passages)
        self._evidence = [e.passage for e in evidence]
        self._results = results

    @property
    def has_room(self) -> bool:
        """Whether there is something to plan: what the reader corrects, lists or says to be missing stays its own.

        Under a heading, what frames the claims only points to where others stand.
        """
        only_quotes = all(s.kind == "claim" or part.heading for part in self.mine for s in part.sentences)
        return bool(self.mine and self.own) and only_quotes and not any(p.is_field for p in self.own)

    @property
    def is_long(self) -> bool:
        """Whether it is one under several headings, of which one is the model's."""
        return any(section.heading for section in self.mine)

    @cached_property
    def passages(self) -> tuple[Passage, ...]:
        """What may be told, in the order in which it is numbered from 1."""
        return choose_passages(self.own, self._evidence)

    @cached_property
    def links(self) -> frozenset[str]:
        """The corpus's own addresses."""
        return addresses("\n".join(d.text for d in self.documents.values()))

    @property
    def lead(self) -> Passage:
        """The passage that the reader puts first."""
        return self.own[0]

    @cached_property
    def elsewhere(self) -> frozenset[Key]:
        """What other sections tell."""
        others = [s for s in self.read.sections if s not in self.mine]
        cited = [c for s in others for x in s.sentences for c in x.citations]
        cited += [c for stage in self.read.workflow or () for c in stage.citations]
        return frozenset((c.document_id, c.start) for c in cited)

    @cached_property
    def _scores(self) -> dict[str, float]:
        scores: dict[str, float] = {self.lead.id: 1.0}
        for result in self._results:
            ranked = Reading(result).ranked()
            best = max((c.score for c in ranked), default=0.0)
            for c in ranked if best > 0 else ():
                scores[c.passage.id] = max(c.score / best, scores.get(c.passage.id, 0.0))
        return scores

    def score(self, passage: Passage) -> float:
        """How well a passage answers, as a share of the best that was found with it; the reader's first is a best."""
        return self._scores.get(passage.id, 0.0)

    def numbered(self, numbers: Sequence[int]) -> list[Passage]:
        """The passages of these numbers; a number that none has is left out."""
        there = [self.passages[n - 1] for n in numbers if 0 < n <= len(self.passages)]
        return list({passage.id: passage for passage in there}.values())

    def sources(self, sections: Sequence[Section]) -> tuple[Source, ...]:
        """The documents that sections cite."""
        cited = dict.fromkeys(c.document_id for section in sections for s in section.sentences for c in s.citations)
        return tuple(source_of(self.documents[i]) for i in cited)

    def _mine(self) -> tuple[Section, ...]:
        """The sections that are the model's to plan: a short answer's only one, or the one under the hood."""
        if self.read.status != "answered":
            return ()
        short = len(self.read.sections) == 1 and not self.read.sections[0].heading
        return tuple(s for s in self.read.sections if short or s.heading == UNDER_THE_HOOD)


def key_of(passage: Passage) -> Key:
    return passage.document_id, passage.start


def _passages_of(sentences: Sequence[Sentence], passages: Sequence[Passage]) -> list[Passage]:
    """The passages that sentences cite, in their order."""
    by_document: dict[str, list[Passage]] = {}
    for passage in passages:
        by_document.setdefault(passage.document_id, []).append(passage)
    cited = [c for s in sentences for c in s.citations]
    return [p for c in cited for p in by_document.get(c.document_id, ()) if p.start <= c.start < p.end]
