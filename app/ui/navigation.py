"""Which conversation the page shows: in the session, and in the browser's address.

It knows nothing of what stands in a conversation.
"""

from __future__ import annotations

import streamlit as st

from app.ui.dialogs import close_dialog


def opened_conversation() -> str | None:
    """The conversation to show: the one opened last, until the browser's address says another.

    The browser sends its address with every click, and until the page has been drawn that address may be older than the
    conversation which the click before has opened. So it counts only once it has caught up: then it is the back button.
    """
    state, address = st.session_state, st.query_params.get("c")
    if "conversation" not in state:
        state.conversation, state.has_caught_up = address, True
    elif state.has_caught_up:
        state.conversation = address
    elif state.conversation is None:
        st.query_params.clear()
    elif state.conversation != address:
        st.query_params["c"] = state.conversation
    return state.conversation


def open_conversation(conversation_id: str | None) -> None:
    """Show another conversation; None for a new one. For callbacks."""
    if st.session_state.conversation != conversation_id:
        st.session_state.conversation, st.session_state.has_caught_up = conversation_id, False
    st.session_state.pop("notice", None)
    close_dialog()
