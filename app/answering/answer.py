"""From a question and what a search found to a cited answer: the door of this folder for everything about the corpus.

Knows neither chat messages nor tools; what the conversation contributes comes as data in `Query`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app.answering.asking import Depth, asks_how_or_why, compares, depth_of
from app.answering.explanation import Aim, explain
from app.answering.links import asks_for_links, lacking, links, wanted_link
from app.answering.missing import presence
from app.answering.premises import corrected, said_of_another
from app.answering.proposals import BETWEEN_TWO
from app.answering.reading import EXACT, Reading, source_of
from app.answering.shape import code_for
from app.answering.short import compared, narrow, nearest
from app.answering.starters import experiments_between
from app.answers import CitedAnswer, Section, Sentence, Status
from ingest.documents import Document
from ingest.names import short_name
from ingest.passages import Passage
from tools.reading.relevance import certainty
from tools.search import SearchResult

MAX_ASPECTS = 2
"""A how-question that names a document and more aspects of it than these is a narrow one."""
LONG_QUESTION_WORDS = 18
MAX_FOLLOW_UPS = 4
MAX_COVERED = 6
PLAIN_ROLE = 0.5
NOT_FAR, SURELY_THERE = -2.0, 3.5
FOLLOWED = -1.5
"""How sure it must be that something is missing where the turn before is leant on: a follow-up says little itself."""
FAR, WHOLE = -4.0, 0.95
"""A search that finds nothing is overruled where it was not far from it and what is asked is surely there, or where one
document holds all words that are asked."""
FOREIGN = 0.25
"""The share of a question that a document must hold for the question to be about it, where it does not name it."""


@dataclass(frozen=True)
class Query:
    """What is asked, as data.

    Args:
        question: As typed.
        documents: Ids of the documents that it names or means; none: those whose names stand in what was searched for.
        compared: Ids of two documents that it lays side by side.
        wants: An answer, links, or which documents lack them.
        styles: The styles that it names.
        depth: How much is wanted; None: as the question says.
        is_follow_up: Whether it leans on the turn before; such a question is narrow.
        is_guess: Whether its document was only put in for want of another one.
        proposals: What the person can run.
        shows: What running it will show, a sentence.
        asked_before: Questions of the conversation, which are not suggested again.
        bears: The least share of the question that a sentence must hold to be told, where a run would tell better.
    """

    question: str
    documents: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    wants: str = "answer"  # "answer" | "links" | "lacking"
    styles: tuple[str, ...] = ()
    depth: Depth | None = None
    is_follow_up: bool = False
    is_guess: bool = False
    proposals: tuple[dict[str, Any], ...] = ()
    shows: str | None = None
    asked_before: tuple[str, ...] = ()
    bears: float = 0.0


def answer(query: Query, result: SearchResult, engine: str) -> CitedAnswer:
    """Answer from what was found, say that it is missing, or refuse.

    Args:
        query: What is asked.
        result: What was searched for, and found.
        engine: The name of the engine that asks.
    """
    return _Answering(query, Reading(result, query.documents), engine).answer()


class _Answering:
    def __init__(self, query: Query, reading: Reading, engine: str) -> None:
        self.query = query
        self.reading = reading
        self.engine = engine
        self.depth = query.depth or depth_of(query.question)

    def answer(self) -> CitedAnswer:
        query, reading = self.query, self.reading
        if query.wants == "lacking" and reading.documents:
            return self._short(lacking(reading))
        if reading.named and (code := code_for(reading)):
            return self._short(code)
        if query.wants == "links" and reading.named and asks_for_links(reading):
            return self._short(links(reading))
        if not reading.documents or not self._is_relevant() or self._is_foreign():
            return self._refused()
        if query.wants == "links" and asks_for_links(reading):
            return self._short(links(reading))
        pair = self._pair()
        if len(pair) > 1:
            return self._short(compared(reading, pair))
        if correction := said_of_another(reading) or corrected(reading):
            return self._short(correction)
        if presence(reading) <= (FOLLOWED if query.is_follow_up else 0.0):
            return self._short(nearest(reading), "missing")
        if self._is_broad():
            return self._explained()
        told = narrow(reading, self.depth)
        return self._short(told) if self._held_by(told) >= query.bears else self._refused()

    def _is_relevant(self) -> bool:
        """Whether the corpus is about the question: by name, by the search, or because all that is asked is there."""
        result = self.reading.result
        if result.relevant or self.reading.named:
            return True
        if not result.measures:
            return False
        sure = certainty(result.measures)
        is_there = sure > NOT_FAR and presence(self.reading) > SURELY_THERE
        return is_there or (sure > FAR and self._is_held_whole())

    def _is_held_whole(self) -> bool:
        """Whether the first document holds every telling word that is asked, links aside."""
        reading = self.reading
        is_link = np.array([bool(wanted_link(word)) for word in reading.words], bool)
        words = ~is_link if self.query.wants == "links" else np.ones(len(is_link), bool)
        held = [reading.held(c.passage) > EXACT for d in reading.meant for c in reading.sentences(d)]
        enough = words.sum() >= (1 if self.query.wants == "links" else 2)
        if not held or not enough:
            return False
        rarity = reading.rarity * words
        return float(rarity @ np.max(held, axis=0)) >= WHOLE * float(rarity.sum())

    def _is_foreign(self) -> bool:
        """Whether a question that names no document itself says hardly a word that the one put in for it holds."""
        meant = [c.passage for d in self.reading.meant for c in self.reading.sentences(d)]
        return self.query.is_guess and max(self._shares(meant), default=0.0) < FOREIGN

    def _held_by(self, told: Sequence[Sentence]) -> float:
        """The share of the question that the best of some sentences holds to the word."""
        texts = {sentence.text for sentence in told}
        sentences = [c.passage for d in self.reading.documents for c in self.reading.sentences(d)]
        return max(self._shares(passage for passage in sentences if passage.text in texts), default=1.0)

    def _shares(self, passages: Iterable[Passage]) -> Iterator[float]:
        """The share of the question that each passage holds to the word."""
        return (self.reading.share((self.reading.held(passage) > EXACT).astype(float)) for passage in passages)

    def _pair(self) -> list[Document]:
        if not (self.query.compared or compares(self.query.question)):
            return []
        by_id = {d.id: d for d in self.reading.documents}
        wanted = [by_id[i] for i in self.query.compared if i in by_id] or list(self.reading.named)
        return wanted[:2]

    def _is_broad(self) -> bool:
        """Whether all sections are wanted: how something is done, with no single aspect asked for."""
        if self.query.is_follow_up or not any(self.reading.sentences(d) for d in self.reading.meant):
            return False
        if self.depth != "usual" and not self.reading.words:
            return True
        if not asks_how_or_why(self.query.question):
            return False
        is_long = len(self.query.question.split()) > LONG_QUESTION_WORDS
        return bool(self.query.styles) or is_long or len(self.reading.words) <= MAX_ASPECTS

    def _explained(self) -> CitedAnswer:
        query = self.query
        told = explain(Aim(query.question, query.styles, self.depth, query.proposals, query.shows), self.reading)
        return CitedAnswer(
            query.question,
            "answered",
            self.engine,
            0.0,
            told.sections,
            tuple(source_of(d) for d in told.documents),
            told.workflow,
            query.proposals,
            self._follow_ups(told.documents),
            self.reading.question,
        )

    def _short(self, sentences: Sequence[Sentence], status: Status = "answered") -> CitedAnswer:
        reading = self.reading
        cited = list(
            dict.fromkeys(i for s in sentences for i in [s.document_id, *(c.document_id for c in s.citations)] if i)
        )
        by_id = {d.id: d for d in reading.documents}
        documents = [by_id[i] for i in cited] or list(reading.named)  # what is missing is missing from these
        return CitedAnswer(
            self.query.question,
            status,
            self.engine,
            0.0,
            (Section("", tuple(sentences)),),
            tuple(source_of(d) for d in documents),
            follow_ups=self._follow_ups(documents, told=" ".join(s.text for s in sentences)),
            searched_for=reading.question,
        )

    def _refused(self) -> CitedAnswer:
        documents = self.reading.documents
        titles = [short_name(d.title) for d in documents[:MAX_COVERED]]
        more = len(self.reading.result.documents) - len(titles)
        covered = "; ".join(titles) + (f"; and {more} more" if more > 0 else "")
        text = "The corpus says nothing about this"
        text += f"; what it covers: {covered}." if titles else ": it is empty, run python -m ingest."
        offers = [offer for d in documents[:2] if (offer := self._about(d))]
        section = Section("", (Sentence(text, "framing"),))
        refusal = CitedAnswer(self.query.question, "refused", self.engine, 0.0, (section,), follow_ups=tuple(offers))
        return replace(refusal, searched_for=self.reading.question)

    def _follow_ups(self, documents: Sequence[Document], told: str = "") -> tuple[str, ...]:
        """Suggest what the answer left open: an experiment, another share or document, a link that was not told."""
        asked = {question.lower() for question in (*self.query.asked_before, self.query.question)}
        styles = [style["text"] for p in self.query.proposals for style in p["arguments"].get("styles", ())]
        proposed = [p["arguments"].get("experiment") for p in self.query.proposals]
        between = experiments_between(*styles) if len(styles) == BETWEEN_TWO else {}
        offers = [question for experiment, question in between.items() if experiment not in proposed]
        offers += [f"Now 80 % {styles[-1]}"] if len(styles) > 1 and None in proposed else []
        rest = [d for d in self.reading.documents if d not in documents]
        offers += [offer for d in [*documents, *rest[:1]] if d not in self.reading.named and (offer := self._about(d))]
        offers += [
            f"Where is the code of {short_name(d.title)}?"
            for d in documents
            if d.github_url and d.github_url not in told and d.kind == "paper"
        ]
        return tuple(dict.fromkeys(o for o in offers if o.lower() not in asked))[:MAX_FOLLOW_UPS]

    def _about(self, document: Document) -> str | None:
        """A question that the document answers, from what its sentences do."""
        roles = [c.roles for c in self.reading.sentences(document)]
        name = short_name(document.title)
        if any(r.get("method", 0.0) > PLAIN_ROLE for r in roles):
            return f"How does {name} work?" if len(name.split()) < 5 else f"What did “{name}” do?"
        return f"What is {name} about?" if roles and len(name.split()) < 5 else None
