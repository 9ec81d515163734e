"""What a language model is handed to answer from: the question, the conversation so far, and passages.

All of it is data inside tags that no text can close. It knows neither the model nor what becomes of the reply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from app.answers import CitedAnswer
from ingest.documents import Document
from ingest.passages import Passage

PROMPTS = Path(__file__).parent / "prompts"
MAX_PASSAGES = 12
MAX_PASSAGES_CHARS = 24_000
"""About 6,000 tokens: with the rest of the brief it fits a window of 8,192."""
WHOLE_TURNS = 3
"""The last turns are told whole; of those before them, what was asked and which documents answered."""
MAX_TURNS = 12
MAX_TOLD_CHARS = 600

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>[]"}


def brief(
    question: str, earlier: Sequence[CitedAnswer], passages: Sequence[Passage], documents: Mapping[str, Document]
) -> list[BaseMessage]:
    """Write the messages that ask for an answer.

    Args:
        question: As typed.
        earlier: The conversation's answers, oldest first.
        passages: What may be quoted.
        documents: The passages' documents by id.
    """
    listed = [{"key": p.id, "document": documents[p.document_id].title, "text": p.text} for p in passages]
    parts = {"conversation": digest(earlier), "question": question, "passages": listed}
    told = "\n\n".join(f"<{tag}>\n{as_data(value)}\n</{tag}>" for tag, value in parts.items() if value)
    return [SystemMessage(_prompt("answer")), HumanMessage(told)]


def brief_again(asked: Sequence[BaseMessage], reply: str, failed: Mapping[int, tuple[str, str]]) -> list[BaseMessage]:
    """Write the messages that ask once more for the sentences that failed.

    Args:
        asked: What was asked first.
        reply: What came back.
        failed: The failed sentences with the reasons, by number.
    """
    listed = [{"n": n, "text": text, "reason": reason} for n, (text, reason) in failed.items()]
    told = f"{_prompt('mend')}\n<failed>\n{as_data(listed)}\n</failed>"
    return [*asked, AIMessage(reply), HumanMessage(told)]


def choose_passages(told: Sequence[Passage], found: Sequence[Passage]) -> tuple[Passage, ...]:
    """Choose what may be quoted: what the reader would say first, then what the search found, as far as it fits."""
    chosen: dict[str, Passage] = {}
    room = MAX_PASSAGES_CHARS
    for passage in (*told, *found):
        if passage.id not in chosen and not passage.is_field and len(passage.text) <= room:
            chosen[passage.id] = passage
            room -= len(passage.text)
        if len(chosen) == MAX_PASSAGES:
            break
    return tuple(chosen.values())


def digest(earlier: Sequence[CitedAnswer]) -> list[dict[str, Any]]:
    """Tell a conversation in little room: the last turns, and of those before only what they were about.

    LangChain's SummarizationMiddleware would put a text that nothing checks in the place of the messages, from which
    the page reads the conversation. What stands here was checked when it was answered.
    """
    turns = []
    for age, answer in reversed(list(enumerate(reversed(earlier[-MAX_TURNS:])))):
        turn: dict[str, Any] = {"asked": answer.question[:MAX_TOLD_CHARS]}
        if age < WHOLE_TURNS:
            turn["answered"] = " ".join(s.text for s in answer.sentences)[:MAX_TOLD_CHARS]
        else:
            turn["answered from"] = [source.title for source in answer.sources]
        turns.append(turn)
    return turns


def as_data(value: Any) -> str:
    """Write JSON whose texts hold no bracket: none can close a tag, or look like a chat template's own marks."""
    written = json.dumps(value, ensure_ascii=False, indent=1)
    return _STRING.sub(lambda text: text[0].translate(_ESCAPES), written)


def _prompt(name: str) -> str:
    return (PROMPTS / f"{name}.md").read_text(encoding="utf-8")
