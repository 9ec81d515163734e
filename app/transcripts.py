"""A conversation as it is read: questions, cited answers, renders. Made from the agent's messages, and exported as Markdown.

It knows nothing of widgets; the page draws these entries and the export writes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from app.agent import BLEND_TOOL
from app.answers import Citation, CitedAnswer
from app.chat import proposals


@dataclass(frozen=True)
class Proposal:
    """A blend that an answer proposes."""

    call_id: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One thing said or made. Exactly one of the first four is set.

    Args:
        question: What the person typed.
        answer: What was answered.
        note: A line without an answer's form, e.g. that a limit was reached.
        render: A finished blend's artifact: `run_id`, `folder`, `record`, `measurements`.
        key: Stable across reruns; the message's id.
        proposals: What an answer proposes.
    """

    key: str
    question: str | None = None
    answer: CitedAnswer | None = None
    note: str | None = None
    render: dict[str, Any] | None = None
    proposals: tuple[Proposal, ...] = field(default=())


def read_transcript(messages: Iterable[AnyMessage]) -> tuple[Entry, ...]:
    """Read a conversation's messages; searches and what was settled unrendered leave no entry."""
    return tuple(entry for message in messages for entry in _entries(message))


def number_citations(answer: CitedAnswer) -> dict[Citation, int]:
    """Number an answer's citations from 1, in the order in which they appear; the same passage keeps its number."""
    numbers: dict[tuple[str, int, int], int] = {}
    numbered: dict[Citation, int] = {}
    for citation in _citations(answer):
        place = (citation.document_id, citation.start, citation.end)
        numbered[citation] = numbers.setdefault(place, len(numbers) + 1)
    return numbered


def as_markdown(title: str, entries: Sequence[Entry]) -> str:
    """Write a conversation down with its sources."""
    blocks = [f"# {title}"]
    for entry in entries:
        if entry.question is not None:
            blocks.append(f"## {' '.join(entry.question.split())}")
        elif entry.answer is not None:
            blocks.extend(answer_as_markdown(entry.answer))
        elif entry.render is not None:
            request = entry.render.get("record", {}).get("request", {})
            blocks.append(f"Rendered in this run as `{entry.render.get('run_id', '')}`:")
            blocks.append(f"```json\n{json.dumps(request, indent=2, ensure_ascii=False)}\n```")
        elif entry.note:
            blocks.append(entry.note)
    return "\n\n".join(blocks) + "\n"


def answer_as_markdown(answer: CitedAnswer) -> list[str]:
    """Write an answer down: blocks of text with [1] markers, the quotes they stand for, the sources with their links."""
    numbers = number_citations(answer)

    def with_markers(text: str, citations: Sequence[Citation]) -> str:
        return " ".join([text, "".join(f"[{numbers[c]}]" for c in dict.fromkeys(citations))]).strip()

    blocks = []
    for section in answer.sections:
        if section.heading:
            blocks.append(f"### {section.heading}")
        blocks.append(" ".join(with_markers(s.text, s.citations) for s in section.sentences))
        if section.heading == "Workflow" and answer.workflow:
            blocks.append(
                "\n".join(f"- {stage.stage}: {with_markers(stage.text, stage.citations)}" for stage in answer.workflow)
            )
    quotes = {number: citation for citation, number in numbers.items()}
    if quotes:
        blocks.append("### Quotes")
        blocks.append("\n".join(f"{n}. {quotes[n].document_id}: “{quotes[n].quote}”" for n in sorted(quotes)))
    if answer.sources:
        blocks.append("### Sources")
        blocks.append("\n".join(f"- {source_line(source)}" for source in answer.sources))
    return [block for block in blocks if block.strip()]


def source_line(source: Any) -> str:
    """One source with its links; that a document has none is said."""
    paper = f"paper {source.paper_url}" if source.paper_url else "no paper given"
    github = f"GitHub {source.github_url}" if source.github_url else "no GitHub given"
    kind = "model card" if source.kind == "model_card" else source.kind
    return f"{source.title} ({kind}): {paper}; {github}"


def _citations(answer: CitedAnswer) -> Iterable[Citation]:
    for section in answer.sections:
        for sentence in section.sentences:
            yield from sentence.citations
    for stage in answer.workflow or ():
        yield from stage.citations


def _entries(message: AnyMessage) -> Iterable[Entry]:
    key = message.id or ""
    if isinstance(message, HumanMessage):
        if "render_of" not in message.additional_kwargs:
            yield Entry(key, question=message.text)
    elif isinstance(message, AIMessage):
        found = tuple(Proposal(call["id"], call["args"]) for call in proposals(message))
        if "cited_answer" in message.additional_kwargs:
            answer = CitedAnswer.from_json(message.additional_kwargs["cited_answer"])
            yield Entry(key, answer=answer, proposals=found)
        elif message.content and not message.tool_calls:
            yield Entry(key, note=message.text)
    elif isinstance(message, ToolMessage) and message.name == BLEND_TOOL and message.artifact:
        yield Entry(key, render=message.artifact)
