"""The card of a proposed blend: its controls, its buttons, and what became of the last click on Render.

Widgets only; the queue renders, the transcript remembers. Clicks are taken by callbacks, which read the controls from
the session: what was typed a moment before a click is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.conversation.render_jobs import ACTIVE
from app.conversation.render_queue import RenderQueue
from app.conversation.transcripts import Proposal
from app.markup import escape
from app.ui.picture_source import start_with
from app.ui.proposal_card import Card, show_decline, show_job, show_unknown_words
from app.ui.reference_form import chosen_reference, is_reference, show_reference_controls
from tools.blend.limits import DEFAULT_STEPS, MAX_POINTS, MAX_SEED, MAX_STEPS
from tools.blend.methods import DEFAULT_METHOD, METHODS, STYLE_METHODS
from tools.vocabulary import words_not_taught

SWEEP = "run_experiment"
MIN_POINTS, DEFAULT_POINTS = 2, 9


def show_proposal(queue: RenderQueue, card: Card) -> None:
    """Draw a proposed blend: its controls, and below them what became of the last click on Render."""
    call_id, job = card.proposal.call_id, card.job
    is_active = job is not None and job.status in ACTIVE
    with st.container(border=True, key=f"card-{call_id}"):
        st.markdown("**See it rendered**")
        wanted = job.arguments if job else card.proposal.arguments
        if is_reference(card.proposal):
            show_reference_controls(call_id, wanted, queue.folder)
        else:
            show_controls(card.proposal, wanted)
            texts = [st.session_state[f"subject {call_id}"], *(style["text"] for style in wanted.get("styles", ()))]
            show_unknown_words(words_not_taught(card.image_model, texts))
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Render again" if job and not is_active and job.tool == card.proposal.tool else "Render",
                type="primary",
                icon=":material/palette:",
                key=f"render {call_id}",
                disabled=is_active,
                on_click=start_render,
                args=(queue, card),
            )
            if len(card.proposal.arguments.get("styles", [])) == 2 and not is_reference(card.proposal):
                st.button(
                    "Sweep",
                    icon=":material/linear_scale:",
                    key=f"sweep {call_id}",
                    help="The same seed at several weights, from the first style alone to the second alone",
                    disabled=is_active,
                    on_click=start_sweep,
                    args=(queue, card),
                )
            show_decline(card)
        show_job(queue, job)


def start_render(queue: RenderQueue, card: Card) -> None:
    call_id = card.proposal.call_id
    if not is_reference(card.proposal):
        queue.submit(card.conversation_id, call_id, card.proposal.tool, chosen(card.proposal))
    elif arguments := chosen_reference(card.proposal, queue.folder):
        queue.submit(card.conversation_id, call_id, card.proposal.tool, arguments)


def start_sweep(queue: RenderQueue, card: Card) -> None:
    queue.submit(card.conversation_id, card.proposal.call_id, SWEEP, sweep_of(card.proposal))


def sweep_of(proposal: Proposal) -> dict[str, Any]:
    """The sweep of a proposal as its controls are set."""
    points = st.session_state[f"points {proposal.call_id}"]
    arguments = {**chosen(proposal), "experiment": "flip", "more": {"points": points}}
    arguments.pop("references", None)
    return arguments


def show_controls(proposal: Proposal, wanted: dict[str, Any]) -> None:
    """The controls, at first set to what was wanted last."""
    call_id, styles = proposal.call_id, wanted.get("styles", [])
    shares = share_keys(call_id, styles)
    start_with(f"subject {call_id}", wanted.get("subject", ""))
    start_with(f"method {call_id}", wanted["method"] if wanted.get("method") in STYLE_METHODS else DEFAULT_METHOD)
    start_with(f"steps {call_id}", int(wanted.get("steps") or DEFAULT_STEPS))
    start_with(f"seed {call_id}", int(wanted.get("seed") or 0))
    for key, percent in zip(shares, whole_shares([style["weight"] for style in styles]), strict=True):
        start_with(key, percent)

    st.text_input("Subject", key=f"subject {call_id}", max_chars=300)
    for number, (key, style) in enumerate(zip(shares, styles, strict=True)):
        st.slider(
            escape(style["text"]),
            0,
            100,
            key=key,
            format="%d %%",
            on_change=keep_sum,
            args=(shares, number),
            disabled=len(shares) == 1,
        )
    percents = [st.session_state[key] for key in shares]
    named = " + ".join(f"{share} % {escape(style['text'])}" for share, style in zip(percents, styles, strict=True))
    st.caption(f"{named} = {sum(percents)} %")
    st.selectbox("Method", STYLE_METHODS, format_func=lambda name: METHODS[name].label, key=f"method {call_id}")
    number_columns = st.columns(3)
    number_columns[0].number_input("Steps", 1, MAX_STEPS, key=f"steps {call_id}")
    number_columns[1].number_input("Seed", 0, MAX_SEED, key=f"seed {call_id}")
    if len(styles) == 2:
        start_with(f"points {call_id}", DEFAULT_POINTS)
        number_columns[2].number_input(
            "Sweep points", MIN_POINTS, MAX_POINTS, key=f"points {call_id}", help="How many weights a sweep renders"
        )


def chosen(proposal: Proposal) -> dict[str, Any]:
    """A proposal's arguments as its controls are set."""
    state, call_id = st.session_state, proposal.call_id
    styles = proposal.arguments.get("styles", [])
    keys = share_keys(call_id, styles)
    return {
        **proposal.arguments,
        "subject": state[f"subject {call_id}"],
        "styles": [{**style, "weight": state[key] / 100} for style, key in zip(styles, keys, strict=True)],
        "method": state[f"method {call_id}"],
        "steps": state[f"steps {call_id}"],
        "seed": state[f"seed {call_id}"],
    }


def has_controls(proposal: Proposal) -> bool:
    """Whether a proposal's controls are there, and say in the session what a click would run."""
    return not is_reference(proposal) and f"seed {proposal.call_id}" in st.session_state


def share_keys(call_id: str, styles: Sequence[Any]) -> list[str]:
    return [f"share {call_id} {number}" for number in range(len(styles))]


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
