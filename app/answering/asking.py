"""The form of a question, by the closed words of English grammar: how, why, how many, compare, simply.

Knows no topic and no document; what a question wants of a text is learned (`tools/reading/heads.py`).
"""

from __future__ import annotations

import re
from typing import Literal

Depth = Literal["simple", "usual", "detailed"]

_OPENING = r"^\W*(?:(?:and|but|so|or|then|also|please|ok|okay|well|now)\b\W*)*"
_HOW_OR_WHY = re.compile(
    rf"{_OPENING}(?:how(?!\s+(?:many|much|long|often|old|big|large|far|fast|good|well)\b)|why\b|explain\b|describe\b)"
    r"|\bhow (?:do|does|did|is|are|can|it)\b|\bwhy (?:do|does|did|is|are)\b|[—–:;,.] ?how\b|\bunder the hood\b"
    r"|\bwhat(?:['’]s| is| was)? (?:really |actually )?(?:happen\w*|go(?:es|ing) on)\b",
    re.I,
)
_NUMBER = re.compile(
    r"\bhow (?:many|much|long|often|old|big|large|far|fast|tall)\b"
    r"|\b(?:what|which) (?:\w+ )?(?:number|percentage|share|size|year|age|dose|date)\b"
    r"|\bwhen (?:was|were|did)\b",
    re.I,
)
_COMPARES = re.compile(
    r"\bcompar\w+|\bdiffer\w*|\bversus\b|\bvs\b|\bsimilarit\w+|\bin common\b|\bcontrast\b|\bwhich of the two\b", re.I
)
_SIMPLE = re.compile(
    r"\b(?:simpl[ey]|simpler|plain(?:ly)?|briefly|in short|short(?:er)?|for (?:a )?beginners?|eli5|easy)\b", re.I
)
_DETAILED = re.compile(r"\b(?:in (?:more |full |great )?detail|detailed|in depth|thoroughly|everything)\b", re.I)
_TOLD_TO = re.compile(
    rf"{_OPENING}(?:(?:can|could|would) you )?(?:explain|describe|tell|show|compare|summari[sz]e)\b", re.I
)
_AUXILIARY = "is|are|was|were|be|been|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must"
_PREPOSITION = (
    "in|on|at|by|for|from|of|to|with|without|within|during|through|across|between|among|under|over|after|before|into|per"
    "|about|against|behind|that|who|whose|which|when|and|or|if|than|as"
)
_ENDS = re.compile(rf"\b(?:{_AUXILIARY}|{_PREPOSITION})\b|[^\w\s'’-]", re.I)
_ASKED_NOUN = re.compile(rf"\b(?:what|which|whose|how (?:many|much))\s+(?!(?:{_AUXILIARY})\b)", re.I)
_DEFINED_NOUN = re.compile(r"\bwhat(?:['’]s|\s+(?:is|are|was|were))\s+(?:(?:the|a|an|its|their)\s+)?", re.I)
_WHO = re.compile(r"\bwho(?:m|se)?\b", re.I)
MAX_FOCUS_WORDS = 4


def focus_of(question: str) -> str:
    """Return the noun that a question asks for: "learning rate" of "What learning rate does it use?"; else nothing.

    After "what", "which", "whose" and "how many" it goes up to the verb or a preposition; so it does after "what is
    the". Where no verb follows soon, it is the first word alone.
    """
    found = _ASKED_NOUN.search(question) or _DEFINED_NOUN.search(question)
    if not found:
        return ""
    rest = question[found.end() :]
    end = _ENDS.search(rest)
    words = (rest[: end.start()] if end else rest).split()
    return " ".join(words if len(words) <= MAX_FOCUS_WORDS else words[:1])


def asks_who(question: str) -> bool:
    """Whether a person is asked for."""
    return bool(_WHO.search(question))


def asks_how_or_why(question: str) -> bool:
    """Whether a question asks how something is done or why it is so, and not how many or how good."""
    return bool(_HOW_OR_WHY.search(question))


def wants_number(question: str) -> bool:
    """Whether a question asks for a number, a size or a date."""
    return bool(_NUMBER.search(question))


def compares(question: str) -> bool:
    """Whether a question lays two things side by side."""
    return bool(_COMPARES.search(question))


def form_words(question: str) -> frozenset[str]:
    """Return the words, in lower case, that say how to answer and not what about: "explain", "simply", "in detail"."""
    said = (found[0] for form in (_TOLD_TO, _SIMPLE, _DETAILED) for found in form.finditer(question))
    return frozenset(word for text in said for word in re.findall(r"\w+", text.lower()))


def depth_of(question: str) -> Depth:
    """How much is wanted: "explain it simply", "in detail"."""
    return "simple" if _SIMPLE.search(question) else "detailed" if _DETAILED.search(question) else "usual"
