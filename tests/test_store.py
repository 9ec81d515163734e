"""The conversations kept under a home: named, ordered, and refused in one line where their file is none."""

from __future__ import annotations

import pytest

from app.conversation.store import TITLE_CHARS, Conversations, ConversationsRefused, UnknownConversation


@pytest.fixture
def conversations(tmp_path):
    kept = Conversations(tmp_path / "home" / "conversations.sqlite")
    yield kept
    kept.close()


def test_the_last_used_comes_first_and_keeps_its_first_question_as_its_name(conversations):
    first = conversations.start("What is\nFedStyle?", "one")
    conversations.start("x" * 300, "two")
    assert [kept.id for kept in conversations.all()] == ["two", "one"]
    assert len(conversations.get("two").title) == TITLE_CHARS
    again = conversations.start("And its GitHub?", "one")
    assert (again.title, again.created_at) == (first.title, first.created_at) == ("What is FedStyle?", first.created_at)
    assert [kept.id for kept in conversations.all()] == ["one", "two"]


def test_rename_and_delete(conversations):
    kept = conversations.start("What is FedStyle?")
    conversations.rename(kept.id, " Art  commissions ")
    assert conversations.get(kept.id).title == "Art commissions"
    with pytest.raises(ValueError, match="needs a name"):
        conversations.rename(kept.id, "  ")
    conversations.delete(kept.id)
    with pytest.raises(UnknownConversation, match=kept.id):
        conversations.get(kept.id)


def test_a_file_that_cannot_be_used_is_one_line(tmp_path):
    spoilt = tmp_path / "conversations.sqlite"
    spoilt.write_text("no database, but as long as one might be" * 40)
    for path in (spoilt, spoilt / "below a file" / "conversations.sqlite"):
        with pytest.raises(ConversationsRefused, match=r"(damaged .*--recover|cannot be used .*; make room)"):
            Conversations(path)
