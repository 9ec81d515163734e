"""The corpora that a conversation searches beside its own: chosen in the sidebar, kept with its next question.

Widgets only. What is ticked counts from the next question on, and until then stands in the browser's address, so that a
reload loses nothing; what was asked says what was ticked then.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from langchain_core.messages import AnyMessage

from app.application import Undertone
from app.conversation.sources import sources_of
from app.conversation.store import ConversationsRefused
from app.corpora.homes import called
from app.ui.opening import chosen_corpus, corpora

TICKED, ADDRESS = "ticked sources", "sources"
FIRST = "*"
"""How the first corpus, which has no name, is written in an address."""


def show_sources(undertone: Undertone, conversation_id: str | None) -> tuple[str, ...]:
    """Choose what the conversation searches beside its own corpus, where there is anything else.

    Returns:
        A line on each that is chosen and cannot be searched.
    """
    messages = said(undertone, conversation_id)
    names = chosen_sources(conversation_id, messages)
    others = [name for name in corpora() if name != chosen_corpus()]
    gone = [name for name in names if name not in others]  # still there to be unticked
    if not others and not gone:
        return ()
    questions = sum(message.type == "human" for message in messages)  # each brings its own: the widget begins anew
    key = f"sources {chosen_corpus()} {conversation_id} {questions}"
    st.multiselect(
        "Sources for this conversation",
        [*others, *gone],
        default=list(names),
        format_func=called,
        key=key,
        placeholder="This corpus alone",
        help="What is ticked is searched beside the corpus above, from the next question on",
        on_change=lambda: tick(conversation_id, st.session_state[key]),
    )
    sourced = undertone.sourced(names)
    st.caption(f"Searching {len(sourced.shared.index)} documents")
    return sourced.lacking


def tick(conversation_id: str | None, names: Sequence[str]) -> None:
    """Note what the next question searches. For callbacks."""
    st.session_state[TICKED] = chosen_corpus(), conversation_id, tuple(names)
    st.query_params[ADDRESS] = f"{conversation_id or ''}:{','.join(name or FIRST for name in names)}"


def take_ticked(conversation_id: str | None) -> tuple[str, ...] | None:
    """Return what was ticked for the next question, once; None where nothing was. For callbacks."""
    names = ticked(conversation_id)
    st.session_state.pop(TICKED, None)
    st.query_params.pop(ADDRESS, None)
    return names


def hand_on(undertone: Undertone, before: str, new_id: str) -> None:
    """Tick for another conversation what is chosen in this one. For callbacks."""
    tick(new_id, chosen_sources(before, said(undertone, before)))


def ticked(conversation_id: str | None) -> tuple[str, ...] | None:
    """What was ticked since the last question of a conversation; None where nothing was."""
    match st.session_state.get(TICKED):
        case (corpus, ticked_for, names) if (corpus, ticked_for) == (chosen_corpus(), conversation_id):
            return tuple(names)
        case None:
            ticked_for, _, listed = st.query_params.get(ADDRESS, "").partition(":")
            if ADDRESS in st.query_params and ticked_for == (conversation_id or ""):
                return tuple("" if name == FIRST else name for name in listed.split(",") if name)
    return None


def chosen_sources(conversation_id: str | None, messages: Sequence[AnyMessage]) -> tuple[str, ...]:
    """What the next question searches beside the conversation's corpus: as ticked, else as the one before it."""
    names = ticked(conversation_id)
    return sources_of(messages) if names is None else names


def said(undertone: Undertone, conversation_id: str | None) -> list[AnyMessage]:
    """What was said so far; nothing in a new conversation, or in one whose damage is told in its own place."""
    if conversation_id is None:
        return []
    try:
        return undertone.chat.messages(conversation_id)
    except ConversationsRefused:
        return []
