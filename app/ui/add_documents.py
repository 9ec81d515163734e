"""Adding documents from the page: files, a pasted text, an identifier; and what became of each.

Widgets only: `app/corpora/additions.py` reads and indexes.
"""

from __future__ import annotations

import streamlit as st

from app.corpora.additions import Addition, Additions, endings
from app.markup import escape
from app.ui.dialogs import close_dialog, open_one

ADD = "add documents"
EVERY_S = 1.0
SHOWN = 12
DOING = {
    "waiting": "waits for its turn",
    "fetching": "is being fetched",
    "reading": "is being read",
    "indexing": "is being indexed",
}


@st.dialog("Add documents", width="medium", on_dismiss=close_dialog)
def show_add_documents(additions: Additions) -> None:
    """Take documents in, and show how far each is."""
    if open_one() != (ADD,):
        st.rerun()  # a click in here closed it; only the whole page can take it away
    files, pasted, named = st.tabs(["Files", "Paste a text", "arXiv or Hugging Face"])
    round_ = st.session_state.setdefault("added rounds", 0)  # a new key empties what was given
    with files:
        st.file_uploader(
            "Model cards, papers, tables, web pages",
            type=list(endings()),
            accept_multiple_files=True,
            key=f"files {round_}",
            help="Nothing leaves this machine.",
        )
        st.button("Add the files", key="add files", on_click=add_files, args=(additions, round_), width="stretch")
    with pasted:
        st.text_input("Title", key=f"pasted title {round_}")
        st.text_area("Text", key=f"pasted {round_}", height=160)
        st.radio("It is", ["A paper", "A model card"], key=f"pasted kind {round_}", horizontal=True)
        st.button("Add the text", key="add text", on_click=add_text, args=(additions, round_), width="stretch")
    with named:
        st.text_input(
            "Identifier",
            key=f"identifier {round_}",
            placeholder="2402.12974, or owner/model",
            help="Fetched from there",
        )
        st.button("Fetch and add", key="add named", on_click=add_named, args=(additions, round_), width="stretch")
    st.fragment(show_outcomes, run_every=EVERY_S if additions.is_working() else None)(additions)


def add_files(additions: Additions, round_: int) -> None:
    for file in st.session_state.get(f"files {round_}") or ():
        additions.add_file(file.name, file.getvalue())
    st.session_state["added rounds"] = round_ + 1


def add_text(additions: Additions, round_: int) -> None:
    title, text = (str(st.session_state[f"{name} {round_}"]).strip() for name in ("pasted title", "pasted"))
    if title and text:
        additions.add_text(title, text, is_model_card=st.session_state[f"pasted kind {round_}"] == "A model card")
        st.session_state["added rounds"] = round_ + 1


def add_named(additions: Additions, round_: int) -> None:
    if identifier := str(st.session_state[f"identifier {round_}"]).strip():
        additions.add_named(identifier)
        st.session_state["added rounds"] = round_ + 1


def show_outcomes(additions: Additions) -> None:
    """A line for each addition, the newest first."""
    known = additions.known()
    if known and additions.is_working():
        over = sum(one.is_over for one in known)
        st.progress(over / len(known), text=f"{over} of {len(known)}")
    for one in known[:SHOWN]:
        st.markdown(line_of(one))


def line_of(one: Addition) -> str:
    """Say what became of an addition, as Markdown."""
    name = f"**{escape(one.name)}**"
    if not one.is_over:
        return f":gray[:material/hourglass_empty:] {name} {DOING[one.state]}"
    said = f"  \n:gray[{escape(one.said)}]" if one.said else ""
    if one.state == "not taken":
        return f":red[:material/block:] {name} was not taken{said}"
    titles = "; ".join(escape(title) for title in one.titles[:3])
    more = f"; and {len(one.titles) - 3} more" if len(one.titles) > 3 else ""
    return f":green[:material/check:] {name}: {titles}{more}{said}"
