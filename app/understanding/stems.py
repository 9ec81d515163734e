"""Words of a text, compared by their stems. Knows no documents and no questions."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import snowballstemmer

from ingest.words import FUNCTION_WORDS

STOP_WORDS = FUNCTION_WORDS | frozenset(
    """above according actually after again also because before between called come corpus describe document
    documents done down during exactly explain few further given happen happening happens hers hood instead
    itself just let like made make makes many mean means model models much need now off once only other out own
    paper papers really same say says show since thing things through too until up use used uses using very want
    way while within work works yes yet""".split()
)
"""Function words, and what a question or a sentence says of itself."""


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
