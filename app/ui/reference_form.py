"""The controls of a proposed reference: a picture that gives keys and values, drawn, uploaded or rendered before.

Widgets only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from app.conversation.transcripts import Proposal
from app.markup import escape
from app.ui.picture_source import (
    GALLERY,
    THUMB_WIDTH_PX,
    UPLOAD,
    chosen_picture,
    set_picture,
    show_gallery,
    show_upload,
    start_with,
)
from tools.blend.limits import DEFAULT_STEPS, MAX_SEED, MAX_STEPS

DRAW = "Draw it"
WANTED_REFERENCE = "wanted reference"
"""In the session: the run whose picture the next proposed reference begins with."""


def is_reference(proposal: Proposal) -> bool:
    return proposal.arguments.get("method") == "reference"


def show_reference_controls(call_id: str, wanted: dict[str, Any], renders: Path) -> None:
    """The controls, at first set to what was wanted last.

    Args:
        wanted: The arguments of the last render, or of the proposal.
        renders: The folder of the home's renders: the gallery.
    """
    state = st.session_state
    first = (wanted.get("references") or [{}])[0]
    start_with(f"subject {call_id}", wanted.get("subject", ""))
    start_with(f"words {call_id}", ", ".join(style["text"] for style in wanted.get("styles") or []))
    if f"source {call_id}" not in state and (run_id := state.pop(WANTED_REFERENCE, None)):
        start_with(f"source {call_id}", GALLERY)
        start_with(f"gallery {call_id}", run_id)
    start_with(f"source {call_id}", DRAW if first.get("prompt") else UPLOAD)
    start_with(f"prompt {call_id}", first.get("prompt") or "")
    start_with(f"image {call_id}", first.get("image"))
    start_with(f"steps {call_id}", int(wanted.get("steps") or DEFAULT_STEPS))
    start_with(f"seed {call_id}", int(wanted.get("seed") or 0))

    st.caption("The render keeps its queries and takes a reference's keys and values in the late self-attentions.")
    st.text_input("Subject", key=f"subject {call_id}", max_chars=300)
    st.text_input("Style words beside the subject (optional)", key=f"words {call_id}", max_chars=100)
    st.segmented_control("Reference", [DRAW, UPLOAD, GALLERY], key=f"source {call_id}", required=True)
    if state[f"source {call_id}"] == DRAW:
        st.text_input("What the reference shows, and in which style", key=f"prompt {call_id}", max_chars=300)
    elif state[f"source {call_id}"] == UPLOAD:
        show_upload(call_id, renders, "A PNG or JPEG, 20 MB at most")
        kept = renders.parent / "references" / f"{state[f'image {call_id}']}.png"
        if kept.is_file():
            st.image(kept.read_bytes(), width=THUMB_WIDTH_PX, output_format="PNG", alt="The uploaded reference")
    else:
        show_gallery(call_id, renders)
    left, right = st.columns(2)
    left.number_input("Steps", 1, MAX_STEPS, key=f"steps {call_id}")
    right.number_input("Seed", 0, MAX_SEED, key=f"seed {call_id}")
    if refused := state.get(f"refused {call_id}"):
        st.error(escape(refused), icon=":material/error:")


def chosen_reference(proposal: Proposal, renders: Path) -> dict[str, Any] | None:
    """A proposal's arguments as its controls are set; None, and a line on the card, where no picture is chosen."""
    if st.session_state[f"source {proposal.call_id}"] != DRAW and chosen_picture(proposal.call_id, renders) is None:
        return None
    st.session_state.pop(f"refused {proposal.call_id}", None)
    return set_reference(proposal, renders)


def set_reference(proposal: Proposal, renders: Path) -> dict[str, Any] | None:
    """A proposal's arguments as its controls are set; as it came where there are none yet, None without a picture."""
    state, call_id = st.session_state, proposal.call_id
    if f"seed {call_id}" not in state:
        return dict(proposal.arguments) if proposal.arguments.get("references") else None
    is_drawn = state[f"source {call_id}"] == DRAW
    image = None if is_drawn else set_picture(call_id, renders)
    if not is_drawn and image is None:
        return None
    words = state[f"words {call_id}"].strip()
    return {
        **proposal.arguments,
        "subject": state[f"subject {call_id}"],
        "styles": [{"text": words, "weight": 1.0}] if words else [],
        "references": [{"prompt": state[f"prompt {call_id}"]} if is_drawn else {"image": image}],
        "steps": state[f"steps {call_id}"],
        "seed": state[f"seed {call_id}"],
    }
