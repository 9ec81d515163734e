"""From search results to a cited answer: choose the sentences that answer, order them, frame them.

Every claim is a sentence of the corpus, to the letter. Framing restates the question, names a document, or says what
the corpus lacks. The composer knows nothing of chat messages or tools.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.answering.candidates import Shelf, source_of
from app.answering.explanation import explain
from app.answering.findings import FIRST_TOLD, OFFERS, compared_runs, told_facts, topics_of
from app.answering.premises import corrected
from app.answering.proposals import SEE_IT_HAPPEN, method_for, proposal, swap_proposal
from app.answering.rhetoric import role_of
from app.answering.selection import compared, lacking, links, narrow
from app.answers import CitedAnswer, Section, Sentence
from app.understanding.followups import Asked, Conversation, in_context, standalone
from app.understanding.intents import Intent, intent_of, short_name
from app.understanding.stems import content_stems
from app.understanding.styles import Style, reweigh, shared, styles_in
from ingest.documents import Document
from tools.search import SearchResult

_ABOUT_THE_MODEL = re.compile(r"\b(ai|models?|image|images|generat\w+|prompt|diffusion|render|blend\w*|mix\w*)\b", re.I)
_FACT = re.compile(
    r"^\W*(and |but |so )?(who|whom|whose|when|how (many|much|long|big|large|fast|often|old)|what year|in what year)\b",
    re.I,
)
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
        """Compose the answer that the search result supports, or the refusal."""
        asked, is_second_look = self._asked(result)
        shelf = Shelf(result, asked)
        intent = intent_of(shelf.question)
        if intent == "lacks":
            return self._close(shelf, lacking(shelf))
        if intent == "links" and shelf.named:
            return self._close(shelf, links(shelf))
        if not result.relevant or self._asks_what_is_absent(shelf, is_second_look):
            refusal = self._refused(shelf)
            return replace(refusal, search_query=self.question) if is_second_look else refusal
        if intent == "links" and (found := links(shelf)):
            return self._close(shelf, found)
        if correction := corrected(shelf):
            return self._close(shelf, correction)
        if intent == "compare" and (pair := compared(shelf, self.conversation)):
            return self._close(shelf, pair)
        if self._is_broad(intent, shelf):
            return self._explained(shelf)
        return self._close(shelf, narrow(shelf))

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

    def _asks_what_is_absent(self, shelf: Shelf, is_second_look: bool) -> bool:
        """Whether what is asked stands in no document that it may be about, though a name made them come up."""
        documents = shelf.named or shelf.documents
        if is_second_look or (shelf.is_follow_up and len(shelf.unknown) > 1):
            return not any(shelf.speaks_of_most(d) for d in documents)
        if not _FACT.match(shelf.question) or (shelf.is_bound and not shelf.terms):
            return False
        return not any(shelf.held(shelf.terms, shelf.stems(d)) for d in documents)

    def _is_broad(self, intent: Intent, shelf: Shelf) -> bool:
        """Whether all five sections are wanted: "how does it work" about a model, with no single aspect asked for."""
        if intent != "explain" or shelf.is_follow_up:
            return False
        if not _ABOUT_THE_MODEL.search(self.question) and not shelf.named:
            return False
        aspects = shelf.terms - {*content_stems("AI model image method approach work do")}
        return not shelf.named or len(aspects) <= 1 or len(self.question.split()) > 18

    def _explained(self, shelf: Shelf) -> CitedAnswer:
        with_model = bool(_ABOUT_THE_MODEL.search(self.question))
        told = explain(self.question, shelf, with_model=with_model)
        styles = shared(styles_in(self.question))
        method = method_for(self.question, self.conversation, weighted=False)
        proposals = (proposal(self.question, self.conversation, styles, method),) if len(styles) > 1 else ()
        return CitedAnswer(
            self.question,
            "answered",
            self.engine,
            0.0,
            told.sections,
            tuple(source_of(d) for d in told.documents),
            told.workflow,
            proposals,
            self._follow_ups(shelf, told.documents, proposals),
            shelf.result.query,
        )

    def _refused(self, shelf: Shelf) -> CitedAnswer:
        titles = [short_name(d.title) for d in shelf.documents]
        shown, more = titles[:6], len(shelf.result.documents) - 6
        covered = "; ".join(shown) + (f"; and {more} more" if more > 0 else "")
        text = "The corpus says nothing about this."
        text = (
            f"{text[:-1]}; what it covers: {covered}." if shown else f"{text[:-1]}: it is empty, run python -m ingest."
        )
        answer = self._framed(text, follow_ups=[offer for d in shelf.documents[:2] if (offer := _about(d, shelf))])
        return replace(answer, status="refused", search_query=shelf.result.query)

    # Framing and closing

    def _close(self, shelf: Shelf, sentences: Sequence[Sentence]) -> CitedAnswer:
        cited = list(dict.fromkeys(c.document_id for s in sentences for c in s.citations))
        cited = cited or [d.id for d in shelf.named]  # what is missing is missing from these
        if not cited and not sentences:
            return self._refused(shelf)
        order = {document_id: n for n, document_id in enumerate(cited)}
        documents = sorted((d for d in shelf.documents if d.id in order), key=lambda d: order[d.id])
        return CitedAnswer(
            self.question,
            "answered",
            self.engine,
            0.0,
            (Section("", tuple(sentences)),),
            tuple(source_of(d) for d in documents),
            follow_ups=self._follow_ups(shelf, documents, (), told=" ".join(s.text for s in sentences)),
            search_query=shelf.result.query,
        )

    def _follow_ups(
        self, shelf: Shelf, documents: Sequence[Document], proposals: Sequence[Any], told: str = ""
    ) -> tuple[str, ...]:
        asked = {a.question.lower() for a in self.conversation.answers} | {self.question.lower()}
        offers = ["Now 80 % " + proposals[0]["arguments"]["styles"][-1]["text"]] if proposals else []
        offers += [question for d in documents if d not in shelf.named and (question := _about(d, shelf))]
        offers += [
            f"Where is the code of {short_name(d.title)}?"
            for d in documents
            if d.github_url and d.github_url not in told and d.kind == "paper"
        ]
        return tuple(dict.fromkeys(o for o in offers if o.lower() not in asked))[:3]

    def _framed(self, text: str, follow_ups: Sequence[str] = ()) -> CitedAnswer:
        section = Section("", (Sentence(text, "framing"),))
        return CitedAnswer(self.question, "answered", self.engine, 0.0, (section,), follow_ups=tuple(follow_ups))


def _about(document: Document, shelf: Shelf) -> str | None:
    """A question that the document answers, from the roles that its sentences play."""
    roles = {role_of(p.text) for p in shelf.sentences(document)}
    name = short_name(document.title)
    if "mechanism" in roles:
        return f"How does {name} work?"
    if "problem" in roles:
        return f"What problem does {name} address?"
    return None
