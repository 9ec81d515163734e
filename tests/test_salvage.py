"""Damaged files: told of in one line with the command that heals them, and healed without losing what can be read."""

import random
import shutil
import sqlite3

import pytest
from langchain_core.messages import HumanMessage

from app.__main__ import main
from app.agent.graph import build_agent
from app.conversation.chat import Chat
from app.conversation.store import Conversations, ConversationsRefused, recover
from ingest.index import Index, IndexRefused
from ingest.recovery import recover_documents
from ingest.salvage import damage, readable_rows
from tests.test_agent import Scripted, blend_styles, search_corpus
from tests.test_index import HashEmbedder, check, paper


def spoil(path, seed, size=4_096):
    """Overwrite one page of a file, not the first, with random bytes."""
    chance = random.Random(seed)
    data = bytearray(path.read_bytes())
    page = chance.randrange(1, len(data) // size)
    data[page * size : page * size + size] = chance.randbytes(size)
    path.write_bytes(data)


def test_a_whole_file_and_none_at_all_are_not_damaged(tmp_path):
    path = tmp_path / "a.sqlite"
    assert damage(path) is None
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x TEXT)")
        connection.executemany("INSERT INTO t VALUES (?)", [(f"row {n} " * 40,) for n in range(400)])
    connection.close()
    assert damage(path) is None
    assert len(list(readable_rows(path, "t", "x"))) == 400 and list(readable_rows(path, "none", "x")) == []
    spoil(path, 1)
    assert damage(path)
    saved = [row[0] for row in readable_rows(path, "t", "x") if row[0] and row[0].startswith("row ")]
    assert 300 < len(saved) < 400 and len(set(saved)) == len(saved), "the rows of one page are lost, and no other"
    path.write_bytes(b"no database at all" * 500)
    assert "not a database" in damage(path)


@pytest.mark.parametrize("seed", range(6))
def test_damaged_documents_are_told_of_and_made_again(tmp_path, seed, capsys):
    documents = [paper(f"d{n}", f"Number {n} is here, and says so at some length. So be it.") for n in range(60)]
    index = Index(tmp_path, HashEmbedder())
    index.sync(documents, prune=True)
    path = index.folder / "documents.sqlite"
    index.lexical._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    index.lexical.close()
    spoil(path, seed)
    if damage(path) is None:
        pytest.skip("these bytes fell where SQLite keeps nothing")
    with pytest.raises(IndexRefused, match=r"damaged.*python -m ingest --home"):
        Index(tmp_path, HashEmbedder())
    saved, lost, aside = recover_documents(tmp_path)
    assert aside.exists() and saved + lost <= 60
    again = Index(tmp_path, HashEmbedder())
    assert {d.id for d in again.documents()} <= {d.id for d in documents}
    again.sync([], prune=False)
    check(again, [d for d in documents if d.id in {kept.id for kept in again.documents()}])
    again.sync(documents, prune=True)
    check(again, documents)


@pytest.mark.parametrize("seed", range(12))
def test_a_single_byte_of_the_documents_that_is_not_as_it_was_written_is_told_of(tmp_path, seed):
    documents = [paper(f"d{n}", f"Number {n} is here, and says so at some length. So be it.") for n in range(60)]
    Index(tmp_path, HashEmbedder()).sync(documents, prune=True)
    path = tmp_path / "index" / "documents.sqlite"
    data = bytearray(path.read_bytes())
    data[random.Random(seed).randrange(len(data))] ^= 1
    path.write_bytes(data)
    with pytest.raises(IndexRefused, match=r"damaged.*python -m ingest --home"):
        Index(tmp_path, HashEmbedder())
    saved, lost, _ = recover_documents(tmp_path)
    assert saved >= 50 and saved + lost in (60, 61), "61 where it was a letter of an id"
    again = Index(tmp_path, HashEmbedder())
    again.sync(documents, prune=True)
    check(again, documents)


