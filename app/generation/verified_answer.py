"""One answer at work: a language model plans it, the corpus speaks, and what the model wrote stands where confirmed.

The plan names passages, in an order, under headings; the answer is composed of their quotes. A sentence that the model
wrote takes its passage's place where it is confirmed, and gives way to it where not. A plan that names what does not
bear on the question leaves the reader's answer as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.answers import STRICT, UNDER_THE_HOOD, Checked, CitedAnswer, Partial, Section
from app.generation.client import ModelClient, ModelClientFailed
from app.generation.composition import Composed, Composer, quote
from app.generation.ground import Ground
from app.generation.parsing import Plan, read_plan
from app.generation.prompt import Task, brief, schema_of
from app.verification.confirmation import Judge
from ingest.passages import Passage
from tools.search import SearchResult

Tell = Callable[[str | Partial], None]


class GenerationFailed(RuntimeError):
    """The language model gave nothing that can be used; the message says why."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a language model, and how.

    Args:
        engine: Its name, as the answer gives it.
        client: Takes its replies.
        limit_s: Seconds that it has.
        task: Whether it names passages or writes sentences.
        judge: Confirms sentences; None: near-quotations pass, and nothing else.
    """

    engine: str
    client: ModelClient
    limit_s: float
    task: Task = "plan"
    judge: Judge | None = None


class VerifiedAnswer:
    """One answer at work: what the reader would say, the passages, and what the model makes of them."""

    def __init__(self, read: CitedAnswer, result: SearchResult, asked: Asked, more: SearchResult | None = None) -> None:
        """Open an answer.

        Args:
            read: What the reader would say.
            result: What was found for the question.
            asked: The language model.
            more: What was found for what it said to be missing.
        """
        self.read = read
        self.result = result
        self.ground = Ground(read, [result, more] if more else [result])
        self._asked = asked
        self._composer = Composer(self.ground, asked.judge, keeps_sentences=asked.task == "write")

    @property
    def has_room(self) -> bool:
        return self.ground.has_room

    def write(self, earlier: Sequence[CitedAnswer], tell: Tell) -> tuple[CitedAnswer, str | None]:
        """Return the reader's answer as the model plans it, and what the model says to be missing.

        Args:
            earlier: The conversation's answers, oldest first.
            tell: Hears what is being done, and the sections that stand already.

        Raises:
            GenerationFailed: The model did not answer, or nothing that it named bears on the question.
        """
        asked, ground = self._asked, self.ground
        tell("Planning" if asked.task == "plan" else "Writing")
        messages = brief(asked.task, ground.question, earlier, ground.passages, ground.documents)
        try:
            schema = schema_of(asked.task, len(ground.passages))
            reply = asked.client.take(messages, asked.limit_s, schema=schema, hear=self._hearer(tell))
        except ModelClientFailed as failure:
            raise GenerationFailed(f"the language model {failure}") from None
        plan = read_plan(reply)
        if not plan.items:
            raise GenerationFailed("the language model wrote nothing that could be read")
        if not self._composer.makes_sense(plan):
            raise GenerationFailed("the language model named passages that do not answer")
        if asked.task == "write":
            tell(f"Checking {len(plan.items)} sentence{'' if len(plan.items) == 1 else 's'}")
        return self._put_in(self._composer.compose(plan), self._composer.new_lead(plan)), plan.missing

    def _hearer(self, tell: Tell) -> Callable[[str], None]:
        """Tell of sections as soon as the model has begun the next one."""
        shown = 0

        def hear(said: str) -> None:
            nonlocal shown
            plan = read_plan(said)
            whole = Plan(plan.sections[:-1])
            if len(whole.sections) > shown and self._composer.makes_sense(whole):
                shown = len(whole.sections)
                if made := self._composer.compose(whole).sections:
                    tell(Partial(tuple(made), self.ground.sources(made)))

        return hear

    def _put_in(self, composed: Composed, lead: Passage | None) -> CitedAnswer:
        """Put the sections in the place of the reader's own, and list the documents that are cited now."""
        made = composed.sections
        if not made:  # what it names is told in other sections
            shown = quote(lead).citations if lead else ()
            kept = [
                replace(s, sentences=tuple(x for x in s.sentences if x.citations != shown)) for s in self.ground.mine
            ]
            made = [section for section in kept if section.sentences]
        elif self.ground.is_long:
            made = [replace(s, heading=s.heading if n else UNDER_THE_HOOD) for n, s in enumerate(made)]
        elif len(made) == 1:
            made = [replace(made[0], heading="")]
        whole: list[Section] = []
        for section in self.read.sections:
            if section in self.ground.mine:
                whole += made
            elif lead and section == self.ground.short:
                told = [quote(lead) if s.kind == "claim" else s for s in section.sentences]
                whole.append(replace(section, sentences=tuple(told)))
            else:
                whole.append(section)
        listed = self.read.sources if self.ground.is_long else ()
        sources = {source.document_id: source for source in (*listed, *self.ground.sources(whole))}
        return replace(
            self.read,
            sections=tuple(whole),
            sources=tuple(sources.values()),
            engine=self._asked.engine,
            checked=self._checked(composed),
        )

    def _checked(self, made: Composed) -> Checked:
        by = self._asked.judge.name if self._asked.judge else STRICT
        return Checked(
            made.written,
            made.replaced,
            made.dropped,
            self._composer.links_removed,
            planner=self._asked.engine,
            judge=by if made.written else None,
            note=f"{by} could not be asked about {made.open} of them" if made.open else None,
        )
