"""Pictures that a run left, in rows with a line above each, or as one; and what they say.

Widgets only; it knows nothing of what they show.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from app.markup import escape
from app.ui.pictures import picture_url
from app.ui.strip import Shown, show_strip


def show_pictures(key: str, result: dict[str, Any]) -> None:
    """Draw the artifact of a tool whose view is "pictures": `folder`, and `rows` or a `figure` with its `caption`."""
    folder = Path(result["folder"])
    if not folder.is_dir():
        st.caption("The files of this run were deleted.")
        return
    if verdict := result.get("verdict"):
        st.markdown(f"**{escape(verdict)}**")
    if figure := result.get("figure"):
        st.image(picture_url(folder / figure), caption=result["caption"], alt=result["caption"])
    for number, row in enumerate(result.get("rows") or ()):
        pictures = [Shown(folder / one["file"], one["label"], one["alt"]) for one in row["pictures"]]
        show_strip(f"{key}-{number}", row["line"], pictures, row["line"])
