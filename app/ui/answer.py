"""An answer as one reads it: its paragraphs with citation marks, its workflow, its sources, and what a mark opens.

Widgets only; what an answer holds was decided before it came here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from app.answering.shown import button_of
from app.answers import IN_SHORT, WORKFLOW, Citation, CitedAnswer, Partial, Sentence
from app.application import Undertone
from app.conversation.transcripts import read_transcript
from app.markup import escape, link, mark_passages
from app.ui.charts import ALSO_SHOWN_BY, TITLES, Figure
from app.ui.cited_text import Marks, Opens, paragraphs_of, show_cited_text
from app.ui.dialogs import close_dialog, open_dialog
from app.ui.feedback_form import show_report
from app.ui.figures import figure_of, figures_of
from app.ui.results import show_figures, show_weights
from app.ui.workflow import StageRun, show_workflow
from ingest.documents import Document
from ingest.passages import place_of
from ingest.pdf_pages import page_of_sentence

PASSAGE, FIGURE = "passage", "figure"


def show_answer(
    answer: CitedAnswer,
    key: str,
    is_new: bool = False,
    see_it: Callable[[str], None] | None = None,
    measured: dict[str, Any] | None = None,
    runs: Callable[[], Mapping[str, StageRun]] = dict,
    above: str = "",
) -> None:
    """Draw an answer.

    Args:
        key: Stable across reruns and different for each answer.
        is_new: Whether its sentences appear one after the other, so that the eye can follow.
        see_it: Proposes what shows what a sentence of the corpus says; given the name of its button.
        measured: The artifact of the run that its measured sentences are about.
        runs: Says what can be run for the stages of its workflow, and how far it is.
        above: The verdict that stands just above the answer; what repeats it is not drawn.
    """
    buttons = (button_of(sentence, f"see it workflow-{key}") for sentence in answer.sentences)
    if see_it and not runs() and (button := next(filter(None, buttons), None)):
        runs = partial(dict, {"model": StageRun("See it happen", "idle", partial(see_it, button))})
    is_measured = any(sentence.kind == "measured" for sentence in answer.sentences)
    marks = Marks.of(answer, figures_at_hand(measured) if measured and is_measured else {})
    opener = partial(open_mark, key, measured or {})
    if answer.searched_for and answer.searched_for.strip() != answer.question.strip():
        st.caption(f"Searched for: {escape(answer.searched_for)}")
    is_drawn, told = False, 0
    for place, section in enumerate(answer.sections):
        sentences: Sequence[Sentence] = section.sentences
        if above:
            sentences = [sentence for sentence in sentences if not sentence.text.startswith(above)]
        if section.heading and (sentences or not section.sentences):
            st.subheader(escape(section.heading), anchor=False)
        if answer.workflow and section.heading == WORKFLOW:
            show_workflow(f"workflow-{key}", answer.workflow, marks, opener, runs)
            is_drawn, sentences = True, not_drawn(sentences, answer)
        name, is_short = f"cited-{key}-{place}", section.heading == IN_SHORT
        paragraphs, opens = paragraphs_of(sentences, marks, name, is_short, see=see_it is not None)
        if paragraphs:
            show_cited_text(name, paragraphs, opens, opener, see_it, reveal=told if is_new else None)
        told += len(sentences)
    if answer.workflow and not is_drawn:
        show_workflow(f"workflow-{key}", answer.workflow, marks, opener, runs)
    if answer.checked:
        st.caption(escape(answer.checked.line()))
    if answer.sources:
        show_sources(answer, marks.numbers)


def show_partial(place: Any, key: str, partial: Partial | None) -> Partial | None:
    """Draw the sections of an answer that is still being written, where fewer were drawn; return what was drawn.

    Args:
        place: An empty element.
        key: The answer's; a longer part of it is drawn under keys of its own.
    """
    if partial is not None:
        for_now = CitedAnswer("", "answered", "", 0.0, partial.sections, partial.sources)
        with place.container():
            show_answer(for_now, f"{key}-{sum(len(section.sentences) for section in partial.sections)}")
    return partial


def not_drawn(sentences: Sequence[Sentence], answer: CitedAnswer) -> tuple[Sentence, ...]:
    """Of the sentences that tell a workflow, those that its drawing does not show."""
    cited = {citation for stage in answer.workflow or () for citation in stage.citations}
    return tuple(sentence for sentence in sentences if sentence.citations and not cited.issuperset(sentence.citations))


def open_mark(key: str, measured: dict[str, Any], opens: Opens) -> None:
    """Have the page open what a mark stands for. For callbacks."""
    if isinstance(opens, str):
        open_dialog(FIGURE, measured, opens)
    else:
        open_dialog(PASSAGE, key, opens)


def figures_at_hand(render: dict[str, Any]) -> dict[str, Figure]:
    """The figures of a run, by what facts call them."""
    drawn = {figure.id: figure for figure in figures_of(render.get("measurements", {}))}
    also = {place: drawn[id] for place, id in ALSO_SHOWN_BY.items() if id in drawn}
    return drawn | also | {figure["id"]: figure_of(figure) for figure in render.get("figures", ())}


@st.dialog("The passage in its document", width="medium", on_dismiss=close_dialog)
def show_passages(undertone: Undertone, conversation_id: str, key: str, citations: Sequence[Citation]) -> None:
    """Cited passages of one document, marked in it."""
    show_marked(undertone.cited(conversation_id, citations), citations)
    entries = read_transcript(undertone.chat.messages(conversation_id))
    show_report(undertone.feedback, conversation_id, entries, key, citations)


@st.dialog("Measured in this run", width="medium", on_dismiss=close_dialog)
def show_figure(render: dict[str, Any], place: str) -> None:
    """One figure of a run, by what facts call it."""
    if figure := figures_at_hand(render).get(place):
        show_figures([figure])
    elif TITLES.get(place) == TITLES["parameters"]:
        show_weights(render.get("measurements", {}))
    else:
        st.caption("It is shown with the run itself.")


def show_marked(document: Document | None, citations: Sequence[Citation]) -> None:
    if document is None or any(document.text[c.start : c.end] != c.quote for c in citations):
        for citation in citations:
            st.markdown(f":orange-background[{escape(citation.quote)}]")
        st.caption(f"{escape(citations[0].document_id)} was changed or removed since this was answered.")
        return
    st.markdown(f"**{escape(document.title)}**")
    if places := [place for place in dict.fromkeys(place_of(document, c.start) for c in citations) if place]:
        st.caption(escape("; ".join(places)))
    show_page(document, citations)
    st.markdown(mark_passages(document.text, [(c.start, c.end) for c in citations]))


def show_page(document: Document, citations: Sequence[Citation]) -> None:
    """The first cited page of a PDF as a picture, the sentence marked; nothing where the file is not there any more."""
    cited = next((citation for citation in citations if citation.page), None)
    if cited is None or cited.page is None or not document.origin.lower().endswith(".pdf"):
        return
    if (drawn := page_of_sentence(Path(document.origin), cited.page, cited.quote)) and drawn.is_marked:
        name = f"{escape(Path(document.origin).name)}, page {cited.page}"
        st.image(drawn.picture, caption=f"{name}, with the passage marked", width="stretch")


def show_sources(answer: CitedAnswer, numbers: Mapping[str, int]) -> None:
    """The sources with their links; closed where the answer itself has told every link."""
    told = " ".join(sentence.text for sentence in answer.sentences)
    links_of = [url for source in answer.sources for url in (source.paper_url, source.github_url) if url]
    is_told = bool(links_of) and all(url in told for url in links_of)
    with st.expander(f"Sources ({len(answer.sources)})", expanded=not is_told, icon=":material/menu_book:"):
        for source in answer.sources:
            title, kind = escape(source.title), escape(source.kind.replace("_", " "))
            where = links(source.paper_url, source.github_url)
            st.markdown(f"{numbers[source.document_id]}\\. **{title}** :gray[{kind}]  \n{where}")


def links(paper_url: str | None, github_url: str | None) -> str:
    paper = link("Paper", paper_url) if paper_url else ":gray[no paper given]"
    github = link("GitHub", github_url) if github_url else ":gray[no GitHub given]"
    return f"{paper} · {github}"
