"""A conversation that searches other corpora beside its own: answered from all, kept with its questions."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from langchain_core.messages import ToolMessage

from app.__main__ import main
from app.application import Undertone, open_corpus, open_for
from app.conversation.chat import DECLINED, proposals
from app.conversation.sources import SOURCES, sources_of
from app.conversation.transcripts import read_transcript
from app.corpora.homes import begin_corpus, home_of
from app.settings import Settings
from ingest.documents import Document
from ingest.index import Index
from tests.second_corpus import documents as second_documents

OURS, THEIRS = "How does FedStyle train its clients?", "What does LoafScope record with a microphone?"


@pytest.fixture
def settings(seed_home, tmp_path, embedder):
    """A home with the four documents, and beside them two corpora by name: one of bread, one that is empty."""
    settings = Settings(home=shutil.copytree(seed_home, tmp_path / "home"))
    for name in ("bakery", "empty"):
        begin_corpus(settings, name)
    Index(home_of(settings, "bakery"), embedder).sync(second_documents(), prune=True)
    return settings


def opened(settings: Settings, corpus: str = "") -> Undertone:
    """As another process opens it."""
    return open_for(open_corpus(settings, corpus), None)


def cited(answer):
    return {citation.document_id for citation in answer.citations}


def loaf() -> Document:
    return next(d for d in second_documents() if "LoafScope" in d.title)


def test_what_is_ticked_is_searched_and_goes_on_until_it_is_unticked(settings):
    undertone = opened(settings)
    assert not cited(undertone.answer(THEIRS, "c"))
    answer = undertone.answer(THEIRS, "c", ["bakery"])
    assert answer.status == "answered" and cited(answer) == {loaf().id}
    assert cited(undertone.answer(OURS, "c")) == {"fedstyle"}, "its own corpus is always among them"
    again = opened(settings)
    assert sources_of(again.chat.messages("c")) == ("bakery",), "whoever opens it next finds them"
    assert cited(again.answer(THEIRS, "c")) == {loaf().id}
    assert not cited(again.answer(THEIRS, "c", []))
    assert not cited(again.answer(THEIRS, "another"))
    found = again.cited("c", answer.citations)
    assert found == loaf(), "what was cited opens after the corpus was unticked"


def test_a_question_that_was_cut_off_is_taken_up_with_its_sources(settings):
    undertone = opened(settings)
    undertone.chat.begin("c", THEIRS, ["bakery"])
    assert opened(settings).chat.is_cut_off("c")
    *_, answer = opened(settings).chat.take_up("c")
    assert cited(answer) == {loaf().id}


def test_a_proposal_is_declined_and_a_run_handed_over_whatever_is_searched(settings):
    undertone = opened(settings)
    undertone.answer("Blend photographic style and digital illustration: a harbour at dawn", "c", ["bakery"])
    (call,) = proposals(undertone.chat.messages("c")[-1])
    again = opened(settings)
    list(again.chat.decline("c", call["id"]))
    assert any(message.text.endswith(DECLINED) for message in again.chat.messages("c"))
    again.chat.begin("c", THEIRS)  # waits while a render ends
    artifact = {"run_id": "r1", "folder": "r1", "record": {"requests": []}, "measurements": {}}
    rendered = ToolMessage("rendered", name=call["name"], tool_call_id=call["id"], artifact=artifact)
    again.chat.hand_over("c", call["id"], call["args"], rendered)
    answers = [entry.answer for entry in read_transcript(again.chat.messages("c")) if entry.answer]
    assert any(cited(answer) == {loaf().id} for answer in answers), "the question was answered before, from its sources"
    assert sources_of(again.chat.messages("c")) == ("bakery",), "what a click wrote changes nothing"


def test_a_branch_and_a_conversation_without_the_mark_search_what_they_did(settings):
    undertone = opened(settings)
    undertone.answer(THEIRS, "c", ["bakery"])
    undertone.answer(OURS, "c")
    key = [m.id for m in undertone.chat.messages("c") if m.type == "human"][1]
    assert undertone.chat.branch("c", key, "d") == OURS
    assert cited(undertone.answer(THEIRS, "d")) == {loaf().id}
    old = [m for m in undertone.chat.messages("c") if m.type == "human"]
    for message in old:
        del message.additional_kwargs[SOURCES]
    assert sources_of(old) == ()


def test_another_corpus_joins_the_first_one(settings):
    undertone = opened(settings, "bakery")
    assert cited(undertone.answer(THEIRS, "c")) == {loaf().id}
    assert not cited(undertone.answer(OURS, "c"))
    assert cited(undertone.answer(OURS, "c", [""])) == {"fedstyle"}
    assert len(undertone.sourced(["", "bakery", "empty"]).shared.index) == len(undertone.index) + 4


def test_a_corpus_that_is_gone_is_left_out_with_a_line(settings):
    undertone = opened(settings)
    undertone.answer(THEIRS, "c", ["bakery", "empty"])
    assert undertone.sourced(["bakery", "empty"]).lacking == ()
    shutil.rmtree(home_of(settings, "bakery"))
    *lines, answer = undertone.chat.ask("c", THEIRS)
    assert not cited(answer) and sum("bakery is not searched: there is no corpus" in str(n) for n in lines) == 1
    assert cited(undertone.answer(OURS, "c")) == {"fedstyle"}, "the others answer"
    begin_corpus(settings, "bakery")
    assert undertone.sourced(["bakery"]).lacking == () and len(undertone.sourced(["bakery"]).shared.index) == 4


@pytest.mark.parametrize("file", ["documents.sqlite", "chroma-*/chroma.sqlite3"])
def test_a_corpus_that_is_damaged_is_left_out_before_anything_is_asked_of_it(settings, file):
    folder = home_of(settings, "bakery") / "index"
    (damaged,) = folder.glob(file)
    damaged.write_bytes(b"no database" * 999)
    for beside in folder.glob("documents.sqlite-*"):
        beside.unlink()
    undertone = opened(settings)
    sourced = undertone.sourced(["bakery"])
    assert "bakery is not searched: " in sourced.lacking[0] and "\n" not in sourced.lacking[0]
    assert cited(undertone.answer(OURS, "c", ["bakery"])) == {"fedstyle"}


def test_a_citation_leads_to_the_text_it_was_taken_from_whatever_is_ticked_now(settings, embedder):
    undertone = opened(settings)
    ours = undertone.document("wsam")
    theirs = replace(loaf(), id="wsam", origin="/x/wsam.md")
    begin_corpus(settings, "other")
    Index(home_of(settings, "other"), embedder).sync([theirs], prune=True)
    answer = undertone.answer(THEIRS, "c", ["other"])
    assert cited(answer) == {"wsam@other"}
    assert undertone.document("wsam") == ours, "its own corpus calls its documents as ever"
    undertone.answer(OURS, "c", ["bakery"])
    assert undertone.cited("c", answer.citations) == replace(theirs, id="wsam@other")
    undertone.answer(OURS, "c", [])
    found = undertone.cited("c", answer.citations)
    assert all(found.text[c.start : c.end] == c.quote for c in answer.citations)
    Index(settings.home, embedder).sync([], prune=True)  # with its namesake gone it is called otherwise
    found = undertone.cited("c", answer.citations)
    assert found.text == theirs.text


def test_combinations_are_opened_once(settings):
    undertone = opened(settings)
    first = undertone.sourced(["bakery"]).shared
    assert undertone.sourced(["bakery"]).shared is first and undertone.sourced([]).shared is undertone.shared
    assert first.rendering is undertone.shared.rendering and first.model is undertone.shared.model
    both = undertone.sourced(["empty", "bakery"]).shared
    assert both is not first and undertone.sourced(["bakery", "empty"]).shared is both


def test_the_command_line_names_sources(settings, capsys):
    home = str(settings.home)
    assert main([THEIRS, "--home", home, "--json"]) == 1
    capsys.readouterr()
    assert main([THEIRS, "--home", home, "--json", "--sources", "bakery,empty", "--conversation", "c"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {c["document_id"] for s in answer["sections"] for t in s["sentences"] for c in t["citations"]} == {loaf().id}
    assert main([THEIRS, "--home", home, "--sources", "nowhere"]) == 2
    assert capsys.readouterr().err == "there is no corpus 'nowhere' any more; choose another one\n"
    shutil.rmtree(home_of(settings, "bakery"))
    assert main([THEIRS, "--home", home, "--conversation", "c"]) == 1
    assert "bakery is not searched: " in capsys.readouterr().err
