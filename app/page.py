"""The chat page: widgets, no logic. `front.py` shows it once this is imported.

What it shows comes from the transcript, what it starts goes to the turns and to the render queue; both work on when the
page is reloaded or clicked.

Every click is taken by a callback. Streamlit runs callbacks before it draws, and may break off drawing at any line for
the next click, so a click that waited for its line to be drawn could be lost. For the same reason everything is drawn
at one place in the page, whether it is new or old: a widget that moves is another widget.
"""

from __future__ import annotations

import sqlite3
import uuid
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from app.answering.proposals import SEE_IT_HAPPEN
from app.answering.shown import see_it
from app.application import OPENING_ERRORS, Undertone
from app.conversation.render_jobs import RenderJob
from app.conversation.render_queue import RenderQueue
from app.conversation.store import Conversation, ConversationsRefused, UnknownConversation, refused
from app.conversation.transcripts import Entry, read_transcript
from app.conversation.turns import Turn, Turns
from app.corpora.homes import NoSuchCorpus
from app.markup import escape
from app.ui.add_documents import ADD, show_add_documents
from app.ui.answer import FIGURE, PASSAGE, show_answer, show_figure, show_partial, show_passages
from app.ui.arrival import bring_into_view
from app.ui.comparison import COMPARE, show_compare_button, show_comparison
from app.ui.corpus_panel import CORPUS_PANEL, DOCUMENT, show_corpus_panel, show_document
from app.ui.dialogs import close_dialog, open_one
from app.ui.feedback_form import show_thumbs
from app.ui.gallery import GALLERY, show_gallery
from app.ui.kept_stages import runs_beside
from app.ui.login import NobodyNamed, asks_who, is_logged_in, person, show_login, show_logout
from app.ui.navigation import open_conversation, opened_conversation
from app.ui.opening import chosen_corpus, open_additions, open_home
from app.ui.proposal_card import Card
from app.ui.question import EDIT, show_edit, show_question
from app.ui.reference_form import WANTED_REFERENCE
from app.ui.sidebar import ACTIONS, show_actions, show_sidebar
from app.ui.sources import hand_on, take_ticked
from app.ui.views import FORMS, RESULTS
from app.ui.welcome import show_empty_page
from app.understanding.messages import MAX_QUESTION_CHARS, UnusableQuestion
from app.understanding.request import Request
from tools.registry import TOOLS

TURN_WAIT_S = 0.2
PAGE_STYLE = Path(__file__).resolve().parent / "ui" / "page.css"
ASSISTANT, PERSON = ":material/graphic_eq:", ":material/person:"


