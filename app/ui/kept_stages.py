"""What a click under a workflow's stage runs where no card says with which settings: the tool that shows what it says.

Such a run is kept, and a reload finds it again, also while it is under way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from app.answers import CitedAnswer, WorkflowStage
from app.application import Undertone
from app.conversation.render_queue import RenderQueue
from app.conversation.workflow_runs import StageState
from app.ui.proposal_card import Card
from app.ui.reference_form import is_reference, set_reference
from app.ui.stage_runs import stage_runs
from app.ui.views import RESULTS
from app.ui.workflow import StageRun, State
from tools.registry import TOOLS
from tools.swapping import SHOW_SWAP

STATES: dict[str, State] = {"done": "done", "stale": "stale", "queued": "queued", "running": "running"}


def runs_beside(
    undertone: Undertone, queue: RenderQueue, name: str, answer: CitedAnswer, cards: Sequence[Card]
) -> dict[str, StageRun]:
    """What the stages of an answer's workflow can run: with a blend's card as it says, else by themselves.

    Args:
        name: Of the workflow, stable across reruns.
        cards: What the answer proposes.
    """
    blend = next((card for card in cards if TOOLS[card.proposal.tool].view == "blend"), None)
    stages = answer.workflow or ()
    if blend is None:
        return kept_stages(undertone, name, stages) if any(map(_shows_by_itself, stages)) else {}
    runs = stage_runs(answer, queue, blend, undertone.run)
    if is_reference(blend.proposal) and (wanted := set_reference(blend.proposal, queue.folder)):
        swaps = [
            replace(stage, run={**stage.run, "arguments": {**wanted, "part": stage.run["arguments"]["part"]}})
            for stage in stages
            if stage.run and stage.run["tool"] == SHOW_SWAP.name
        ]
        kept = kept_stages(undertone, name, swaps)
        runs |= {stage: replace(run, start_all=None) for stage, run in kept.items()}
    return {stage.stage: runs[stage.stage] for stage in stages if stage.stage in runs}


def kept_stages(undertone: Undertone, name: str, stages: Sequence[WorkflowStage]) -> dict[str, StageRun]:
    """What these stages of a workflow can run by themselves, by the stage's name.

    Args:
        name: Of the workflow, stable across reruns.
    """
    runs = undertone.workflow_runs(name, stages)
    return {
        state.stage: StageRun(
            "Run it",
            STATES.get(state.status, "idle"),
            partial(runs.start, [number]),
            state.error,
            show=partial(_show, f"{name} {number}", state) if state.result else None,
            start_all=partial(runs.start, range(len(runs.stages))),
        )
        for number, state in enumerate(runs.states())
        if state.key
    }


def _shows_by_itself(stage: WorkflowStage) -> bool:
    """Whether a stage's tool shows just this stage, and needs no card to say with which settings."""
    tool = stage.run["tool"] if stage.run else ""
    shows = TOOLS[tool].shows if tool in TOOLS else None
    return tool == SHOW_SWAP.name or (shows is not None and stage.stage in shows.stages)


def _show(key: str, state: StageState) -> None:
    result: dict[str, Any] = state.result or {}
    RESULTS[TOOLS[result["tool"]].view](key, result["artifact"])
