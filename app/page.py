"""The chat page: widgets, no logic. Run it with `python -m streamlit run app/page.py`.

What it shows comes from the transcript, what it starts goes to the turns and to the render queue; both work on when the
page is reloaded or clicked.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence

import graphviz
import streamlit as st

from app.answers import Citation, CitedAnswer, Sentence, Source
from app.cards import show_proposal, show_render
from app.conversations import Conversation, UnknownConversation
from app.inputs import MAX_QUESTION_CHARS, UnusableQuestion
from app.marking import escape, link, mark_passages, wrap
from app.renders import RenderQueue
from app.settings import DEFAULT_CHAT_MODEL, read_settings
from app.thumbs import show_report, show_thumbs
from app.transcripts import Entry, as_markdown, number_sources, read_transcript
from app.turns import Turn, Turns
from app.undertone import OPENING_ERRORS, Undertone, open_render_queue, open_undertone
from ingest.documents import Document

SEED_QUESTION = (
    "I mixed “photographic style” and “digital illustration” in one prompt and got an image that blended both "
    "perfectly. How does AI balance multiple styles at once—what’s happening with the weights under the hood?"
)
STARTERS = (
    SEED_QUESTION,
    "What is swapped in the self-attention layers, and what is kept?",
    "Which of these needs no fine-tuning?",
    "Which of the models comes without a paper?",
)
PACE_S = 0.03  # between two sentences of a new answer, so that the eye can follow
SHOWN_DOCUMENTS = 30
CHIP_WIDTH_PX = 44
ASSISTANT, PERSON = ":material/graphic_eq:", ":material/person:"


@st.cache_resource(show_spinner="Opening the corpus…")
def open_once() -> tuple[Undertone, Turns, RenderQueue]:
    """Open everything, once per process and not once per rerun."""
    undertone = open_undertone(read_settings(), keep=True)
    return undertone, Turns(), open_render_queue(undertone)


class Page:
    """One run of the page's script, for one conversation."""

    def __init__(self, undertone: Undertone, turns: Turns, queue: RenderQueue) -> None:
        self.undertone = undertone
        self.chat = undertone.chat
        self.turns = turns
        self.queue = queue
        self.conversation_id: str | None = st.query_params.get("c")

    def show(self) -> None:
        conversation = self.current()
        show_sidebar(self, conversation)
        typed = st.chat_input("Ask about the corpus", max_chars=MAX_QUESTION_CHARS, key="question")
        if typed:
            self.ask(typed)
        welcome = st.empty()  # emptied first, or its buttons would linger under a new answer
        if conversation is None:
            with welcome.container():
                show_welcome(self)
        else:
            show_conversation(self, conversation)

    def current(self) -> Conversation | None:
        if self.conversation_id is None:
            return None
        try:
            return self.undertone.conversations.get(self.conversation_id)
        except UnknownConversation:
            st.info("This conversation is not there any more. Ask something to begin a new one.")
            self.conversation_id = None
            return None

    def ask(self, question: str) -> None:
        """Store the question, start its turn, and draw the page anew."""
        conversation_id = self.conversation_id or uuid.uuid4().hex[:12]
        try:
            self.chat.begin(conversation_id, question)
        except UnusableQuestion as error:
            st.warning(str(error))
            return
        self.turns.start(conversation_id, self.chat.take_up(conversation_id))
        st.query_params["c"] = conversation_id
        st.rerun()

    def read(self) -> tuple[Entry, ...]:
        return read_transcript(self.chat.messages(self.conversation_id or ""))


def show_welcome(page: Page) -> None:
    st.title("Undertone", anchor=False)
    st.markdown(
        "How image models blend styles: answered from the papers and model cards in its corpus, every claim with the "
        "passage it rests on, and shown by rendering the blend."
    )
    st.caption("Try one of these")
    known = {document.id for document in page.undertone.index.documents()[:SHOWN_DOCUMENTS]}
    starters: Sequence[str] = STARTERS
    if "visual-style-prompting" not in known:
        titles = [document.title for document in page.undertone.index.documents()[: len(STARTERS)]]
        starters = [f"What is “{title}” about?" for title in titles]
    for starter in starters:
        if st.button(escape(starter), width="stretch", key=f"starter {starter}"):
            page.ask(starter)


