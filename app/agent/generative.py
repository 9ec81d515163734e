"""A language model as the answer engine: it plans, and the corpus speaks; what it writes is kept where it is confirmed.

The search comes first, whatever the model would like: the extractive model searches, refuses, corrects, proposes and
settles what needs no choice, and the language model is asked which passages answer. It is shown no tools, so that a
tool call of its own is text like any other. Where it says what is missing, that is searched for, once. It knows no
provider.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.config import get_stream_writer

from app.agent.extractive import ExtractiveModel, search_call
from app.agent.history import read_history
from app.agent.replying import ReplyingModel
from app.answers import CitedAnswer
from app.generation.understanding import understand_with
from app.generation.verified_answer import Asked, GenerationFailed, Tell, VerifiedAnswer
from app.understanding.request import Request, State
from app.understanding.stems import content_stems, stem, words
from tools.search import SearchResult

LOOKS_AGAIN = "looks_again"
"""Marks the call by which what a language model said to be missing is searched for; it holds the answer without it and
the seconds that it took."""
MAX_MISSING_WORDS = 12
KNOWN = 0.5
"""The share of what is said to be missing that must be words of the corpus, for a search to be worth it."""


class GenerativeModel(ReplyingModel):
    """Answers as a language model plans it, as far as that bears on the question; else raises GenerationFailed."""

    extractive: ExtractiveModel
    asked: Any  # Asked; pydantic takes no plain class

    def read(self, message: str, state: State) -> Request:
        """Read a person's message, with the language model's help."""
        return understand_with(self.asked.client, message, state, self.asked.limit_s)

    def reply(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """What the extractive model says next, an answer of quotes as the language model plans it."""
        looked = _looked_again(messages)
        if looked is not None:
            return self._with_more(messages, looked)
        message = self.extractive.reply(messages)
        answer = _opened(message, messages[-1], self.asked)
        if answer is None:
            return message
        started_s = time.monotonic()
        written, missing = answer.write(_earlier(messages), _progress())
        spent_s = time.monotonic() - started_s
        is_early = spent_s < self.asked.limit_s / 2
        query = words_to_search(missing, answer.result, answer.read.question) if missing and is_early else None
        if query:
            kept = {"spent_s": spent_s, "answer": written.to_json(), "proposed": list(message.tool_calls)}
            return AIMessage("", tool_calls=[search_call(query)], additional_kwargs={LOOKS_AGAIN: kept})
        return written.to_message([dict(call) for call in message.tool_calls])

    def _with_more(self, messages: Sequence[BaseMessage], looked: int) -> AIMessage:
        """The answer planned once more with what was found for what was missing; the first one where that fails."""
        kept = messages[looked].additional_kwargs[LOOKS_AGAIN]
        first = CitedAnswer.from_json(kept["answer"]).to_message([dict(call) for call in kept["proposed"]])
        more = _found(messages[-1])
        if more is None or not more.relevant:
            return first
        message = self.extractive.reply(messages[:looked])
        asked = replace(self.asked, limit_s=self.asked.limit_s - kept["spent_s"])
        answer = _opened(message, messages[looked - 1], asked, more)
        try:
            if answer is not None:
                written, _ = answer.write(_earlier(messages), _progress())
                return written.to_message([dict(call) for call in message.tool_calls])
        except GenerationFailed:
            pass
        return first


def _opened(
    message: AIMessage, found: BaseMessage, asked: Asked, more: SearchResult | None = None
) -> VerifiedAnswer | None:
    """The extractive model's answer, opened for a language model; None where it is none, or has no room for one."""
    result = _found(found)
    if result is None or "cited_answer" not in message.additional_kwargs:
        return None
    answer = VerifiedAnswer(CitedAnswer.from_json(message.additional_kwargs["cited_answer"]), result, asked, more)
    return answer if answer.has_room else None


def _found(message: BaseMessage) -> SearchResult | None:
    artifact = message.artifact if isinstance(message, ToolMessage) else None
    return artifact if isinstance(artifact, SearchResult) else None


def _earlier(messages: Sequence[BaseMessage]) -> tuple[CitedAnswer, ...]:
    asked = max(i for i, message in enumerate(messages) if isinstance(message, HumanMessage))
    return read_history(messages[:asked]).answers


def words_to_search(missing: str, result: SearchResult, question: str) -> str | None:
    """Of what is said to be missing, the words that the corpus has; None where a search for them is not worth it.

    Nothing else of it is searched for: a query is shown while it runs.
    """
    said = words(missing)[:MAX_MISSING_WORDS]
    wanted = content_stems(" ".join(said))
    held = content_stems(" ".join([*(p.text for p in result.passages), *(d.title for d in result.found)]))
    known = [word for word in dict.fromkeys(said) if stem(word) in wanted & held]
    is_new = bool({stem(word) for word in known} - content_stems(question))
    return " ".join(known) if is_new and len(wanted & held) >= KNOWN * len(wanted) else None


def _looked_again(messages: Sequence[BaseMessage]) -> int | None:
    """Where in this turn the search for what was missing was called, if its result has come."""
    if not isinstance(messages[-1], ToolMessage) or len(messages) < 2:
        return None
    before = messages[-2]
    return len(messages) - 2 if isinstance(before, AIMessage) and LOOKS_AGAIN in before.additional_kwargs else None


def _progress() -> Tell:
    """Tell the graph's stream; outside a graph nobody listens."""
    try:
        return get_stream_writer()
    except (RuntimeError, KeyError):
        return lambda _: None
