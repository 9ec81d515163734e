"""What a click under a workflow's stage runs, and how far that is.

It reads the card's controls from the session: what is set there is what runs.
"""

from __future__ import annotations

from functools import partial

from app.answers import CitedAnswer
from app.conversation.render_queue import ACTIVE, RenderJob, RenderQueue
from app.ui.blend_form import SWEEP, Card, is_changed, start_render, start_sweep
from app.ui.reference_form import is_reference
from app.ui.workflow import StageRun, State


def stage_runs(answer: CitedAnswer, queue: RenderQueue, card: Card) -> dict[str, StageRun]:
    """What the stages of an answer's workflow can run with the card of its proposal."""
    if not answer.workflow:
        return {}
    runs = {"model": stage_run("Render it", queue, card, card.proposal.tool)}
    if len(card.proposal.arguments.get("styles", [])) == 2 and not is_reference(card.proposal):
        runs["output"] = stage_run("Sweep the weights", queue, card, SWEEP)
    return runs


def stage_run(label: str, queue: RenderQueue, card: Card, tool: str) -> StageRun:
    start = partial(start_sweep if tool == SWEEP else start_render, queue, card)
    job = queue.latest(card.proposal.call_id)  # as it is now, which the card may not know yet
    if job is None or job.tool != tool:
        return StageRun(label, "idle", start)
    state, detail = state_of(job, queue)
    if state == "done" and is_changed(card.proposal, job):
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
