"""Browser components: each is a Python function with a small JavaScript and CSS file of its name beside it.

They stand in the page itself, not in a frame, and take the theme's colours from it. What they show is set as text,
never as HTML. It knows nothing of what any of them shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

FOLDER = Path(__file__).resolve().parent
SHARED = ("elements",)


def browser_component(name: str, *shared: str) -> Any:
    """Register the component whose files are `<name>.js` and `<name>.css`; returns the function that mounts it.

    Args:
        name: The component's and its files' name.
        shared: Names of files that several components begin with.
    """
    parts = (*SHARED, *shared, name)
    script = "\n".join((FOLDER / f"{part}.js").read_text("utf-8") for part in parts)
    style = "\n".join((FOLDER / f"{part}.css").read_text("utf-8") for part in parts)
    return st.components.v2.component(f"undertone.{name}", css=style, js=script)
