"""Where a form's picture comes from: an upload, or a render made before.

An upload is checked and kept by `tools/blend/references.py` as soon as it is there; it leaves the home nowhere.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

from app.ui.pictures import picture_of

UPLOAD, GALLERY = "Upload it", "From the gallery"
SHOWN_RENDERS = 12
THUMB_WIDTH_PX = 128
MAX_UPLOAD_MB = 20


def start_with(key: str, value: Any) -> None:
    """Give a widget its first value; later ones are the person's."""
    st.session_state.setdefault(key, value)


def show_upload(call_id: str, renders: Path, label: str) -> None:
    st.file_uploader(
        label,
        type=["png", "jpg", "jpeg"],
        max_upload_size=MAX_UPLOAD_MB,
        key=f"upload {call_id}",
        on_change=take_upload,
        args=(call_id, renders),
    )


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


def set_picture(call_id: str, renders: Path) -> str | None:
    """The picture that a form is set to, stored as a reference; None where there is none.

    With the source an upload or the gallery.
    """
    state = st.session_state
    if state[f"source {call_id}"] != GALLERY:
        return state.get(f"image {call_id}")
    picture = picture_of(renders, state.get(f"gallery {call_id}") or "")
    return keep_picture(call_id, picture.read_bytes(), renders) if picture else None


def chosen_picture(call_id: str, renders: Path) -> str | None:
    """As `set_picture`, with a line on the card where there is none. For callbacks."""
    image = set_picture(call_id, renders)
    if image is None:
        refused = "No picture yet: upload one, choose a render, or have one drawn."
        st.session_state.setdefault(f"refused {call_id}", refused)
    return image
