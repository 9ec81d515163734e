"""The controls of a proposed reference: a picture that gives keys and values, drawn, uploaded or rendered before.

Widgets only. An upload is checked and kept by `tools/blend/references.py` as soon as it is there; it leaves the home
nowhere.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

from app.conversation.transcripts import Proposal
from app.markup import escape
from app.ui.pictures import picture_of
from tools.blend.limits import DEFAULT_STEPS, MAX_SEED, MAX_STEPS

DRAW, UPLOAD, GALLERY = "Draw it", "Upload it", "From the gallery"
WANTED_REFERENCE = "wanted reference"
"""In the session: the run whose picture the next proposed reference begins with."""
SHOWN_RENDERS = 12
THUMB_WIDTH_PX = 128


def start_with(key: str, value: Any) -> None:
    """Give a widget its first value; later ones are the person's."""
    st.session_state.setdefault(key, value)


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
        st.file_uploader(
            "A PNG or JPEG, 20 MB at most",
            type=["png", "jpg", "jpeg"],
            max_upload_size=20,
            key=f"upload {call_id}",
            on_change=take_upload,
            args=(call_id, renders),
        )
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


def show_gallery(call_id: str, renders: Path) -> None:
    """Renders made before in this home, the newest first."""
    made = sorted((path.parent.name for path in renders.glob("*/image.png")), reverse=True)[:SHOWN_RENDERS]
    wanted = st.session_state.get(f"gallery {call_id}")
    if wanted and picture_of(renders, wanted) is None:
        del st.session_state[f"gallery {call_id}"]
    elif wanted and wanted not in made:
        made.append(wanted)
    if not made:
        st.caption("Nothing has been rendered in this home yet.")
        return
    run_id = st.selectbox("A render", made, format_func=lambda name: title_of(renders / name), key=f"gallery {call_id}")
    if picture := picture_of(renders, run_id):
        st.image(picture.read_bytes(), width=THUMB_WIDTH_PX, output_format="PNG", alt="The render")


def title_of(folder: Path) -> str:
    """What a render shows, as its job asked for it."""
    try:
        arguments = json.loads((folder / "job.json").read_text("utf-8"))["arguments"]
    except (OSError, ValueError, KeyError):
        return folder.name
    styles = " + ".join(f"{style['weight']:.0%} {style['text']}" for style in arguments.get("styles") or [])
    return f"{arguments.get('subject', '')}: {styles or 'by reference'} ({folder.name[:15]})"


def take_upload(call_id: str, renders: Path) -> None:
    """Check and keep an upload. A callback."""
    uploaded = st.session_state[f"upload {call_id}"]
    st.session_state[f"image {call_id}"] = keep_picture(call_id, uploaded.getvalue(), renders) if uploaded else None


def keep_picture(call_id: str, data: bytes, renders: Path) -> str | None:
    """Store a picture as a reference; None, and a line on the card, where it cannot be one."""
    # torch comes with it, and a page that renders nothing never needs it
    from tools.blend.references import REFERENCES_FOLDER, ReferenceError, store_reference

    st.session_state.pop(f"refused {call_id}", None)
    try:
        return store_reference(data, renders.parent / REFERENCES_FOLDER)
    except (ReferenceError, OSError) as error:
        st.session_state[f"refused {call_id}"] = f"Not taken: {error}"
        return None


def chosen_reference(proposal: Proposal, renders: Path) -> dict[str, Any] | None:
    """A proposal's arguments as its controls are set; None, and a line on the card, where no picture is chosen."""
    state, call_id = st.session_state, proposal.call_id
    source, image = state[f"source {call_id}"], state[f"image {call_id}"]
    if source == GALLERY:
        picture = picture_of(renders, state.get(f"gallery {call_id}") or "")
        image = keep_picture(call_id, picture.read_bytes(), renders) if picture else None
    if source != DRAW and image is None:
        state.setdefault(f"refused {call_id}", "No picture yet: upload one, choose a render, or have one drawn.")
        return None
    state.pop(f"refused {call_id}", None)
    words = state[f"words {call_id}"].strip()
    return {
        **proposal.arguments,
        "subject": state[f"subject {call_id}"],
        "styles": [{"text": words, "weight": 1.0}] if words else [],
        "references": [{"prompt": state[f"prompt {call_id}"]} if source == DRAW else {"image": image}],
        "steps": state[f"steps {call_id}"],
        "seed": state[f"seed {call_id}"],
    }
