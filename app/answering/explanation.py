"""The long answer: how something is done, under six headings, each sentence of the corpus told once.

Every claim is a sentence of the corpus, to the letter; what frames them restates the question, names a part or says
what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.answering.asking import Depth, form_words
from app.answering.links import field as link_field
from app.answering.links import listing
from app.answering.reading import Candidate, Reading
from app.answering.shown import call_for
from app.answering.workflow import STAGES, drawn, stages_of, told_by
from app.answers import (
    IN_SHORT,
    NOT_SAID,
    PAPERS,
    TASK,
    UNDER_THE_HOOD,
    WORKFLOW,
    Section,
    Sentence,
    WorkflowStage,
)
from ingest.documents import Document
from ingest.names import short_name
from tools.search import NEAR

SILENT = "The corpus does not say"
MAX_DOCUMENTS: Mapping[Depth, int] = {"simple": 1, "usual": 4, "detailed": 6}
HOOD: Mapping[Depth, tuple[int, int]] = {"simple": (0, 0), "usual": (3, 2), "detailed": (20, 20)}
"""Sentences under the hood, of the leading document and of each other one."""
SETTING: Mapping[Depth, int] = {"simple": 1, "usual": 2, "detailed": 2}
"""Sentences that set the task."""
BEARS = 0.5
"""How well another document's best sentence must answer, as a share of the best of all, to be told beside it."""
AS_SURELY = 0.5
"""How surely a sentence must say how, as a share of its document's surest, to be told under the hood."""
SETS = ("background", "objective")
HOW = {"method": 1.0, "objective": 0.6, "background": -0.4, "result": -0.4, "other": -1.0}
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
TELLING = 3.0
"""How rare an asked word must be to be named as missing: "work" and "take" are in every twentieth English text."""


@dataclass(frozen=True)
class Aim:
    """What is to be explained, as data.

    Args:
        question: As typed.
        styles: The styles that it names.
        depth: How much is wanted.
        proposals: What the person can run.
        shows: What running it will show, a sentence.
    """

    question: str
    styles: tuple[str, ...] = ()
    depth: Depth = "usual"
    proposals: tuple[dict[str, Any], ...] = ()
    shows: str | None = None


@dataclass(frozen=True)
class Explanation:
    """The sections, the workflow drawn from them, and the documents that they rest on, best first."""

    sections: tuple[Section, ...]
    workflow: tuple[WorkflowStage, ...] | None
    documents: tuple[Document, ...]


