"""An answer as one reads it: its sentences with numbered chips, the passage behind a chip, its workflow, its sources.

Widgets only; what an answer holds was decided before it came here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

import graphviz
import streamlit as st

from app.answers import Citation, CitedAnswer, Sentence, Source
from app.application import Undertone
from app.conversation.transcripts import number_sources, read_transcript
from app.markup import escape, link, mark_passages, wrap
from app.ui.charts import TITLES
from app.ui.dialogs import close_dialog, open_dialog
from app.ui.feedback_form import show_report
from ingest.documents import Document

CHIP_WIDTH_PX = 44
PASSAGE = "passage"
STORED_AT = re.compile(r"(.*?) \((?:measurements\.json: )?([a-z_]+(?:\.[a-z_]+)*)\)", re.S)


def show_answer(
    answer: CitedAnswer, key: str, pause_s: float = 0.0, see_it: Callable[[str], None] | None = None
) -> None:
    """Draw an answer.

    Args:
        key: Stable across reruns and different for each answer.
        pause_s: Waited after each sentence, so that the eye can follow a new answer.
        see_it: Proposes what the corpus's sentence about the key and value says; given the name of its button.
    """
    numbers = number_sources(answer)
    if answer.search_query and answer.search_query.strip() != answer.question.strip():
        st.caption(f"Searched for: {escape(answer.search_query)}")
    drawn = False
    for place, section in enumerate(answer.sections):
        if section.heading:
            st.subheader(escape(section.heading), anchor=False)
        if answer.workflow and section.heading.lower().startswith("workflow"):
            show_workflow(answer, numbers, key)
            drawn = True
        for row, sentence in enumerate(section.sentences):
            show_sentence(sentence, numbers, f"{key}-{place}-{row}")
            if see_it and tells_the_swap(sentence):
                name = f"see it {key}-{place}-{row}"
                st.button("See it happen", key=name, icon=":material/play_circle:", on_click=see_it, args=(name,))
            time.sleep(pause_s)
    if answer.workflow and not drawn:
        show_workflow(answer, numbers, key)
    if answer.checked:
        st.caption(escape(answer.checked.line()))
    if answer.sources:
        show_sources(answer.sources, numbers)


def show_sentence(sentence: Sentence, numbers: dict[str, int], key: str) -> None:
    if not sentence.citations:
        st.markdown(with_figure(sentence.text))
        return
    quotes = " ".join(citation.quote for citation in sentence.citations)
    with st.container(horizontal=True, wrap=False, gap="small"):
        st.markdown(escape(sentence.text, links_in=quotes), width="stretch")
        show_chips(sentence.citations, numbers, key)


def tells_the_swap(sentence: Sentence) -> bool:
    """Whether a claim says that key and value are swapped, which the method `reference` does."""
    words = sentence.text.lower()
    return bool(sentence.citations) and "swap" in words and "key" in words and "value" in words


def with_figure(text: str) -> str:
    """A sentence as Markdown; one that was measured names the figure that shows it in place of where it is stored."""
    told = STORED_AT.fullmatch(text)
    if not told or told[2] not in TITLES:
        return escape(text)
    return f"{escape(told[1])} :violet-badge[:material/monitoring: {escape(TITLES[told[2]])}]"


def show_chips(citations: Sequence[Citation], numbers: dict[str, int], key: str) -> None:
    """A numbered chip per cited document; it opens the document with the passages marked."""
    for document_id in dict.fromkeys(citation.document_id for citation in citations):
        cited = tuple(citation for citation in citations if citation.document_id == document_id)
        st.button(
            str(numbers[document_id]),
            key=f"chip-{key}-{document_id}",
            width=CHIP_WIDTH_PX,
            on_click=open_dialog,
            args=(PASSAGE, key, cited),
        )


@st.dialog("The passage in its document", width="medium", on_dismiss=close_dialog)
def show_passages(undertone: Undertone, conversation_id: str, key: str, citations: Sequence[Citation]) -> None:
    """Cited passages of one document, marked in it."""
    show_marked(undertone.document(citations[0].document_id), citations)
    entries = read_transcript(undertone.chat.messages(conversation_id))
    show_report(undertone.feedback, conversation_id, entries, key, citations)


def show_marked(document: Document | None, citations: Sequence[Citation]) -> None:
    if document is None or any(document.text[c.start : c.end] != c.quote for c in citations):
        for citation in citations:
            st.markdown(f":orange-background[{escape(citation.quote)}]")
        st.caption(f"{escape(citations[0].document_id)} was changed or removed since this was answered.")
        return
    st.markdown(f"**{escape(document.title)}**")
    st.markdown(mark_passages(document.text, [(c.start, c.end) for c in citations]))


def show_workflow(answer: CitedAnswer, numbers: dict[str, int], key: str) -> None:
    graph = graphviz.Digraph(graph_attr={"rankdir": "TB", "bgcolor": "transparent", "ranksep": "0.35", "margin": "0"})
    graph.attr("node", shape="box", style="rounded,filled", color="#cfc6e3", fillcolor="#f3f0fa", fontcolor="#26233a")
    graph.attr("node", fontname="Helvetica,Arial,sans-serif", fontsize="13", margin="0.2,0.12")
    graph.attr("edge", color="#5b4b8a", arrowsize="0.7")
    stages = answer.workflow or ()
    for number, stage in enumerate(stages):
        marks = "".join(dict.fromkeys(f" [{numbers[c.document_id]}]" for c in stage.citations))
        graph.node(str(number), graphviz.escape(f"{stage.stage.upper()}\n{wrap(stage.text + marks)}"))
        if number:
            graph.edge(str(number - 1), str(number))
    alt = "; then ".join(f"{stage.stage}: {stage.text}" for stage in stages)
    st.graphviz_chart(graph, width="content", alt=f"Workflow. {alt}")
    cited = [citation for stage in stages for citation in stage.citations]
    if cited:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.caption("Drawn from", width="content")
            show_chips(cited, numbers, f"{key}-workflow")


def show_sources(sources: Sequence[Source], numbers: dict[str, int]) -> None:
    with st.expander(f"Sources ({len(sources)})", expanded=True, icon=":material/menu_book:"):
        for source in sources:
            title, kind = escape(source.title), escape(source.kind.replace("_", " "))
            where = links(source.paper_url, source.github_url)
            st.markdown(f"{numbers[source.document_id]}\\. **{title}** :gray[{kind}]  \n{where}")


def links(paper_url: str | None, github_url: str | None) -> str:
    paper = link("Paper", paper_url) if paper_url else ":gray[no paper given]"
    github = link("GitHub", github_url) if github_url else ":gray[no GitHub given]"
    return f"{paper} · {github}"
