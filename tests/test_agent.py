"""The agent with a scripted model and stand-in tools: what holds whichever engine answers."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import Field

from app.agent.graph import build_agent
from app.answers import CitedAnswer
from app.conversation.chat import DECLINED, Chat, proposals
from app.conversation.store import Conversations, UnknownConversation
from app.conversation.turns import Turns
from app.understanding.messages import UnusableQuestion
from ingest.documents import Document
from ingest.passages import Passage
from tools.search import Evidence, SearchResult

BLEND = {"subject": "a cottage", "styles": [{"text": "photographic style", "weight": 0.5}]}


def cited(question: str) -> dict[str, Any]:
    return {
        "question": question,
        "status": "answered",
        "engine": "scripted",
        "seconds": 0.0,
        "sections": [{"heading": "", "sentences": [{"text": "It is so.", "kind": "framing", "citations": []}]}],
        "sources": [],
        "workflow": None,
        "proposals": [],
        "follow_ups": [],
        "searched_for": None,
    }


class Scripted(BaseChatModel):
    """Searches, answers, proposes a blend when asked for one; refuses a dangling tool call as providers do."""

    break_once: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Scripted:
        return self

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        answered = {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}
        for message in messages:
            for call in message.tool_calls if isinstance(message, AIMessage) else []:
                assert call["id"] in answered, "dangling tool call"
        last = messages[-1]
        question = next(m.content for m in reversed(messages) if isinstance(m, HumanMessage))
        if isinstance(last, HumanMessage):
            reply = AIMessage("", tool_calls=[call_of("search_corpus", {"query": question}, f"s{len(messages)}")])
        elif last.name == "search_corpus":
            if self.break_once and self.break_once.pop():
                raise ConnectionError("the engine went away")
            calls = [
                call_of("blend_styles", {**BLEND, "seed": n}, f"b{len(messages)}{n}")
                for n in range(question.count("blend"))
            ]
            reply = AIMessage("It is so.", additional_kwargs={"cited_answer": cited(question)}, tool_calls=calls)
        elif last.name in ("blend_styles", "run_experiment"):
            reply = AIMessage("Rendered.", additional_kwargs={"cited_answer": cited("render")})
        return ChatResult(generations=[ChatGeneration(message=reply)])


def call_of(name: str, args: dict[str, Any], call_id: str) -> dict[str, Any]:
    return {"name": name, "args": args, "id": call_id, "type": "tool_call"}


@tool(response_format="content_and_artifact")
def search_corpus(query: str) -> tuple[str, dict[str, Any]]:
    """Search."""
    return "a passage", {"query": query}


@tool(response_format="content_and_artifact")
def blend_styles(subject: str, styles: list[dict[str, Any]], seed: int = 0) -> tuple[str, dict[str, Any]]:
    """Blend."""
    raise AssertionError("a blend ran that nobody rendered")


def open_chat(tmp_path: Any, model: BaseChatModel | None = None) -> Chat:
    conversations = Conversations(tmp_path / "conversations.sqlite")
    agent = build_agent(model or Scripted(), [search_corpus, blend_styles], conversations.checkpointer)
    return Chat(agent, conversations)


def finished(call: Any) -> ToolMessage:
    return ToolMessage("rendered", name="blend_styles", tool_call_id=call["id"], artifact={"run_id": "r1"})


def kinds(chat: Chat, conversation_id: str) -> str:
    return "".join({"human": "H", "ai": "A", "tool": "T"}[m.type] for m in chat.messages(conversation_id))


def test_a_turn_yields_what_it_does_and_ends_with_the_timed_answer(tmp_path):
    *lines, answer = open_chat(tmp_path).ask("c", "why?")
    assert "why?" in lines[0]
    assert isinstance(answer, CitedAnswer)
    assert answer.seconds > 0


def test_a_conversation_survives_a_restart(tmp_path):
    list(open_chat(tmp_path).ask("c", "why?"))
    chat = open_chat(tmp_path)
    assert kinds(chat, "c") == "HATA"
    list(chat.ask("c", "and how?"))
    assert kinds(chat, "c") == "HATAHATA"
    assert [c.title for c in chat.conversations.all()] == ["why?"]


def test_a_proposal_runs_nothing_until_its_render_is_handed_over(tmp_path):
    chat = open_chat(tmp_path)
    list(chat.ask("c", "blend them"))
    (call,) = proposals(chat.messages("c")[-1])
    assert not chat.is_cut_off("c")
    chat.hand_over("c", call["id"], call["args"], finished(call))
    assert kinds(chat, "c") == "HATATA"
    assert chat.messages("c")[-2].artifact == {"run_id": "r1"}


def test_a_run_that_is_handed_over_again_after_a_kill_is_told_once(tmp_path):
    chat = open_chat(tmp_path)
    list(chat.ask("c", "blend them"))
    (call,) = proposals(chat.messages("c")[-1])
    for _ in range(2):
        chat.hand_over("c", call["id"], call["args"], finished(call))
    assert kinds(chat, "c") == "HATATA"
    result = finished(call).model_copy(update={"artifact": {"run_id": "r2"}})
    chat.hand_over("c", call["id"], call["args"], result)
    assert kinds(chat, "c") == "HATATA" + "HATA", "another run of the same proposal is one of its own"


def test_an_edited_proposal_is_answered_by_what_was_rendered_instead(tmp_path):
    chat = open_chat(tmp_path)
    list(chat.ask("c", "blend them"))
    (call,) = proposals(chat.messages("c")[-1])
    chat.hand_over("c", call["id"], {**call["args"], "seed": 9}, finished(call))
    result = chat.messages("c")[-2]
    assert result.content == "rendered"
    assert result.artifact == {"run_id": "r1"}


def test_a_question_on_top_of_a_proposal_leaves_it_unrendered_but_renderable(tmp_path):
    chat = open_chat(tmp_path)
    list(chat.ask("c", "blend them"))
    (call,) = proposals(chat.messages("c")[-1])
    list(chat.ask("c", "why?"))
    assert kinds(chat, "c") == "HATATHATA"
    assert "Not run" in chat.messages("c")[4].content

    chat.hand_over("c", call["id"], call["args"], finished(call))
    assert kinds(chat, "c") == "HATATHATAHATA"
    assert chat.messages("c")[-2].artifact == {"run_id": "r1"}
    list(chat.ask("c", "and now?"))
    assert kinds(chat, "c").endswith("HATA")


def test_a_run_that_ends_before_a_stored_question_is_taken_up_lets_it_be_answered_first(tmp_path):
    chat = open_chat(tmp_path)
    list(chat.ask("c", "blend them"))
    (call,) = proposals(chat.messages("c")[-1])
    chat.begin("c", "why?")
    chat.hand_over("c", call["id"], call["args"], finished(call))
    assert kinds(chat, "c") == "HATATHATAHATA"
    assert list(chat.take_up("c")) == [], "nothing waits any more"


def test_a_declined_proposal_is_settled_and_still_renderable(tmp_path):
    chat = open_chat(tmp_path)
    list(chat.ask("c", "blend them"))
    (call,) = proposals(chat.messages("c")[-1])
    list(chat.decline("c", call["id"]))
    assert kinds(chat, "c") == "HATATA"
    assert chat.messages("c")[-2].content.endswith(DECLINED)
    assert list(chat.decline("c", call["id"])) == []
    chat.hand_over("c", call["id"], call["args"], finished(call))
    assert kinds(chat, "c") == "HATATAHATA"


def test_a_sweep_joins_the_conversation_and_leaves_the_proposal_renderable(tmp_path):
    chat = open_chat(tmp_path)
    list(chat.ask("c", "blend them"))
    (call,) = proposals(chat.messages("c")[-1])
    swept = finished(call)
    swept.name = "run_experiment"
    swept.artifact = {"run_id": "r0"}
    chat.hand_over("c", call["id"], {**call["args"], "points": 9}, swept)
    assert kinds(chat, "c") == "HATATHATA"
    assert [m.name for m in chat.messages("c") if m.type == "tool" and m.artifact][-1] == "run_experiment"
    assert not chat.is_cut_off("c")
    chat.hand_over("c", call["id"], call["args"], finished(call))
    assert kinds(chat, "c") == "HATATHATAHATA"


def test_of_two_proposals_one_is_rendered_and_the_other_waits(tmp_path):
    chat = open_chat(tmp_path)
    list(chat.ask("c", "blend and blend"))
    first, second = proposals(chat.messages("c")[-1])
    chat.hand_over("c", second["id"], second["args"], finished(second))
    results = [m for m in chat.messages("c") if isinstance(m, ToolMessage) and m.name == "blend_styles"]
    assert {m.tool_call_id: m.artifact for m in results} == {first["id"]: None, second["id"]: {"run_id": "r1"}}
    chat.hand_over("c", first["id"], first["args"], finished(first))
    assert chat.messages("c")[-2].artifact == {"run_id": "r1"}


def test_a_question_can_be_asked_anew_in_a_branch(tmp_path):
    chat = open_chat(tmp_path)
    list(chat.ask("c", "what is it?"))
    list(chat.ask("c", "blend them"))
    (question,) = [m for m in chat.messages("c") if m.type == "human" and m.text == "blend them"]
    assert chat.branch("c", question.id, "d") == "blend them"
    assert [m.text for m in chat.messages("d")] == [m.text for m in chat.messages("c")[: len(chat.messages("d"))]]
    list(chat.ask("d", "and what else?"))
    assert [m.text for m in chat.messages("d") if m.type == "human"] == ["what is it?", "and what else?"]
    assert "blend them" in [m.text for m in chat.messages("c")], "the first conversation stays as it was"
    assert chat.branch("c", "nobody", "e") is None


def test_a_render_whose_conversation_was_deleted_is_not_put_anywhere(tmp_path):
    chat = open_chat(tmp_path)
    list(chat.ask("c", "blend them"))
    (call,) = proposals(chat.messages("c")[-1])
    chat.conversations.delete("c")
    with pytest.raises(UnknownConversation):
        chat.hand_over("c", call["id"], call["args"], finished(call))
    assert chat.messages("c") == []


def test_a_turn_that_was_cut_off_is_taken_up_again(tmp_path):
    chat = open_chat(tmp_path, Scripted(break_once=["now"]))
    with pytest.raises(ConnectionError):
        list(chat.ask("c", "why?"))
    chat = open_chat(tmp_path)
    assert chat.messages("c")[0].content == "why?"
    assert chat.is_cut_off("c")
    searched, *_, answer = chat.take_up("c")
    assert "Searching" in searched  # again: what was found before the cut is not taken up
    assert isinstance(answer, CitedAnswer)
    assert kinds(chat, "c") == "HATA"


def test_a_question_is_stored_before_its_turn_starts(tmp_path):
    open_chat(tmp_path).begin("c", "why?")
    chat = open_chat(tmp_path)
    assert kinds(chat, "c") == "H" and chat.is_cut_off("c")
    list(chat.take_up("c"))
    assert kinds(chat, "c") == "HATA"
    assert list(chat.take_up("c")) == []


def test_a_question_after_a_cut_off_turn_settles_it(tmp_path):
    chat = open_chat(tmp_path, Scripted(break_once=["now"]))
    with pytest.raises(ConnectionError):
        list(chat.ask("c", "why?"))
    list(chat.ask("c", "how?"))
    assert not chat.is_cut_off("c")


def test_a_long_conversation_keeps_one_checkpoint(tmp_path):
    chat = open_chat(tmp_path)
    for _ in range(3):
        list(chat.ask("c", "blend"))
    with chat.conversations.checkpointer.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM checkpoints").fetchone() == (1,)
    assert proposals(chat.messages("c")[-1])


@pytest.mark.parametrize("question, complaint", [("  ", "empty"), ("x" * 4_001, "shorten")])
def test_unusable_questions_are_refused_before_anything_is_stored(tmp_path, question, complaint):
    chat = open_chat(tmp_path)
    with pytest.raises(UnusableQuestion, match=complaint):
        chat.begin("c", question)
    assert chat.conversations.all() == []


def test_the_agent_itself_caps_what_it_is_given(tmp_path):
    agent = open_chat(tmp_path).agent
    with pytest.raises(UnusableQuestion, match="shorten"):
        agent.invoke({"messages": [HumanMessage("x" * 4_001)]}, {"configurable": {"thread_id": "c"}})


def test_what_a_search_found_is_kept_as_plain_data(tmp_path):
    document = Document("a", "paper", "A", "One two.", None, None, {"year": 2024}, "/a.md")
    evidence = Evidence(Passage("p1", "a", 0, 8, "One two.", False), document, np.float64(0.5))
    result = SearchResult("one?", True, (evidence,), ("a",), {"a": np.float64(0.5)}, (), "found", (document,))

    @tool("search_corpus", response_format="content_and_artifact")
    def search(query: str) -> tuple[str, SearchResult]:
        """Search."""
        return "One two.", result

    conversations = Conversations(tmp_path / "conversations.sqlite")
    chat = Chat(build_agent(Scripted(), [search, blend_styles], conversations.checkpointer), conversations)
    list(chat.ask("c", "one?"))
    kept = open_chat(tmp_path).messages("c")[2].artifact
    assert kept["documents"] == ["a"] and kept["evidence"][0]["document"]["text"] == "One two."
    assert type(kept["evidence"][0]["score"]) is float


def test_conversations_can_be_renamed_and_deleted(tmp_path):
    chat = open_chat(tmp_path)
    list(chat.ask("a", "first"))
    list(chat.ask("b", "second"))
    chat.conversations.rename("a", "  a   better name ")
    assert [c.title for c in chat.conversations.all()] == ["second", "a better name"]
    with pytest.raises(ValueError):
        chat.conversations.rename("a", " ")
    chat.conversations.delete("b")
    assert [c.id for c in chat.conversations.all()] == ["a"]
    assert chat.messages("b") == []


def test_a_turn_goes_on_when_nobody_waits_for_it(tmp_path):
    chat = open_chat(tmp_path)
    turn = Turns().start("c", chat.ask("c", "why?"))
    assert turn.wait(30) and turn.finished and turn.error is None
    assert turn.doing
    assert kinds(chat, "c") == "HATA"


def test_what_ended_a_turn_is_kept(tmp_path):
    turns = Turns()
    turns.start("c", open_chat(tmp_path, Scripted(break_once=["now"])).ask("c", "why?")).wait(30)
    assert turns.latest("c").finished
    assert isinstance(turns.latest("c").error, ConnectionError)


def test_a_question_asked_during_a_turn_waits_for_it(tmp_path):
    chat = open_chat(tmp_path)
    threads = [threading.Thread(target=lambda: list(chat.ask("c", "why?"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kinds(chat, "c") == "HATA" * 4


class Killed(BaseException):
    """No `except Exception` of a library may take it for an error."""


class DyingSaver(InMemorySaver):
    """Dies at one of its writes, before or after it is done; what it has written stays."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.is_done = -1, False

    def _count(self, write: Any) -> Any:
        self.left -= 1
        if self.left == 0 and not self.is_done:
            raise Killed
        result = write()
        if self.left == 0:
            raise Killed
        return result

    def put(self, *args: Any) -> Any:
        return self._count(lambda: super(DyingSaver, self).put(*args))

    def put_writes(self, *args: Any) -> Any:
        return self._count(lambda: super(DyingSaver, self).put_writes(*args))


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("question", ["why?", "why? blend it"])
def test_a_turn_killed_at_any_write_is_taken_up(question, is_done):
    is_over = False
    for write in range(1, 60):
        saver = DyingSaver()
        saver.is_done = is_done
        chat = Chat(build_agent(Scripted(), [search_corpus, blend_styles], saver), None)
        list(chat.ask("c", "what is it?"))
        chat.begin("c", question)
        saver.left = write
        try:
            list(chat.take_up("c"))
            is_over = True
        except Killed:
            pass
        saver.left = -1
        again = Chat(build_agent(Scripted(), [search_corpus, blend_styles], saver), None)
        list(again.take_up("c"))
        said = again.messages("c")
        assert not again.is_cut_off("c")
        assert [m.content for m in said if isinstance(m, HumanMessage)] == ["what is it?", question]
        waiting = proposals(said[-1])
        assert len(waiting) == question.count("blend")
        for call in waiting:
            again.hand_over("c", call["id"], call["args"], finished(call))
            assert again.messages("c")[-1].text == "Rendered." and again.messages("c")[-2].artifact == {"run_id": "r1"}
        *_, answer = again.ask("c", "and now?")
        assert isinstance(answer, CitedAnswer)
        if is_over:
            return
    raise AssertionError("a turn has fewer writes than that")
