"""Asking back: where two kinds of request are nearly as likely, a person says which was meant.

Each kind has a label, which stands on a button; a message that is one settles the Request that was open.
"""

from __future__ import annotations

from app.understanding.request import Kind, Request

LABELS: dict[Kind, str] = {
    "ask": "What does the corpus say?",
    "links": "Give me the links",
    "render": "Render it",
    "adjust": "Change the last one",
    "experiment": "Find out by an experiment",
    "run": "Tell me about this run",
    "compare": "Compare the last two runs",
    "program": "Tell me about Undertone itself",
    "social": "Just talking",
    "foreign": "Something else",
}
_FAMILIES: tuple[frozenset[Kind], ...] = (
    frozenset({"ask", "links", "foreign"}),
    frozenset({"render", "adjust"}),
    frozenset({"experiment"}),
    frozenset({"run", "compare"}),
    frozenset({"program"}),
    frozenset({"social"}),
)


def are_far_apart(one: Kind, other: Kind) -> bool:
    """Whether two kinds lead to different treatment, so that it is worth asking which was meant."""
    return not any(one in family and other in family for family in _FAMILIES) and "social" not in (one, other)


def choice_of(message: str, open_request: Request | None) -> Kind | None:
    """Return the kind that a message chooses, if the conversation has just asked."""
    if open_request is None:
        return None
    said = message.strip().rstrip(".!?").casefold()
    offered = (open_request.kind, open_request.runner_up)
    return next((kind for kind in offered if kind and LABELS[kind].rstrip("?").casefold() == said), None)
