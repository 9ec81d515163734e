"""From search results to a cited answer: choose the sentences that answer, order them, frame them.

Every claim is a sentence of the corpus, to the letter. Framing restates the question, names a document, or says what
the corpus lacks. The composer knows nothing of chat messages or tools.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.answering.answer import Query, answer
from app.answering.findings import FIRST_TOLD, OFFERS, compared_runs, told_facts, topics_of
from app.answering.proposals import SEE_IT_HAPPEN, SHOWN, method_for, proposal, swap_proposal
from app.answers import CitedAnswer, Section, Sentence
from app.understanding.followups import Asked, Conversation, focus_of, in_context, standalone
from app.understanding.intents import Intent, intent_of
from app.understanding.styles import Style, reweigh, shared, styles_in
from tools.search import SearchResult

_STARTERS = (
    "I mixed “photographic style” and “digital illustration” in one prompt and got an image that blended both "
    "perfectly. How does AI balance multiple styles at once—what’s happening with the weights under the hood?",
    "What is content leakage?",
    "Blend photographic style and watercolor",
)


class Composer:
    """Composes the answer to one question of a conversation."""

    def __init__(self, question: str, conversation: Conversation, engine: str) -> None:
        self.question = question
        self.conversation = conversation
        self.engine = engine

    # Answers that need no search

    def without_search(self, intent: Intent) -> CitedAnswer | None:
        """Answer small talk, what a render measured, and requests for a render; None for everything else."""
        if intent == "greeting":
            if re.search(r"thank|cheers|great|cool|nice|ok|bye", self.question, re.I):
                return self._framed("You are welcome. Ask on whenever you like.")
            text = "Hello. Ask how image models blend styles, or anything else that the corpus covers."
            return self._framed(text, follow_ups=_STARTERS)
        if intent == "help":
            text = (
                "Undertone answers from its corpus of paper summaries and model cards, and every claim shows the "
                "passage it stands on. It can also propose a blend of styles, which you render with a click."
            )
            return self._framed(text, follow_ups=_STARTERS)
        if self.question == SEE_IT_HAPPEN:
            swap = swap_proposal(self.conversation)
            drawn = swap["arguments"]["references"][0]["prompt"]
            said = f"Proposed: the keys and values of a picture, “{drawn}” or one of yours, for those of the render."
            return replace(self._framed(said), proposals=(swap,))
        if self.conversation.renders and (topics := topics_of(self.question)):
            facts = told_facts(self.conversation.renders[-1], topics, self.question)
            return CitedAnswer(self.question, "answered", self.engine, 0.0, (facts,)) if facts else None
        if intent == "render":
            return self._proposed(shared(styles_in(self.question)) or self.conversation.styles)
        if intent == "reweigh":
            named = styles_in(self.question)
            known = self.conversation.styles
            if known or len(named) > 1:
                return self._proposed(reweigh(named, known) if known else shared(named))
        return None

    def _proposed(self, styles: Sequence[Style]) -> CitedAnswer:
        if not styles:
            return self._framed(
                "Name the styles to blend, for example: blend photographic style and digital illustration.",
                follow_ups=("Blend photographic style and digital illustration",),
            )
        parts = " and ".join(f"{round((s.share or 0) * 100)} % “{s.text}”" for s in styles)
        method = method_for(self.question, self.conversation, weighted=True)
        answer = self._framed(f"Proposed: a blend of {parts}, method {method}. It renders when you click Render.")
        return replace(answer, proposals=(proposal(self.question, self.conversation, styles, method),))

    def rendered(self, text: str, artifact: dict[str, Any] | None) -> CitedAnswer:
        """Say what came of a proposed render: what was measured, and what moved since the run before."""
        if artifact is None:
            return self._framed(text.rpartition("with reason: ")[2])  # a rejected call's message puts that before it
        said = [text.splitlines()[0], artifact.get("verdict")]
        first = Section("", tuple(Sentence(sentence, "framing") for sentence in said if sentence))
        sections = [first, told_facts(artifact, FIRST_TOLD)]
        if len(self.conversation.renders) > 1 and artifact is self.conversation.renders[-1]:
            sections.append(compared_runs(*self.conversation.renders[-2:]))
        kept = tuple(section for section in sections if section)
        return CitedAnswer(self.question, "answered", self.engine, 0.0, kept, follow_ups=OFFERS)

    def failed(self, text: str) -> CitedAnswer:
        """Say in one sentence that the search did not run."""
        return self._framed(f"The corpus could not be searched: {text.strip() or 'no result came back'}")

    # Answers from the corpus

    def answer(self, result: SearchResult) -> CitedAnswer:
        """Answer from what was found."""
        asked, is_second_look = self._asked(result)
        styles = shared(styles_in(self.question))
        method = method_for(self.question, self.conversation, weighted=False)
        proposals = (proposal(self.question, self.conversation, styles, method),) if len(styles) > 1 else ()
        intent = intent_of(result.query)
        query = Query(
            self.question,
            documents=(asked.focus,) if asked.focus and asked.is_bound else (),
            compared=self._pair(result) if intent == "compare" else (),
            wants={"lacks": "lacking", "links": "links"}.get(intent, "answer"),
            styles=tuple(s.text for s in styles) if len(styles) > 1 else (),
            is_follow_up=asked.focus is not None,
            is_guess=is_second_look,
            proposals=proposals,
            shows=SHOWN if proposals else None,
            asked_before=tuple(a.question for a in self.conversation.answers),
        )
        found = answer(query, result, self.engine)
        is_refused = is_second_look and found.status == "refused"
        return replace(found, searched_for=self.question) if is_refused else found

    def _pair(self, result: SearchResult) -> tuple[str, ...]:
        """The two documents that are compared: those named, then those last spoken of, then those that rank first."""
        told = [i for a in reversed(self.conversation.answers) for i in [focus_of(a)] if i]
        papers = [d.id for d in result.found if d.kind == "paper"]
        return tuple(dict.fromkeys((*result.named, *told, *papers)))[:2]

    def second_look(self, result: SearchResult) -> str | None:
        """Return the question as one about what was last spoken of, where nothing was found for it by itself."""
        again = in_context(self.question, self.conversation)
        is_first = result.query == standalone(self.question, self.conversation).query
        return again.query if again and is_first and not result.relevant and again.query != result.query else None

    def _asked(self, result: SearchResult) -> tuple[Asked, bool]:
        """How the question was searched for, and whether that was a second look."""
        again = in_context(self.question, self.conversation)
        first = standalone(self.question, self.conversation)
        if again and again.query == result.query != first.query:
            return again, True
        return (first, False) if first.query == result.query else (Asked(result.query), False)

    def _framed(self, text: str, follow_ups: Sequence[str] = ()) -> CitedAnswer:
        section = Section("", (Sentence(text, "framing"),))
        return CitedAnswer(self.question, "answered", self.engine, 0.0, (section,), follow_ups=tuple(follow_ups))
