"""The cards of the page that render: a proposed blend with its controls and its progress, and a finished one.

Widgets only; the queue renders, the transcript remembers.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.charts import colour_bar, figures_of, heat_maps
from app.marking import escape
from app.renders import ACTIVE, RenderJob, RenderQueue
from app.transcripts import Proposal

METHODS = {
    "composable": "Composable: weigh each style's noise prediction",
    "prompt": "Prompt: name the styles in one prompt",
    "embedding": "Embedding: average the prompts' embeddings",
    "schedule": "Schedule: one style first, then the next",
    "alternate": "Alternate: styles take turns, step by step",
}
MAX_STEPS = 150
MAX_SEED = 2**31 - 1
DEFAULT_STEPS = 20
WATCH_S = 0.6
IMAGE_WIDTH_PX = 384
HEAT_MAP_WIDTH_PX = 192


def show_proposal(queue: RenderQueue, conversation_id: str, proposal: Proposal) -> None:
    """A proposed blend: its controls, and below them what became of the last click on Render."""
    job = queue.latest(proposal.call_id)
    wanted = job.arguments if job else proposal.arguments
    with st.container(border=True, key=f"card-{proposal.call_id}"):
        st.markdown("**See it rendered**")
        arguments = show_controls(proposal, wanted)
        is_active = job is not None and job.status in ACTIVE
        label = "Render again" if job and not is_active else "Render"
        if st.button(
            label, type="primary", icon=":material/palette:", key=f"render {proposal.call_id}", disabled=is_active
        ):
            queue.submit(conversation_id, proposal.call_id, arguments)
            st.rerun()
        if job and is_active:
            watch(queue, job)
        elif job:
            show_outcome(job)


def show_controls(proposal: Proposal, wanted: dict[str, Any]) -> dict[str, Any]:
    """The controls, set to what was wanted last; returns what they are set to now."""
    call_id = proposal.call_id
    subject = st.text_input("Subject", value=wanted.get("subject", ""), key=f"subject {call_id}", max_chars=300)
    styles = wanted.get("styles", [])
    keys = [f"share {call_id} {number}" for number in range(len(styles))]
    for key, percent in zip(keys, whole_shares([style["weight"] for style in styles]), strict=True):
        st.session_state.setdefault(key, percent)
    for number, (key, style) in enumerate(zip(keys, styles, strict=True)):
        st.slider(
            escape(style["text"]),
            0,
            100,
            key=key,
            format="%d %%",
            on_change=keep_sum,
            args=(keys, number),
            disabled=len(keys) == 1,
        )
    shares = [st.session_state[key] for key in keys]
    named = " + ".join(f"{share} % {escape(style['text'])}" for share, style in zip(shares, styles, strict=True))
    st.caption(f"{named} = {sum(shares)} %")
    method_column, steps_column, seed_column = st.columns([2, 1, 1])
    methods = list(METHODS)
    method = method_column.selectbox(
        "Method",
        methods,
        index=methods.index(wanted.get("method", methods[0])) if wanted.get("method") in methods else 0,
        format_func=METHODS.__getitem__,
        key=f"method {call_id}",
    )
    steps = steps_column.number_input(
        "Steps", 1, MAX_STEPS, int(wanted.get("steps") or DEFAULT_STEPS), key=f"steps {call_id}"
    )
    seed = seed_column.number_input("Seed", 0, MAX_SEED, int(wanted.get("seed") or 0), key=f"seed {call_id}")
    return {
        **proposal.arguments,
        "subject": subject,
        "styles": [{**style, "weight": share / 100} for style, share in zip(styles, shares, strict=True)],
        "method": method,
        "steps": steps,
        "seed": seed,
    }


def whole_shares(weights: Sequence[float], total: int = 100) -> list[int]:
    """Whole numbers that sum to `total`, as near to the weights' proportions as whole numbers come."""
    if not any(weights):
        weights = [1.0] * len(weights)
    exact = [total * weight / sum(weights) for weight in weights]
    shares = [int(share) for share in exact]
    by_rest = sorted(range(len(exact)), key=lambda number: shares[number] - exact[number])
    for number in by_rest[: total - sum(shares)]:
        shares[number] += 1
    return shares


def keep_sum(keys: Sequence[str], moved: int) -> None:
    """After one slider moved, divide what it leaves among the others in their proportion, so that all sum to 100."""
    others = [key for number, key in enumerate(keys) if number != moved]
    left = 100 - st.session_state[keys[moved]]
    shares = whole_shares([st.session_state[key] for key in others], left)
    for key, share in zip(others, shares, strict=True):
        st.session_state[key] = share


