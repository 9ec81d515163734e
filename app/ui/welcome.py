"""The empty page: what this is in one look, and three ways to begin.

The strip is an experiment of the program's own, kept beside this file as it was run (`make welcome` runs it again). The
starters' questions about the corpus are made from its documents, whatever they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

from app.answering.starters import BLENDS, EXPERIMENTS, SEED_QUESTION
from app.application import Undertone
from app.markup import escape
from app.ui.add_documents import ADD
from app.ui.corpus_panel import has_code
from app.ui.dialogs import open_dialog
from app.ui.strip import Shown, show_strip
from ingest.names import short_name
from tools.search import Searcher

FOLDER = Path(__file__).resolve().parent / "welcome"
TITLE_CHARS = 60
SHOWN_TITLES = 3


def show_empty_page(undertone: Undertone, start: Callable[[str], None]) -> None:
    """What one can begin with; the seed's question where the corpus bears on it."""
    questions = [SEED_QUESTION] if bears_on_the_seed(undertone.searcher) else []
    documents = sorted(undertone.index.documents(), key=lambda document: document.kind != "paper")
    if not documents:
        st.info("This corpus is empty: add papers, model cards or other documents to ask about.")
        st.button("Add documents", key="add first", icon=":material/add:", on_click=open_dialog, args=(ADD,))
    if usable := next((d for d in documents if has_code(undertone.index.passages(d.id))), None):
        questions.append(f"How do I use {short_name(usable.title)}?")
    show_welcome(questions, [document.title for document in documents[:SHOWN_TITLES]], start)


def bears_on_the_seed(searcher: Searcher) -> bool:
    """Whether the corpus has something to say on the seed's question; searched once for each state of an index."""
    return _searched(searcher, searcher.index.revision)


@lru_cache(maxsize=16)
def _searched(searcher: Searcher, _revision: int) -> bool:
    return searcher.search(SEED_QUESTION).relevant


def show_welcome(questions: Sequence[str], titles: Sequence[str], start: Callable[[str], None]) -> None:
    """Draw the empty page.

    Args:
        questions: What to offer first, where the corpus bears on it.
        titles: Titles of documents to ask about.
        start: Called with the chosen starter.
    """
    st.title("Undertone", anchor=False)
    st.markdown(
        "How image models blend styles: answered from the papers and model cards in its corpus, every claim with the "
        "passage it rests on. What the corpus does not say about weights, a render measures."
    )
    show_example()
    st.caption("Try one of these")
    about = [f"What is “{shortened(title)}” about?" for title in titles]
    kinds = {
        "Ask the corpus": [*questions, *about][: max(len(questions) + 1, 2)],
        "Blend styles": BLENDS,
        "Find out by rendering": EXPERIMENTS,
    }
    for kind, starters in kinds.items():
        with st.container(gap="small"):
            st.markdown(f"**{kind}**")
            for starter in starters:
                key = f"starter {starter}"
                st.button(escape(starter), width="stretch", key=key, on_click=start, args=(starter,))


def show_example() -> None:
    """A sweep with its verdict."""
    try:
        findings = json.loads((FOLDER / "findings.json").read_text("utf-8"))
    except (OSError, ValueError):
        return  # a page without its example is still the page
    first, second = (style["text"] for style in findings["arguments"]["styles"])
    line = f"For example, measured by the program itself: from “{first}” to “{second}”, one seed"
    show_strip("example", line, example_pictures(findings), line, findings["verdict"])
    st.caption(escape(findings["basis"]["sentence"]))


def example_pictures(findings: Mapping[str, Any]) -> list[Shown]:
    """The example's pictures in the order of their weights; the first after the turn is marked."""
    second = findings["arguments"]["styles"][1]["text"]
    turns = [mark for figure in findings["figures"] for mark in figure.get("marks", ()) if mark["label"] == "turns"]
    shown = []
    for picture in findings["pictures"]:
        if (file := FOLDER / Path(picture["file"]).name).is_file():
            weight = dict(zip(picture["styles"], picture["shares"], strict=True)).get(second, 0.0)
            shown.append((weight, file, picture["label"]))
    after = min((weight for weight, *_ in shown if turns and weight >= turns[0]["end"]), default=None)
    return [
        Shown(file, label, f"Rendered at {label} {second}", "turned" if weight == after else "")
        for weight, file, label in sorted(shown)[::2]  # five, which a desktop shows at once
    ]


def shortened(title: str) -> str:
    """A title up to its subtitle, or up to as many words as fit on a button."""
    short = title.split(": ")[0]
    return short if len(short) <= TITLE_CHARS else short[: TITLE_CHARS - 1].rsplit(" ", 1)[0] + "…"
