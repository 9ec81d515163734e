"""Answers from what a render measured: which facts a question asks for, and what changed between two runs.

Facts come from `tools/trace/measures.py`, ready in words, each with the figure that shows it. What was measured is never
mixed with what the corpus says: it stands under a heading of its own, without citations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from app.answers import Section, Sentence
from app.understanding.stems import content_stems

HEADING = "Measured in this run"
FIRST_TOLD = ("reference", "noise", "rulers", "steps", "seen", "sweep", "parameters")
"""What is said of a run at once; the rest is there for the asking."""
OFFERS = ("Which style won in the early steps?", "Did the weights change?", "What changes without one of the styles?")

_RUN = r"(run|render\w*|image|picture|measured|measure\w*|blend)"
_TOPICS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("parameters", re.compile(r"\b(weights?|parameters?)\b.*\b(chang\w*|mov\w*|same|updat\w*|train\w*|frozen|differ\w*|touch\w*)\b"
                              r"|\b(chang\w*|mov\w*|updat\w*)\b.*\b(weights?|parameters?)\b|\bchecksum\b|\bsha\b", re.I)),
    ("reference", re.compile(r"\b(layers?|blocks?)\b.*\b(were|was|did|you|got|been)\b.*\bswap\w*|\bswap\w*\b.*\b" + _RUN + r"\b"
                             r"|\bhow far\b.*\b(layers?|outputs?)\b.*\bmov\w*|\bswap (was )?(on|off)\b|\bwithout (the|a|its) (swap\w*|reference)\b"
                             r"|\bwhat (did|has|does) (the|this|my) (reference|swap\w*)\b.*\b(chang\w*|do|done|did|mov\w*)\b", re.I)),
    ("layers", re.compile(r"\b(layers?|blocks?)\b.*\b(listen\w*|heard|hear|attend\w*|look\w*|respon\w*|most|" + _RUN + r")\b", re.I)),
    ("steps", re.compile(r"\b(early|earlier|earliest|late|later|latest|first|last|final|beginning|start|end|middle)\b.*\bsteps?\b"
                         r"|\bover (the )?steps?\b|\b(which|what) style (won|wins|ruled|rules|dominat\w*|led|leads)\b|\bwhen\b.*\bstyle\b", re.I)),
    ("left_out", re.compile(r"\b(without|left out|leave out|remov\w*|drop\w*|counterfactual\w*)\b.*\b(styles?|it|one|illustration|photo\w*|" + _RUN + r")\b", re.I)),
    ("seen", re.compile(r"\b(model|it|classifier)\b.*\b(see|sees|saw|recogni[sz]e\w*|think\w*|judge\w*)\b.*\bstyles?\b"
                        r"|\b(which|what) style\b.*\b(see|sees|look\w*|" + _RUN + r")\b", re.I)),
    ("attention", re.compile(r"\battention\b.*\b(share|much|went|get|got|goes|" + _RUN + r")\b|\bhow much attention\b|\bpadding\b", re.I)),
    ("split", re.compile(r"\b(contribut\w*|part of each|each style's part|pull\w*)\b", re.I)),
    ("all", re.compile(r"\bwhat (was|did you|is|has been) measured?\b|\bwhat happened\b.*\b" + _RUN + r"\b|\bmeasurements?\b", re.I)),
)  # fmt: skip
_KINDRED = {"steps": ("steps", "noise", "rulers"), "split": ("split", "noise"), "attention": ("attention", "steps")}


def topics_of(question: str) -> tuple[str, ...]:
    """The topics of facts that a question asks for; empty where it is about something else."""
    topic = next((name for name, cue in _TOPICS if cue.search(question)), None)
    if topic is None:
        return ()
    return FIRST_TOLD if topic == "all" else _KINDRED.get(topic, (topic,))


def told_facts(render: dict[str, Any], topics: Sequence[str], question: str = "") -> Section | None:
    """Tell a run's facts on some topics, only those of a style where the question names one; None where it has none.

    Args:
        render: The artifact of a finished render.
        topics: As from `topics_of`.
        question: May name one of the run's styles.
    """
    facts = [fact for topic in topics for fact in render.get("facts", ()) if fact["topic"] == topic]
    asked = content_stems(question)
    styles = render.get("measurements", {}).get("images", [{}])[0].get("styles", ())
    named = [style for style in styles if content_stems(style) & asked]
    if len(named) == 1 and (apt := [f for f in facts if f'"{named[0]}"' in f["text"]]):
        facts = apt
    sentences = tuple(Sentence(f["text"], "measured", figure=f["figure"]) for f in facts)
    return Section(HEADING, sentences) if sentences else None


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
