"""From a text to its content words, and how rare a word is in English at large.

Knows no document: a corpus of four documents cannot say which words are rare, a language can.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

BACKGROUND_DOCUMENTS = 100
"""The weight of English at large beside a corpus: as if this many ordinary texts stood in it."""

BACKGROUND_WORDS = 200
"""Words in such a text: an abstract's length."""

_WORD = re.compile(r"[^\W_]+(?:['’][a-z]+)?")
_LISTED = """
a an the and or but if of in on at to for from by with without about into onto over under as than then so not no
nor is are was were be been being am do does did doing have has had having can could will would shall should may
might must it its this that these those there here i me my we us our you your he him his she her they them their
what which who whom whose when where why how any some each both all most more such one ones get got give gives tell
please s t what's it's
"""
FUNCTION_WORDS = frozenset(re.findall(r"\S+", _LISTED))


def content_words(text: str) -> tuple[str, ...]:
    """Return the words of a text in lower case, once each, in order, without function words."""
    words = (word.replace("’", "'") for word in _WORD.findall(text.lower()))
    return tuple(word for word in dict.fromkeys(words) if word not in FUNCTION_WORDS)


def is_function_word(word: str) -> bool:
    return word.lower() in FUNCTION_WORDS


@lru_cache(maxsize=50_000)
def background_frequency(word: str) -> float:
    """Return in how many of BACKGROUND_DOCUMENTS ordinary English texts the word is to be expected."""
    from wordfreq import word_frequency

    return BACKGROUND_DOCUMENTS * -math.expm1(-BACKGROUND_WORDS * word_frequency(word, "en"))
