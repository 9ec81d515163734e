"""A question asked in a conversation, and its answer.

The turn is the unit: it takes the conversation's lock, settles what the turn before left open, runs the agent and
yields what happens. It knows nothing of widgets or of the command line.
"""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.constants import START
from langgraph.graph.message import REMOVE_ALL_MESSAGES
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from app.agent.graph import TurnContext
from app.agent.history import request_message
from app.answers import CitedAnswer, Partial
from app.conversation.settling import WENT_ON, settle, without_findings
from app.conversation.sources import sources_of, with_sources
from app.conversation.store import Conversations, ConversationsRefused, is_passing
from app.understanding.messages import check_question
from app.understanding.request import Request
from tools.registry import TOOLS, needs_approval

DECLINED = "Not run, as you wished. It can still be run later."

Agent = CompiledStateGraph[Any, TurnContext, Any, Any]
Event = str | Partial | CitedAnswer
"""What a turn yields: lines that say what it is doing, the sections that stand already, then its answer."""


class Chat:
    """The agent's conversations: ask, take up again, hand over a render."""

    def __init__(
        self,
        agent: Agent,
        conversations: Conversations | None,
        agent_for: Callable[[Sequence[str]], tuple[Agent, Sequence[str]]] | None = None,
    ) -> None:
        """Open them.

        Args:
            agent: Answers, and keeps what was said.
            conversations: Their names; None keeps none.
            agent_for: The agent that searches other corpora as well, by their names, over the same conversations, and
                a line on each of them that it does not search. None: nothing else is ever searched.
        """
        self.agent = agent
        self.conversations = conversations
        self._agent_for = agent_for
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)

    @contextlib.contextmanager
    def _locked(self, conversation_id: str) -> Iterator[None]:
        """Hold a conversation: no other thread, and no other process that shares it, works on it meanwhile."""
        shared = self.conversations.locked(conversation_id) if self.conversations else contextlib.nullcontext()
        with self._locks[conversation_id], shared:
            yield

    def _config(self, conversation_id: str) -> RunnableConfig:
        thread = self.conversations.thread(conversation_id) if self.conversations else conversation_id
        return {"configurable": {"thread_id": thread}}

    def ask(self, conversation_id: str, question: str, sources: Sequence[str] | None = None) -> Iterator[Event]:
        """Run one turn; see `begin` and `take_up`."""
        with self._locked(conversation_id):
            self.begin(conversation_id, question, sources)
            yield from self.take_up(conversation_id)

    def begin(self, conversation_id: str, asked: str | Request, sources: Sequence[str] | None = None) -> None:
        """Store a question, before anything slow starts.

        Args:
            asked: A message to be read, or the Request that a button stands for.
            sources: Names of corpora to search beside the conversation's own; None: those of the question before.

        Raises:
            UnusableQuestion: It is empty or longer than 4,000 characters.
        """
        message = request_message(asked) if isinstance(asked, Request) else HumanMessage(check_question(asked))
        with self._locked(conversation_id):
            if self.conversations:
                self.conversations.start(message.text, conversation_id)
            messages = self.messages(conversation_id)
            named = sources_of(messages) if sources is None else sources
            said = [*without_findings(messages), *settle(messages), with_sources(message, named)]
            self.agent.update_state(self._config(conversation_id), {"messages": said}, as_node=START)

    def take_up(self, conversation_id: str) -> Iterator[Event]:
        """Answer the question that waits, whether it was just stored or its turn was cut off."""
        with self._locked(conversation_id):
            if self.is_cut_off(conversation_id):
                self._rewind(conversation_id)
                yield from self._run(conversation_id, None)

    def _rewind(self, conversation_id: str) -> None:
        """Go back to the question: what a search found comes back from a checkpoint as data, not as a result.

        The messages are given anew and not taken back one by one: of a turn that was cut off, some were noted and had
        not become part of the conversation, and cannot be taken back from it.
        """
        messages = self.messages(conversation_id)
        if isinstance(messages[-1], ToolMessage) and needs_approval(messages[-1].name or ""):
            return
        asked = max(n for n, message in enumerate(messages) if isinstance(message, HumanMessage))
        if messages[asked + 1 :]:
            said = [RemoveMessage(REMOVE_ALL_MESSAGES), *messages[: asked + 1]]
            self.agent.update_state(self._config(conversation_id), {"messages": said}, as_node=START)

    def is_cut_off(self, conversation_id: str) -> bool:
        """Whether the last question, or the last render, still waits for the engine's answer."""
        messages = self.messages(conversation_id)
        return bool(messages) and not proposals(messages[-1]) and not _is_answer(messages[-1])

    def _reach_click(self, conversation_id: str) -> None:
        """Go on to where the agent waits for a click: a turn may have been cut off between a proposal and there."""
        state = self.agent.get_state(self._config(conversation_id))
        if state.tasks and not any(task.interrupts for task in state.tasks):
            for _ in self._run(conversation_id, None):
                pass

    def approve(self, conversation_id: str) -> Iterator[Event]:
        """Run what is proposed and waits, as it stands, here and now, and let the engine say what came of it."""
        with self._locked(conversation_id):
            messages = self.messages(conversation_id)
            if waiting := proposals(messages[-1]) if messages else []:
                self._reach_click(conversation_id)
                yield from self._run(
                    conversation_id, Command(resume={"decisions": [{"type": "approve"}] * len(waiting)})
                )

    def decline(self, conversation_id: str, call_id: str) -> Iterator[Event]:
        """Reject a proposal that waits, and let the engine go on without it."""
        with self._locked(conversation_id):
            messages = self.messages(conversation_id)
            waiting = [call["id"] for call in proposals(messages[-1])] if messages else []
            if call_id in waiting:
                self._reach_click(conversation_id)
                said = [DECLINED if waited == call_id else WENT_ON for waited in waiting]
                decisions = [{"type": "reject", "message": message} for message in said]
                yield from self._run(conversation_id, Command(resume={"decisions": decisions}))

    def hand_over(self, conversation_id: str, call_id: str, arguments: dict[str, Any], rendered: ToolMessage) -> None:
        """Put a finished run into its conversation and let the engine say what came of it.

        Where the proposal still waits, its run is its approval. Where the conversation went on, the run joins it
        as a new exchange, so nothing that was said changes; so does the result of another tool than the proposed one,
        which leaves the proposal as it is. A run that was handed over before, by a process that was cut off before it
        could note that, is not told twice.

        Args:
            call_id: The proposal's tool call.
            arguments: What was rendered, as the person set it.
            rendered: The tool's result for that call.

        Raises:
            UnknownConversation: It was deleted meanwhile.
        """
        with self._locked(conversation_id):
            if self.conversations:
                self.conversations.get(conversation_id)
            list(self.take_up(conversation_id))  # a question that waits is older, and would be lost behind the run
            messages = self.messages(conversation_id)
            if any(_is_run_of(message, rendered) for message in messages):
                return
            waiting = proposals(messages[-1]) if messages else []
            context = TurnContext(rendered={call_id: rendered})
            command: Command | dict[str, Any]
            if (call_id, rendered.name) in ((call["id"], call["name"]) for call in waiting):
                self._reach_click(conversation_id)
                command = _approval(waiting, call_id, arguments)
            else:
                new_id = f"{call_id}-{len(messages)}"
                name = rendered.name or ""
                asked = HumanMessage(f"{TOOLS[name].verb} it.", additional_kwargs={"render_of": call_id})
                call = {"name": name, "args": arguments, "id": new_id, "type": "tool_call"}
                result = rendered.model_copy(update={"tool_call_id": new_id})
                new = [asked, AIMessage("", tool_calls=[call]), result]
                command = {"messages": [*settle(messages), *new]}
            for _ in self._run(conversation_id, command, context):
                pass

    def branch(self, conversation_id: str, key: str, new_id: str) -> str | None:
        """Begin a conversation that holds what another said before one of its questions, to ask that anew.

        The pictures of earlier runs stay the first conversation's: they go when it is deleted.

        Args:
            key: The question's message id.
            new_id: The new conversation; the next question begins it.

        Returns:
            The question as it was asked; None where there is no such question.
        """
        with self._locked(conversation_id):
            messages = self.messages(conversation_id)
        at = next((n for n, m in enumerate(messages) if m.id == key and isinstance(m, HumanMessage)), None)
        if at is None:
            return None
        before = messages[:at]
        if before:
            said = [*before, *settle(before)]
            self.agent.update_state(self._config(new_id), {"messages": said}, as_node=START)
        return messages[at].text

    def forget(self, conversation_id: str) -> None:
        """Forget a conversation and all that was said in it."""
        with self._locked(conversation_id):
            if self.conversations:
                self.conversations.delete(conversation_id)
            elif isinstance(self.agent.checkpointer, BaseCheckpointSaver):
                self.agent.checkpointer.delete_thread(conversation_id)

    def messages(self, conversation_id: str) -> list[AnyMessage]:
        try:
            state = self.agent.get_state(self._config(conversation_id))
        except Exception as error:  # whatever the bytes of a damaged checkpoint make its reader raise
            passes = isinstance(error, (MemoryError, ConversationsRefused)) or is_passing(error)
            if self.conversations is None or passes:
                raise
            raise ConversationsRefused(
                f"the conversation {conversation_id!r} is damaged ({type(error).__name__}); delete it and begin anew"
            ) from error
        return list(state.values.get("messages", []))

    def _run(self, conversation_id: str, given: Any, context: TurnContext | None = None) -> Iterator[Event]:
        agent = self.agent
        if self._agent_for and (named := sources_of(self.messages(conversation_id))):
            agent, lacking = self._agent_for(named)
            yield from lacking
        steps = agent.stream(
            given,
            self._config(conversation_id),
            context=context or TurnContext(),
            stream_mode=["updates", "custom"],
            durability="sync",
        )
        for mode, step in steps:
            if isinstance(step, (str, Partial)):  # what the engine is doing; a blend tells of its steps in dicts
                yield step
                continue
            for update in step.values() if mode == "updates" else ():
                for message in (update or {}).get("messages", []) if isinstance(update, dict) else []:
                    yield from _events(message)
        if self.conversations:
            self.conversations.forget_steps(conversation_id)