@dataclass
class Told:
    """Which sentences have been told; none is told twice."""

    keys: set[tuple[str, int]] = field(default_factory=set)

    def left(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        return [c for c in candidates if c.key not in self.keys]

    def take(self, candidates: Collection[Candidate]) -> list[Candidate]:
        """Tell these, in their document's order."""
        self.keys |= {c.key for c in candidates}
        return sorted(candidates, key=lambda c: c.passage.start)


def explain(aim: Aim, reading: Reading) -> Explanation:
    """Tell how it is done."""
    documents = supporting(reading, aim)
    readable = [d for d in documents if reading.sentences(d)]
    lead, told = readable[0], Told()
    (key,) = told.take(key_passage(reading, lead))
    of_lead, of_other = HOOD[aim.depth]
    how = told.take(mechanism(told.left(reading.sentences(lead)), reading.sentences(lead), min(of_lead, 1)))
    chosen = stages_of(told.left(reading.sentences(lead)), STAGES[1:] if aim.styles else STAGES)
    told.take(chosen.values())
    task = told.take(setting(told.left(reading.sentences(lead)), SETTING[aim.depth]))
    hood = {}
    for document in readable if of_lead else ():
        left = told.left(reading.sentences(document))
        count = of_lead - len(how) if document is lead else of_other
        more = left if aim.depth == "detailed" else mechanism(left, reading.sentences(document), count)
        hood[document.id] = told.take([*(how if document is lead else ()), *more])
    card = next((d for d in documents if d.kind == "model_card"), None)
    workflow = None
    if chosen:
        model = next(iter(link_field(reading, card, "Model")), None) if card else None
        run = next(iter(aim.proposals), None) or call_for([c.claim for c in (key, *chosen.values(), *how)])
        workflow = drawn(chosen, aim.styles, model, run)
    missing = list(not_said(aim, reading, documents, card))
    sections = [
        Section(IN_SHORT, tuple(in_short(aim, reading, lead, key, card))),
        Section(TASK, (Sentence(_task(aim), "framing"), *(c.claim for c in task))),
        Section(WORKFLOW, (told_by(chosen),) if chosen else ()),
        Section(UNDER_THE_HOOD, tuple(under_the_hood(hood, None if how else lead))),
        Section(PAPERS, tuple(listing(reading, d) for d in documents)),
        Section(NOT_SAID, tuple(missing)),
    ]
    return Explanation(tuple(s for s in sections if s.sentences), workflow, tuple(documents))


def supporting(reading: Reading, aim: Aim) -> list[Document]:
    """Return the documents that bear on the question, best first: those it names, or all that answer nearly as well.

    Where styles are to be blended, a model card that names a model for it is among them.
    """
    readable = [d for d in reading.documents if reading.sentences(d)]
    named = [d for d in reading.named if d in readable]
    best = {d.id: max(c.score for c in reading.sentences(d)) for d in readable}
    top = max(best.values(), default=0.0)
    chosen = named or [d for n, d in enumerate(readable) if n == 0 or best[d.id] >= BEARS * top]
    chosen = chosen[: MAX_DOCUMENTS[aim.depth]]
    cards = [d for d in (reading.named or reading.documents) if d.kind == "model_card" and d not in chosen]
    if aim.styles or reading.named:
        chosen = [*chosen[: MAX_DOCUMENTS[aim.depth] - 1 or 1], *cards[:1]] if cards else chosen
    return chosen


def key_passage(reading: Reading, document: Document) -> list[Candidate]:
    """Return the one sentence of a document that bears on the question most; where how is asked, one that says how."""
    return [max(reading.sentences(document), key=lambda c: c.score + says_how(c))]


def setting(candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """Return the sentences that set the task: what was there before, and what is aimed at; the best one in any case."""

    def sets(c: Candidate) -> float:
        return c.roles.get("background", 0.0) + 0.5 * c.roles.get("objective", 0.0) + 0.5 * c.score

    ranked = sorted(candidates, key=lambda c: -sets(c))[:count]
    return [c for n, c in enumerate(ranked) if n == 0 or max(c.roles, key=c.roles.__getitem__, default="") in SETS]


def under_the_hood(hood: Mapping[str, Sequence[Candidate]], told_above: Document | None) -> Iterable[Sentence]:
    """Tell how it is done, a paragraph a document.

    Args:
        hood: What is told of each document, by its id; empty where nothing is wanted.
        told_above: A document whose only sentence on it is the answer in short: that is said first.
    """
    if hood and told_above:
        beside = " Beside it:" if any(hood.values()) else ""
        yield Sentence(f"How {short_name(told_above.title)} does it is told in short, above.{beside}", "framing")
    for chosen in hood.values():
        yield from (c.claim for c in chosen)


def mechanism(candidates: Sequence[Candidate], among: Sequence[Candidate], count: int) -> list[Candidate]:
    """Return the sentences that say how it is done, best first, not more than `count`.

    Args:
        candidates: Those that may be told.
        among: All of their document: of them the surest is the measure.
    """
    least = AS_SURELY * max(map(says_how, among), default=0.0)
    able = [c for c in candidates if says_how(c) > 0 and says_how(c) >= least]
    return sorted(able, key=lambda c: -(says_how(c) + c.score))[:count]


def says_how(candidate: Candidate) -> float:
    """How surely a sentence says how something is done, and not whence, how well or where."""
    return sum(weight * candidate.roles.get(role, 0.0) for role, weight in HOW.items())


def in_short(aim: Aim, reading: Reading, lead: Document, key: Candidate, card: Document | None) -> Iterable[Sentence]:
    """What is asked, the passage that bears on it most, what the corpus does not say, what a run will show."""
    if aim.styles:
        yield Sentence(f"You ask how {_listed(aim.styles)} are balanced in one picture.", "framing")
        bears = "The passage that bears on it most:"
        yield Sentence(f"{SILENT} how {_called(card)} weighs them. {bears}", "framing")
    else:
        yield Sentence(f"You ask {_restated(aim, reading)}; the passage that bears on it most:", "framing")
    yield Sentence(key.passage.text, "claim", key.claim.citations)
    unheld = [] if aim.styles else unheld_words(reading, [lead])
    if unheld:
        yield Sentence(f"It does not speak of {_listed(unheld)}.", "framing")
    if aim.shows:
        yield Sentence(aim.shows, "program")


def not_said(aim: Aim, reading: Reading, documents: Sequence[Document], card: Document | None) -> Iterable[Sentence]:
    """What is asked and stands nowhere, and which links are not given."""
    if aim.styles:
        yield Sentence(
            f"No passage says how {_called(card)} weighs {_listed(aim.styles)} inside one prompt.", "framing"
        )
    elif unheld := unheld_words(reading, documents):
        yield Sentence(f"No passage of these documents speaks of {_listed(unheld)}.", "framing")
    if aim.styles and unheld_words(reading, reading.documents, ("weights", "weight")):
        yield Sentence(
            "The corpus does not use the word “weights”. It can mean three things, which a render shows apart: the "
            "model's parameters, the attention weights, and the shares you give the styles.",
            "framing",
        )
    for document in documents:
        yield from link_field(reading, document, "Paper") if not document.paper_url else ()
        yield from link_field(reading, document, "GitHub") if not document.github_url else ()
    count = len(reading.sentences(documents[0]))
    yield Sentence(f"Of {short_name(documents[0].title)} the corpus holds {count} sentences, and no more.", "framing")


def unheld_words(reading: Reading, documents: Sequence[Document], only: Collection[str] = ()) -> list[str]:
    """Return the asked words that no passage of these documents holds, nor a word that means nearly the same."""
    held = [reading.held(c.passage) for d in documents for c in reading.sentences(d)]
    if not held:
        return []
    form = form_words(reading.question)
    return [
        word
        for n, (word, rarity) in enumerate(zip(reading.words, reading.rarity, strict=True))
        if max(h[n] for h in held) < NEAR and (word in only if only else rarity > TELLING and word not in form)
    ]


def _restated(aim: Aim, reading: Reading) -> str:
    """Restate what is asked: how a document's thing works, or the question's last sentence as it was put."""
    if reading.named and not any(rarity > TELLING for rarity in reading.rarity):
        return f"how {' and '.join(short_name(d.title) for d in reading.named)} works"
    return f"“{_SENTENCE_END.split(aim.question.strip())[-1]}”"


def _task(aim: Aim) -> str:
    if aim.styles:
        return f"To blend {_listed(aim.styles)} in one picture. In the corpus's words:"
    return "In the corpus's words:"


def _called(card: Document | None) -> str:
    """What a model card's model is called: with its repository's name where that differs, often the base model's."""
    if card is None:
        return "a model"
    repository = (card.github_url or "").rstrip("/").rsplit("/", 1)[-1]
    return card.title + (f" ({repository})" if repository and repository.lower() not in card.title.lower() else "")


def _listed(words: Sequence[str]) -> str:
    return " and ".join(f"“{word}”" for word in words)
