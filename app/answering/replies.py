"""Answers to what needs no search: requests for pictures and experiments, questions about runs and about Undertone.

Each is made from the Request, the conversation's runs and the program's registries. It knows no document of the corpus.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.answering.findings import OFFERS, compared_runs, told_facts
from app.answering.program import Setup, tell_program
from app.answering.proposals import FINDS_OUT, blend_proposal, experiment_proposal, tool_proposal, untaught_sentence
from app.answering.run_facts import tell_comparison, tell_run
from app.answering.shown import tool_for
from app.answering.starters import STARTERS
from app.answers import CitedAnswer, Section, Sentence, Status
from app.understanding.clarification import LABELS
from app.understanding.request import Kind, Request

CORPUS_KINDS: frozenset[Kind] = frozenset({"ask", "links", "foreign"})
PICTURE_KINDS: frozenset[Kind] = frozenset({"render", "adjust", "experiment"})
NOT_FOUND = "Nothing on it was found in the corpus; a run can tell."


@dataclass(frozen=True)
class Background:
    """What a reply may draw on.

    Args:
        made: Finished runs, oldest first: {"tool", "arguments", "artifact"}.
        last: Tool and arguments of what was proposed or made last.
        styles: The styles that were spoken of last, with shares.
        setup: What is in use.
    """

    made: tuple[Mapping[str, Any], ...] = ()
    last: Mapping[str, Any] | None = None
    styles: tuple[tuple[str, float], ...] = ()
    setup: Setup = field(default_factory=Setup)


def reply_to(request: Request, background: Background, engine: str) -> CitedAnswer | None:
    """Answer a request; None for one that the corpus is searched for.

    Args:
        request: What is wanted.
        background: What there is to answer from.
        engine: The engine that answers.
    """
    plain = CitedAnswer(request.message, "answered", engine, 0.0)
    if request.runner_up:
        return _asked_back(plain, request)
    if request.kind in CORPUS_KINDS:
        return None
    if request.kind in PICTURE_KINDS:
        return _proposed(plain, request, background)
    if request.kind == "social":
        return _said(plain, [_small_talk(request, background)], follow_ups=() if background.last else STARTERS)
    if request.kind == "program":
        return replace(plain, sections=(Section("", tell_program(request, background.setup)),), follow_ups=STARTERS[1:])
    if not background.made:
        text = "Nothing was rendered in this conversation yet: click Render on what is proposed, or ask for a blend."
        return _said(plain, [text], follow_ups=STARTERS[1:])
    if request.kind == "compare" and len(background.made) > 1:
        sections = tell_comparison(request.message, *background.made[-2:])
    else:
        sections = tell_run(request.message, background.made[-1])
    told = replace(plain, sections=sections, follow_ups=OFFERS)
    offered = experiment_proposal(request, background.last, background.styles).call if request.experiment else None
    return with_run(told, (offered,), FINDS_OUT) if offered and sections else told


def told_run(
    question: str, text: str, artifact: dict[str, Any] | None, made: Sequence[Mapping[str, Any]], engine: str
) -> CitedAnswer:
    """Say what came of a proposal that was clicked: what was measured, and what moved since the run before.

    Args:
        question: What was asked.
        text: The tool's result in sentences, or why a call was rejected.
        artifact: The tool's artifact; None where nothing came of it.
        made: Finished runs of the conversation, oldest first.
        engine: The engine that answers.
    """
    plain = CitedAnswer(question, "answered", engine, 0.0)
    if artifact is None:
        return _said(plain, [text.rpartition("with reason: ")[2]])  # a rejected call's message puts that before it
    line, verdict = text.splitlines()[0], artifact.get("verdict") or ""
    said = [line] if line.startswith(verdict) else [line, verdict]  # an experiment's first line is its verdict
    first = Section("", tuple(Sentence(one, "framing") for one in said))
    sections = [first, told_facts(artifact)]
    if len(made) > 1 and artifact is made[-1]["artifact"]:
        sections.append(compared_runs(made[-2]["artifact"], artifact))
    offers = tuple(artifact.get("follow_ups") or OFFERS)
    return replace(plain, sections=tuple(section for section in sections if section), follow_ups=offers)


def with_run(told: CitedAnswer, proposals: tuple[dict[str, Any], ...], shows: str) -> CitedAnswer:
    """An answer from the corpus, with the run that would tell beside it; what has one is not refused.

    Args:
        shows: What running it will show, a sentence.
    """
    *before, last = told.sections
    finds_out = Section(last.heading, (*last.sentences, Sentence(shows, "program")))
    status: Status = "answered" if told.status == "refused" else told.status
    return replace(told, status=status, sections=(*before, finds_out), proposals=proposals)


def without_corpus(told: CitedAnswer) -> CitedAnswer:
    """An answer that proposes an experiment, after the corpus was asked and says nothing of it."""
    first, *others = told.sections
    return replace(told, sections=(Section(first.heading, (Sentence(NOT_FOUND, "framing"), *first.sentences)), *others))


def _asked_back(plain: CitedAnswer, request: Request) -> CitedAnswer:
    """Ask which of two readings was meant; each is a button."""
    assert request.runner_up is not None
    labels = (LABELS[request.kind], LABELS[request.runner_up])
    text = "That can be read in two ways. Which did you mean?"
    return _said(plain, [text], follow_ups=labels)


def _proposed(plain: CitedAnswer, request: Request, background: Background) -> CitedAnswer:
    """Propose what is wanted, and say what was read and assumed."""
    if request.refusal:
        return _said(plain, [request.refusal])
    tool = request.tool or (tool_for(request.message) if request.kind == "experiment" else None)
    if tool:
        offered = tool_proposal(request.model_copy(update={"tool": tool}))
        return replace(_said(plain, [offered.sentence]), proposals=(offered.call,) if offered.call else ())
    is_experiment = request.kind == "experiment" or bool(request.kind == "adjust" and request.experiment)
    made = (experiment_proposal if is_experiment else blend_proposal)(request, background.last, background.styles)
    notes = [*request.notes, *made.notes]
    if made.call is None:
        return _said(plain, notes)
    untaught = untaught_sentence(made.call["arguments"], background.setup.image_model)
    return replace(_said(plain, [made.sentence, *notes, untaught]), proposals=(made.call,))


def _small_talk(request: Request, background: Background) -> str:
    if not background.last and len(request.message.split()) < 6:
        return "Hello. Ask how image models blend styles, or anything else that the corpus covers."
    return "Ask on whenever you like."


def said(question: str, texts: Sequence[str], engine: str) -> CitedAnswer:
    """An answer of sentences about the program."""
    return _said(CitedAnswer(question, "answered", engine, 0.0), texts)


def _said(plain: CitedAnswer, texts: Sequence[str], follow_ups: Sequence[str] = ()) -> CitedAnswer:
    sentences = tuple(Sentence(text, "program") for text in texts if text)
    return replace(plain, sections=(Section("", sentences),), follow_ups=tuple(follow_ups))