def watch(queue: RenderQueue, job: RenderJob) -> None:
    """Show a job's progress until it ends, then draw the page anew; nothing else of the page is redrawn meanwhile."""

    @st.fragment(run_every=WATCH_S)
    def progress() -> None:
        now = queue.latest(job.call_id)
        if now is None or now.status not in ACTIVE:
            st.rerun()
            return
        step = queue.step(job.id)
        ahead = queue.ahead_of(job)
        if now.status == "queued":
            st.progress(0.0, f"Waiting: {ahead} render{'s' if ahead != 1 else ''} before this one")
        elif step is None:
            st.progress(0.0 if now.status == "running" else 1.0, "Opening the image model…")
        else:
            st.progress(step.step / step.total, f"Step {step.step} of {step.total}")
            if step.preview_png:
                # inside the page: a file would be gone before a slow browser fetched it
                preview = "data:image/png;base64," + base64.b64encode(step.preview_png).decode()
                st.image(preview, width=IMAGE_WIDTH_PX // 2, alt="Preview of the render under way")
        if st.button("Cancel", key=f"cancel {job.id}", disabled=now.status == "rendered"):
            queue.cancel(job.id)

    progress()


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
        st.caption("Rendered: the image stands below in this conversation.")


def show_render(key: str, render: dict[str, Any]) -> None:
    """A finished render: the image, its record, and both to take away."""
    folder = Path(render["folder"])
    image = folder / "image.png"
    record = render.get("record", {})
    if not image.is_file():
        st.caption("The files of this render were deleted.")
        return
    description = describe(record)
    st.badge("Measured in this run", icon=":material/science:", color="violet")
    with st.container(width=IMAGE_WIDTH_PX):  # a container, unlike an image, gives way to a narrow window
        st.image(
            image.read_bytes(),
            width="stretch",
            output_format="PNG",
            caption=escape(description),
            alt=f"Rendered image: {description}",
        )
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Image",
            image.read_bytes(),
            f"{render['run_id']}.png",
            "image/png",
            key=f"image {key}",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Record",
            json.dumps(record, indent=1, ensure_ascii=False),
            f"{render['run_id']}.json",
            "application/json",
            key=f"record {key}",
            on_click="ignore",
            icon=":material/download:",
        )
    if unknown := render.get("unknown_words"):
        st.caption(f"Words that this image model does not know: {escape(', '.join(unknown))}")
    show_measurements(folder, render.get("measurements", {}))
    with st.expander("Record: everything needed to make the same pixels again", icon=":material/receipt_long:"):
        st.json(record, expanded=1)


def show_measurements(folder: Path, measurements: dict[str, Any]) -> None:
    """What happened inside the model in this run; nothing where it was not traced."""
    figures = list(figures_of(measurements))
    if not figures:
        return
    with st.expander("Under the hood: what was measured in this run", icon=":material/monitoring:"):
        show_weights(measurements)
        for figure in figures:
            st.markdown(f"**{escape(figure.title)}**")
            st.altair_chart(figure.chart, alt=f"{figure.title}: {figure.shows}")
            st.caption(f"Shows {escape(figure.shows)}  \nDoes not show {escape(figure.does_not_show)}")
        maps = heat_maps(folder, measurements)
        if maps:
            st.markdown("**Where the attention on each phrase lay**")
            with st.container(horizontal=True, gap="small"):
                for found in maps:
                    alt = f"Heat map of the attention on “{found.phrase}” over the rendered image"
                    st.image(found.overlay, width=HEAT_MAP_WIDTH_PX, caption=escape(found.phrase), alt=alt)
            peak = maps[0].peak_share
            st.image(colour_bar(), width=HEAT_MAP_WIDTH_PX, alt=f"Colour bar from 0 to {peak:.1%} of the attention")
            st.caption(
                f"Shows on one scale for all phrases where their attention lay: dark is none, light is {peak:.1%} of "
                "it.  \nDoes not show why the model looked there, nor what it drew because of it."
            )


def show_weights(measurements: dict[str, Any]) -> None:
    """The three meanings of "weights", kept apart."""
    image = (measurements.get("images") or [{}])[0]
    shares = " + ".join(
        f"{share:.0%} {escape(style)}"
        for style, share in zip(image.get("styles", []), image.get("shares", []), strict=False)
    )
    st.markdown("**Three things are called weights**")
    parameters = measurements.get("parameters")
    if parameters:
        before, after = parameters["sha256_before"][:12], parameters["sha256_after"][:12]
        same = "the same" if parameters["unchanged"] else "NOT the same"
        st.markdown(f"1. The model's **parameters**: {same} before and after, SHA-256 `{before}…` and `{after}…`.")
    st.markdown("2. **Attention weights**: made anew at every layer and step; the figures below show these.")
    st.markdown(f"3. The **blend's weights**, which you set: {shares}.")


def describe(record: dict[str, Any]) -> str:
    """One line that says what an image shows and how it was made."""
    request = record.get("request") or (record.get("requests") or [{}])[0]
    styles = request.get("styles", [])
    shares = request.get("shares") or [style.get("weight", 0.0) for style in styles]
    named = " + ".join(f"{share:.0%} {style['text']}" for share, style in zip(shares, styles, strict=False))
    method, seed = request.get("method", ""), request.get("seed", "")
    return f"{request.get('subject', '')}: {named} ({method}, seed {seed})"
