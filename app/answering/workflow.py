"""A document's workflow: which of its sentences tells what goes in, what the model does, and what comes out.

The stage of a sentence is learned (`tools/reading/heads.py`); here the three are chosen, each another sentence. It
knows no topic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any

from app.answering.proposals import BETWEEN_TWO
from app.answering.reading import Candidate
from app.answers import Sentence, WorkflowStage
from ingest.names import short_name
from tools.registry import TOOLS
from tools.rendering import RUN_EXPERIMENT
from tools.specs import StageCall
from tools.swapping import SHOW_SWAP
from tools.tokens import READ_PROMPT

STAGES = ("input", "model", "output")
FITS = {
    "input": {"background": 0.3, "objective": 0.3, "result": -0.6, "other": -0.6},
    "model": {"method": 0.8, "objective": 0.3, "background": -0.3, "result": -0.6, "other": -0.6},
    "output": {"objective": 0.3, "result": 0.3, "background": -0.3, "other": -0.6},
}
"""How far a sentence's role in its document speaks for a stage."""
MAX_CHOICES = 8
MODEL_TELLS = -0.2
"""The model's sentence tells of it better than this; where none does, the text draws no workflow."""


def stages_of(sentences: Sequence[Candidate], stages: Sequence[str] = STAGES) -> dict[str, Candidate]:
    """Choose a sentence for each stage, all of one document; empty where its text has no such sentences.

    Args:
        sentences: Those that may be told.
        stages: Those that the text is to tell; the model's is among them.
    """
    able = sorted((c for c in sentences if c.stages), key=lambda c: -max(tells(c, stage) for stage in stages))
    model = stages.index("model")
    choices = permutations(able[:MAX_CHOICES], len(stages))
    found = [some for some in choices if tells(some[model], "model") > MODEL_TELLS]
    best = max(found, key=lambda some: sum(tells(c, s) for c, s in zip(some, stages, strict=True)), default=())
    return dict(zip(stages, best, strict=True)) if best else {}


def tells(candidate: Candidate, stage: str) -> float:
    """How well a sentence tells of a stage, and not of none."""
    fit = sum(weight * candidate.roles.get(role, 0.0) for role, weight in FITS[stage].items())
    return candidate.stages[stage] - candidate.stages["none"] + fit


def drawn(
    chosen: dict[str, Candidate],
    styles: Sequence[str] = (),
    model: Sentence | None = None,
    run: Mapping[str, Any] | None = None,
) -> tuple[WorkflowStage, ...]:
    """Draw the stages.

    Args:
        chosen: From `stages_of`.
        styles: Named in the question: they are its own input.
        model: The line that names the model which would run it; told behind the method, which is another document's.
        run: The tool call that runs it; what goes in and what comes out are shown by calls made of it.
    """
    calls = runs_of(run) if run else {}
    stages = []
    if styles:
        stages.append(WorkflowStage("input", f"One prompt that names {_listed(styles)}", run=calls.get("input")))
    for stage, candidate in chosen.items():
        text, citations = candidate.passage.text, candidate.claim.citations
        if stage == "model" and model:
            name = model.text.partition(": ")[2] or model.text
            text, citations = f"{text} Model in the corpus: {name}", (*citations, *model.citations)
        stages.append(WorkflowStage(stage, text, citations, calls.get(stage)))  # type: ignore[arg-type]
    return tuple(stages)


def runs_of(run: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The tool calls that show a workflow's stages: those that the tool declares, or a blend's.

    Those are its prompt's tokens, its render, and its picture as the weights move; with a reference the reference, the
    render, and the picture with the swap and without.

    Args:
        run: The call that renders it.
    """
    arguments = run["arguments"]
    if shows := TOOLS[run["tool"]].shows:
        return {stage: call_of(call, run) for stage, call in shows.stages.items()}
    calls = {"model": dict(run)}
    if arguments.get("references"):
        for stage, part in (("input", "references"), ("output", "pictures")):
            calls[stage] = {"tool": SHOW_SWAP.name, "arguments": {**arguments, "part": part}}
        return calls
    styles = arguments.get("styles", ())
    if not styles:
        return calls
    read = {"subject": arguments.get("subject", ""), "styles": [style["text"] for style in styles]}
    calls["input"] = {"tool": READ_PROMPT.name, "arguments": read}
    if len(styles) == BETWEEN_TWO:
        calls["output"] = {"tool": RUN_EXPERIMENT.name, "arguments": {**arguments, "experiment": "flip"}}
    return calls


def call_of(call: StageCall, run: Mapping[str, Any]) -> dict[str, Any]:
    """A stage's tool call, made of the workflow's."""
    arguments = {**run["arguments"], **call.changes}
    if call.tool is None:
        return {"tool": run["tool"], "arguments": arguments}
    own = TOOLS[call.tool].arguments.model_fields
    return {"tool": call.tool, "arguments": {name: value for name, value in arguments.items() if name in own}}


def told_by(chosen: dict[str, Candidate]) -> Sentence:
    """Say whose workflow it is."""
    document = next(iter(chosen.values())).document
    return Sentence(f"Input → model → output, as {short_name(document.title)} tells it:", "framing")


def _listed(styles: Sequence[str]) -> str:
    return " and ".join(f"“{style}”" for style in styles)
