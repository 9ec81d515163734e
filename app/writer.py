"""A language model as the answer engine: it writes, and only what stands up to the corpus is kept.

The search comes first, whatever the model would like: the reader searches, refuses, corrects, proposes and settles what
needs no prose, and the model is asked to tell in its own words what the reader would quote. It is shown no tools, so
that a tool call of its own is text like any other. It knows no provider.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.config import get_stream_writer

from app.answers import CitedAnswer
from app.desk import Desk, Tell
from app.reader import Reader, read_conversation
from tools.search import SearchResult


class Writer(BaseChatModel):
    """Answers in a language model's words, as far as they stand up to the passages; raises WriterFailed if none do."""

    scribe: Any  # Scribe; pydantic takes no plain class
    engine: str
    limit_s: float  # for all that is asked of the model in one turn
    nli: Any = None  # EntailmentModel

    @property
    def _llm_type(self) -> str:
        return "writer"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Writer:
        """Return itself: the model is shown no tools."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = Reader().invoke(messages)
        result = messages[-1].artifact if isinstance(messages[-1], ToolMessage) else None
        if isinstance(result, SearchResult) and "cited_answer" in message.additional_kwargs:
            read = CitedAnswer.from_json(message.additional_kwargs["cited_answer"])
            desk = Desk(read, result, self.nli)
            if desk.has_room:
                asked = max(i for i, m in enumerate(messages) if isinstance(m, HumanMessage))
                earlier = read_conversation(messages[:asked]).answers
                written = desk.write(earlier, self.scribe, self.limit_s, _progress())
                answer = replace(written, engine=self.engine)
                message = answer.to_message([dict(call) for call in message.tool_calls])
        return ChatResult(generations=[ChatGeneration(message=message)])


def _progress() -> Tell:
    """Tell the graph's stream; outside a graph nobody listens."""
    try:
        return get_stream_writer()
    except (RuntimeError, KeyError):
        return lambda _: None
