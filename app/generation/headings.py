"""What a language model may call a section: a few words, each from the question or from the passages below it.

It knows words; whether a heading is a good one is for nobody to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.generation.markup import clean
from app.understanding.stems import STOP_WORDS, stem, words
from app.verification.alignment import are_same
from app.verification.tokens import ALL, HEDGES, NEGATIONS

MAX_HEADING_WORDS = 6
_WEIGHTY = NEGATIONS | HEDGES | ALL
"""Small words that turn what the others say: they must stand there too."""
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def usable_heading(heading: str, texts: Iterable[str]) -> str:
    """Return a heading without markup, empty where it is none or says a word that stands nowhere.

    Args:
        texts: The question, the passages below the heading and their documents' titles.
    """
    plain, removed = clean(heading, frozenset())
    plain = plain.strip(" .:;,?!")
    said = [word.lower() for word in _WORD.findall(plain)]
    if removed or not said or len(said) > MAX_HEADING_WORDS or not any(c.isalpha() for c in plain):
        return ""
    there = {word for text in texts for word in words(text)}
    stems = {stem(word) for word in there}
    for word in said:
        if word in there or (word in STOP_WORDS and word not in _WEIGHTY):
            continue
        key = stem(word)
        if word in _WEIGHTY or not any(are_same(key, other) for other in stems):
            return ""
    return plain[0].upper() + plain[1:]
