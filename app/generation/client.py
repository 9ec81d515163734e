"""A language model at work on one reply: it is listened to word by word, within a time and a length.

It knows any LangChain chat model and nothing of what is asked. What a provider's error says is never passed on, only
its kind: its words may hold a key.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableSequence

from app.generation.loops import is_looping

MAX_REPLY_CHARS = 40_000
MAX_REPLY_TOKENS = 2_000
"""Sent with every request: a plan needs 100, and a model that thinks aloud first some more."""
TRIES = 3
BACKOFF_S = 0.5
"""Doubled with each try; a server's Retry-After is waited for where the time limit allows."""

_MANNERS = ((True, True), (False, True), (False, False))
"""With the reply's schema and with a system prompt, from what keeps most to what every server takes."""
_ENDED_BY_LENGTH = frozenset(["LengthFinishReasonError", "ContentFilterFinishReasonError"])
_STATUS = {
    401: "refused the key",
    403: "refused the key",
    404: "knows no such model",
    408: "was too slow",
    413: "was asked too much",
    429: "is busy",
}

Hear = Callable[[str], None]
"""Is told all that the model has said so far, whenever a piece of it may be whole."""


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

    def may_be_the_manner(self, has_schema: bool) -> bool:
        """Whether another manner of asking may help; some servers fail with a 500 at a schema they cannot follow."""
        if self.status is None:
            return self.is_local and not self.said
        return (has_schema or self.status != 500) and 400 <= self.status <= 501 and self.status not in _STATUS


@dataclass(frozen=True)
class _Listening:
    """What is listened for: until when, on a clock that only goes forward, and who hears it meanwhile."""

    until_s: float
    hear: Hear | None = None


class ModelClient:
    """Takes replies from a chat model.

    It asks in the manner that keeps most: with the reply's schema, where the provider has structured output, and with a
    system prompt. What a server refuses is left out, and stays out once the server answered without.
    """

    def __init__(self, model: BaseChatModel) -> None:
        self._model = model
        self._manner = 0

    def take(
        self,
        messages: Sequence[BaseMessage],
        limit_s: float,
        *,
        schema: Mapping[str, Any] | None = None,
        hear: Hear | None = None,
        tries: int = TRIES,
    ) -> str:
        """Return the model's reply to the messages, as far as it came: by the time, the length, or a loop that cut it.

        Args:
            messages: What is asked.
            limit_s: Seconds that everything may take, retries included.
            schema: JSON schema of the reply; a server may ignore it.
            hear: Is told what was said so far, line by line.
            tries: Requests at most, where trouble may pass.

        Raises:
            ModelClientFailed: It is down, slow, or says nothing.
        """
        listening = _Listening(time.monotonic() + limit_s, hear)
        structured = _with_schema(self._model, schema) if schema else None
        first = manner = max(self._manner, 0 if structured else 1)
        said, tried = "", 0
        while limit_s > 0:
            has_schema, has_system = _MANNERS[manner]
            model = structured if has_schema and structured else self._model
            try:
                reply = _listen(model, messages if has_system else _merged(messages), listening)
            except queue.Empty:
                if said:
                    return said
                raise ModelClientFailed(f"took longer than {limit_s:g} s") from None
            except _Broken as broken:
                if broken.may_be_the_manner(has_schema) and manner + 1 < len(_MANNERS):
                    manner += 1
                    continue
                said, tried = max(said, broken.said, key=len), tried + 1
                wait_s = max(broken.retry_after_s, BACKOFF_S * 2 ** (tried - 1))
                if tried < tries and broken.may_pass and time.monotonic() + wait_s < listening.until_s:
                    time.sleep(wait_s)
                elif said:
                    return said  # its whole sentences may still stand
                else:
                    raise ModelClientFailed(broken.reason) from None
            else:
                self._manner = manner if manner > first else self._manner
                if not reply.strip():
                    raise ModelClientFailed("said nothing")
                return reply
        raise ModelClientFailed("had no time left")


def _listen(model: Runnable[Any, Any], messages: Sequence[BaseMessage], listening: _Listening) -> str:
    """Return what a model says until it ends, loops, or time is up.

    Raises:
        queue.Empty: Time is up, and nothing was said.
        _Broken: It broke off.
    """
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
    said = ""
    try:
        while len(said) < MAX_REPLY_CHARS:
            try:
                chunk = heard.get(timeout=max(0.0, listening.until_s - time.monotonic()))
            except queue.Empty:
                if said.strip():
                    break  # as far as it came
                raise
            if chunk is None or (isinstance(chunk, Exception) and type(chunk).__name__ in _ENDED_BY_LENGTH):
                break
            if isinstance(chunk, Exception):
                raise _Broken(chunk, said) from None
            new = _words(chunk)
            said += new
            if is_looping(said):
                break
            if listening.hear and any(mark in new for mark in "\n]}"):
                listening.hear(said)
    finally:
        enough.set()
    return said[:MAX_REPLY_CHARS]


def _words(chunk: Any) -> str:
    """A chunk's text; where a provider structures its output by a tool call, that call's arguments."""
    return str(chunk.text) + "".join(call.get("args") or "" for call in getattr(chunk, "tool_call_chunks", []))


def _with_schema(model: BaseChatModel, schema: Mapping[str, Any]) -> Runnable[Any, Any] | None:
    """The model bound to a reply's schema, None where the provider has no such thing.

    Only the binding is taken: the parser behind it would throw away a reply that ours can still read.
    """
    try:
        structured = model.with_structured_output(dict(schema), method="json_schema")
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
