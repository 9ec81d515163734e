"""What both engines are to LangChain: a chat model whose next message is worked out by one method.

It knows nothing of what is answered.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Self

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult


class ReplyingModel(BaseChatModel):
    """A chat model that is bound to no tools: it reads the registry of tools itself, or is shown none."""

    @property
    def _llm_type(self) -> str:
        return "undertone"

    @abstractmethod
    def reply(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """The next message of a turn: a tool call, or an answer with what it proposes."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Self:
        """Return itself."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.reply(messages))])
