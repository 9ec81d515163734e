"""What every proposal's card has: its buttons, the words that the image model does not know, what became of a click.

Widgets only; the queue renders, the transcript remembers.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from app.conversation.render_jobs import ACTIVE, RenderJob
from app.conversation.render_queue import RenderQueue
from app.conversation.transcripts import Proposal
from app.markup import escape
from app.settings import DEFAULT_IMAGE_MODEL
from tools.registry import TOOLS

WATCH_S = 0.6
PREVIEW_WIDTH_PX = 192


@dataclass(frozen=True)
class Card:
    """A proposal in its conversation.

    Args:
        job: The last click on Render, as it stood before the conversation was read.
        decline: Called with the proposal's id by "No, thanks"; None where nothing waits for it.
        image_model: Which model renders, as the settings name it.
    """

    conversation_id: str
    proposal: Proposal
    job: RenderJob | None
    decline: Callable[[str], None] | None
    image_model: str = DEFAULT_IMAGE_MODEL


def show_start(queue: RenderQueue, card: Card, icon: str, start: Callable[[RenderQueue, Card], None]) -> None:
    """The buttons below a form, and what became of the last click.

    Args:
        start: Queues the run as the form is set. A callback.
    """
    call_id, job = card.proposal.call_id, card.job
    is_active = job is not None and job.status in ACTIVE
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Run again" if job and not is_active else TOOLS[card.proposal.tool].verb,
            type="primary",
            icon=f":material/{icon}:",
            key=f"render {call_id}",
            disabled=is_active,
            on_click=start,
            args=(queue, card),
        )
        show_decline(card)
    show_job(queue, job)


def show_decline(card: Card) -> None:
    """The button that declines a proposal; nothing where it was clicked, or does not wait any more."""
    if card.decline and card.job is None:
        call_id = card.proposal.call_id
        st.button("No, thanks", type="tertiary", key=f"decline {call_id}", on_click=card.decline, args=(call_id,))


def show_unknown_words(words: Sequence[str]) -> None:
    """Name the words that the image model was never taught; nothing where it knows them all."""
    if words:
        st.caption(f"Words that this image model does not know: {escape(', '.join(words))}")


def show_job(queue: RenderQueue, job: RenderJob | None) -> None:
    """How far a job is, or what became of it; nothing where there was no click."""
    if job and job.status in ACTIVE:
        show_progress(queue, job)
    elif job:
        show_outcome(job)


@st.fragment(run_every=WATCH_S)
def show_progress(queue: RenderQueue, job: RenderJob) -> None:
    """Show a job's progress until it ends, then draw the page anew; nothing else of the page is redrawn meanwhile."""
    now = queue.latest(job.call_id, job.tool)
    if now is None or now.status not in ACTIVE:
        st.rerun()
        return
    step = queue.step(job.id)
    ahead = queue.ahead_of(job)
    if now.status == "queued":
        before = f"{ahead} render{'s' if ahead != 1 else ''} before this one" if ahead else "somebody else's render"
        st.progress(0.0, f"Waiting: {before}")
    elif now.status == "rendered":
        st.progress(1.0, "Writing down what was measured…")
    elif step is None:
        st.progress(0.0, "Opening the image model…")
    elif step.step == step.total:
        st.progress(1.0, "Measuring…")
    else:
        st.progress(step.step / step.total, f"Step {step.step} of {step.total}")
    st.button(
        "Cancel", key=f"cancel {job.id}", disabled=now.status == "rendered", on_click=queue.cancel, args=(job.id,)
    )
    if step and step.preview_png:
        # inside the page: a file would be gone before a slow browser fetched it
        preview = "data:image/png;base64," + base64.b64encode(step.preview_png).decode()
        st.image(preview, width=PREVIEW_WIDTH_PX, alt="Preview of the render under way")


def show_outcome(job: RenderJob) -> None:
    """What became of a job that has ended."""
    if job.status == "failed":
        st.error(escape(job.error or "Nothing was rendered."), icon=":material/error:")
    elif job.status == "cancelled":
        st.caption("Cancelled. Nothing was kept.")
    elif job.status == "interrupted":
        st.warning("This render was interrupted when Undertone stopped.", icon=":material/restart_alt:")
    elif job.error:
        st.warning(f"Rendered, but the conversation could not be told: {escape(job.error)}")
    else:
        st.caption("Done: the result stands below in this conversation.")