def proposals(message: AnyMessage) -> list[Any]:
    """The calls of a message that wait for a person's click."""
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return [call for call in calls if needs_approval(call["name"])]


def _approval(waiting: list[Any], call_id: str, arguments: dict[str, Any]) -> Command:
    """Approve one of the calls that wait, with the arguments as the person set them, and none of the others."""

    def decide(call: Any) -> dict[str, Any]:
        if call["id"] != call_id:
            return {"type": "reject", "message": WENT_ON}
        if call["args"] == arguments:
            return {"type": "approve"}
        return {"type": "edit", "edited_action": {"name": call["name"], "args": arguments}}

    return Command(resume={"decisions": [decide(call) for call in waiting]})


def _is_run_of(message: AnyMessage, rendered: ToolMessage) -> bool:
    """Whether a message holds the very run of another: artifacts of runs carry a `run_id`."""
    run_id = (rendered.artifact or {}).get("run_id")
    artifact = message.artifact if isinstance(message, ToolMessage) else None
    return run_id is not None and isinstance(artifact, dict) and artifact.get("run_id") == run_id


def _is_answer(message: AnyMessage) -> bool:
    return isinstance(message, AIMessage) and not message.tool_calls


def _events(message: AnyMessage) -> Iterator[Event]:
    if isinstance(message, AIMessage):
        if "cited_answer" in message.additional_kwargs:
            yield CitedAnswer.from_json(message.additional_kwargs["cited_answer"])
        for call in message.tool_calls:
            if call["name"] in TOOLS and not needs_approval(call["name"]):
                yield TOOLS[call["name"]].status(call["args"])
    elif isinstance(message, ToolMessage) and not needs_approval(message.name or ""):
        yield "Choosing the sentences that answer"
