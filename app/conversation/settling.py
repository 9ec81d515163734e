"""What a turn leaves open in a conversation, and what closes it for the next one."""

from __future__ import annotations

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from tools.registry import needs_approval

WENT_ON = "Not run: the person went on without it. It can still be run later."


def without_findings(messages: list[AnyMessage]) -> list[AnyMessage]:
    """What searches found, without the documents: they were needed while their turn was answered, and are large."""
    return [
        message.model_copy(update={"artifact": None})
        for message in messages
        if isinstance(message, ToolMessage) and not needs_approval(message.name or "") and message.artifact is not None
    ]


def settle(messages: list[AnyMessage]) -> list[AnyMessage]:
    """Results for the tool calls that none was given for; a dangling call is refused by most providers."""
    if not messages:
        return []
    done = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    last = next((message for message in reversed(messages) if isinstance(message, AIMessage)), None)
    return [
        ToolMessage(WENT_ON if needs_approval(call["name"]) else "Cut off.", name=call["name"], tool_call_id=call["id"])
        for call in (last.tool_calls if last else [])
        if call["id"] not in done
    ]
