"""Which corpora a conversation searches beside its own: written with each question, read from the last one.

It knows names; `app/corpora/sources.py` opens what they name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage

SOURCES = "sources"
"""Where a person's message carries the names. Older conversations have none, and search their own corpus alone."""


def with_sources(message: HumanMessage, names: Iterable[str]) -> HumanMessage:
    """Return a question that carries the names of what is searched for it."""
    return message.model_copy(update={"additional_kwargs": {**message.additional_kwargs, SOURCES: sorted({*names})}})


def sources_of(messages: Sequence[AnyMessage]) -> tuple[str, ...]:
    """Return what the last question named; what a click wrote names nothing and changes nothing."""
    return next((named for message in reversed(messages) if (named := _named(message)) is not None), ())


def all_sources_of(messages: Iterable[AnyMessage]) -> tuple[str, ...]:
    """Return what any of the questions named, for what was cited then."""
    return tuple(dict.fromkeys(name for message in messages for name in _named(message) or ()))


def _named(message: BaseMessage) -> tuple[str, ...] | None:
    named = message.additional_kwargs.get(SOURCES) if isinstance(message, HumanMessage) else None
    return tuple(map(str, named)) if isinstance(named, list) else None
