"""A language model as the answer engine: it writes, and only what stands up to the corpus is kept.

The search comes first, whatever the model would like: the reader searches, refuses, corrects, proposes and settles what
needs no prose, and the model is asked to tell in its own words what the reader would quote. It is shown no tools, so
that a tool call of its own is text like any other. It knows no provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.config import get_stream_writer

from app.agent.extractive import Reader, read_conversation
from app.answers import CitedAnswer
from app.generation.verified_answer import Desk, Tell
from tools.search import SearchResult


class Writer(Reader):
    """Answers in a language model's words, as far as they stand up to the passages; raises WriterFailed if none do."""

    scribe: Any  # Scribe; pydantic takes no plain class
    engine: str
    limit_s: float  # for all that is asked of the model in one turn
    nli: Any = None  # EntailmentModel

    @property
    def _llm_type(self) -> str:
        return "writer"

    def _reply(self, messages: Sequence[BaseMessage]) -> AIMessage:
        message = super()._reply(messages)
        result = messages[-1].artifact if isinstance(messages[-1], ToolMessage) else None
        if not isinstance(result, SearchResult) or "cited_answer" not in message.additional_kwargs:
            return message
        desk = Desk(CitedAnswer.from_json(message.additional_kwargs["cited_answer"]), result, self.nli)
        if not desk.has_room:
            return message
        asked = max(i for i, m in enumerate(messages) if isinstance(m, HumanMessage))
        earlier = read_conversation(messages[:asked]).answers
        written = desk.write(earlier, self.scribe, self.limit_s, _progress())
        return replace(written, engine=self.engine).to_message([dict(call) for call in message.tool_calls])


def _progress() -> Tell:
    """Tell the graph's stream; outside a graph nobody listens."""
    try:
        return get_stream_writer()
    except (RuntimeError, KeyError):
        return lambda _: None
