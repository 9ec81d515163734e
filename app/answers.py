"""A cited answer: what every engine returns, the command line prints and the page shows.

It knows nothing of how an answer was found. A claim that cannot show its words in a document does not come into being.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from typing import Any, Literal

from langchain_core.messages import AIMessage

Kind = Literal["claim", "framing", "measured", "program"]
Status = Literal["answered", "missing", "refused"]
IN_SHORT, TASK, WORKFLOW = "In short", "Task", "Workflow"
UNDER_THE_HOOD, PAPERS, NOT_SAID = "Under the hood", "Papers and tools", "What the corpus does not say"
"""The headings of an answer in six sections, by which engines, page and exports know them."""


@dataclass(frozen=True)
class Citation:
    """A span of a document's text, in characters: `quote` is `text[start:end]`, to the letter."""

    document_id: str
    start: int
    end: int
    quote: str
    page: int | None = None  # of a PDF, counted from 1; what it cites begins there

    @property
    def on_page(self) -> str:
        """Where it stands, for people; empty where its document has no pages."""
        return f"page {self.page}" if self.page else ""


@dataclass(frozen=True)
class Sentence:
    """One sentence of an answer.

    A claim says what the corpus says and cites it. Framing restates the question, names a part, or says what the corpus
    lacks; a measured sentence says what a run measured and names its figure; a program sentence says how Undertone
    itself is used. Those three state nothing that a document says.
    """

    text: str
    kind: Kind
    citations: tuple[Citation, ...] = ()
    figure: str | None = None  # where a measured sentence's figure stands in the run's measurements
    document_id: str | None = None  # of the document in whose paragraph it stands; None: by itself
    confirmed: str | None = None  # where a language model wrote it: "near-quotation", or the judge's name

    def __post_init__(self) -> None:
        if self.kind == "claim" and not self.citations:
            raise ValueError(f"a claim without a citation: {self.text!r}")
        if (self.kind == "measured") != (self.figure is not None):
            raise ValueError(f"a measured sentence names its figure, and no other does: {self.text!r}")


@dataclass(frozen=True)
class Paragraph:
    """Sentences that stand together: under the name of a document, in its order, or by themselves."""

    document_id: str | None
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True)
class Section:
    heading: str  # empty where a short answer needs none
    sentences: tuple[Sentence, ...]

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """Its sentences, those of one document together."""
        return tuple(Paragraph(i, tuple(said)) for i, said in groupby(self.sentences, lambda s: s.document_id))


@dataclass(frozen=True)
class Source:
    """A document that supports the answer, with exactly the links that the corpus gives."""

    document_id: str
    kind: str  # "paper" | "model_card"
    title: str
    paper_url: str | None
    github_url: str | None


@dataclass(frozen=True)
class WorkflowStage:
    """A step of a workflow.

    `run` is the tool call that shows it happen: {"tool": str, "arguments": {...}}.
    """

    stage: Literal["input", "model", "output"]
    text: str
    citations: tuple[Citation, ...] = ()
    run: dict[str, Any] | None = None


STRICT = "strict"
OWN_WORDS = "every sentence is the corpus's own"


@dataclass(frozen=True)
class Checked:
    """What became of a language model's reply; of its sentences, those neither replaced nor dropped were confirmed."""

    checked: int = 0  # sentences that it wrote; none where it only planned
    replaced: int = 0  # by their passages
    dropped: int = 0
    links_removed: int = 0
    planner: str | None = None  # the language model
    judge: str | None = None  # who confirmed; STRICT where nobody did, and only near-quotations passed
    note: str | None = None  # why the reader answered in its place, or what else is to be known

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Checked:
        """Rebuild it; what earlier versions counted beside is left out."""
        return cls(**{part.name: data[part.name] for part in fields(cls) if part.name in data})

    def line(self) -> str:
        """Say it in one line."""
        if self.planner is None:
            return f"The reader answered: {self.note}" if self.note else self._counted()
        told = f"Planned by {self.planner}; {self._counted() if self.checked else OWN_WORDS}"
        return f"{told}; {self.note}" if self.note else told

    def _counted(self) -> str:
        sentences = f"sentence{'' if self.checked == 1 else 's'}"
        if self.planner is None:
            return f"{self.checked} {sentences} checked, {self.replaced} replaced, {self.dropped} dropped"
        by = "strict: only near-quotations pass" if self.judge == STRICT else f"judge: {self.judge}"
        lost = []
        if self.replaced:
            whose = "was replaced by its passage" if self.replaced == 1 else "were replaced by their passages"
            lost.append(f"{self.replaced} of {self.checked} {sentences} could not be confirmed and {whose}")
        if self.dropped:
            lost.append(f"{self.dropped} {'was' if self.dropped == 1 else 'were'} left out")
        all_held = (
            f"its {sentences} was confirmed" if self.checked == 1 else f"all {self.checked} {sentences} were confirmed"
        )
        return f"{', '.join(lost) or all_held} ({by})"


