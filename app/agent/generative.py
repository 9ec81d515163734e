"""A language model as the answer engine: it writes, and only what stands up to the corpus is kept.

The search comes first, whatever the model would like: the extractive model searches, refuses, corrects, proposes and
settles what needs no prose, and the language model is asked to tell in its own words what would be quoted. It is shown
no tools, so that a tool call of its own is text like any other. It knows no provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.config import get_stream_writer

from app.agent.extractive import ExtractiveModel
from app.agent.history import read_history
from app.agent.replying import ReplyingModel
from app.answers import CitedAnswer
from app.generation.verified_answer import Tell, VerifiedWriter
from tools.search import SearchResult


class GenerativeModel(ReplyingModel):
    """Answers in a language model's words, as far as they stand up to the passages; else raises GenerationFailed."""

    extractive: ExtractiveModel
    client: Any  # ModelClient; pydantic takes no plain class
    engine: str
    limit_s: float  # for all that is asked of the model in one turn
    nli: Any = None  # EntailmentModel

    def reply(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """What the extractive model says next, an answer of quotes told in the language model's words."""
        message = self.extractive.reply(messages)
        result = messages[-1].artifact if isinstance(messages[-1], ToolMessage) else None
        if not isinstance(result, SearchResult) or "cited_answer" not in message.additional_kwargs:
            return message
        writer = VerifiedWriter(CitedAnswer.from_json(message.additional_kwargs["cited_answer"]), result, self.nli)
        if not writer.has_room:
            return message
        asked = max(i for i, m in enumerate(messages) if isinstance(m, HumanMessage))
        earlier = read_history(messages[:asked]).answers
        written = writer.write(earlier, self.client, self.limit_s, _progress())
        return replace(written, engine=self.engine).to_message([dict(call) for call in message.tool_calls])


def _progress() -> Tell:
    """Tell the graph's stream; outside a graph nobody listens."""
    try:
        return get_stream_writer()
    except (RuntimeError, KeyError):
        return lambda _: None
