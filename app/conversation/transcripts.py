"""A conversation as it is read: questions, cited answers and renders, made from the agent's messages.

It knows nothing of widgets; the page draws these entries and the export writes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from app.answers import WORKFLOW, Citation, CitedAnswer, Source
from app.conversation.chat import proposals
from app.markup import address, defuse, file_name
from tools.registry import TOOLS, needs_approval


@dataclass(frozen=True)
class Proposal:
    """A call that an answer proposes and a click runs."""

    call_id: str
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One thing said or made. Exactly one of the first four is set.

    Args:
        question: What the person typed.
        answer: What was answered.
        note: A line without an answer's form, e.g. that a limit was reached.
        result: The artifact of a run that a click started: `run_id`, `folder`, `record` and what its tool adds.
        view: Which view draws the result.
        key: Stable across reruns; the message's id.
        proposals: What an answer proposes.
    """

    key: str
    question: str | None = None
    answer: CitedAnswer | None = None
    note: str | None = None
    result: dict[str, Any] | None = None
    view: str = ""
    proposals: tuple[Proposal, ...] = field(default=())


def read_transcript(messages: Iterable[AnyMessage]) -> tuple[Entry, ...]:
    """Read a conversation's messages; searches and what was settled unrendered leave no entry."""
    return tuple(entry for message in messages for entry in _entries(message))


def number_sources(answer: CitedAnswer) -> dict[str, int]:
    """Number the documents of an answer from 1: the sources in their order, then any other that is cited."""
    cited = [citation.document_id for citation in answer.citations]
    listed = [source.document_id for source in answer.sources]
    return {document_id: number for number, document_id in enumerate(dict.fromkeys([*listed, *cited]), 1)}


def as_markdown(title: str, entries: Sequence[Entry]) -> str:
    """Write a conversation down with its sources."""
    blocks = [f"# {defuse(title)}"]
    for entry in entries:
        if entry.question is not None:
            blocks.append(f"## {defuse(' '.join(entry.question.split()))}")
        elif entry.answer is not None:
            blocks.extend(answer_as_markdown(entry.answer))
        elif entry.result is not None:
            blocks.append(f"Rendered in this run as `{file_name(str(entry.result.get('run_id', '')))}`:")
            blocks += [_fenced(request) for request in entry.result.get("record", {}).get("requests", ())]
        elif entry.note:
            blocks.append(defuse(entry.note))
    return "\n\n".join(blocks) + "\n"


def answer_as_markdown(answer: CitedAnswer) -> list[str]:
    """Write an answer down: blocks of text with [1] markers, then the sources with their links and what was quoted."""
    numbers = number_sources(answer)
    corpus = "\n".join(citation.quote for citation in answer.citations)  # whose addresses stay what they are
    corpus += "\n".join(url for source in answer.sources for url in (source.paper_url, source.github_url) if url)

    def with_markers(text: str, citations: Sequence[Citation]) -> str:
        marks = dict.fromkeys(f"[{numbers[citation.document_id]}]" for citation in citations)
        return f"{defuse(text, corpus)} {''.join(marks)}".strip()

    blocks = []
    if answer.searched_for and answer.searched_for.strip() != answer.question.strip():
        blocks.append(f"Searched for: {defuse(answer.searched_for)}")
    stages = [f"- {s.stage}: {with_markers(s.text, s.citations)}" for s in answer.workflow or ()]
    for section in answer.sections:
        if section.heading:
            blocks.append(f"### {defuse(section.heading)}")
        blocks.append("\n\n".join(with_markers(s.text, s.citations) for s in section.sentences))
        if section.heading == WORKFLOW:
            blocks.append("\n".join(stages))
    if stages and not any(section.heading == WORKFLOW for section in answer.sections):
        blocks += ["### Input → model → output", "\n".join(stages)]
    if answer.checked:
        blocks.append(f"({defuse(answer.checked.line())})")
    if answer.sources:
        blocks.append("### Sources")
        blocks += [_source(numbers[source.document_id], source, answer) for source in answer.sources]
    return [block for block in blocks if block.strip()]


def _source(number: int, source: Source, answer: CitedAnswer) -> str:
    kind = source.kind.replace("_", " ")
    lines = [
        f"[{number}] {defuse(source.title)} ({kind})",
        f"    Paper: {address(source.paper_url) if source.paper_url else 'none given'}",
        f"    GitHub: {address(source.github_url) if source.github_url else 'none given'}",
    ]
    cited = dict.fromkeys((c.quote, c.on_page) for c in answer.citations if c.document_id == source.document_id)
    told = (f"    “{defuse(quote, quote)}”{f' ({page})' if page else ''}" for quote, page in cited)
    return "\n".join([*lines, *told])


def _fenced(request: dict[str, Any]) -> str:
    """A request as a block of JSON, in a fence that is longer than any in it."""
    written = json.dumps(request, indent=2, ensure_ascii=False)
    fence = "`" * max(3, 1 + max((len(ticks) for ticks in re.findall("`+", written)), default=0))
    return f"{fence}json\n{written}\n{fence}"


def _entries(message: AnyMessage) -> Iterable[Entry]:
    key = message.id or ""
    if isinstance(message, HumanMessage):
        if "render_of" not in message.additional_kwargs:
            yield Entry(key, question=message.text)
    elif isinstance(message, AIMessage):
        found = tuple(Proposal(call["id"], call["name"], call["args"]) for call in proposals(message))
        if "cited_answer" in message.additional_kwargs:
            answer = CitedAnswer.from_json(message.additional_kwargs["cited_answer"])
            yield Entry(key, answer=answer, proposals=found)
        elif message.content and not message.tool_calls:
            yield Entry(key, note=message.text)
    elif isinstance(message, ToolMessage) and needs_approval(message.name or "") and message.artifact:
        yield Entry(key, result=message.artifact, view=TOOLS[message.name or ""].view)