def show_conversation(page: Page, conversation: Conversation) -> None:
    turn = page.turns.latest(conversation.id)
    if page.chat.is_cut_off(conversation.id) and (turn is None or (turn.finished and turn.error is None)):
        turn = page.turns.start(conversation.id, page.chat.take_up(conversation.id))
    entries = page.read()
    for number, entry in enumerate(entries):
        show_entry(page, entry, is_last=number == len(entries) - 1)
    if turn and (not turn.finished or turn.error):
        show_turn(page, turn, len(entries))


def show_turn(page: Page, turn: Turn, shown: int) -> None:
    """Follow a turn under way, then show what it added, sentence by sentence."""
    with st.chat_message("assistant", avatar=ASSISTANT):
        line = st.empty()
        line.markdown(":gray[Reading the question…]")
        try:
            for event in turn.follow():
                if isinstance(event, str):
                    line.markdown(f":gray[{escape(event)}…]")
        except Exception as error:  # whatever ended the turn, the question is kept and can be asked again
            line.error(f"No answer: {escape(' '.join(str(error).split()) or type(error).__name__)}")
            if st.button("Try again", key="again"):
                page.turns.start(page.conversation_id or "", page.chat.take_up(page.conversation_id or ""))
                st.rerun()
            return
        line.empty()
        new = page.read()[shown:]
        for entry in new[:1]:
            show_entry_body(page, entry, is_last=len(new) == 1, pause_s=PACE_S)
    for number, entry in enumerate(new[1:], 2):
        show_entry(page, entry, is_last=number == len(new))


def show_entry(page: Page, entry: Entry, is_last: bool) -> None:
    if entry.question is not None:
        with st.chat_message("user", avatar=PERSON):
            st.markdown(escape(entry.question))
        return
    with st.chat_message("assistant", avatar=ASSISTANT):
        show_entry_body(page, entry, is_last)


def show_entry_body(page: Page, entry: Entry, is_last: bool, pause_s: float = 0.0) -> None:
    if entry.answer:
        show_answer(page, entry.answer, entry.key, pause_s)
        show_thumbs(page.undertone.feedback, page.conversation_id or "", entry.key, entry.answer)
        for proposal in entry.proposals:
            show_proposal(page.queue, page.conversation_id or "", proposal)
        if is_last:
            show_follow_ups(page, entry)
    elif entry.render:
        show_render(entry.key, entry.render)
    elif entry.note:
        st.markdown(escape(entry.note))


def show_answer(page: Page, answer: CitedAnswer, key: str, pause_s: float) -> None:
    numbers = number_sources(answer)
    if answer.search_query and answer.search_query.strip() != answer.question.strip():
        st.caption(f"Searched for: {escape(answer.search_query)}")
    drawn = False
    for place, section in enumerate(answer.sections):
        if section.heading:
            st.subheader(escape(section.heading), anchor=False)
        if answer.workflow and section.heading.lower().startswith("workflow"):
            show_workflow(page, answer, numbers, key)
            drawn = True
        for row, sentence in enumerate(section.sentences):
            show_sentence(page, sentence, numbers, f"{key}-{place}-{row}")
            time.sleep(pause_s)
    if answer.workflow and not drawn:
        show_workflow(page, answer, numbers, key)
    if answer.checked:
        st.caption(escape(answer.checked.line()))
    if answer.sources:
        show_sources(answer.sources, numbers)


@st.fragment  # a chip redraws its sentence only
def show_sentence(page: Page, sentence: Sentence, numbers: dict[str, int], key: str) -> None:
    if not sentence.citations:
        st.markdown(escape(sentence.text))
        return
    quotes = " ".join(citation.quote for citation in sentence.citations)
    with st.container(horizontal=True, wrap=False, gap="small"):
        st.markdown(escape(sentence.text, links_in=quotes), width="stretch")
        show_chips(page, sentence.citations, numbers, key)


