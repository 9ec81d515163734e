"""What a language model is handed to answer from: the question, the conversation so far, and numbered passages.

All of it is data inside tags that no text can close. It knows neither the model nor what becomes of the reply.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from app.answers import CitedAnswer
from app.generation.markup import UNSEEN
from ingest.documents import Document
from ingest.names import short_name
from ingest.passages import Passage

Task = Literal["plan", "write"]
PROMPTS = Path(__file__).parent / "prompts"
MAX_PASSAGES = 12
MAX_PASSAGES_CHARS = 24_000
"""About 6,000 tokens: with the rest of the brief it fits a window of 8,192."""
MAX_PLANNED = 8
"""Passages that a section of a reply may name."""
WHOLE_TURNS = 3
"""The last turns are told whole; of those before them, what was asked and which documents answered."""
MAX_TURNS = 12
MAX_TOLD_CHARS = 600

_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")"})
"""What could close a tag, look like a passage's number, or like a chat template's own marks."""


def brief(
    task: Task,
    question: str,
    earlier: Sequence[CitedAnswer],
    passages: Sequence[Passage],
    documents: Mapping[str, Document],
) -> list[BaseMessage]:
    """Write the messages that ask for a plan, or for sentences.

    Args:
        task: What is asked for.
        question: As typed.
        earlier: The conversation's answers, oldest first.
        passages: What may be told, numbered from 1 in this order.
        documents: The passages' documents by id.
    """
    parts = {"conversation": digest(earlier), "passages": listed(passages, documents), "question": as_line(question)}
    told = "\n\n".join(f"<{tag}>\n{text}\n</{tag}>" for tag, text in parts.items() if text)
    return [SystemMessage(prompt(task)), HumanMessage(told)]


def listed(passages: Sequence[Passage], documents: Mapping[str, Document]) -> str:
    """Write the passages down, one a line, each document's below its title."""
    lines: list[str] = []
    for document_id, some in groupby(enumerate(passages, 1), lambda numbered: numbered[1].document_id):
        lines.append(as_line(short_name(documents[document_id].title)))
        lines += [f"[{n}] {as_line(passage.text)}" for n, passage in some]
    return "\n".join(lines)


def schema_of(task: Task, count: int) -> dict[str, Any]:
    """The JSON schema of a reply about so many passages; a plan can name no other."""
    number = {"type": "integer", "enum": list(range(1, count + 1))}
    named = {"type": "array", "items": number, "maxItems": MAX_PLANNED}
    body = {"passages": named} if task == "plan" else {"sentences": {"type": "array", "items": {"type": "string"}}}
    section = {
        "type": "object",
        "properties": {"heading": {"type": "string"}, **body},
        "required": ["heading", *body],
        "additionalProperties": False,
    }
    return {
        "title": task,
        "description": "What answers the question, in its order.",
        "type": "object",
        "properties": {
            "sections": {"type": "array", "items": section, "maxItems": 4},
            "missing": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["sections", "missing"],
        "additionalProperties": False,
    }


def choose_passages(told: Sequence[Passage], found: Sequence[Passage]) -> tuple[Passage, ...]:
    """Choose what may be told, as far as it fits: what the reader would say first, then what the search found.

    A document's passages stand together, the documents in the order of their first.
    """
    chosen: dict[str, Passage] = {}
    room = MAX_PASSAGES_CHARS
    for passage in (*told, *found):
        if passage.id not in chosen and not passage.is_field and len(passage.text) <= room:
            chosen[passage.id] = passage
            room -= len(passage.text)
        if len(chosen) == MAX_PASSAGES:
            break
    documents = list(dict.fromkeys(passage.document_id for passage in chosen.values()))
    return tuple(sorted(chosen.values(), key=lambda passage: documents.index(passage.document_id)))


def digest(earlier: Sequence[CitedAnswer]) -> str:
    """Tell a conversation in little room: the last turns, and of those before only what they were about.

    LangChain's SummarizationMiddleware would put a text that nothing checks in the place of the messages, from which
    the page reads the conversation. What stands here was checked when it was answered.
    """
    lines = []
    for age, answer in reversed(list(enumerate(reversed(earlier[-MAX_TURNS:])))):
        lines.append(f"Asked: {as_line(answer.question)[:MAX_TOLD_CHARS]}")
        if age < WHOLE_TURNS:
            lines.append(f"Answered: {as_line(' '.join(s.text for s in answer.sentences))[:MAX_TOLD_CHARS]}")
        elif answer.sources:
            lines.append(f"Answered from: {as_line('; '.join(source.title for source in answer.sources))}")
    return "\n".join(lines)


def as_line(text: str) -> str:
    """Write data on one line that closes no tag and holds no number in brackets."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", UNSEEN.sub("", text)).split()).translate(_LOOKALIKES)


@lru_cache
def prompt(name: str) -> str:
    """The instructions of that name."""
    return (PROMPTS / f"{name}.md").read_text(encoding="utf-8")
