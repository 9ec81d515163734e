"""The default answer engine: a chat model that quotes instead of inventing, and needs no language model.

A turn is read once, as a Request; then it searches, or answers from the runs and the program. Its claims are the
corpus's own words; its framing restates the question or says what the corpus lacks, and states no fact about the
world. It knows nothing of vectors or indexes: what it may say is what the tool's result holds.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from pydantic import Field

from app.agent.history import History, read_history, request_of, state_of
from app.agent.queries import asks_first, query_of, second_look
from app.agent.replying import ReplyingModel
from app.answering.answer import answer
from app.answering.program import Setup
from app.answering.replies import Background, reply_to, said, told_run, with_run, without_corpus
from app.answers import Checked, CitedAnswer
from app.understanding.request import Request
from app.understanding.understand import understand
from tools.registry import SEARCH, needs_approval
from tools.search import SearchResult

ENGINE = "reader"


class ExtractiveModel(ReplyingModel):
    """Answers by quoting. See the module's docstring for what it may say."""

    setup: Setup = Field(default_factory=Setup)
    instead_of: str | None = None  # why the language model that the settings name does not answer

    def reply(self, messages: Sequence[BaseMessage]) -> AIMessage:
        """The next message of a turn: a search, or an answer with what it proposes."""
        message = self._reply(messages)
        if self.instead_of and "cited_answer" in message.additional_kwargs:
            message.additional_kwargs["cited_answer"]["checked"] = asdict(Checked(note=self.instead_of))
        return message

    def _reply(self, messages: Sequence[BaseMessage]) -> AIMessage:
        asked = max(i for i, message in enumerate(messages) if isinstance(message, HumanMessage))
        history, last = read_history(messages[:asked]), messages[-1]
        if isinstance(last, ToolMessage) and needs_approval(last.name or ""):
            made = [asdict(one) for one in read_history(messages).made]
            artifact = last.artifact if isinstance(last.artifact, dict) else None
            made = [{**one, "artifact": artifact} if one["artifact"] == artifact else one for one in made]
            return _message(told_run(_text(messages[asked]), _text(last), artifact, made, ENGINE))
        request = request_of(messages[asked]) or understand(_text(messages[asked]), state_of(history))
        if isinstance(last, ToolMessage):
            return self._from_search(request, history, last)
        direct = reply_to(request, self._background(history), ENGINE)
        if direct is None or (direct.proposals and asks_first(request)):
            return AIMessage("", tool_calls=[search_call(request.question)])
        return _message(direct)

    def _from_search(self, request: Request, history: History, found: ToolMessage) -> AIMessage:
        result = found.artifact if isinstance(found.artifact, SearchResult) else None
        if result is None:
            why = _text(found).strip() or "no result came back"
            return _message(said(request.message, [f"The corpus could not be searched: {why}"], ENGINE))
        if again := second_look(request, history, result):
            return AIMessage("", tool_calls=[search_call(again)])
        query = query_of(request, history, result)
        told = answer(query, result, ENGINE)
        if request.kind == "experiment" and told.status != "answered":
            direct = reply_to(request, self._background(history), ENGINE)
            return _message(without_corpus(direct) if direct else told)
        has_more = request.experiment or (told.status == "refused" and not request.fallback)
        if query.proposals and not told.proposals and has_more:
            told = with_run(told, query.proposals, query.shows or "")
        if told.status == "refused" and request.fallback:
            other = request.model_copy(update={"kind": request.fallback})
            return _message(reply_to(other, Background(setup=self.setup), ENGINE) or told)
        was_second = result.query != request.question
        return _message(
            replace(told, searched_for=request.message) if was_second and told.status == "refused" else told
        )

    def _background(self, history: History) -> Background:
        return Background(tuple(asdict(one) for one in history.made), history.last, history.styles, self.setup)


def _message(told: CitedAnswer) -> AIMessage:
    calls = [_call(proposal["tool"], proposal["arguments"]) for proposal in told.proposals]
    return told.to_message(calls)


def search_call(query: str) -> dict[str, Any]:
    """The call that searches the corpus."""
    return _call(SEARCH, {"query": query})


def _call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "args": arguments, "id": f"call_{uuid.uuid4().hex[:12]}", "type": "tool_call"}


def _text(message: BaseMessage) -> str:
    return message.content if isinstance(message.content, str) else str(message.text)