class Page:
    """One run of the page's script, for one conversation."""

    def __init__(self, undertone: Undertone, turns: Turns, queue: RenderQueue) -> None:
        self.undertone = undertone
        self.chat = undertone.chat
        self.turns = turns
        self.queue = queue

    def show(self) -> None:
        conversation = self.current()
        self.show_dialog()
        lacking = show_sidebar(self.undertone, conversation, open_conversation)
        if asks_who():
            with st.sidebar:
                show_logout()
        with st.bottom:  # named, or Streamlit would open the page scrolled to its end
            st.chat_input("Ask about the corpus", key="question", max_chars=MAX_QUESTION_CHARS, on_submit=self.submit)
        notice = st.empty()  # always there, so that nothing below it moves when it has something to say
        if told := st.session_state.get("notice") or escape("; ".join(lacking)):
            notice.warning(told)
        welcome = st.empty()  # emptied first, or its buttons would linger under a new answer
        if conversation is None:
            with welcome.container():
                show_empty_page(self.undertone, self.start)
        else:
            try:
                show_conversation(self, conversation)
            except ConversationsRefused as error:
                st.error(escape(str(error)))
        st.session_state.has_caught_up = True

    def show_dialog(self) -> None:
        """Draw the open dialog, before anything that takes longer."""
        match open_one():
            case (name, key, citations) if name == PASSAGE:
                show_passages(self.undertone, st.session_state.conversation or "", key, citations)
            case (name, render, place) if name == FIGURE:
                show_figure(render, place)
            case (name, before, after) if name == COMPARE:
                show_comparison(before, after)
            case (name, key, question) if name == EDIT:
                show_edit(key, question, self.ask_anew)
            case (name,) if name == GALLERY:
                show_gallery(self.queue, open_conversation, self.use_reference)
            case (name,) if name == ADD:
                show_add_documents(open_additions(chosen_corpus()))
            case (name,) if name == CORPUS_PANEL:
                show_corpus_panel(self.undertone, open_additions(chosen_corpus()))
            case (name, document_id) if name == DOCUMENT:
                show_document(self.undertone, open_additions(chosen_corpus()), document_id)
            case (name, kept) if name == ACTIONS:
                show_actions(self.undertone, self.queue, kept, open_conversation)

    def current(self) -> Conversation | None:
        conversation_id = opened_conversation()
        if conversation_id is None:
            return None
        try:
            return self.undertone.conversations.get(conversation_id)
        except UnknownConversation:
            open_conversation(None)
            st.query_params.clear()
            st.session_state.notice = "This conversation is not there any more. Ask something to begin a new one."
            return None

    def submit(self) -> None:
        if typed := st.session_state.question:
            self.ask(typed)

    def ask(self, question: str | Request, once: str | None = None) -> None:
        """Store a question and start its turn. For callbacks.

        Args:
            question: As typed, or the Request that a button stands for.
            once: Names the button; its second click, before the page could take it away, asks nothing.
        """
        asked = st.session_state.setdefault("asked", set())
        if once in asked:
            return
        conversation_id = st.session_state.conversation or uuid.uuid4().hex[:12]
        try:
            self.chat.begin(conversation_id, question, take_ticked(st.session_state.conversation))
        except (UnusableQuestion, ConversationsRefused) as error:
            st.session_state.notice = str(error)
            return
        except sqlite3.Error as error:  # a full disk, a damaged file
            st.session_state.notice = str(refused(self.undertone.settings.conversations, error))
            return
        if once:
            asked.add(once)
        self.turns.start(conversation_id, self.chat.take_up(conversation_id))
        open_conversation(conversation_id)

    def ask_anew(self, key: str) -> None:
        """Ask a question of this conversation in other words, in a branch that knows what was said before it."""
        before, new_id = st.session_state.conversation, uuid.uuid4().hex[:12]
        if self.chat.branch(before, key, new_id) is None:
            st.session_state.notice = "This question is not there any more."
            close_dialog()
            return
        hand_on(self.undertone, before, new_id)
        st.session_state.conversation, st.session_state.has_caught_up = new_id, False
        self.ask(st.session_state[f"anew {key}"])
        if st.session_state.get("notice"):  # it could not be asked, and what it would have begun is not there
            st.session_state.conversation = before
        close_dialog()

    def use_reference(self, run_id: str) -> None:
        """Propose a render that takes keys and values from a picture of the gallery. For callbacks."""
        st.session_state[WANTED_REFERENCE] = run_id
        self.ask(SEE_IT_HAPPEN)

    def start(self, starter: str) -> None:
        """Ask a starter; its second click finds the conversation begun. For callbacks."""
        if st.session_state.conversation is None:
            self.ask(starter)

    def try_again(self, conversation_id: str) -> None:
        self.turns.start(conversation_id, self.chat.take_up(conversation_id))

    def decline(self, conversation_id: str, call_id: str) -> None:
        self.turns.start(conversation_id, self.chat.decline(conversation_id, call_id))


def show_conversation(page: Page, conversation: Conversation) -> None:
    turn = page.turns.latest(conversation.id)
    if page.chat.is_cut_off(conversation.id) and (turn is None or (turn.finished and turn.error is None)):
        turn = page.turns.start(conversation.id, page.chat.take_up(conversation.id))
    # What is under way is asked before what is there: in the other order, what ends in between would not be shown.
    is_under_way = turn is not None and (not turn.finished or turn.error is not None)
    jobs = page.queue.of_conversation(conversation.id)
    entries = read_transcript(page.chat.messages(conversation.id))
    new = st.session_state.pop("new", None)  # (conversation, entry) to draw at reading pace, once
    measured: dict[str, Any] | None = None
    arrived = max((n for n, entry in enumerate(entries) if entry.question is not None or entry.result), default=None)
    for number, entry in enumerate(entries):
        before, measured = measured, entry.result or measured
        is_last, is_new, is_here = number == len(entries) - 1, new == (conversation.id, number), number == arrived
        above = str((entries[number - 1].result or {}).get("verdict") or "") if number else ""
        show_entry(page, Said(conversation.id, entry, is_last, is_new, is_here, measured, before, above), jobs)
    if turn and is_under_way:
        show_turn(page, conversation.id, turn, len(entries))


