"""Which documents of the index a message names, by title, by its parts, by repository, or nearly so.

Works from titles: it has no list of documents or of subjects.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from app.understanding.request import Known
from ingest.words import background_frequency, content_words

RARE = 1.0
"""A title's word that fewer ordinary texts of 100 hold can name the document by itself, if no other title has it."""
ENOUGH_OF_A_TITLE = 0.6
"""So much of a title's content words, by rarity, said in a message names it, where it is more than one word."""
NEARLY = 0.84
"""Likeness of letters at which a word is a name misspelt."""
MIN_NAME_CHARS = 4

_LETTERS = re.compile(r"[^\W_]+")


def short_name(title: str) -> str:
    """The name that people use for a document: its title up to the first colon, or to "with", "via", "for" ..."""
    head = re.split(r":|\s+(?:with|via|for|from|using|by|through|in)\s+", title, maxsplit=1)[0].strip(" .")
    return head or title


@lru_cache(maxsize=4096)
def names_of(known: Known) -> tuple[tuple[str, ...], ...]:
    """Ways to name a document, each as words in lower case: its short name, title, id, repository, and coined words."""
    name = short_name(known.title)
    texts = [name, known.title, known.id]
    if known.github_url:
        texts.append(known.github_url.rstrip("/").rsplit("/", 1)[-1])
    texts += [word for word in re.findall(r"[A-Za-z0-9]+", name) if _is_coined(word)]
    found = dict.fromkeys(tuple(_LETTERS.findall(text.lower())) for text in texts)
    return tuple(sorted((n for n in found if sum(map(len, n)) >= MIN_NAME_CHARS), key=lambda n: -sum(map(len, n))))


def _is_coined(word: str) -> bool:
    """Whether a word of a title looks like a name: capitals inside, digits among letters, or all capitals."""
    return bool(re.search(r"[a-z][A-Z]|[A-Za-z]\d|\d[A-Za-z]|^[A-Z]{3,}", word))


def named_documents(message: str, documents: Sequence[Known]) -> tuple[str, ...]:
    """Return the ids of the documents that a message names, in the order in which it names them."""
    said = _LETTERS.findall(message.lower())
    places: dict[str, int] = {}
    for known in documents:
        at = min((place for name in names_of(known) if (place := _find(name, said)) is not None), default=None)
        if at is not None:
            places[known.id] = at
    taken = set(places)
    for known in documents:
        if known.id not in taken and (at := _by_title(known, documents, said)) is not None:
            places[known.id] = at
    return tuple(sorted(places, key=lambda document: places[document]))


def _find(name: Sequence[str], said: Sequence[str]) -> int | None:
    """Where a name stands among the words said: to the letter, or, for a long one, misspelt."""
    for at in range(len(said) - len(name) + 1):
        if list(said[at : at + len(name)]) == list(name):
            return at
    whole = "".join(name)
    if len(name) > 3 or len(whole) < 6:
        return None
    for width in {len(name), len(name) - 1, len(name) + 1} - {0}:
        for at in range(len(said) - width + 1):
            other = "".join(said[at : at + width])
            if other == whole or (
                len(other) > 5
                and other[0] == whole[0]
                and not _is_english(said[at : at + width])
                and _alike(other, whole)
            ):
                return at
    return None


def _is_english(words: Sequence[str]) -> bool:
    return all(background_frequency(word) > 0.05 for word in words)


def _alike(one: str, other: str) -> bool:
    return abs(len(one) - len(other)) <= 2 and SequenceMatcher(None, one, other).ratio() >= NEARLY


def _by_title(known: Known, documents: Sequence[Known], said: Sequence[str]) -> int | None:
    """Where most of a title is said, or a rare word of it that no other title has."""
    words = content_words(short_name(known.title))
    if len(words) < 2:
        return None
    weights = {word: _rarity(word) for word in words}
    held = [word for word in words if word in said]
    share = sum(weights[word] for word in held) / (sum(weights.values()) or 1.0)
    if len(held) >= 2 and share >= ENOUGH_OF_A_TITLE:
        return min(said.index(word) for word in held)
    for word in held:
        others = sum(word in content_words(other.title) for other in documents if other.id != known.id)
        if background_frequency(word) < 0.02 and not others and len(word) > 5:
            return said.index(word)
    return None


def _rarity(word: str) -> float:
    return 1.0 / (0.2 + background_frequency(word) / 10)
