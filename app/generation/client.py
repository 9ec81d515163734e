"""A language model at work on one reply: it is listened to word by word, within a time and a length.

It knows any LangChain chat model and nothing of what is asked. What a provider's error says is never passed on, only
its kind: its words may hold a key.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableSequence

MAX_REPLY_CHARS = 40_000
TRIES = 3
BACKOFF_S = 0.5
"""Doubled with each try; a server's Retry-After is waited for where the time limit allows."""
REPLY_SCHEMA: dict[str, Any] = {
    "title": "answer",
    "description": "Quotes first, then sentences that name them.",
    "type": "object",
    "properties": {
        "quotes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "passage": {"type": "string"}, "text": {"type": "string"}},
                "required": ["id", "passage", "text"],
            },
        },
        "sentences": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "n": {"type": "integer"},
                    "text": {"type": "string"},
                    "quotes": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["text", "quotes"],
            },
        },
    },
    "required": ["quotes", "sentences"],
}

_STATUS = {
    401: "refused the key",
    403: "refused the key",
    404: "knows no such model",
    408: "was too slow",
    413: "was asked too much",
    429: "is busy",
}


class ModelClientFailed(RuntimeError):
    """The language model gave no reply; the message says why, as the end of "the language model ..."."""


class _Broken(Exception):
    """A reply broke off; what was said before is kept."""

    def __init__(self, error: Exception, said: str) -> None:
        super().__init__(type(error).__name__)
        status = getattr(error, "status_code", None)
        self.said = said
        self.status: int | None = status if isinstance(status, int) else None
        self.is_local = isinstance(error, (NotImplementedError, TypeError, ValueError))
        self.retry_after_s = _retry_after_s(error)

    @property
    def reason(self) -> str:
        if self.status is None:
            return f"{'broke off' if self.said else 'could not be reached'} ({self})"
        other = "failed" if self.status >= 500 else "refused the request"
        return f"{_STATUS.get(self.status, other)} (HTTP {self.status})"

    @property
    def may_pass(self) -> bool:
        return self.status is None or self.status in (408, 409, 429) or self.status >= 500

    @property
    def may_be_the_manner(self) -> bool:
        if self.status is None:
            return self.is_local and not self.said
        return 400 <= self.status <= 501 and self.status not in (*_STATUS, 500)


class ModelClient:
    """Takes replies from a chat model.

    It asks in the manner that keeps most: with the reply's schema, where the provider has structured output, and with a
    system prompt. What a server refuses is left out, and stays out once the server answered without.
    """

    def __init__(self, model: BaseChatModel) -> None:
        structured = _with_schema(model)
        self._manners: list[tuple[Runnable[Any, Any], bool]] = [(model, True), (model, False)]
        if structured is not None:
            self._manners.insert(0, (structured, True))
        self._manner = 0

    def take(self, messages: Sequence[BaseMessage], limit_s: float) -> str:
        """Return the model's reply to the messages.

        Args:
            messages: What is asked.
            limit_s: Seconds that everything may take, retries included.

        Raises:
            ModelClientFailed: It is down, slow, or says nothing.
        """
        until_s = time.monotonic() + limit_s
        manner, said, tries = self._manner, "", 0
        while limit_s > 0:
            model, with_system = self._manners[manner]
            try:
                reply = self._listen(model, messages if with_system else _merged(messages), until_s)
            except queue.Empty:
                raise ModelClientFailed(f"took longer than {limit_s:g} s") from None
            except _Broken as broken:
                if broken.may_be_the_manner and manner + 1 < len(self._manners):
                    manner += 1
                    continue
                said, tries = max(said, broken.said, key=len), tries + 1
                wait_s = max(broken.retry_after_s, BACKOFF_S * 2 ** (tries - 1))
                if tries < TRIES and broken.may_pass and time.monotonic() + wait_s < until_s:
                    time.sleep(wait_s)
                elif said:
                    return said  # its whole sentences may still stand
                else:
                    raise ModelClientFailed(broken.reason) from None
            else:
                self._manner = manner
                if not reply.strip():
                    raise ModelClientFailed("said nothing")
                return reply
        raise ModelClientFailed("had no time left")

    @staticmethod
    def _listen(model: Runnable[Any, Any], messages: Sequence[BaseMessage], until_s: float) -> str:
        heard: queue.Queue[Any] = queue.Queue()
        enough = threading.Event()

        def listen() -> None:
            try:
                with closing(model.stream(list(messages))) as chunks:  # type: ignore[type-var]
                    for chunk in chunks:
                        heard.put(chunk)
                        if enough.is_set():
                            return
                heard.put(None)
            except Exception as error:  # whatever a provider's client raises; the caller tells of its kind
                heard.put(error)

        # A thread, since a server that drips a word a minute keeps every other kind of time limit waiting.
        threading.Thread(target=listen, daemon=True, name="client").start()
        said: list[str] = []
        length = 0
        try:
            while length < MAX_REPLY_CHARS:
                chunk = heard.get(timeout=max(0.0, until_s - time.monotonic()))
                if chunk is None:
                    break
                if isinstance(chunk, Exception):
                    raise _Broken(chunk, "".join(said)) from None
                said.append(_words(chunk))
                length += len(said[-1])
        finally:
            enough.set()
        return "".join(said)[:MAX_REPLY_CHARS]


def _words(chunk: Any) -> str:
    """A chunk's text; where a provider structures its output by a tool call, that call's arguments."""
    return str(chunk.text) + "".join(call.get("args") or "" for call in getattr(chunk, "tool_call_chunks", []))


def _with_schema(model: BaseChatModel) -> Runnable[Any, Any] | None:
    """The model bound to the reply's schema, None where the provider has no such thing.

    Only the binding is taken: the parser behind it would throw away a reply that ours can still read.
    """
    try:
        structured = model.with_structured_output(REPLY_SCHEMA, method="json_schema")
    except (NotImplementedError, TypeError, ValueError):
        return None
    return structured.first if isinstance(structured, RunnableSequence) else None


def _merged(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The system prompt at the head of the first message: some chat templates know no other place for it."""
    system, first, *rest = messages
    return [HumanMessage(f"{system.text}\n\n{first.text}"), *rest] if isinstance(system, SystemMessage) else [*messages]


def _retry_after_s(error: Exception) -> float:
    """The seconds that a server wishes to be left alone; 0 where it says none."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return max(0.0, float(headers.get("retry-after", 0)))
    except ValueError:  # a date
        return 0.0
