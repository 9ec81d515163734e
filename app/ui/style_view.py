"""Pictures nearest in style: the result of a search, and six of them under every render.

Widgets only. A nearness is told by rank, and by how many pairs of the pictures are farther apart; never as a percentage
of likeness.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st
from langchain_core.tools import ToolException

from app.ui.strip import Shown, show_strip
from tools.specs import ToolContext
from tools.style_search.tool import SEARCH_STYLE, StyleArguments, placed

THUMBNAILS = 6


def show_style(key: str, result: dict[str, Any]) -> None:
    """What a search by style found."""
    show_found(key, result, f"Nearest in style to {result['picture']}")


def show_found(key: str, result: dict[str, Any], title: str) -> None:
    """A row of what was found."""
    pictures = [
        Shown(Path(one["file"]), f"{one['rank']}{placed(one['percentile'])}", f"Rank {one['rank']}: {one['id']}")
        for one in result["found"]
    ]
    show_strip(f"nearest-{key}", title, pictures, f"{title} · among {result['of']} pictures")


@st.fragment
def show_nearest(key: str, folder: Path) -> None:
    """Under a render: those nearest to it among the others; nothing where it is the only one."""
    context = ToolContext(None, "", folder)
    try:
        arguments = StyleArguments(picture=folder.name, top=THUMBNAILS)
        _, found = SEARCH_STYLE.run(arguments, context)
    except ToolException:
        return  # there is no other picture yet, or no encoder: a render is whole without it
    show_found(key, found, "Nearest in style")
