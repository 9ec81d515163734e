"""Which share of a blend each style has: amounts put to the styles that they are said of.

A closed grammar over amounts and the styles' places in the message. It knows no style and no document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.understanding.amounts import MOSTLY, TOUCH, Amount, amounts_in
from app.understanding.attribution import MAX_GAP_CHARS, TOKEN, attribute
from app.understanding.spelling import called_back, fold

MAX_MENTIONS = 24
WHOLE = 1.05
"""What all percentages make together at most; people round."""
SIGN_FACTOR = 1.1
"""What one + does to a word's weight in compel's syntax."""

_IN_LISTS = frozenset("and with plus or x meets to vs versus of half".split())
_IN_SERIES = frozenset("and to percent pct per cent".split())
_EQUAL = re.compile(
    r"\b(?:equal(?:ly)?|evenly?|half and half|half[- ]half|fifty[- ]fifty|same (?:amount|share|weight)s?)\b", re.I
)
_WEIGHT_SYNTAX = re.compile(r"\([^()]{1,120}:\s?\d")
_BLEND = re.compile(r"\.blend\(\s?(\d{1,3}(?:\.\d{1,6})?(?:\s?,\s?\d{1,3}(?:\.\d{1,6})?){1,3})\s?\)")
_REFUSALS = {
    "negative": "A share cannot be negative: say how much of each style there should be, from 0 to 100 %.",
    "over": "Shares are parts of one whole, so none can be over 100 % and all together make 100 %.",
    "zero": "Every share is zero, so nothing would be left to draw: give at least one style a share above 0 %.",
}


@dataclass(frozen=True)
class Reading:
    """What was read.

    Args:
        styles: Each style once, with its share; they sum to 1. Empty where refused.
        said: The amount said of each style, before it was made a share; None where none was.
        ratio: Numbers that no style was named for: "60/40".
        is_equal: "Equal parts" was said, or nothing at all.
        notes: What was assumed.
        refusal: Why it cannot be used.
    """

    styles: tuple[tuple[str, float], ...] = ()
    said: tuple[Amount | None, ...] = ()
    ratio: tuple[float, ...] = ()
    is_equal: bool = False
    notes: tuple[str, ...] = ()
    refusal: str | None = None

    @property
    def has_amounts(self) -> bool:
        return bool(self.ratio) or self.is_equal or any(self.said)


def read_shares(text: str, spans: Sequence[tuple[int, int]]) -> Reading:
    """Read the shares of the styles that stand at these places.

    Args:
        text: The message.
        spans: Where the styles' names stand, (start, end) in characters.
    """
    spans = sorted(spans)[:MAX_MENTIONS]
    amounts = amounts_in(text, spans)
    texts, places = _distinct(text, spans)
    if refusal := _unusable(amounts):
        return Reading(refusal=_REFUSALS[refusal])
    if (
        amounts
        and all(not any(a.values) for a in amounts if a.kind in ("share", "weight"))
        and any(a.kind in ("share", "weight") for a in amounts)
    ):
        return Reading(refusal=_REFUSALS["zero"])
    if blend := _BLEND.search(text):
        values = tuple(float(value) for value in re.split(r"\s*,\s*", blend[1]))
        amounts = [Amount("weight", *blend.span(), values)]
    ratio = next((a.values for a in amounts if len(a.values) > 1 and len(a.values) >= len(texts)), ())
    ratio = ratio or _series(text, amounts, spans, len(texts))
    said = attribute(text, spans, places, len(texts), [a for a in amounts if len(a.values) == 1])
    is_equal = bool(_EQUAL.search(text))
    if sum(a.values[0] for a in said if a and a.is_percent) > WHOLE:
        return Reading(refusal=_REFUSALS["over"])
    if not texts:
        loose = [a for a in amounts if a.kind in ("share", "weight")]
        return Reading((), tuple(loose[:1]), ratio, is_equal)
    if ratio and (not any(said) or all(len(a.values) == 1 for a in amounts)):
        ratio = ratio[: len(texts)]
        return Reading(_normal(texts, ratio), said, ratio, is_equal)
    weights, notes = _weights(text, texts, said)
    if sum(weights) <= 0:
        return Reading(refusal=_REFUSALS["zero"])
    # Where the others have all, a name has no part: "a moody house, half chalk, half ink".
    kept = [n for n, (weight, amount) in enumerate(zip(weights, said, strict=True)) if weight > 0 or amount]
    texts, weights, said = [texts[n] for n in kept], [weights[n] for n in kept], tuple(said[n] for n in kept)
    return Reading(_normal(texts, weights), said, (), is_equal, tuple(notes))


def _series(text: str, amounts: Sequence[Amount], spans: Sequence[tuple[int, int]], count: int) -> tuple[float, ...]:
    """The numbers of a list that stands apart from the styles and gives each its share in turn: "weights .3 .7"."""
    numbers = [a for a in amounts if a.kind in ("share", "weight") and len(a.values) == 1]
    if len(numbers) != count or count < 2:
        return ()
    start, end = numbers[0].start, numbers[-1].end
    if any(start < span[1] and span[0] < end for span in spans):
        return ()
    words = {word for word in TOKEN.findall(text[start:end].lower()) if word.isalpha()}
    is_touching = any(
        (b <= start and not text[b:start].strip()) or (a >= end and not text[end:a].strip()) for a, b in spans
    )
    return () if words - _IN_SERIES or is_touching else tuple(a.values[0] for a in numbers)


def _distinct(text: str, spans: Sequence[tuple[int, int]]) -> tuple[list[str], list[int]]:
    """The styles named, each once, and which of them each mention is.

    A part of a name calls it back, "photo" for "photographic style", unless the two stand side by side in a list.
    """
    mentions = [text[a:b] for a, b in spans]
    listed = {
        frozenset((m, n))
        for (m, n), (x, y) in zip(pairwise(mentions), pairwise(spans), strict=True)
        if _is_list(text[x[1] : y[0]])
    }
    whole = list({fold(mention): mention for mention in reversed(mentions)}.values())[::-1]
    full = {fold(mention): mention for mention in whole}
    for mention in whole:
        others = [name for name in whole if len(name) > len(mention) and frozenset((name, mention)) not in listed]
        if (place := called_back(mention, others)) is not None:
            full[fold(mention)] = others[place]
    said = [full[fold(mention)] for mention in mentions]
    texts = list(dict.fromkeys(said))
    return texts, [texts.index(name) for name in said]


def _is_list(between: str) -> bool:
    """Whether two names stand side by side: nothing but numbers, marks and words such as "and" between them."""
    words = [token for token in TOKEN.findall(between[:MAX_GAP_CHARS].lower()) if token[0].isalpha()]
    return len(between) <= MAX_GAP_CHARS and all(word in _IN_LISTS for word in words)


def _unusable(amounts: Sequence[Amount]) -> str | None:
    numbers = [a for a in amounts if a.kind in ("share", "weight")]
    if any(value < 0 for a in numbers for value in a.values):
        return "negative"
    percents = [a.values[0] for a in numbers if a.is_percent]
    return "over" if any(value > 1.0001 for value in percents) or sum(percents) > 2.5 else None


def _weights(text: str, texts: Sequence[str], said: Sequence[Amount | None]) -> tuple[list[float], list[str]]:
    notes: list[str] = []
    kinds = {amount.kind for amount in said if amount}
    unsaid = [i for i, amount in enumerate(said) if amount is None or amount.kind == "rest"]
    if kinds & {"signs"}:
        weights = [SIGN_FACTOR ** a.values[0] if a and a.kind == "signs" else 1.0 for a in said]
        notes.append(
            "+ and - are another program's syntax (compel's): each + is read as a weight of 1.1 times, each - as one of 1.1 less."
        )
        return weights, notes
    if "times" in kinds:
        return [a.values[0] if a and a.kind == "times" else 1.0 for a in said], notes
    if kinds & {"major", "minor"} and not kinds & {"share", "weight"}:
        return _in_words(said, unsaid, notes), notes
    weights = [a.values[0] if a and a.values else 0.0 for a in said]
    if "weight" in kinds or _WEIGHT_SYNTAX.search(text):
        if _WEIGHT_SYNTAX.search(text):
            notes.append(
                "(word:1.3) is another program's syntax: its numbers are read as proportions between the styles."
            )
        for i in unsaid:
            weights[i] = max(0.0, 100.0 - sum(weights)) / len(unsaid) if max(weights) > 10 else 1.0
        return weights, notes
    if unsaid and kinds:
        rest = max(0.0, 1.0 - sum(weights))
        for i in unsaid:
            weights[i] = rest / len(unsaid)
        if any(weights[i] for i in unsaid):
            notes.append("What no share was given for has the rest.")
    elif unsaid:
        weights = [1.0] * len(texts)
    return weights, notes


def _in_words(said: Sequence[Amount | None], unsaid: Sequence[int], notes: list[str]) -> list[float]:
    """Shares of "mostly A with a touch of B"."""
    major = [i for i, a in enumerate(said) if a and a.kind == "major"]
    minor = [i for i, a in enumerate(said) if a and a.kind == "minor"]
    weights = [0.0] * len(said)
    if len(said) == 1:
        return [1.0]
    others = [i for i in range(len(said)) if i not in major]
    if major:
        for i in range(len(said)):
            weights[i] = MOSTLY / len(major) if i in major else (1 - MOSTLY) / len(others)
    else:
        for i in range(len(said)):
            weights[i] = TOUCH if i in minor else max(0.0, 1 - TOUCH * len(minor)) / max(len(unsaid), 1)
    notes.append(f"“Mostly” is read as {MOSTLY:.0%}, “a touch” as {TOUCH:.0%}.")
    return weights


def _normal(texts: Sequence[str], weights: Sequence[float]) -> tuple[tuple[str, float], ...]:
    total = sum(weights)
    return tuple((name, weight / total) for name, weight in zip(texts, weights, strict=True))
