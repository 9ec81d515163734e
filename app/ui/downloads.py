"""What a run leaves to take away: a row of buttons. Knows no tool and no file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.markup import file_name

Download = tuple[str, bytes | str, str, str]
"""A label, what it holds, what its file's name ends in, and its media type."""


def as_json(label: str, value: Any, ending: str = ".json") -> Download:
    """Something to take away as JSON."""
    return label, json.dumps(value, indent=1, ensure_ascii=False), ending, "application/json"


def show_downloads(key: str, run_id: str, downloads: Sequence[Download]) -> None:
    """Draw a button for each; their files are called by the run."""
    with st.container(horizontal=True, gap="small"):
        for label, data, ending, mime in downloads:
            st.download_button(
                label,
                data,
                f"{file_name(run_id)}{ending}",
                mime,
                key=f"{label} {key}",
                on_click="ignore",
                icon=":material/download:",
            )