def test_documents_that_are_being_changed_are_not_taken_for_damaged(tmp_path):
    index = Index(tmp_path, HashEmbedder())
    index.sync([paper("a")], prune=True)
    with index.lexical.transaction():
        index.lexical.begin(["a"])
    index.lexical._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert damage(index.folder / "documents.sqlite") is None
    Index(tmp_path, HashEmbedder()).sync([paper("a"), paper("b")], prune=True)
    index.sync([paper("a")], prune=True)  # by a connection that was open meanwhile
    assert damage(index.folder / "documents.sqlite") is None
    check(Index(tmp_path, HashEmbedder()), [paper("a")])


def test_a_file_without_any_page_left_is_begun_anew(tmp_path):
    index = Index(tmp_path, HashEmbedder())
    index.sync([paper("a")], prune=True)
    index.lexical.close()
    (index.folder / "documents.sqlite").write_bytes(random.Random(0).randbytes(9_000))
    assert recover_documents(tmp_path)[:2] == (0, 0)
    again = Index(tmp_path, HashEmbedder())
    again.sync([paper("a")], prune=True)
    check(again, [paper("a")])


def talk(path, conversations=12):
    kept = Conversations(path)
    chat = Chat(build_agent(Scripted(), [search_corpus, blend_styles], kept.checkpointer), kept)
    for n in range(conversations):
        list(chat.ask(f"c{n}", f"why number {n}?"))
    kept.checkpointer.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept.close()


@pytest.fixture(scope="module")
def talked(tmp_path_factory):
    path = tmp_path_factory.mktemp("talk") / "conversations.sqlite"
    talk(path)
    return path


@pytest.mark.parametrize("seed", range(8))
def test_damaged_conversations_are_saved_as_far_as_can_be_read(tmp_path, talked, seed, capsys):
    path = tmp_path / "conversations.sqlite"
    shutil.copy(talked, path)
    spoil(path, seed)
    if damage(path):
        with pytest.raises(ConversationsRefused, match=r"damaged.*python -m app --recover --home"):
            Conversations(path)
        assert main(["why?", "--conversation", "c0", "--home", str(tmp_path)]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
        assert main(["--recover", "--home", str(tmp_path)]) == 0
        assert "were saved" in capsys.readouterr().out
    kept = Conversations(path)
    chat = Chat(build_agent(Scripted(), [search_corpus, blend_styles], kept.checkpointer), kept)
    whole = 0
    for one in kept.all():
        try:
            asked = [m for m in chat.messages(one.id) if isinstance(m, HumanMessage)]
        except ConversationsRefused as error:
            assert "damaged" in str(error) and "\n" not in str(error)
            continue
        if asked:
            whole += 1
            list(chat.ask(one.id, "and then?"))
            assert not chat.is_cut_off(one.id)
    assert whole >= 8, "one page holds parts of a few conversations"
    kept.close()


def test_whole_conversations_are_left_alone(tmp_path, talked):
    path = tmp_path / "conversations.sqlite"
    shutil.copy(talked, path)
    before = path.read_bytes()
    assert recover(path) is None and path.read_bytes() == before


def test_a_spoilt_letter_that_sqlite_does_not_notice_is_told(tmp_path, talked):
    path = tmp_path / "conversations.sqlite"
    shutil.copy(talked, path)
    kept = Conversations(path)
    connection = kept.checkpointer.conn
    connection.execute("UPDATE checkpoints SET parent_checkpoint_id = CAST(x'fffe' AS TEXT) WHERE thread_id = 'c3'")
    connection.commit()
    chat = Chat(build_agent(Scripted(), [search_corpus, blend_styles], kept.checkpointer), kept)
    with pytest.raises(ConversationsRefused, match="'c3' is damaged") as told:
        chat.messages("c3")
    assert "\n" not in str(told.value)
    assert chat.messages("c4")
    kept.close()
