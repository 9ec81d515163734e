"""What a click under a workflow's stage runs, and how far that is.

It reads the card's controls from the session: what is set there is what runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st
from langchain_core.tools import ToolException

from app.answers import CitedAnswer
from app.conversation.render_jobs import ACTIVE, RenderJob
from app.conversation.render_queue import RenderQueue
from app.ui.blend_form import SWEEP, chosen, has_controls, start_render, start_sweep, sweep_of
from app.ui.proposal_card import Card
from app.ui.step_player import words_of
from app.ui.workflow import StageRun, State
from tools.tokens import READ_PROMPT

Run = Callable[[str, Mapping[str, Any]], Any]
"""Runs a tool that needs no queue, by its name and arguments; returns its artifact."""


def stage_runs(answer: CitedAnswer, queue: RenderQueue, card: Card, run: Run) -> dict[str, StageRun]:
    """What the stages of an answer's workflow can run with the card of its proposal, by the stage's name."""
    runs: dict[str, StageRun] = {}
    for stage in answer.workflow or ():
        tool = stage.run["tool"] if stage.run else None
        if tool == READ_PROMPT.name:
            runs[stage.stage] = reading_of(card, run)
        elif tool == SWEEP:
            runs[stage.stage] = job_of("Sweep the weights", queue, card, SWEEP)
        elif tool == card.proposal.tool:
            runs[stage.stage] = job_of("Render it", queue, card, tool)
    return runs


def reading_of(card: Card, run: Run) -> StageRun:
    """The prompt's tokens: read at once, and old as soon as the subject or a style is another."""
    label, kept = "Show its tokens", f"tokens {card.proposal.call_id}"

    def wanted() -> dict[str, Any]:
        arguments = chosen(card.proposal) if has_controls(card.proposal) else card.proposal.arguments
        return {"subject": arguments["subject"], "styles": [style["text"] for style in arguments["styles"]]}

    def start() -> None:
        asked = wanted()
        try:
            st.session_state[kept] = asked, run(READ_PROMPT.name, asked), ""
        except ToolException as error:
            st.session_state[kept] = asked, None, str(error)

    if kept not in st.session_state:
        return StageRun(label, "idle", start)
    asked, read, error = st.session_state[kept]
    if read is None:
        return StageRun(label, "idle", start, error)
    if asked != wanted():
        return StageRun(label, "stale", start, "the prompt is another now")
    words = [word for one in read["phrases"] for word in words_of(one["tokens"], read["unknown_words"])]
    told = f"{read['count']} tokens; the model reads {read['max_tokens']} at most"
    return StageRun(label, "done", start, told, tuple(words))


def job_of(label: str, queue: RenderQueue, card: Card, tool: str) -> StageRun:
    """A run that the queue works on."""
    start = partial(start_sweep if tool == SWEEP else start_render, queue, card)
    job = queue.latest(card.proposal.call_id, tool)  # as it is now, which the card may not know yet
    if job is None:
        return StageRun(label, "idle", start)
    state, detail = state_of(job, queue)
    if state == "done" and has_controls(card.proposal):
        wanted = sweep_of(card.proposal) if tool == SWEEP else chosen(card.proposal)
        if wanted != job.arguments:
            return StageRun(label, "stale", start, "other settings than those of the last run")
    return StageRun(label, state, start, detail)


def state_of(job: RenderJob, queue: RenderQueue) -> tuple[State, str]:
    if job.status == "queued":
        ahead = queue.ahead_of(job)
        return "queued", f"queued, {ahead} before it" if ahead else "queued"
    if job.status in ACTIVE:
        step = queue.step(job.id)
        return "running", f"step {step.step} of {step.total}" if step else "running"
    if job.status == "done":
        return "done", "done: the result stands below"
    return "idle", job.status
