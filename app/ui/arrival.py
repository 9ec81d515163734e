"""What has arrived last comes into view.

Streamlit follows the end of a page to which a chat input is pinned. Here an answer is read from its question down, and
the empty page from its title, so the page is moved once for each question and each result, and then left alone.
"""

from __future__ import annotations

from app.ui.components import browser_component

MOUNT = browser_component("arrival")


def bring_into_view(conversation_id: str, key: str, *, asked: bool) -> None:
    """Bring the chat message that this is called in to the top of the view. Call it last in the message.

    Args:
        key: The message's; the same one is brought into view once.
        asked: Whether it is a question, which whoever asked wants to see; a result waits where it is found, if they
            read elsewhere.
    """
    MOUNT(key=f"arrival {key}", data={"conversation": conversation_id, "arrived": key, "asked": asked})
