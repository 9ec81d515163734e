"""The long answer: how something is done, in five sections, each out of the documents that bear on it.

Every claim is a sentence of the corpus, to the letter; what frames them restates the question or says what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.answering.candidates import Shelf, telling
from app.answering.rhetoric import role_of
from app.answers import Section, Sentence, WorkflowStage
from app.understanding.intents import short_name
from app.understanding.styles import styles_in
from ingest.documents import Document

_INPUT_CUE = re.compile(
    r"\btext-to-image\b|\btext prompts?\b|\binputs?\b|\bgiven (a|an|the)\b|\breference\b|\bartworks?\b", re.I
)
_OUTPUT_CUE = re.compile(
    r"\b(to produce|produces?|generated images?|resulting images?|outputs?|yields?|enabl\w+|predict\w*)\b", re.I
)
_METHOD_CUE = re.compile(r"\b(model|method|approach|framework|network|algorithm|process|layers?|training)\b", re.I)


@dataclass(frozen=True)
class Explanation:
    """The five sections, the workflow drawn from them, and the documents that they rest on, best first."""

    sections: tuple[Section, ...]
    workflow: tuple[WorkflowStage, ...] | None
    documents: tuple[Document, ...]


def explain(question: str, shelf: Shelf, *, with_model: bool) -> Explanation:
    """Tell how it is done.

    Args:
        question: As typed: it names the styles.
        with_model: It is about image models: name the model card that the corpus has.
    """
    documents = shelf.supporting(with_model=with_model)
    readable = [d for d in documents if shelf.sentences(d)]
    lead = readable[0]
    workflow = _workflow(question, shelf, documents, lead)
    sections = [Section("Task", _task(question, shelf, lead))]
    if workflow:
        sections.append(Section("Workflow", _spelled_out(workflow)))
    sections += [
        Section("Under the hood", tuple(_under_the_hood(shelf, readable))),
        Section("Papers and tools", tuple(shelf.listing(d) for d in documents)),
        Section("What the corpus does not say", tuple(_not_said(question, shelf, documents))),
    ]
    return Explanation(tuple(s for s in sections if s.sentences), workflow, tuple(documents))


def _task(question: str, shelf: Shelf, lead: Document) -> tuple[Sentence, ...]:
    styles = styles_in(question)
    if len(styles) > 1:
        names = " and ".join(f"“{s.text}”" for s in styles)
        where = "in one prompt" if re.search(r"\bone prompt\b", question, re.I) else "together"
        framing = f"You name {names} {where} and ask how both are balanced. The task, in the corpus's words:"
    else:
        framing = "The task, in the corpus's words:"
    setting = [c for c in shelf.ranked(None) if c.document.id == lead.id]
    apt = [c for c in setting if role_of(c.passage.text) in ("background", "problem")] or setting
    chosen = sorted(apt[:2], key=lambda c: c.passage.start)
    return (Sentence(framing, "framing"), *(c.claim for c in chosen))


def _under_the_hood(shelf: Shelf, documents: Sequence[Document]) -> list[Sentence]:
    """How each document says it is done: three sentences of the first, two of each other."""
    sentences: list[Sentence] = []
    for n, document in enumerate(documents):
        mine = [c for c in shelf.ranked("mechanism") if c.document.id == document.id]
        ranked = sorted(mine, key=lambda c: -telling(c, ("mechanism",)))[: 3 if n == 0 else 2]
        apt = [c for c in ranked if role_of(c.passage.text) not in ("background", "problem", None)]
        chosen = apt or ranked[:1]
        sentences.append(Sentence(f"From {short_name(document.title)}:", "framing"))
        sentences += [c.claim for c in sorted(chosen, key=lambda c: c.passage.start)]
    return sentences


def _workflow(
    question: str, shelf: Shelf, documents: Sequence[Document], lead: Document
) -> tuple[WorkflowStage, ...] | None:
    """Input, model, output, as far as the lead document and the model card name them; None where they do not."""
    own = [c for c in shelf.ranked("mechanism") if c.document.id == lead.id]
    steps = sorted(own, key=lambda c: -telling(c, ("mechanism",)))
    if not any(_METHOD_CUE.search(c.passage.text) for c in own):
        return None
    step = steps[0]
    inputs = [c for c in own if _INPUT_CUE.search(c.passage.text) and c.passage != step.passage]
    outputs = [c for c in own if _OUTPUT_CUE.search(c.passage.text) and c.passage != step.passage]
    outputs.sort(key=lambda c: -telling(c, ("contribution", "mechanism")))
    inputs.sort(key=lambda c: c.passage.start)
    if not inputs or not outputs:
        return None
    styles = styles_in(question)
    named = " and ".join(f"“{s.text}”" for s in styles)
    output = next((c for c in outputs if c.passage != inputs[0].passage), outputs[0])
    card = next((d for d in documents if d.kind == "model_card"), None)
    model_lines = shelf.field(card, "Model") if card else []
    return (
        WorkflowStage(
            "input",
            f"One prompt that names {named}" if styles else inputs[0].passage.text,
            inputs[0].claim.citations,
        ),
        WorkflowStage(
            "model",
            " — ".join(
                [*(c.quote.removeprefix("Model: ") for s in model_lines for c in s.citations), step.passage.text]
            ),
            (*(c for s in model_lines for c in s.citations), *step.claim.citations),
        ),
        WorkflowStage("output", output.passage.text, output.claim.citations),
    )


def _not_said(question: str, shelf: Shelf, documents: Sequence[Document]) -> Iterable[Sentence]:
    for document in documents:
        if not document.paper_url:
            yield from shelf.field(document, "Paper")
        if not document.github_url:
            yield from shelf.field(document, "GitHub")
    styles = styles_in(question)
    corpus = " ".join(p.text.lower() for d in shelf.documents for p in shelf.passages(d))
    if len(styles) > 1:
        names = " and ".join(f"“{s.text}”" for s in styles)
        card = next((d for d in documents if d.kind == "model_card"), None)
        model = f"{card.title}{_base_model(card)}" if card else "a model"
        if not all(s.text.lower() in corpus for s in styles):
            yield Sentence(
                f"No passage says how {model} weighs two style phrases such as {names} inside one prompt.",
                "framing",
            )
    if re.search(r"\bweights?\b", question, re.I) and not re.search(r"\bweights?\b", corpus):
        yield Sentence(
            "The corpus does not use the word “weights”. It can mean three things, which a render shows apart: the "
            "model's parameters, the attention weights, and the shares you give the styles.",
            "framing",
        )


def _spelled_out(workflow: Sequence[WorkflowStage]) -> tuple[Sentence, ...]:
    """The stages as sentences: what the question gives as framing, what the corpus says as claims."""
    sentences: list[Sentence] = []
    for stage in workflow:
        quotes = [c.quote for c in stage.citations]
        restated = stage.text if not any(q.removeprefix("Model: ") in stage.text for q in quotes) else ""
        sentences.append(Sentence(f"{stage.stage.capitalize()}: {restated}".strip(), "framing"))
        sentences += [Sentence(c.quote, "claim", (c,)) for c in stage.citations]
    return tuple(sentences)


def _base_model(card: Document) -> str:
    """The repository's name where it differs from the title: for many cards it names the base model."""
    repository = (card.github_url or "").rstrip("/").rsplit("/", 1)[-1]
    return f" ({repository})" if repository and repository.lower() not in card.title.lower() else ""
