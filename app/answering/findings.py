"""What a run measured, in sentences: what is told of it at once, and what changed between two runs.

Facts come from `tools/trace/measures.py`, ready in words, each with the figure that shows it. What was measured is
never
mixed with what the corpus says: it stands under a heading of its own, without citations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.answers import Section, Sentence

HEADING = "Measured in this run"
FIRST_TOLD = ("reference", "noise", "rulers", "steps", "seen", "sweep", "parameters", "answer", "moved")
"""What is said of a run at once; the rest is there for the asking."""
OFFERS = ("Which style won in the early steps?", "Did the weights change?", "What changes without one of the styles?")


def told_facts(artifact: dict[str, Any]) -> Section | None:
    """Tell what a run found first; None where it measured none of it.

    Args:
        artifact: Of a finished run.
    """
    facts = artifact.get("facts", ())
    first = [fact for topic in FIRST_TOLD for fact in facts if fact.get("topic") == topic] or list(facts)
    sentences = tuple(measured(fact) for fact in first)
    return Section(HEADING, sentences) if sentences else None


def measured(fact: Mapping[str, Any]) -> Sentence:
    """A fact as a sentence that names its figure."""
    figure = fact.get("figure")
    return Sentence(fact["text"], "measured", figure=str(figure)) if figure else Sentence(fact["text"], "framing")


def compared_runs(before: dict[str, Any], after: dict[str, Any]) -> Section | None:
    """Say what moved between two runs of the same styles; None where they have no measure in common."""
    first, second = (render.get("measurements", {}).get("images", [{}])[0] for render in (before, after))
    styles = second.get("styles", ())
    if not styles or list(first.get("styles", ())) != list(styles):
        return None
    measures = (
        ("share that was set", "shares", lambda m: m["shares"]),
        (
            "share of the pull on the noise prediction",
            "noise.contribution_share",
            lambda m: m["noise"]["contribution_share"],
        ),
        ("probability by the model itself", "seen_by_model.probability", lambda m: m["seen_by_model"]["probability"]),
    )
    last = len(styles) - 1
    sentences = []
    for name, figure, read in measures:
        try:
            was, now = float(read(first)[last]), float(read(second)[last])
        except (KeyError, IndexError, TypeError):
            continue  # a measure that one of the two methods does not have
        text = f'"{styles[last]}", {name}: {now:.0%} now, {was:.0%} before.'
        sentences.append(Sentence(text, "measured", figure=figure))
    return Section("Against the run before", tuple(sentences)) if sentences else None
