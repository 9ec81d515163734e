"""The corpus as a panel: searched, sorted, filtered; a document with its outline, and what cites it.

Widgets only. A document that was added from the page can be removed here, and taken back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

import streamlit as st

from app.application import Undertone
from app.conversation.transcripts import read_transcript
from app.corpora.additions import Additions, NotTaken
from app.corpora.homes import NoSuchCorpus, begin_corpus
from app.markup import escape
from app.settings import read_settings
from app.ui.add_documents import ADD
from app.ui.answer import links
from app.ui.dialogs import close_dialog, open_dialog, open_one
from app.ui.opening import choose_corpus
from ingest.documents import Document
from ingest.passages import Passage
from ingest.refusals import IndexRefused

CORPUS_PANEL, DOCUMENT = "corpus panel", "document"
KINDS = {"paper": "Papers", "model_card": "Model cards"}
ORDERS = {"As added": None, "Title": lambda d: d.title.lower(), "Kind": lambda d: d.kind}
SHOWN, LOOKED_AT = 50, 50
REMOVED, TOLD = "removed document", "corpus told"


@st.dialog("Corpus", width="large", on_dismiss=close_dialog)
def show_corpus_panel(undertone: Undertone, additions: Additions) -> None:
    """Draw the panel."""
    if open_one() != (CORPUS_PANEL,):
        st.rerun()  # a click in here opened or closed another; only the whole page can draw it
    documents = undertone.index.documents()
    left, middle, right = st.columns([2, 1, 2], vertical_alignment="bottom")
    words = left.text_input("Search", key="corpus words")
    order = middle.selectbox("Order", list(ORDERS), key="corpus order")
    kinds = right.pills("Kind", list(KINDS), selection_mode="multi", format_func=KINDS.__getitem__, key="corpus kinds")
    show_told(additions)
    found = fitting(documents, words, kinds, order or "As added")
    st.caption(f"{len(found)} of {len(documents)} documents")
    for document in found[:SHOWN]:
        show_line(document)
    if len(found) > SHOWN:
        st.caption(f"and {len(found) - SHOWN} more; type a part of a title to find one")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("Add documents", key="add from panel", icon=":material/add:", on_click=open_dialog, args=(ADD,))
        st.text_input("Another corpus", key="corpus name", placeholder="its name")
        st.button("Begin it", key="begin corpus", on_click=begin_named)


def fitting(documents: Sequence[Document], words: str, kinds: Sequence[str], order: str) -> list[Document]:
    """The documents that hold all the words in title or id, of these kinds (none named allows any), in this order."""
    wanted = words.lower().split()
    found = [
        document
        for document in documents
        if all(word in f"{document.title} {document.id}".lower() for word in wanted)
        and (not kinds or document.kind in kinds)
    ]
    key = ORDERS[order]
    return sorted(found, key=key) if key else found[::-1]


def show_line(document: Document) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        kind = document.kind.replace("_", " ")
        st.markdown(
            f"**{escape(document.title)}** :gray[{kind}]  \n{links(document.paper_url, document.github_url)}",
            width="stretch",
        )
        st.button(
            "Outline", key=f"outline {document.id}", type="tertiary", on_click=open_dialog, args=(DOCUMENT, document.id)
        )


def show_told(additions: Additions) -> None:
    """Say what the last click came to, and how to undo a removal."""
    if told := st.session_state.pop(TOLD, None):
        st.warning(escape(told))
    if removed := st.session_state.get(REMOVED):
        origin, title = removed
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Removed: {escape(title)}", width="stretch")
            st.button("Undo", key="undo removal", icon=":material/undo:", on_click=undo, args=(additions, origin))


@st.dialog("Document", width="large", on_dismiss=close_dialog)
def show_document(undertone: Undertone, additions: Additions, document_id: str) -> None:
    """One document: its links, outline, what cites it, and its removal where it was added here."""
    if open_one() != (DOCUMENT, document_id):
        st.rerun()
    document = undertone.document(document_id)
    if document is None:
        st.caption("It was removed.")
        return
    passages = undertone.index.passages(document_id)
    st.markdown(f"**{escape(document.title)}**  \n{links(document.paper_url, document.github_url)}")
    st.caption(counted(passages))
    st.markdown(outline(passages) or ":gray[It has no headings.]")
    if citing := conversations_citing(undertone, document_id):
        st.markdown("Cited in: " + "; ".join(escape(title) for title in citing))
    with st.container(horizontal=True):
        st.button(
            "Back", key="back to corpus", icon=":material/arrow_back:", on_click=open_dialog, args=(CORPUS_PANEL,)
        )
        if additions.is_added(document):
            st.button(
                "Remove", key="remove document", icon=":material/delete:", on_click=partial(remove, additions, document)
            )


def has_code(passages: Sequence[Passage]) -> bool:
    return any(p.kind == "code" for p in passages)


def counted(passages: Sequence[Passage]) -> str:
    """Say how many passages there are of each kind."""
    kinds = Counter(p.kind for p in passages if not p.is_field)
    pages = max((p.page or 0 for p in passages), default=0)
    said = [f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in kinds.most_common() if kind != "code"]
    said += [f"{kinds['code']} of code"] if kinds["code"] else []
    return ", ".join(said) + (f"; {pages} pages" if pages else "")


def outline(passages: Sequence[Passage]) -> str:
    """The headings as a nested list, each with the page that it begins on."""
    lines: dict[tuple[str, ...], str] = {}
    for passage in passages:
        for depth in range(1, len(passage.path) + 1):
            page = f" :gray[page {passage.page}]" if passage.page else ""
            lines.setdefault(passage.path[:depth], f"{'    ' * (depth - 1)}- {escape(passage.path[depth - 1])}{page}")
    return "\n".join(lines.values())


def conversations_citing(undertone: Undertone, document_id: str) -> list[str]:
    """The titles of the conversations, among the latest, whose answers cite a document."""
    found = []
    for kept in undertone.conversations.all()[:LOOKED_AT]:
        entries = read_transcript(undertone.chat.messages(kept.id))
        if any(c.document_id == document_id for entry in entries if entry.answer for c in entry.answer.citations):
            found.append(kept.title)
    return found


def remove(additions: Additions, document: Document) -> None:
    try:
        additions.remove(document)
    except (NotTaken, IndexRefused, OSError) as error:
        st.session_state[TOLD] = str(error)
    else:
        st.session_state[REMOVED] = (document.origin, document.title)
    open_dialog(CORPUS_PANEL)


def undo(additions: Additions, origin: str) -> None:
    try:
        additions.take_back(origin)
    except NotTaken as error:
        st.session_state[TOLD] = str(error)
    else:
        open_dialog(ADD)
    st.session_state.pop(REMOVED, None)


def begin_named() -> None:
    try:
        name = begin_corpus(read_settings(), st.session_state["corpus name"])
    except (NoSuchCorpus, OSError) as error:
        st.session_state[TOLD] = str(error)
    else:
        choose_corpus(name)
        open_dialog(ADD)
