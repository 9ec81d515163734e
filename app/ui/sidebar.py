"""The page's sidebar: the conversations kept, the corpus, the engines.

Widgets only. Each click is taken by a callback, which runs before anything is drawn: a page that is drawn anew at that
moment loses none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from app.application import Undertone
from app.conversation.html_export import as_html
from app.conversation.render_queue import RenderQueue
from app.conversation.store import Conversation
from app.conversation.transcripts import as_markdown, read_transcript
from app.corpora.homes import called
from app.markup import escape
from app.settings import DEFAULT_CHAT_MODEL
from app.ui.add_documents import ADD
from app.ui.answer import links
from app.ui.corpus_panel import CORPUS_PANEL
from app.ui.dialogs import close_dialog, open_dialog, open_one
from app.ui.gallery import GALLERY
from app.ui.opening import choose_corpus, chosen_corpus, corpora
from app.ui.sources import show_sources

SHOWN_DOCUMENTS = 30
ACTIONS = "conversation"
REFUSED = "name refused"

Open = Callable[[str | None], None]


def show_sidebar(undertone: Undertone, current: Conversation | None, open_conversation: Open) -> tuple[str, ...]:
    """Draw the sidebar.

    Args:
        current: The conversation that is shown.
        open_conversation: Opens another; None for a new one.

    Returns:
        A line on each of the conversation's sources that cannot be searched.
    """
    with st.sidebar:
        st.button(
            "New conversation",
            key="new conversation",
            icon=":material/add:",
            width="stretch",
            disabled=current is None,
            on_click=open_conversation,
            args=(None,),
        )
        st.button(
            "Gallery",
            key="gallery",
            icon=":material/photo_library:",
            width="stretch",
            help="Everything that was rendered in this home",
            on_click=open_dialog,
            args=(GALLERY,),
        )
        for kept in undertone.conversations.all():
            show_kept(kept, current is not None and kept.id == current.id, open_conversation)
        st.divider()
        show_corpora()
        lacking = show_sources(undertone, current.id if current else None)
        show_corpus(undertone)
        show_engines(undertone)
    return lacking


def show_kept(kept: Conversation, is_current: bool, open_conversation: Open) -> None:
    with st.container(horizontal=True, wrap=False, gap="small", vertical_alignment="center"):
        st.button(
            escape(kept.title),
            key=f"open {kept.id}",
            type="secondary" if is_current else "tertiary",
            width="stretch",
            on_click=open_conversation,
            args=(kept.id,),
        )
        if is_current:
            st.button(
                "",
                key=f"actions {kept.id}",
                icon=":material/more_horiz:",
                type="tertiary",
                help="Rename, download or delete",
                on_click=open_dialog,
                args=(ACTIONS, kept),
            )


@st.dialog("This conversation", on_dismiss=close_dialog)
def show_actions(undertone: Undertone, queue: RenderQueue, kept: Conversation, open_conversation: Open) -> None:
    """Rename, download or delete a conversation."""
    if not open_one():
        st.rerun()  # a click in here closed it; only the whole page can take it away
    st.text_input("Name", value=kept.title, key=f"name {kept.id}")
    st.button("Rename", key=f"rename {kept.id}", width="stretch", on_click=rename, args=(undertone, kept.id))
    if refused := st.session_state.pop(REFUSED, None):
        st.warning(refused)
    for label, name, mime, write in (
        ("Share as one HTML page, with pictures", "conversation.html", "text/html", as_html),
        ("Download with sources", "conversation.md", "text/markdown", as_markdown),
    ):
        st.download_button(
            label,
            partial(write_down, write, undertone, kept),
            file_name=name,
            mime=mime,
            key=f"{name} {kept.id}",
            on_click="ignore",
            icon=":material/download:",
            width="stretch",
        )
    st.button(
        "Delete for good",
        key=f"delete {kept.id}",
        icon=":material/delete:",
        width="stretch",
        on_click=delete,
        args=(undertone, queue, kept.id, open_conversation),
    )


def write_down(write: Callable[..., str], undertone: Undertone, kept: Conversation) -> str:
    """A conversation as text, when it is asked for and not before."""
    return write(kept.title, read_transcript(undertone.chat.messages(kept.id)))


def rename(undertone: Undertone, conversation_id: str) -> None:
    try:
        undertone.conversations.rename(conversation_id, st.session_state[f"name {conversation_id}"])
    except ValueError as error:
        st.session_state[REFUSED] = str(error)
    else:
        close_dialog()


def delete(undertone: Undertone, queue: RenderQueue, conversation_id: str, open_conversation: Open) -> None:
    queue.discard(conversation_id)
    undertone.conversations.delete(conversation_id)
    undertone.feedback.forget(conversation_id)
    close_dialog()
    open_conversation(None)


def show_corpora() -> None:
    """Choose among the corpora, where there are several."""
    names = corpora()
    if len(names) > 1:
        st.selectbox(
            "Corpus",
            names,
            index=names.index(chosen_corpus()),
            format_func=called,
            key="chosen corpus",
            on_change=lambda: choose_corpus(st.session_state["chosen corpus"]),
        )


def show_corpus(undertone: Undertone) -> None:
    documents = undertone.index.documents()
    with st.expander(f"Corpus ({len(documents)} documents)", icon=":material/menu_book:"):
        with st.container(horizontal=True, gap="small"):
            st.button("Add documents", key="add documents", icon=":material/add:", on_click=open_dialog, args=(ADD,))
            st.button("Browse", key="browse corpus", icon=":material/list:", on_click=open_dialog, args=(CORPUS_PANEL,))
        wanted = ""
        if len(documents) > SHOWN_DOCUMENTS:
            wanted = st.text_input("Find a document").lower()
        found = [document for document in documents if wanted in document.title.lower()]
        for document in found[:SHOWN_DOCUMENTS]:
            st.markdown(f"**{escape(document.title)}**  \n{links(document.paper_url, document.github_url)}")
        if len(found) > SHOWN_DOCUMENTS:
            st.caption(f"and {len(found) - SHOWN_DOCUMENTS} more; type a part of a title to find one")


def show_engines(undertone: Undertone) -> None:
    settings = undertone.settings
    with st.expander("Engines", icon=":material/tune:"):
        st.markdown(f"**Answers** {escape(settings.chat_model)}")
        st.caption(
            "Quotes the corpus; no language model writes."
            if settings.chat_model == DEFAULT_CHAT_MODEL
            else "A language model writes; what its passages do not support is not shown. Else the reader quotes."
        )
        st.markdown(f"**Embedder** {escape(undertone.index.embedder.name)}")
        st.markdown(f"**Image model** {escape(settings.image_model)}")
