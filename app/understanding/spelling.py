"""When two ways of writing a style are one style: case, hyphens, British and American spelling, "style" at the end.

Knows spelling, no list of styles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

MIN_CLIPPED_CHARS = 3
"""A style may be called back by the beginning of one of its words: "photo"; not by one letter."""

MIN_MISSPELT_CHARS = 6
NEARLY = 0.86
"""Likeness of letters at which a text is a name misspelt."""

_AMERICAN = (
    (re.compile(r"olou?r"), "olor"),
    (re.compile(r"\bgrey"), "gray"),
    (re.compile(r"yse\b"), "yze"),
    (re.compile(r"is(e[sd]?|ing|ation)\b"), r"iz\1"),
    (re.compile(r"(?<=[^aeiou])re\b"), "er"),
    (re.compile(r"(?<=[aeiou])ll(?=ed\b|ing\b|er\b)"), "l"),
    (re.compile(r"\bmould"), "mold"),
    (re.compile(r"aeth"), "eth"),
)
_ARTICLE = re.compile(r"^(?:an?|the|some|my|our)\s+")


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Return the form in which two writings of one style are equal."""
    folded = _american(text)
    return (re.sub(r"\s+styles?$", "", folded) or folded).replace(" ", "")


def _american(text: str) -> str:
    """Lower case, blanks for hyphens, no article, American spelling."""
    text = " ".join(re.sub(r"[-_/\s]+", " ", text.casefold()).split())
    text = _ARTICLE.sub("", text)
    for pattern, american in _AMERICAN:
        text = pattern.sub(american, text)
    return text


def called_back(text: str, names: Sequence[str]) -> int | None:
    """Return which of the names a text means: the same, or one that it says in part; None where it means none or
    several.

    Args:
        text: As a person calls a style back, "photo".
        names: Styles in full, "photographic style".
    """
    said = fold(text)
    folded = [fold(name) for name in names]
    if said in folded:
        return folded.index(said)
    shared = [_shared(_words(text), _words(name)) for name in names]
    best = max(shared, default=0.0)
    return shared.index(best) if best > 0 and shared.count(best) == 1 else None


def _words(text: str) -> list[str]:
    words = _american(text).split()
    return [word for word in words if word not in ("style", "styles")] or words


def nearest(text: str, names: Iterable[str]) -> str | None:
    """Return the name that a text misspells, if any: nearly the same letters, and the same first one."""
    said = fold(text)
    if len(said) < MIN_MISSPELT_CHARS:
        return None
    best, likeness = None, NEARLY
    matcher = SequenceMatcher(b=said)
    for name in names:
        folded = fold(name)
        if folded == said:
            return None
        if folded[:1] == said[:1] and abs(len(folded) - len(said)) <= 2:
            matcher.set_seq1(folded)
            if matcher.real_quick_ratio() >= likeness and matcher.ratio() >= likeness:
                best, likeness = name, matcher.ratio()
    return best


def _shared(said: Iterable[str], name: Sequence[str]) -> float:
    """How much of what was said stands in a name, 0..1; a word counts where one of the two begins with the other."""
    said = list(said)
    found = sum(any(_begins(word, other) for other in name) for word in said)
    return 1.0 if said and found == len(said) else 0.0


def _begins(word: str, other: str) -> bool:
    short, long = sorted((word, other), key=len)
    stem = short[: max(MIN_CLIPPED_CHARS, len(short) - 3)] if len(short) > 6 else short  # photograph, photographic
    return len(short) >= MIN_CLIPPED_CHARS and long.startswith(stem)
