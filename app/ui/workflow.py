"""A workflow drawn as boxes from left to right: each stage with its citations, and the run that shows it.

It knows nothing of what a run does; it draws a state and hands on a click.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from app.answers import WorkflowStage
from app.markup import tidy
from app.ui.cited_text import Marks, Opens
from app.ui.components import browser_component

MOUNT = browser_component("workflow", "citation_marks")

WATCH_S = 0.6
WHOLE_PAGE = "a click under a stage concerns the page"

State = Literal["idle", "queued", "running", "done", "stale"]


@dataclass(frozen=True)
class StageRun:
    """What can be run for a stage.

    Args:
        label: What a click does.
        state: How far it is; "stale" where it was run with other settings than those that are set now.
        detail: A word on that state, e.g. the step that it is at.
        start: Runs it. A callback.
        words: Of a prompt that was read, its words as `step_player.words_of` cuts them.
        show: Draws what came of it, below the workflow.
        start_all: Runs every stage that was not run. A callback.
    """

    label: str
    state: State
    start: Callable[[], Any]
    detail: str = ""
    words: tuple[dict[str, Any], ...] = ()
    show: Callable[[], None] | None = None
    start_all: Callable[[], Any] | None = None


def show_workflow(
    key: str,
    stages: Sequence[WorkflowStage],
    marks: Marks,
    on_open: Callable[[Opens], None],
    runs: Callable[[], Mapping[str, StageRun]],
) -> None:
    """Draw a workflow.

    Args:
        key: Stable across reruns and different for each workflow.
        marks: Makes the citations' marks.
        on_open: Called with what a clicked mark opens.
        runs: Says what can be run, by the stage's name, and how far it is now.
    """
    active = active_of(runs())
    is_active = bool(active)

    def draw() -> None:
        now = runs()
        if active - active_of(now):
            st.rerun()  # what it made stands elsewhere on the page
        data, opens = laid_out(stages, marks, now)

        def opened() -> None:
            at = st.session_state[key].get("open")
            if isinstance(at, int) and 0 <= at < len(opens):
                on_open(opens[at])
            st.session_state[WHOLE_PAGE] = is_active

        def started() -> None:
            at = st.session_state[key].get("run")
            if isinstance(at, int) and 0 <= at < len(stages) and (run := now.get(stages[at].stage)):
                run.start()
            st.session_state[WHOLE_PAGE] = is_active

        MOUNT(key=key, data=data, on_open_change=opened, on_run_change=started)
        if st.session_state.pop(WHOLE_PAGE, False):
            st.rerun()  # a click in a fragment draws the fragment alone

    # while something runs, its state alone is drawn anew
    (st.fragment(draw, run_every=WATCH_S) if is_active else draw)()
    show_results(key, runs())
    if not runs():
        st.caption("As the document tells it: no stage of it can be run here.")


def show_results(key: str, runs: Mapping[str, StageRun]) -> None:
    """What the stages made, one below the other; and a button that runs those that were not run."""
    all_ = next((run.start_all for run in runs.values() if run.start_all), None)
    if all_ and any(run.state != "done" for run in runs.values()):
        is_active = bool(active_of(runs))
        st.button("Run all stages", key=f"all {key}", icon=":material/play_arrow:", on_click=all_, disabled=is_active)
    for stage, run in runs.items():
        if run.show:
            with st.container(border=True, key=f"{stage}-{key}"):
                st.caption(f"What came of the stage “{stage}”")
                run.show()


def active_of(runs: Mapping[str, StageRun]) -> set[str]:
    return {stage for stage, run in runs.items() if run.state in ("queued", "running")}


def laid_out(
    stages: Sequence[WorkflowStage], marks: Marks, runs: Mapping[str, StageRun]
) -> tuple[dict[str, Any], list[Opens]]:
    """A workflow as the component reads it, and what each of its marks opens."""
    opens: list[Opens] = []
    drawn = [
        {
            "name": stage.stage,
            "text": tidy(stage.text),
            "marks": marks.of_citations(stage.citations, opens),
            "run": {"label": run.label, "state": run.state, "detail": run.detail, "words": list(run.words)}
            if (run := runs.get(stage.stage))
            else None,
        }
        for stage in stages
    ]
    return {"stages": drawn}, opens