def show_chips(page: Page, citations: Sequence[Citation], numbers: dict[str, int], key: str) -> None:
    """A numbered chip per cited document; it opens the document with the passages marked."""
    for document_id in dict.fromkeys(citation.document_id for citation in citations):
        if st.button(str(numbers[document_id]), key=f"chip-{key}-{document_id}", width=CHIP_WIDTH_PX):
            show_passages(page, key, [c for c in citations if c.document_id == document_id])


@st.dialog("The passage in its document", width="medium")
def show_passages(page: Page, key: str, citations: Sequence[Citation]) -> None:
    """Cited passages of one document, marked in it."""
    show_marked(page.undertone.document(citations[0].document_id), citations)
    show_report(page.undertone.feedback, page.conversation_id or "", page.read(), key, citations)


def show_marked(document: Document | None, citations: Sequence[Citation]) -> None:
    if document is None or any(document.text[c.start : c.end] != c.quote for c in citations):
        for citation in citations:
            st.markdown(f":orange-background[{escape(citation.quote)}]")
        st.caption(f"{escape(citations[0].document_id)} was changed or removed since this was answered.")
        return
    st.markdown(f"**{escape(document.title)}**")
    st.markdown(mark_passages(document.text, [(c.start, c.end) for c in citations]))


@st.fragment
def show_workflow(page: Page, answer: CitedAnswer, numbers: dict[str, int], key: str) -> None:
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
            show_chips(page, cited, numbers, f"{key}-workflow")


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


def show_follow_ups(page: Page, entry: Entry) -> None:
    if not entry.answer or not entry.answer.follow_ups:
        return
    with st.container(horizontal=True, gap="small"):
        for follow_up in entry.answer.follow_ups:
            if st.button(escape(follow_up), key=f"{entry.key} {follow_up}"):
                page.ask(follow_up)


def show_sidebar(page: Page, conversation: Conversation | None) -> None:
    with st.sidebar:
        if st.button("New conversation", icon=":material/add:", width="stretch", disabled=conversation is None):
            st.query_params.clear()
            st.rerun()
        for kept in page.undertone.conversations.all():
            show_kept(page, kept, is_current=conversation is not None and kept.id == conversation.id)
        st.divider()
        show_corpus(page.undertone)
        show_engines(page.undertone)


def show_kept(page: Page, kept: Conversation, is_current: bool) -> None:
    with st.container(horizontal=True, wrap=False, gap="small", vertical_alignment="center"):
        opened = st.button(
            escape(kept.title),
            key=f"open {kept.id}",
            type="secondary" if is_current else "tertiary",
            width="stretch",
        )
        if opened and not is_current:
            st.query_params["c"] = kept.id
            st.rerun()
        if is_current and st.button(
            "", icon=":material/more_horiz:", type="tertiary", help="Rename, download or delete"
        ):
            show_kept_actions(page, kept)


@st.dialog("This conversation")
def show_kept_actions(page: Page, kept: Conversation) -> None:
    title = st.text_input("Name", value=kept.title, key=f"name {kept.id}")
    if st.button("Rename", key=f"rename {kept.id}", width="stretch"):
        try:
            page.undertone.conversations.rename(kept.id, title)
        except ValueError as error:
            st.warning(str(error))
        else:
            st.rerun()
    st.download_button(
        "Download with sources",
        lambda: as_markdown(kept.title, page.read()),
        file_name="conversation.md",
        mime="text/markdown",
        on_click="ignore",
        icon=":material/download:",
        width="stretch",
    )
    if st.button("Delete for good", key=f"delete {kept.id}", icon=":material/delete:", width="stretch"):
        page.queue.discard(kept.id)
        page.undertone.conversations.delete(kept.id)
        page.undertone.feedback.forget(kept.id)
        st.query_params.clear()
        st.rerun()


def show_corpus(undertone: Undertone) -> None:
    documents = undertone.index.documents()
    with st.expander(f"Corpus ({len(documents)} documents)", icon=":material/menu_book:"):
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


def main() -> None:
    st.set_page_config(page_title="Undertone", page_icon=":material/graphic_eq:", initial_sidebar_state="auto")
    try:
        opened = open_once()
    except OPENING_ERRORS as error:
        st.error(escape(str(error)))
        return
    Page(*opened).show()


if __name__ == "__main__":
    main()
