"""Sections composed as a plan says: of quotes, and of the model's sentences where these are confirmed.

It knows the plan and what the answer stands on; it asks no language model but the judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.answering.reading import cite, told
from app.answers import Section, Sentence
from app.generation.ground import Ground, Key, key_of
from app.generation.headings import usable_heading
from app.generation.markup import clean
from app.generation.parsing import Item, Plan
from app.verification.confirmation import QUOTED, Claim, Confirmation, Judge, confirm
from ingest.names import names_of
from ingest.passages import Passage

MAX_ITEMS = 12
BEARS = 0.25
"""How well a passage must answer, as a share of the best, to be told because a plan names it."""
ANSWERS = 0.5
"""... one passage at least, for a plan to be followed that says nothing else."""
LEADS = 0.75
"""... the first, to come first. A plan that begins with less has the reader's own first passage put before it."""
SENSE = 0.5
"""The share of what a plan names that must be there and bear on the question, for the plan to be followed at all."""


@dataclass
class Composed:
    """What was composed so far, and what became of the sentences that the model wrote."""

    sections: list[Section] = field(default_factory=list)
    told: set[Key] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    written: int = 0
    replaced: int = 0
    dropped: int = 0
    open: int = 0  # of those replaced or dropped, those that the judge could not be asked about

    def add(self, heading: str, sentences: Sequence[Sentence]) -> None:
        """Add a section; without a heading, to the one before."""
        if sentences and self.sections and not heading:
            last = self.sections[-1]
            self.sections[-1] = replace(last, sentences=(*last.sentences, *sentences))
        elif sentences:
            self.sections.append(Section(heading, tuple(sentences)))


class Composer:
    """Composes one answer; a sentence that was looked at once is not looked at again."""

    def __init__(self, ground: Ground, judge: Judge | None, *, keeps_sentences: bool) -> None:
        """Open it.

        Args:
            judge: Confirms sentences; None: near-quotations pass, and nothing else.
            keeps_sentences: Whether what the model wrote counts, beside what it named.
        """
        self.ground = ground
        self.links_removed = 0
        self._judge = judge
        self._keeps_sentences = keeps_sentences
        self._confirmed: dict[Item, Confirmation] = {}

    def makes_sense(self, plan: Plan) -> bool:
        """Whether enough of what a plan names is there and bears on the question."""
        named = [n for item in plan.items for n in item.passages]
        scores = [self.ground.score(p) for n in named for p in self.ground.numbered([n])]
        is_some = bool(scores) and max(scores) >= (BEARS if self._keeps_sentences else ANSWERS)
        return is_some and sum(score >= BEARS for score in scores) >= SENSE * len(named)

    def compose(self, plan: Plan) -> Composed:
        """Compose the sections; what is told once, here or in another section, is not told again."""
        self._confirm(plan)
        made = Composed(told=set(self.ground.elsewhere))
        lead = self.new_lead(plan)
        if self.ground.is_long and lead:
            made.told = (made.told - {key_of(self.ground.lead)}) | {key_of(lead)}
        elif not self.ground.is_long and not lead:
            made.told.add(key_of(self.ground.lead))
            made.add("", [quote(self.ground.lead)])
        left = MAX_ITEMS
        for planned in plan.sections:
            sentences = [s for item in planned.items[: max(0, left)] for s in self._told(item, made)]
            left -= len(planned.items)
            quotes = [c.quote for s in sentences for c in s.citations]
            titles = [self.ground.documents[c.document_id].title for s in sentences for c in s.citations]
            heading = usable_heading(planned.heading, [self.ground.question, *quotes, *titles])
            made.add(heading, sentences)
        return made

    def new_lead(self, plan: Plan) -> Passage | None:
        """The passage that the plan begins with, where that answers well enough to lead.

        A plan that names a number or says a heading that is nowhere to be found leads nothing, but by a sentence that
        is confirmed. In a long answer it takes the place of the reader's in short: it must be of the same document, and
        told nowhere.
        """
        first = next((p for item in plan.items for p in self.ground.numbered(item.passages)), None)
        if first is None:
            return None
        if not self.ground.is_long and (found := self._confirmed.get(plan.items[0])) and found.by:
            return first
        if self.ground.score(first) < LEADS or not self._is_of_this(plan):
            return None
        if not self.ground.is_long:
            return first
        is_free = key_of(first) not in self.ground.elsewhere and self.ground.short is not None
        return first if is_free and first.document_id == self.ground.lead.document_id else None

    def _is_of_this(self, plan: Plan) -> bool:
        """Whether all numbers and headings of a plan are of these passages, or of this question."""
        if any(len(self.ground.numbered([n])) == 0 for item in plan.items for n in item.passages):
            return False
        texts = [self.ground.question, *(p.text for p in self.ground.passages)]
        texts += [d.title for d in self.ground.documents.values()]
        return all(usable_heading(s.heading, texts) for s in plan.sections if s.heading.strip())

    def _told(self, item: Item, made: Composed) -> list[Sentence]:
        """What is told for one item: the sentence where it is confirmed, else its passages."""
        named = self.ground.numbered(item.passages)
        found = self._confirmed.get(item)
        made.written += found is not None
        if found and found.by and found.by != QUOTED:
            text, _ = clean(item.text, self.ground.links)
            if text in made.texts:
                made.dropped += 1
                return []
            made.texts.add(text)
            made.told |= {key_of(p) for p in named}
            documents = {p.document_id for p in named}
            of = documents.pop() if len(documents) == 1 else None
            return [Sentence(text, "claim", tuple(map(cite, named)), document_id=of, confirmed=found.by)]
        new = [p for p in named if self.ground.score(p) >= BEARS and key_of(p) not in made.told]
        made.told |= {key_of(p) for p in new}
        if found and not (found.by == QUOTED and new):
            made.replaced += bool(new)
            made.dropped += not new
            made.open += found.is_open
        return [quote(p) for p in new]

    def _confirm(self, plan: Plan) -> None:
        """Look at the sentences that were not looked at before, all at once."""
        if not self._keeps_sentences:
            return
        new = [item for item in dict.fromkeys(plan.items[:MAX_ITEMS]) if item.text and item not in self._confirmed]
        claims = [self._claim(item) for item in new]
        self._confirmed |= dict(zip(new, confirm(claims, self._judge), strict=True))

    def _claim(self, item: Item) -> Claim:
        text, removed = clean(item.text, self.ground.links)
        self.links_removed += removed
        named = self.ground.numbered(item.passages)
        documents = [self.ground.documents[i] for i in dict.fromkeys(p.document_id for p in named)]
        called = names_of(documents[0]) if len(documents) == 1 else ()
        return Claim(text, tuple(p.text for p in named) if text else (), tuple(d.title for d in documents), called)


def quote(passage: Passage) -> Sentence:
    """A passage as a sentence of an answer."""
    return Sentence(told(passage), "claim", (cite(passage),), document_id=passage.document_id)