def show_turn(page: Page, conversation_id: str, turn: Turn, number: int) -> None:
    """Say what a turn is doing until it ends, then draw the page anew with what it added."""
    with st.chat_message("assistant", avatar=ASSISTANT), st.container(key="turn"):
        stands, line, shown = st.empty(), st.empty(), None
        while not turn.wait(TURN_WAIT_S):
            line.markdown(f":gray[{escape(turn.doing or 'Reading the question')}…]")  # here a click can break in
            if turn.partial is not shown:
                shown = show_partial(stands, f"{conversation_id}-{number}", turn.partial)
        if turn.error is None:
            if shown is None:  # what was read already does not appear at reading pace once more
                st.session_state.new = (conversation_id, number)
            st.rerun()
        # whatever ended the turn, the question is kept and can be asked again
        line.error(f"No answer: {escape(' '.join(str(turn.error).split()) or type(turn.error).__name__)}")
        st.button("Try again", key="again", on_click=page.try_again, args=(conversation_id,))


@dataclass(frozen=True)
class Said:
    """An entry in its conversation.

    Args:
        is_new: Whether it is drawn for the first time.
        has_arrived: Whether it is the last that comes into view by itself: a question, or a result.
        measured: The last run up to it.
        before: The run before it.
        above: The verdict of the run that stands just above it.
    """

    conversation_id: str
    entry: Entry
    is_last: bool
    is_new: bool
    has_arrived: bool
    measured: dict[str, Any] | None
    before: dict[str, Any] | None
    above: str


def show_entry(page: Page, said: Said, jobs: dict[str, RenderJob]) -> None:
    entry, conversation_id = said.entry, said.conversation_id
    who, avatar = ("assistant", ASSISTANT) if entry.question is None else ("user", PERSON)
    with st.chat_message(who, avatar=avatar):
        if entry.question is not None:
            show_question(entry.key, entry.question)
        elif entry.answer:
            decline = partial(page.decline, conversation_id) if said.is_last else None
            model = page.undertone.settings.image_model
            cards = [Card(conversation_id, one, jobs.get(one.call_id), decline, model) for one in entry.proposals]
            name = f"{conversation_id} {entry.key}"
            runs = partial(runs_beside, page.undertone, page.queue, name, entry.answer, cards)
            show_answer(
                entry.answer, entry.key, said.is_new, partial(see_it, page.ask), said.measured, runs, said.above
            )
            show_thumbs(page.undertone.feedback, conversation_id, entry.key, entry.answer)
            with st.container():  # there for the last entry and for any other, so that its cards stay where they are
                if said.is_last:
                    show_follow_ups(page, entry)
            for card in cards:  # last: what came below a card would move it from under a click
                FORMS[TOOLS[card.proposal.tool].view](page.queue, card)
        elif entry.result:
            RESULTS[entry.view](entry.key, entry.result)
            if said.before:
                show_compare_button(entry.key, said.before, entry.result)
        elif entry.note:
            st.markdown(escape(entry.note))
        if said.has_arrived:
            bring_into_view(conversation_id, entry.key, asked=who == "user")


def show_follow_ups(page: Page, entry: Entry) -> None:
    if not entry.answer or not entry.answer.follow_ups:
        return
    with st.container(horizontal=True, gap="small"):
        for follow_up in entry.answer.follow_ups:
            key = f"{entry.key} {follow_up}"
            st.button(escape(follow_up), key=key, on_click=page.ask, args=(follow_up, key))


def main() -> None:
    st.set_page_config(page_title="Undertone", page_icon=":material/graphic_eq:", initial_sidebar_state="auto")
    st.html(PAGE_STYLE)
    if asks_who() and not is_logged_in():
        show_login()
        return
    try:
        opened = open_home(person(), chosen_corpus())
    except (NobodyNamed, NoSuchCorpus, *OPENING_ERRORS) as error:
        st.error(escape(str(error)))
        return
    Page(*opened).show()


if __name__ == "__main__":
    main()
