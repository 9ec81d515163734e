"""The page's widgets for feedback: thumbs with a comment under an answer, a report in the passage's dialog."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.answers import Citation, CitedAnswer
from app.conversation.feedback import Feedback, Rating
from app.conversation.transcripts import Entry

RATINGS: tuple[Rating, ...] = ("down", "up")
"""In the order of Streamlit's thumbs: 0 is down, 1 is up."""
MAX_COMMENT_CHARS = 1_000


@st.fragment  # a thumb redraws itself only
def show_thumbs(feedback: Feedback, conversation_id: str, key: str, answer: CitedAnswer) -> None:
    """Thumbs under an answer; once one is chosen, a line for a comment."""
    kept = feedback.rating(conversation_id, key)
    default = RATINGS.index(kept[0]) if kept else None
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        chosen = st.feedback("thumbs", key=f"thumbs-{key}", default=default)
        if chosen is None:
            return
        comment = st.text_input(
            "What was good or wrong about it?",
            value=kept[1] if kept else "",
            max_chars=MAX_COMMENT_CHARS,
            placeholder="What was good or wrong? (optional)",
            label_visibility="collapsed",
            key=f"comment-{key}",
        )
    if kept != (RATINGS[chosen], comment.strip()):
        feedback.rate(conversation_id, key, answer, RATINGS[chosen], comment)
    st.caption("Thank you. It is kept with this question, the answer and its passages, on this machine.")


def show_report(
    feedback: Feedback, conversation_id: str, entries: Sequence[Entry], key: str, citations: Sequence[Citation]
) -> None:
    """A line and a button that report the citations of a dialog.

    Args:
        key: Begins with the key of the answer's entry.
    """
    entry = next((entry for entry in entries if entry.answer and key.startswith(entry.key)), None)
    if entry is None or entry.answer is None:
        return
    said = f"report-comment-{key}"

    def report(answer: CitedAnswer) -> None:  # a callback: it runs though the click closes the dialog
        feedback.report(conversation_id, entry.key, answer, citations, st.session_state.get(said, ""))

    with st.expander("Report this citation", icon=":material/flag:"):
        st.text_input("What is wrong with it? (optional)", max_chars=MAX_COMMENT_CHARS, key=said)
        if st.button("Report", key=f"report-{key}", on_click=report, args=(entry.answer,)):
            st.caption("Thank you. It is kept with this question, the answer and the passage, on this machine.")
