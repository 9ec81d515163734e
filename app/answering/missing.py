"""Is what a question asks for in the documents that it means? What is not there is missing, whatever else they hold.

Not whether the names of the question occur: whether the rest of it does. One logistic rule over measures of the
documents' sentences; `python -m tests.evals.answerable --fit` makes its weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from app.answering.asking import asks_who, wants_number
from app.answering.reading import EXACT, Reading

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "bias": -5.892,
        "cosine": 3.278,
        "covered": 1.814,
        "together": 1.71,
        "exactly": -0.401,
        "least": 2.528,
        "focus": 1.984,
        "focus_least": 1.64,
        "no_focus": -0.207,
        "number": -2.273,
        "number_held": 1.291,
        "who": -1.466,
        "nothing_but_names": 0.076,
        "role": 1.136,
        "wants_detail": -2.636,
        "wants_resource": 4.343,
        "wants_objective": 2.84,
        "wants_method": 2.324,
        "wants_background": 3.29,
        "named": 0.524,
    }
)
"""The rule: there where the sum is above 0. Made by `python -m tests.evals.answerable --fit`."""

LINKS_TELL = ("objective", "resource")
WHOLE = ("use", "limits", "data", "licence", "languages", "intended", "overview", "method", "citation")
"""Aspects that what stands below their heading answers; of the others a question asks for one detail."""
ANNOUNCED, SURELY = 0.6, 0.7


def measure(reading: Reading) -> dict[str, float]:
    """Measure how far the documents that the question means hold what it asks for."""
    sentences = [c for d in reading.meant for c in reading.sentences(d)]
    if not sentences:
        return {}
    question, words = reading.question, reading.words
    held = np.array([reading.held(c.passage) for c in sentences]).reshape(len(sentences), len(words))
    together = held.max(axis=0) if words else np.ones(0)
    best = max(range(len(sentences)), key=lambda n: sentences[n].score)
    wants = reading.result.wants
    of_focus = reading.focus
    has_number = np.array([any(ch.isdigit() for ch in c.passage.text) for c in sentences])
    focus_held = held[:, of_focus].mean(axis=1) if of_focus.any() else np.ones(len(sentences))
    return {
        "cosine": max(c.measures["cosine"] for c in sentences),
        "covered": reading.share(held[best] ** 2) if words else 1.0,
        "together": reading.share(together**2) if words else 1.0,
        "exactly": reading.share((together > EXACT).astype(float)) if words else 1.0,
        "least": float(together.min()) if words else 1.0,
        "focus": float(focus_held.max()),
        "focus_least": float(together[of_focus].min()) if of_focus.any() else 1.0,
        "no_focus": float(not of_focus.any()),
        "number": float(wants_number(question)),
        "number_held": float((focus_held * has_number).max()) if wants_number(question) else 0.0,
        "who": float(asks_who(question)),
        "nothing_but_names": float(not words),
        "role": max(c.measures["role"] for c in sentences),
        **{
            f"wants_{name}": wants.get(name, 0.0)
            for name in ("detail", "resource", "objective", "method", "background")
        },
        "named": float(bool(reading.named)),
    }


def presence(reading: Reading) -> float:
    """Return how surely the documents that a question means hold what it asks for; above 0: they do.

    A document without a sentence, a model card of links alone, holds what it is and where it lies.
    """
    found = measure(reading)
    if not found:
        wants = reading.result.wants
        told = not reading.words or max(wants, key=lambda name: wants[name], default="") in LINKS_TELL
        return 1.0 if told else -1.0
    if _is_announced(reading):
        return 1.0
    return WEIGHTS["bias"] + sum(weight * found[name] for name, weight in WEIGHTS.items() if name in found)


def _is_announced(reading: Reading) -> bool:
    """Whether a heading of the documents announces the aspect that is asked after, and nothing more is asked."""
    aspects = reading.result.aspects
    aspect = max(aspects, key=lambda name: aspects[name], default="")
    best = max((c.heading for d in reading.meant for c in reading.sentences(d)), default=0.0)
    return aspect in WHOLE and aspects[aspect] >= SURELY and best >= ANNOUNCED
