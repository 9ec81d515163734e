"""What holds of every store of conversations, wherever it keeps them: for the test files of each.

`here` and `there` are two openings of one store, or one of them twice.
"""

from __future__ import annotations

import pytest

from app.conversation.store import TITLE_CHARS, Conversations, UnknownConversation


def lists_the_last_used_first(here: Conversations, there: Conversations, question: str) -> str:
    """The last used comes first, and a conversation keeps its first question as its name, which is returned."""
    first = here.start(question, "one")
    there.start("x" * 300, "two")
    assert [kept.id for kept in here.all()] == [kept.id for kept in there.all()] == ["two", "one"]
    assert len(here.get("two").title) == TITLE_CHARS
    again = there.start("And its GitHub?", "one")
    assert (again.title, again.created_at) == (first.title, first.created_at)
    assert [kept.id for kept in here.all()] == ["one", "two"]
    return again.title


def renames_and_deletes(here: Conversations, there: Conversations) -> None:
    kept = here.start("What is FedStyle?")
    there.rename(kept.id, " Art  commissions ")
    assert here.get(kept.id).title == "Art commissions"
    with pytest.raises(ValueError, match="needs a name"):
        here.rename(kept.id, "  ")
    here.delete(kept.id)
    with pytest.raises(UnknownConversation, match=kept.id):
        there.get(kept.id)
