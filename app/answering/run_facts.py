"""Answers about runs: which of a run's facts a question asks for, and what changed between two runs.

Facts come ready in words, each with the figure that shows it. Which of them answer is told by their likeness to the
question. What was measured is never mixed with what the corpus says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.answering.findings import HEADING, compared_runs, measured
from app.answers import Section, Sentence
from app.understanding.spelling import called_back
from ingest.vectors import load_embedder
from ingest.words import content_words

QUESTIONS = Path(__file__).parent / "run_questions.json"
"""Questions that a topic of facts answers; a fact of another topic is compared by its own words alone."""
MAX_FACTS = 4
NEAR = 0.12
"""A fact is told beside the best one when it is so nearly as like the question."""
NAMES_STYLE = 0.08
"""What it adds to a fact's likeness that it names the style that the question names."""
ONLY_SET = 0.06
"""What it takes from a sentence's likeness that it says what was set, not what was measured."""


def tell_run(question: str, made: Mapping[str, Any]) -> tuple[Section, ...]:
    """Answer a question about one run: its verdict, then the facts that bear on the question most.

    Args:
        question: As asked.
        made: {"tool", "arguments", "artifact"}.
    """
    artifact = made["artifact"]
    verdict = artifact.get("verdict")
    first = (Section("", (Sentence(verdict, "framing"),)),) if verdict else ()
    told = _nearest(question, artifact, made["arguments"])
    return (*first, Section(HEADING, told)) if told else first


def tell_comparison(question: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Section, ...]:
    """Say what was set differently in two runs, what moved, and what each of them came to."""
    set_ = [Sentence(text, "program") for text in _changed(before["arguments"], after["arguments"])]
    sections = [Section("What was set differently", tuple(set_))] if set_ else []
    if moved := compared_runs(before["artifact"], after["artifact"]):
        sections.append(moved)
    for name, one in (("The run before", before), ("The last run", after)):
        verdict = one["artifact"].get("verdict")
        told = _nearest(question, one["artifact"], {}, most=2)
        said = (*((Sentence(verdict, "framing"),) if verdict else ()), *told)
        if said:
            sections.append(Section(name, said))
    return tuple(sections)


def _nearest(
    question: str, artifact: Mapping[str, Any], arguments: Mapping[str, Any], most: int = MAX_FACTS
) -> tuple[Sentence, ...]:
    """The facts that are most like the question, best first."""
    facts = [fact for fact in artifact.get("facts", ()) if fact.get("text")]
    sentences = [measured(fact) for fact in facts] + [Sentence(text, "program") for text in _settings(arguments)]
    if not sentences:
        return ()
    vectors = load_embedder().encode([question, *(sentence.text for sentence in sentences)])
    topics = [str(fact.get("topic")) for fact in facts] + [""] * (len(sentences) - len(facts))
    styles = [str(style["text"]) for style in arguments.get("styles") or ()]
    places = {place for word in content_words(question) if (place := called_back(word, styles)) is not None}
    named = [styles[place] for place in places]
    likeness = [
        max(float(vectors[0] @ vector), _likeness(topic, vectors[0]))
        + NAMES_STYLE * (sentence.kind == "measured" and any(style in sentence.text for style in named))
        - ONLY_SET * (sentence.kind == "program")
        for vector, sentence, topic in zip(vectors[1:], sentences, topics, strict=True)
    ]
    best = max(likeness)
    order = sorted(range(len(sentences)), key=lambda n: -likeness[n])
    near = [n for n in order[:most] if likeness[n] >= best - NEAR]
    first = next((n for n in order if sentences[n].kind == "measured"), None)
    if first is not None and first not in near:  # what was set answers, and what it came to is told beside it
        near = [*near[: most - 1], first]
    return tuple(sentences[n] for n in near)


def _likeness(topic: str, vector: NDArray[np.float32]) -> float:
    """How like a question is to those that are asked of a topic of facts."""
    rows = _asked().get(topic)
    return float((rows @ vector).max()) if rows is not None else -1.0


@cache
def _asked() -> dict[str, NDArray[np.float32]]:
    return {topic: load_embedder().encode(asked) for topic, asked in json.loads(QUESTIONS.read_text("utf-8")).items()}


def _settings(arguments: Mapping[str, Any]) -> list[str]:
    """What was set, in sentences."""
    if "styles" not in arguments:  # nothing was drawn by the image model
        return []
    styles = arguments["styles"] or ()
    total = sum(float(style["weight"]) for style in styles) or 1.0
    said = " and ".join(f"{float(style['weight']) / total * 100:.0f} % “{style['text']}”" for style in styles)
    told = [f"It drew “{arguments.get('subject', '')}” with the weights {said}."] if said else []
    if arguments.get("method"):
        told.append(f"The blend method was {arguments['method']}.")
    told.append(f"The seed was {arguments.get('seed', 0)}; the same seed and settings give the same picture again.")
    told.append(f"It took {arguments.get('steps', 20)} steps.")
    if arguments.get("guidance") is not None:
        told.append(f"The guidance scale was {arguments['guidance']:g}.")
    return told


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    told = []
    for name in ("subject", "method", "seed", "steps", "guidance"):
        was, now = before.get(name), after.get(name)
        if was != now:
            said = ["the default" if value is None else value for value in (now, was)]
            told.append(f"{name.capitalize()}: {said[0]} now, {said[1]} before.")
    shares = [_shares(one.get("styles") or ()) for one in (before, after)]
    if shares[0] != shares[1]:
        told.append(f"Styles: {shares[1] or 'none'} now, {shares[0] or 'none'} before.")
    return told


def _shares(styles: Sequence[Mapping[str, Any]]) -> str:
    total = sum(float(style["weight"]) for style in styles) or 1.0
    return ", ".join(f"{float(style['weight']) / total * 100:.0f} % {style['text']}" for style in styles)
