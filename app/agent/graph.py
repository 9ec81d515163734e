"""The agent: a chat model, its tools, and the rules that hold whichever model is used.

It knows neither the corpus nor how a blend is made; those are behind the tools. A tool that needs approval never runs
because a model asked for it: the person's click approves or edits the call, and the queue in `render_queue.py` has
rendered it by then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any

import numpy as np
from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentMiddleware,
    HumanInTheLoopMiddleware,
    ModelCallLimitMiddleware,
    ModelFallbackMiddleware,
    ToolCallLimitMiddleware,
)
from langchain.agents.middleware.types import AgentState, ModelRequest, ModelResponse, ToolCallRequest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from app.agent.generative import GenerativeModel
from app.agent.history import REQUEST, read_history, request_of, state_of
from app.answers import Checked
from app.generation.verified_answer import GenerationFailed
from app.understanding.messages import check_question
from app.understanding.request import Known, Request, State
from app.understanding.understand import understand
from tools.registry import TOOLS

PLAIN = frozenset({str, int, float, bool, type(None)})
MODEL_CALLS_PER_TURN = 6
TOOL_CALLS_PER_TURN = 6


@dataclass(frozen=True)
class TurnContext:
    """What one turn brings along and no checkpoint keeps.

    Args:
        started_s: `time.perf_counter()` when the turn began.
        rendered: Finished runs by the id of the tool call that asked for them.
        trouble: Why the engine could not answer, once it could not.
    """

    started_s: float = field(default_factory=time.perf_counter)
    rendered: dict[str, ToolMessage] = field(default_factory=dict)
    trouble: list[Checked] = field(default_factory=list)


class HandOverRenders(AgentMiddleware[AgentState, TurnContext]):
    """Give an approved call the result that the queue has made for it."""

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        context: TurnContext | None = request.runtime.context
        finished = context.rendered.get(request.tool_call["id"] or "") if context else None
        return finished or handler(request)


class KeepPlainData(AgentMiddleware[AgentState, TurnContext]):
    """Turn the numbers in a tool's result into Python's own: a checkpoint holds no NumPy."""

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        result = handler(request)
        if isinstance(result, ToolMessage):
            result.artifact = plain(result.artifact)
        return result


class CapInput(AgentMiddleware[AgentState, TurnContext]):
    """Hold a question to its length, whoever hands it to the agent."""

    def before_agent(self, state: AgentState, runtime: Runtime[TurnContext]) -> None:
        """Raise UnusableQuestion where the last question is empty or too long."""
        asked = next(message for message in reversed(state["messages"]) if isinstance(message, HumanMessage))
        check_question(asked.text)


class ReadMessages(AgentMiddleware[AgentState, TurnContext]):
    """Read a person's message once, as a Request that it carries from then on."""

    def __init__(self, documents: Callable[[], Sequence[Known]], read: Callable[[str, State], Request]) -> None:
        super().__init__()
        self.documents = documents
        self.read = read

    def before_agent(self, state: AgentState, runtime: Runtime[TurnContext]) -> dict[str, Any] | None:
        """Return the last message with its Request; None where it has one, or where a click wrote it."""
        messages = state["messages"]
        asked = max(n for n, message in enumerate(messages) if isinstance(message, HumanMessage))
        message = messages[asked]
        if request_of(message) or "render_of" in message.additional_kwargs:
            return None
        request = self.read(message.text, state_of(read_history(messages[:asked]), self.documents()))
        kept = {**message.additional_kwargs, REQUEST: request.model_dump(mode="json")}
        return {"messages": [message.model_copy(update={"additional_kwargs": kept})]}


class TellWhoAnswered(AgentMiddleware[AgentState, TurnContext]):
    """Write into an answer why the extractive model gave it in a language model's place.

    It stands inside of the fallback, which calls it once for each model: it hears why the first failed, and marks what
    the second says.
    """

    def wrap_model_call(
        self, request: ModelRequest[TurnContext], handler: Callable[[ModelRequest[TurnContext]], ModelResponse]
    ) -> ModelResponse:
        trouble = request.runtime.context.trouble
        try:
            response = handler(request)
        except Exception as error:  # by its kind, unless it is ours: its words may hold a key
            ours = isinstance(error, GenerationFailed)
            why = str(error) if ours else f"the language model could not be used ({type(error).__name__})"
            trouble.append(Checked(note=why))
            raise
        for message in response.result:
            if trouble and "cited_answer" in message.additional_kwargs:
                message.additional_kwargs["cited_answer"]["checked"] = asdict(trouble[-1])
        return response


class TimeAnswers(AgentMiddleware[AgentState, TurnContext]):
    """Write into each answer how long its turn took."""

    def wrap_model_call(
        self, request: ModelRequest[TurnContext], handler: Callable[[ModelRequest[TurnContext]], ModelResponse]
    ) -> ModelResponse:
        response = handler(request)
        seconds = round(time.perf_counter() - request.runtime.context.started_s, 4)
        for message in response.result:
            if "cited_answer" in message.additional_kwargs:
                message.additional_kwargs["cited_answer"]["seconds"] = seconds
        return response


def plain(value: Any) -> Any:
    """The same data with Python's own numbers and dicts; dataclasses stay what they are."""
    if type(value) in PLAIN:  # most of what a search returns, by far
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [plain(item) for item in value]
        return value if all(new is item for new, item in zip(items, value, strict=True)) else type(value)(items)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {part.name: getattr(value, part.name) for part in fields(value)}
        made = {name: new for name, part in parts.items() if (new := plain(part)) is not part}
        return replace(value, **made) if made else value
    return value


def build_agent(
    model: BaseChatModel,
    tools: Sequence[BaseTool],
    checkpointer: BaseCheckpointSaver,
    documents: Callable[[], Sequence[Known]] = tuple,
) -> CompiledStateGraph[Any, TurnContext, Any, Any]:
    """Put the agent together.

    Args:
        model: Anything that answers with tool calls or a message; `additional_kwargs["cited_answer"]` holds the answer.
        tools: As from `tools.registry.build_tools`.
        checkpointer: Keeps each conversation between turns, and while a proposal waits for its click.
        documents: The documents of the index, as far as a message can name them.
    """
    middleware: list[AgentMiddleware[Any, TurnContext]] = [
        HumanInTheLoopMiddleware(
            interrupt_on={
                spec.name: {"allowed_decisions": ["approve", "edit", "reject"]}
                for spec in TOOLS.values()
                if spec.needs_approval
            },
            description_prefix="Proposed",
            edit_notice=None,  # the tool's result says itself what was rendered
        ),
        CapInput(),
        ReadMessages(documents, model.read if isinstance(model, GenerativeModel) else understand),
        HandOverRenders(),
        KeepPlainData(),
        ModelCallLimitMiddleware(run_limit=MODEL_CALLS_PER_TURN, exit_behavior="end"),
        ToolCallLimitMiddleware(run_limit=TOOL_CALLS_PER_TURN, exit_behavior="continue"),
        TimeAnswers(),
    ]
    if isinstance(model, GenerativeModel):
        middleware += [ModelFallbackMiddleware(model.extractive), TellWhoAnswered()]
    return create_agent(
        model,
        list(tools),
        middleware=middleware,
        context_schema=TurnContext,
        checkpointer=checkpointer,
    )