@dataclass(frozen=True)
class Partial:
    """Sections of an answer that is still being written: those that stand already."""

    sections: tuple[Section, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class CitedAnswer:
    """An answer in the format of `docs/reference.md`.

    `searched_for` is what was searched for; `checked` is None where no language model was asked.
    """

    question: str
    status: Status
    engine: str
    seconds: float
    sections: tuple[Section, ...] = ()
    sources: tuple[Source, ...] = ()
    workflow: tuple[WorkflowStage, ...] | None = None
    proposals: tuple[dict[str, Any], ...] = ()
    follow_ups: tuple[str, ...] = ()
    searched_for: str | None = None
    checked: Checked | None = None

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        return tuple(sentence for section in self.sections for sentence in section.sentences)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All that it cites, the workflow's stages last."""
        said = (citation for sentence in self.sentences for citation in sentence.citations)
        return (*said, *(citation for stage in self.workflow or () for citation in stage.citations))

    def to_json(self) -> dict[str, Any]:
        """Return plain dicts and lists, ready for `json.dumps`; a citation names its page where it has one."""
        return _plain(asdict(self))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CitedAnswer:
        """Rebuild an answer from `to_json`'s result."""

        def citations(items: Sequence[Mapping[str, Any]]) -> tuple[Citation, ...]:
            return tuple(Citation(**item) for item in items)

        given = dict(data)
        if "search_query" in given:  # as conversations of earlier versions have it
            given["searched_for"] = given.pop("search_query")
        given["sections"] = tuple(
            Section(
                section["heading"],
                tuple(Sentence(**{**s, "citations": citations(s["citations"])}) for s in section["sentences"]),
            )
            for section in data["sections"]
        )
        given["sources"] = tuple(Source(**source) for source in data["sources"])
        if data["workflow"] is not None:
            given["workflow"] = tuple(
                WorkflowStage(**{**s, "citations": citations(s["citations"])}) for s in data["workflow"]
            )
        given["proposals"] = tuple(data["proposals"])
        given["follow_ups"] = tuple(data["follow_ups"])
        if data.get("checked") is not None:
            given["checked"] = Checked.from_json(data["checked"])
        return cls(**given)

    def to_message(self, tool_calls: Sequence[dict[str, Any]] = ()) -> AIMessage:
        """Wrap the answer as a chat message: standard text blocks with citation annotations, a block per sentence."""
        links = {source.document_id: source for source in self.sources}
        blocks: list[str | dict[Any, Any]] = []
        for section in self.sections:
            for n, sentence in enumerate(section.sentences):
                lead = f"**{section.heading}**\n\n" if section.heading and n == 0 else ""
                annotations = [
                    {
                        "type": "citation",
                        "url": links[c.document_id].paper_url or links[c.document_id].github_url,
                        "title": links[c.document_id].title,
                        "cited_text": c.quote,
                        "extras": {"document_id": c.document_id, "start": c.start, "end": c.end},
                    }
                    for c in sentence.citations
                    if c.document_id in links
                ]
                blocks.append({"type": "text", "text": f"{lead}{sentence.text}\n", "annotations": annotations})
        return AIMessage(
            content=blocks or "",
            tool_calls=list(tool_calls),
            additional_kwargs={"cited_answer": self.to_json()},
        )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        has_no_page = value.keys() >= {"quote", "page"} and value["page"] is None
        return {key: _plain(item) for key, item in value.items() if not (has_no_page and key == "page")}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
