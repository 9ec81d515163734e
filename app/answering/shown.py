"""Which run shows what a claim says: the button "See it happen" beside it, and the Request that a click stands for.

A tool declares itself what a run of it lets one see (`tools.specs.Shows`). It knows no document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.answering.proposals import SEE_IT_HAPPEN, blend_proposal, see_it_happen, tool_proposal
from app.answers import Sentence
from app.understanding.request import Request
from ingest.vectors import load_embedder
from tools.registry import TOOLS

NEAR = 0.35
"""How like one of a tool's sentences a claim must be that holds its words; the words tell more than the likeness."""


def button_of(sentence: Sentence, name: str) -> str | None:
    """The button beside a sentence, named so that `asked_by` knows what it asks for; None where nothing shows it.

    Args:
        name: What it is to be called by, different for each.
    """
    if tells_the_swap(sentence):
        return name
    tool = shown_by(sentence)
    return f"{name} {tool}" if tool else None


def call_for(sentences: Iterable[Sentence]) -> dict[str, Any] | None:
    """The tool call that shows what the first of some claims says that any shows; None where none does."""
    for sentence in sentences:
        if tells_the_swap(sentence):
            return blend_proposal(SEE_IT_HAPPEN, None).call
        if tool := shown_by(sentence):
            return tool_proposal(see_it_happen(tool)).call
    return None


def asked_by(name: str) -> Request:
    """The Request that a click on a button of this name stands for: a browser may send any text as one."""
    tool = name.rpartition(" ")[2]
    return see_it_happen(tool if tool in TOOLS and TOOLS[tool].shows else None)


def see_it(ask: Callable[[Request, str], None], name: str) -> None:
    """Ask for what a button of this name stands for, once."""
    ask(asked_by(name), name)


def tells_the_swap(claim: Sentence) -> bool:
    """Whether a claim says that key and value are swapped, which the method `reference` does."""
    words = claim.text.lower()
    return bool(claim.citations) and "swap" in words and "key" in words and "value" in words


def shown_by(claim: Sentence) -> str | None:
    """The name of the tool that shows what a claim of the corpus says; None where none does, and for a title."""
    is_claim = bool(claim.citations) and claim.text.rstrip("”\"') ").endswith((".", "!", "?"))
    return tool_for(claim.text) if is_claim else None


@lru_cache(maxsize=2048)
def tool_for(text: str) -> str | None:
    """The name of the tool that shows what a text speaks of; None where none does."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    able = [name for name, spec in TOOLS.items() if spec.shows and _holds(words, spec.shows.words)]
    if not able:
        return None
    vector = load_embedder().encode([text])[0]
    likeness = {name: float((_said(name) @ vector).max()) for name in able}
    best = max(able, key=likeness.__getitem__)
    return best if likeness[best] >= NEAR else None


def _holds(words: list[str], groups: tuple[tuple[str, ...], ...]) -> bool:
    return all(any(word.startswith(group) for word in words) for group in groups)


@cache
def _said(name: str) -> NDArray[np.float32]:
    shows = TOOLS[name].shows
    assert shows is not None
    return load_embedder().encode(list(shows.like))
