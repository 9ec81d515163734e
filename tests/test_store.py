"""The conversations kept under a home: named, ordered, and refused in one line where their file is none."""

from __future__ import annotations

import pytest

from app.conversation.store import Conversations, ConversationsRefused
from tests.conversation_laws import lists_the_last_used_first, renames_and_deletes


@pytest.fixture
def conversations(tmp_path):
    kept = Conversations(tmp_path / "home" / "conversations.sqlite")
    yield kept
    kept.close()


def test_the_last_used_comes_first_and_keeps_its_first_question_as_its_name(conversations):
    assert lists_the_last_used_first(conversations, conversations, "What is\nFedStyle?") == "What is FedStyle?"


def test_rename_and_delete(conversations):
    renames_and_deletes(conversations, conversations)


def test_a_file_that_cannot_be_used_is_one_line(tmp_path):
    spoilt = tmp_path / "conversations.sqlite"
    spoilt.write_text("no database, but as long as one might be" * 40)
    for path in (spoilt, spoilt / "below a file" / "conversations.sqlite"):
        with pytest.raises(ConversationsRefused, match=r"(damaged .*--recover|cannot be used .*; make room)"):
            Conversations(path)
