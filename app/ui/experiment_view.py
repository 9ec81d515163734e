"""An experiment on the page: the form of one that is proposed, and the findings of one that was run.

Widgets only. The verdict and the pictures come first; facts, figures and record open in place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from app.conversation.render_queue import RenderQueue
from app.markup import escape, typeset
from app.ui.downloads import Download, as_json, show_downloads
from app.ui.figures import figure_of
from app.ui.picture_source import start_with
from app.ui.proposal_card import Card, show_start, show_unknown_words
from app.ui.results import show_figures
from app.ui.strip import Shown, show_strip
from tools.blend.limits import MAX_SEED
from tools.vocabulary import words_not_taught

MAX_PHRASE_CHARS = 300


def show_experiment_form(queue: RenderQueue, card: Card) -> None:
    """Draw a proposed experiment: what it is about, its button, and what became of the last click."""
    call_id, job = card.proposal.call_id, card.job
    wanted = job.arguments if job else card.proposal.arguments
    with st.container(border=True, key=f"card-{call_id}"):
        st.markdown(f"**Find out by rendering: {escape(wanted['experiment'].replace('_', ' '))}**")
        start_with(f"subject {call_id}", wanted.get("subject") or "")
        start_with(f"seed {call_id}", int(wanted.get("seed") or 0))
        st.text_input("Subject", key=f"subject {call_id}", max_chars=MAX_PHRASE_CHARS)
        keys = style_keys(call_id, wanted["styles"])
        for number, (key, style) in enumerate(zip(keys, wanted["styles"], strict=True)):
            start_with(key, style["text"])
            st.text_input(f"Style {number + 1}", key=key, max_chars=MAX_PHRASE_CHARS)
        phrases = [st.session_state[key] for key in (f"subject {call_id}", *keys)]
        show_unknown_words(words_not_taught(card.image_model, phrases))
        st.number_input("Seed", 0, MAX_SEED, key=f"seed {call_id}")
        show_start(queue, card, "science", start_experiment)


def style_keys(call_id: str, styles: Sequence[Any]) -> list[str]:
    """What the session knows the form's styles by."""
    return [f"style {call_id} {number}" for number in range(len(styles))]


def start_experiment(queue: RenderQueue, card: Card) -> None:
    """Queue the experiment as its form is set. For callbacks."""
    state, call_id = st.session_state, card.proposal.call_id
    proposed = card.proposal.arguments["styles"]
    styles = [{**style, "text": state[key]} for key, style in zip(style_keys(call_id, proposed), proposed, strict=True)]
    changed = {"subject": state[f"subject {call_id}"], "styles": styles, "seed": state[f"seed {call_id}"]}
    arguments = {**card.proposal.arguments, **changed}
    queue.submit(card.conversation_id, call_id, card.proposal.tool, arguments)


def show_experiment(key: str, result: dict[str, Any]) -> None:
    """A finished experiment: verdict and pictures, then what they rest on."""
    folder = Path(result["folder"])
    if not (folder / "figure.png").is_file():
        st.caption("The files of this experiment were deleted.")
        return
    pictures = [
        Shown(folder / Path(one["file"]).name, one["label"], f"Rendered: {one['label']}") for one in result["pictures"]
    ]
    line = f"Found out by rendering · {result['question']}"
    show_strip(f"strip-{key}", result["question"], pictures, line, result["verdict"])
    st.caption(escape(result["basis"]["sentence"]))
    show_unknown_words(result.get("unknown_words") or ())
    show_findings(key, result, lambda: show_record(key, result, folder / "figure.png"))


@st.fragment  # it draws itself only, and only what is open
def show_findings(key: str, result: dict[str, Any], show_record: Callable[[], None]) -> None:
    """What a verdict rests on, closed at first: its facts, its figures, and the run's record."""
    with st.expander(
        "What was found, and how", icon=":material/monitoring:", key=f"found-{key}", on_change="rerun"
    ) as opened:
        if not opened.open:
            return
        facts, figures, record = st.tabs(["Facts", "Figures", "Record"], key=f"tabs-{key}", on_change="rerun")
        with facts:
            if facts.open:
                st.markdown("\n".join(f"- {escape(typeset(fact['text']))}" for fact in result["facts"]))
        with figures:
            if figures.open:
                show_figures(map(figure_of, result["figures"]))
        with record:
            if record.open:
                show_record()


def show_record(key: str, result: dict[str, Any], figure: Path) -> None:
    """The figure, the findings and the record, to take away, and the record to read."""
    findings = {name: value for name, value in result.items() if name not in ("folder", "record")}
    downloads: list[Download] = [
        ("Figure", figure.read_bytes(), ".png", "image/png"),
        as_json("Findings", findings, "-findings.json"),
        as_json("Record", result["record"]),
    ]
    show_downloads(key, result["run_id"], downloads)
    st.json(result["record"], expanded=1)
