"""Conversations and feedback in a Postgres that several processes share."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from app.agent.engines import load_chat_model
from app.agent.graph import build_agent
from app.answers import CitedAnswer
from app.conversation.chat import Chat
from app.conversation.database import Database, DatabaseRefused
from app.conversation.shared_store import SharedConversations, SharedFeedback
from app.conversation.store import UnknownConversation
from app.settings import read_settings
from tests.browsing import ROOT, free_port
from tests.conversation_laws import lists_the_last_used_first, renames_and_deletes
from tests.test_feedback import QUOTES, answered
from tools.registry import build_tools

WHOSE = "/"
KNOWS_NOTHING = "import sys; sys.argv = ['x']; import app.page, ingest.index, tools.registry, app.__main__; "


@pytest.fixture
def opened(database_url):
    """Opens the database as another process would; closes all."""
    made = []

    def open_one():
        made.append(Database(database_url))
        return made[-1]

    yield open_one
    for one in made:
        one.close()


@pytest.fixture
def both(opened):
    return opened(), opened()


def test_the_last_used_comes_first_and_keeps_its_first_question_as_its_name(both):
    here, there = (SharedConversations(database, WHOSE) for database in both)
    assert lists_the_last_used_first(here, there, "What is\nFedStyle?\0").strip() == "What is FedStyle?"


def test_rename_and_delete_are_seen_by_the_other(both):
    renames_and_deletes(*(SharedConversations(database, WHOSE) for database in both))


def test_nobody_elses_conversation_is_listed_opened_read_or_deleted(opened):
    database = opened()
    ada, ben = SharedConversations(database, "/ada"), SharedConversations(database, "/ben")
    ada.start("Hers", "c1")
    assert ben.all() == []
    with pytest.raises(UnknownConversation):
        ben.get("c1")
    ben.start("His", "c1")
    ben.rename("c1", "Still his")
    ben.delete("c1")
    assert [kept.title for kept in ada.all()] == ["Hers"]
    assert ada.thread("c1") != ben.thread("c1")


def said(chat, conversation_id):
    return [message.text for message in chat.messages(conversation_id)]


def chat_of(database, searcher, whose=WHOSE):
    conversations = SharedConversations(database, whose)
    tools = build_tools(searcher, "embedded", ROOT / "nowhere")
    return Chat(build_agent(load_chat_model(read_settings({})), tools, conversations.checkpointer), conversations)


def test_a_conversation_goes_on_in_the_other_process_and_keeps_one_checkpoint(both, searcher):
    here, there = (chat_of(database, searcher) for database in both)
    answers = [event for event in here.ask("c", "What is FedStyle?") if isinstance(event, CitedAnswer)]
    assert answers[0].status == "answered"
    list(there.ask("c", "Does it have a GitHub repository?"))
    assert said(here, "c") == said(there, "c")
    questions = [m.text for m in here.messages("c") if isinstance(m, HumanMessage)]
    assert questions == ["What is FedStyle?", "Does it have a GitHub repository?"]
    ((checkpoints,),) = both[0].rows("SELECT count(*) FROM checkpoints")
    ((blobs, channels),) = both[0].rows("SELECT count(*), count(DISTINCT channel) FROM checkpoint_blobs")
    assert checkpoints == 1 and 0 < blobs == channels
    here.forget("c")
    assert there.messages("c") == []


def test_a_process_waits_while_another_works_on_the_conversation(both, searcher):
    here, there = (chat_of(database, searcher) for database in both)
    here.begin("c", "What is FedStyle?")
    turn = here.take_up("c")
    next(turn)  # it works on it, and holds the lock
    others: list[object] = []
    other = threading.Thread(target=lambda: others.extend(there.take_up("c")))
    other.start()
    other.join(1)
    assert other.is_alive() and not others, "the question is answered once"
    list(turn)
    other.join(20)
    assert not other.is_alive() and others == []
    assert sum(isinstance(m, AIMessage) and not m.tool_calls for m in there.messages("c")) == 1


def test_what_a_process_held_when_it_died_is_free(both):
    here, there = both
    held = here.locked("conversation 1")
    held.__enter__()
    took = threading.Event()

    def take():
        with there.locked("conversation 1"):
            took.set()

    threading.Thread(target=take, daemon=True).start()
    assert not took.wait(0.5)
    here._locks.close()  # as the server sees a process that was killed
    assert took.wait(5)


def test_feedback_is_kept_for_both_and_is_ones_own(both):
    here, there = (SharedFeedback(database, WHOSE) for database in both)
    here.rate("c1", "m1", answered(), "down", "no\0")
    there.rate("c1", "m1", answered(), "up", "yes, after all")
    here.report("c1", "m1", answered(), QUOTES[:1], "not what it says")
    assert here.rating("c1", "m1") == ("up", "yes, after all") and here.rating("c1", "m2") is None
    assert [line["kind"] for line in there.export()] == ["answer", "citation"]
    assert list(SharedFeedback(both[0], "/ben").export()) == []
    there.forget("c1")
    assert list(here.export()) == []


def test_a_database_that_restarts_is_used_again_and_one_that_is_gone_is_one_line(postgres_server, opened):
    conversations = SharedConversations(opened(), WHOSE)
    conversations.start("What is FedStyle?", "c")
    postgres_server.stop()
    try:
        with pytest.raises(DatabaseRefused) as refused:
            conversations.all()
        assert "\n" not in str(refused.value) and "UNDERTONE_DATABASE_URL" in str(refused.value)
    finally:
        postgres_server.start()
    assert [kept.id for kept in conversations.all()] == ["c"]
    with conversations.locked("c"):
        pass


@pytest.mark.skipif(not importlib.util.find_spec("psycopg"), reason="needs requirements-scale.txt")
@pytest.mark.parametrize(
    "url, complaint",
    [
        ("mysql://user:hush@host/x", "is no address of a Postgres database"),
        ("postgresql://user:hush@[host/x", "is no address of a Postgres database"),
        (f"postgresql://user:hush@127.0.0.1:{free_port()}/x", "cannot be used"),
        ("postgresql://user:hush@no-such-host.invalid/x", "cannot be used"),
    ],
    ids=["another scheme", "half a bracket", "nobody listens", "no such host"],
)
def test_an_address_that_is_none_and_a_server_that_is_down_are_one_line(url, complaint):
    with pytest.raises(DatabaseRefused, match=complaint) as refused:
        Database(url)
    said = str(refused.value)
    assert "\n" not in said and "UNDERTONE_DATABASE_URL" in said and "hush" not in said


@pytest.mark.skipif(not importlib.util.find_spec("psycopg"), reason="needs requirements-scale.txt")
@pytest.mark.parametrize("arguments", [["What is FedStyle?", "--conversation", "c"], ["--feedback"]])
def test_the_command_line_ends_with_that_line_and_status_2(arguments, seed_home, tmp_path):
    home = shutil.copytree(seed_home, tmp_path / "home")
    done = asked(home, f"postgresql://user:hush@127.0.0.1:{free_port()}/x", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.strip().splitlines()
    assert "cannot be used" in line and "hush" not in line


def asked(home, url, *arguments):
    environ = {**os.environ, "UNDERTONE_DATABASE_URL": url, "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "app", *arguments, "--home", str(home)]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)


def test_a_missing_package_is_one_line_that_says_how_to_install_it(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0].startswith("psycopg")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DatabaseRefused, match=r"needs psycopg, .*pip install -r requirements-scale.txt"):
        Database("postgresql://127.0.0.1/x")


def test_without_the_variable_nothing_of_it_is_imported():
    told = "print([name for name in sys.modules if name.partition('.')[0] in ('psycopg', 'psycopg_pool', 'ray')])"
    done = subprocess.run([sys.executable, "-c", KNOWS_NOTHING + told], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip().splitlines()[-1] == "[]", done.stderr
