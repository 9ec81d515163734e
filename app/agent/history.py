"""What earlier turns of a conversation answered, proposed and made, read from the agent's messages.

It knows the registry of tools and the form of an answer; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from app.answers import CitedAnswer
from app.understanding.request import Known, Request, Run, State
from tools.registry import needs_approval

REQUEST = "request"
"""Where a person's message carries the Request that it was read as."""


@dataclass(frozen=True)
class Made:
    """A run that a person started: the tool, its arguments as they were set, and the artifact that came of it."""

    tool: str
    arguments: dict[str, Any]
    artifact: dict[str, Any]


@dataclass(frozen=True)
class History:
    """Earlier turns, oldest first.

    Args:
        answers: What was answered.
        made: Finished runs.
        proposed: The last proposal, {"tool", "arguments"}, where nothing was made since.
        open: A Request that was asked back about in the last turn.
        requests: What the earlier messages asked for, oldest first.
    """

    answers: tuple[CitedAnswer, ...] = ()
    made: tuple[Made, ...] = ()
    proposed: dict[str, Any] | None = None
    open: Request | None = None
    requests: tuple[Request, ...] = ()

    @property
    def last(self) -> dict[str, Any] | None:
        """The tool and arguments of what was proposed or made last."""
        if self.proposed or not self.made:
            return self.proposed
        return {"tool": self.made[-1].tool, "arguments": self.made[-1].arguments}

    @property
    def styles(self) -> tuple[tuple[str, float], ...]:
        """The styles that were spoken of last, with shares; those of a picture's reference are none."""
        if self.last and self.last["arguments"].get("method") != "reference" and self.last["arguments"].get("styles"):
            return _shares(self.last["arguments"])
        named = [request.styles for request in reversed(self.requests) if len(request.styles) > 1]
        return tuple((style.text, style.share) for style in named[0]) if named else ()


def read_history(messages: Sequence[BaseMessage]) -> History:
    """Read messages, oldest first."""
    answers: list[CitedAnswer] = []
    made: list[Made] = []
    proposed: dict[str, Any] | None = None
    calls: dict[str, Mapping[str, Any]] = {}
    requests: list[Request] = []
    for message in messages:
        if isinstance(message, HumanMessage):
            if request := request_of(message):
                requests.append(request)
        elif isinstance(message, AIMessage):
            if "cited_answer" in message.additional_kwargs:
                answers.append(CitedAnswer.from_json(message.additional_kwargs["cited_answer"]))
            for call in message.tool_calls:
                if needs_approval(call["name"]):
                    calls[call["id"] or ""] = call
                    proposed = {"tool": call["name"], "arguments": call["args"]}
        elif isinstance(message, ToolMessage) and isinstance(message.artifact, dict):
            found = calls.get(message.tool_call_id)
            if found and needs_approval(message.name or ""):
                made.append(Made(str(message.name), dict(found["args"]), message.artifact))
                proposed = None
    open_ = requests[-1] if requests and requests[-1].runner_up else None
    return History(tuple(answers), tuple(made), proposed, open_, tuple(requests))


def request_of(message: BaseMessage) -> Request | None:
    """Return the Request that a person's message was read as, if it was."""
    data = message.additional_kwargs.get(REQUEST)
    return Request.model_validate(data) if data else None


def request_message(request: Request) -> HumanMessage:
    """Return a person's message that carries the Request it stands for, so that nothing reads its words."""
    return HumanMessage(request.message, additional_kwargs={REQUEST: request.model_dump(mode="json")})


def state_of(history: History, documents: Sequence[Known] = ()) -> State:
    """Say where the conversation stands, in the form that a message is read in.

    Args:
        history: Earlier turns.
        documents: Those of the index; those that were spoken of are known from the answers.
    """
    gone = {source.document_id: source for answer in reversed(history.answers) for source in answer.sources}
    for document in documents if gone else ():
        gone.pop(document.id, None)
    runs = [_run(one.tool, one.arguments, is_done=True) for one in history.made]
    if history.proposed:
        runs.append(_run(history.proposed["tool"], history.proposed["arguments"], is_done=False))
    told = [answer for answer in history.answers if answer.status != "refused" and answer.citations]
    spoken = _listed(told[-1]) if told else ()
    earlier = tuple(dict.fromkeys(document for answer in told[:-1] for document in _listed(answer)))
    return State(
        runs=tuple(runs),
        spoken=spoken,
        focus=_focus(told[-1]) if told else None,
        earlier=earlier,
        questions=tuple(answer.searched_for or answer.question for answer in told),
        documents=(*documents, *(Known(one.document_id, one.title, one.kind, one.github_url) for one in gone.values()))
        if gone
        else tuple(documents),  # the same object for as long as the index is the same: what is made of it is kept
        open=history.open,
    )


def _run(tool: str, arguments: Mapping[str, Any], *, is_done: bool) -> Run:
    name = str(arguments.get("experiment", ""))
    kind = f"experiment:{name}" if name else "sweep" if tool.startswith("sweep") else "blend"
    return Run(kind, arguments.get("subject"), _shares(arguments), arguments.get("method"), is_done)


def _shares(arguments: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    styles = arguments.get("styles") or ()
    total = sum(float(style["weight"]) for style in styles) or 1.0
    return tuple((str(style["text"]), float(style["weight"]) / total) for style in styles)


def _listed(answer: CitedAnswer) -> tuple[str, ...]:
    """The documents of an answer in the order in which it lists them, then any other that it cites."""
    return tuple(dict.fromkeys([*(s.document_id for s in answer.sources), *(c.document_id for c in answer.citations)]))


def _focus(answer: CitedAnswer) -> str | None:
    """The document that an answer is most about: the one whose sentences it quotes most; the first of several."""
    cited = [c.document_id for s in answer.sentences if s.kind == "claim" for c in s.citations]
    return max(dict.fromkeys(cited), key=cited.count) if cited else None
