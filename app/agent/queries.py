"""From a Request and a search's result to what the corpus is asked, as data.

It knows the conversation's documents; it chooses no sentence.
"""

from __future__ import annotations

import re

from app.agent.history import History, state_of
from app.answering.answer import Query
from app.answering.asking import asks_how_or_why, compares
from app.answering.proposals import FINDS_OUT, SHOWN, blend_proposal, experiment_proposal
from app.understanding.request import Request
from app.understanding.rewriting import in_context
from app.understanding.understand import SURELY_ELSEWHERE
from tools.search import SearchResult

BEARS = 0.4
"""A sentence of the corpus that holds less of a question than this is not told where an experiment would find out."""
_LACKING = re.compile(r"\b(?:no|not|none|neither|nor|without|lacks?|lacking|missing|never)\b|n['’]t\b", re.I)


def asks_first(request: Request) -> bool:
    """Whether an experiment answers what is a question too: then the corpus is asked what it says, before it."""
    is_question = "?" in request.message or asks_how_or_why(request.message)
    return request.kind == "experiment" and request.tool is None and is_question


def query_of(request: Request, history: History, result: SearchResult) -> Query:
    """Say what is asked of the documents that were found.

    Args:
        request: The message, read.
        history: The turns before.
        result: What was found for it.
    """
    is_mix = len(request.styles) > 1 and request.refusal is None and request.kind != "foreign"
    finds_out = request.kind in ("ask", "experiment") and request.experiment is not None
    propose = experiment_proposal if finds_out else blend_proposal if is_mix else None
    proposed = propose(request, history.last, history.styles).call if propose else None
    may_be_elsewhere = request.fallback is not None and request.question != request.message
    wants = "answer" if request.kind != "links" else "lacking" if _LACKING.search(request.message) else "links"
    return Query(
        request.message,
        documents=request.documents,
        compared=_pair(request, history, result) if compares(request.message) else (),
        wants=wants,
        styles=tuple(style.text for style in request.styles) if is_mix else (),
        is_follow_up=request.question != request.message,
        is_guess=may_be_elsewhere or result.query != request.question,
        proposals=(proposed,) if proposed else (),
        shows=(FINDS_OUT if finds_out else SHOWN) if proposed else None,
        asked_before=tuple(answer.question for answer in history.answers),
        bears=BEARS if finds_out else 0.0,
    )


def second_look(request: Request, history: History, result: SearchResult) -> str | None:
    """Return the question as one about what was last spoken of, where nothing was found for it by itself."""
    is_foreign = request.kind == "foreign" and request.confidence >= SURELY_ELSEWHERE
    if is_foreign or request.kind == "experiment" or result.relevant or result.query != request.question:
        return None
    again = in_context(request.message, state_of(history))
    return again.question if again and again.question != result.query else None


def _pair(request: Request, history: History, result: SearchResult) -> tuple[str, ...]:
    """The two documents that are compared: those named, then those last spoken of, then those that rank first."""
    state = state_of(history)
    told = (state.focus, *state.spoken, *reversed(state.earlier))
    papers = [document.id for document in result.found if document.kind == "paper"]
    order = (*result.named, *request.documents, *told, *papers)
    return tuple(dict.fromkeys(document for document in order if document))[:2]
