"""What the page opens once per process and not once per rerun, for the corpus that is chosen."""

from __future__ import annotations

import streamlit as st

from app.application import Shared, Undertone, open_corpus, open_for, open_render_queue
from app.conversation.render_queue import RenderQueue
from app.conversation.turns import Turns
from app.corpora.additions import Additions
from app.corpora.homes import named_corpora
from app.serving.opening import opening
from app.settings import read_settings
from app.ui.dialogs import close_dialog
from ingest.index import Index
from ingest.vectors import load_embedder

CORPUS = "corpus"


@st.cache_resource(show_spinner="Opening the corpus…")
def open_once(corpus: str) -> Shared:
    """Open what all have in common; the corpus without a name was begun when the server started."""
    begun = None if corpus else opening.take()
    return begun or open_corpus(read_settings(), corpus)


@st.cache_resource(show_spinner="Opening the conversations…")
def open_home(whose: str | None, corpus: str) -> tuple[Undertone, Turns, RenderQueue]:
    """Open what belongs to one person; everything that the page shows or changes goes through it."""
    undertone = open_for(open_once(corpus), whose)
    return undertone, Turns(), open_render_queue(undertone)


@st.cache_resource(show_spinner=False)
def open_additions(corpus: str) -> Additions:
    """Open what adds documents to a corpus; all who ask see what comes of it."""
    settings = open_once(corpus).settings
    return Additions(settings.home, lambda: Index(settings.home, load_embedder(settings.embedder), settings.chroma_url))


def corpora() -> list[str]:
    """The names of all corpora; the first one has none."""
    return ["", *named_corpora(read_settings())]


def chosen_corpus() -> str:
    """The corpus to show: in the session, and in the browser's address."""
    state = st.session_state
    if CORPUS not in state:
        named = st.query_params.get(CORPUS, "")
        state[CORPUS] = named if named in corpora() else ""
    if state[CORPUS] != st.query_params.get(CORPUS, ""):
        st.query_params.from_dict({**st.query_params.to_dict(), CORPUS: state[CORPUS]} if state[CORPUS] else {})
    return str(state[CORPUS])


def choose_corpus(name: str) -> None:
    """Show another corpus, and a new conversation. For callbacks."""
    if st.session_state[CORPUS] != name:
        st.session_state[CORPUS] = name
        st.session_state.conversation, st.session_state.has_caught_up = None, False
        st.session_state.pop("notice", None)
    close_dialog()
