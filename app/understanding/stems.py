"""Words of a text, compared by their stems. Knows no documents and no questions."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import snowballstemmer

STOP_WORDS = frozenset(
    """a about above after again all also am an and any are as at be because been before being between both but by can
    come could did do does doing done down during each few for from further get got had has have having he her here hers
    him his how i if in into is it its itself just let like many may me might more most much must my need no nor not now
    of off on once one only or other our out over own please s same say says she should show since so some such t tell
    than that the their them then there these they thing things this those through to too under until up us use used
    uses using very want was way we were what when where which while who whom whose why will with within without would
    yes yet you your explain describe mean means called does exactly actually happen happens happening hood really work
    works paper papers document documents model models corpus according instead give gives given make makes made""".split()
)


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    return str(_stemmer().stemWord(word.lower()))


def words(text: str) -> list[str]:
    """Split into lower-case words; a compound counts as a whole and by its parts."""
    found = []
    for token in re.findall(r"[A-Za-z0-9]+(?:[.\-'’][A-Za-z0-9]+)*", text):
        parts = re.split(r"[\-]", token)
        found += [token.lower(), *(p.lower() for p in parts)] if len(parts) > 1 else [token.lower()]
    return found


@lru_cache(maxsize=4096)
def content_stems(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning."""
    return frozenset(stem(w) for w in words(text) if w not in STOP_WORDS and len(w) > 1)
