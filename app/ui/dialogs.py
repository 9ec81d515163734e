"""Which dialog is open: kept in the session, so that drawing the page anew does not close it.

It knows nothing of what stands in a dialog.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

OPEN = "dialog"


def open_dialog(name: str, *about: Any) -> None:
    """Have the page draw a dialog, in this run and every later one until it is closed."""
    st.session_state[OPEN] = (name, *about)


def close_dialog() -> None:
    st.session_state.pop(OPEN, None)


def open_one() -> tuple[Any, ...]:
    """The dialog that is open: its name and what it is about; empty where none is."""
    return st.session_state.get(OPEN, ())
