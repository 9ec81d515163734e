"""The default answer engine: a chat model that quotes instead of inventing, and needs no language model.

It searches, chooses the sentences that answer, and frames them. Its claims are the corpus's own words; its
framing restates the question or says what the corpus lacks, and states no fact about the world. It knows nothing of
vectors or indexes: what it may say is what the tool's result holds.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from app.answering.composer import Composer
from app.answers import CitedAnswer
from app.understanding.followups import Conversation, standalone
from app.understanding.intents import intent_of
from tools.registry import SEARCH, needs_approval
from tools.search import SearchResult

ENGINE = "reader"


class ExtractiveModel(BaseChatModel):
    """Answers by quoting. See the module's docstring for what it may say."""

    @property
    def _llm_type(self) -> str:
        return ENGINE

    def bind_tools(self, tools: Any, **kwargs: Any) -> ExtractiveModel:
        """Return itself: it reads the registry of tools."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.reply(messages))])

    def reply(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """The next message of a turn: a search, or an answer with what it proposes."""
        asked = max(i for i, message in enumerate(messages) if isinstance(message, HumanMessage))
        question = _text(messages[asked])
        last = messages[-1]
        was_approved = isinstance(last, ToolMessage) and needs_approval(last.name or "")
        conversation = read_conversation(messages if was_approved else messages[:asked])
        composer = Composer(question, conversation, ENGINE)
        if isinstance(last, ToolMessage) and not was_approved:
            result = last.artifact if isinstance(last.artifact, SearchResult) else None
            if result and (query := composer.second_look(result)):
                return AIMessage("", tool_calls=[_call(SEARCH, {"query": query})])
            return _message(composer.answer(result) if result else composer.failed(_text(last)))
        if isinstance(last, ToolMessage):
            artifact = last.artifact if isinstance(last.artifact, dict) else None
            return _message(composer.rendered(_text(last), artifact))
        if (direct := composer.without_search(intent_of(question))) is not None:
            return _message(direct)
        query = standalone(question, conversation).query
        return AIMessage("", tool_calls=[_call(SEARCH, {"query": query})])


def read_conversation(messages: Sequence[BaseMessage]) -> Conversation:
    """Collect what earlier turns answered, proposed and rendered, oldest first."""
    answers, blends, renders = [], [], []
    for message in messages:
        if isinstance(message, AIMessage):
            if "cited_answer" in message.additional_kwargs:
                answers.append(CitedAnswer.from_json(message.additional_kwargs["cited_answer"]))
            blends += [call["args"] for call in message.tool_calls if needs_approval(call["name"])]
        elif (
            isinstance(message, ToolMessage)
            and needs_approval(message.name or "")
            and isinstance(message.artifact, dict)
        ):
            renders.append(message.artifact)
    return Conversation(tuple(answers), tuple(blends), tuple(renders))


def _message(answer: CitedAnswer) -> AIMessage:
    calls = [_call(proposal["tool"], proposal["arguments"]) for proposal in answer.proposals]
    return answer.to_message(calls)


def _call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "args": arguments, "id": f"call_{uuid.uuid4().hex[:12]}", "type": "tool_call"}


def _text(message: BaseMessage) -> str:
    return message.content if isinstance(message.content, str) else str(message.text)
