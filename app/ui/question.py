"""A question as it was asked, and the dialog in which it is changed and asked anew.

Widgets only. What is asked anew begins a conversation of its own, with all that was said before; the first stays as it
is.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.markup import escape
from app.ui.dialogs import close_dialog, open_dialog, open_one
from app.understanding.messages import MAX_QUESTION_CHARS

EDIT = "edit question"


def show_question(key: str, question: str) -> None:
    """Draw a question with its button.

    Args:
        key: The question's message id.
    """
    with st.container(horizontal=True, wrap=False, gap="small"):
        st.markdown(escape(question), width="stretch")
        st.button(
            "",
            key=f"edit {key}",
            icon=":material/edit:",
            type="tertiary",
            help="Edit and ask again, in a conversation of its own",
            on_click=open_dialog,
            args=(EDIT, key, question),
        )


@st.dialog("Edit and ask again", on_dismiss=close_dialog)
def show_edit(key: str, question: str, ask_anew: Callable[[str], None]) -> None:
    """Change a question; `ask_anew` is given its key and reads what was typed from the session."""
    if not open_one():
        st.rerun()  # a click in here closed it; only the whole page can take it away
    st.text_area("Question", value=question, key=f"anew {key}", max_chars=MAX_QUESTION_CHARS)
    st.caption("What was said before it is kept. This conversation stays as it is.")
    st.button("Ask", key=f"ask anew {key}", type="primary", width="stretch", on_click=ask_anew, args=(key,))
