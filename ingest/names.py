"""What people call a document, and where a text calls it so.

Knows titles, ids and repositories; knows no question and no conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from ingest.documents import Document
from ingest.words import background_frequency

MIN_NAME_CHARS = 4
MAX_TOKENED_WORDS = 3
"""Words of a short name up to which one of them that looks like a name ("henmixReal") stands for the document."""
MAX_ABBREVIATED_WORDS = 5
MIN_INITIALS = 3
COMMON = 0.5
"""In how many of a hundred English texts a single word may stand, and still be a name: "background" is none."""

_HEAD = re.compile(r":|(?<!\s)\s+(?:with|via|for|from|using|by|through|in)\s+")
_WORD = re.compile(r"[A-Za-z0-9]+")
_NAME_LIKE = re.compile(r"[a-z][A-Z]|\d|^[A-Z]{3,}")
_BETWEEN, _BEFORE_NUMBER = r"[^A-Za-z0-9]+", r"[^A-Za-z0-9]*"


@lru_cache(maxsize=4096)
def short_name(title: str) -> str:
    """Return a title up to its first colon, or up to "with", "via", "for" ...: what people call the document."""
    return _HEAD.split(title, maxsplit=1)[0].strip(" .") or title


def names_of(document: Document) -> tuple[str, ...]:
    """Return ways to name a document in lower case, longest first."""
    return _names(document.id, document.title, document.github_url or "")


@lru_cache(maxsize=4096)
def _names(document_id: str, title: str, repository_url: str) -> tuple[str, ...]:
    name = short_name(title)
    repository = repository_url.rstrip("/").rsplit("/", 1)[-1]
    found = {name, title, document_id, repository}
    if len(name.split()) <= MAX_TOKENED_WORDS:
        found |= {token for token in _WORD.findall(name) if _NAME_LIKE.search(token)}
    spoken = {" ".join(_WORD.findall(text.lower())) for text in found}
    named = {n for n in spoken if len(n) >= MIN_NAME_CHARS and background_frequency(n) < COMMON} | {
        a for n in (name, repository) if (a := _initials(n))
    }
    return tuple(sorted(named, key=len, reverse=True))


def _initials(name: str) -> str | None:
    """Return what is left of a name of a few words when each is one letter and numbers stay: "vsp", "sd 1 5"."""
    words = _WORD.findall(name.lower())
    letters = "".join(word[0] for word in words if word.isalpha())
    numbers = " ".join(word for word in words if not word.isalpha())
    short = f"{letters} {numbers}".strip()
    return short if 1 < len(letters) <= MAX_ABBREVIATED_WORDS and len(short) >= MIN_INITIALS else None


@lru_cache(maxsize=4096)
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    spoken = (
        "".join(
            (_BEFORE_NUMBER if n and word[0].isdigit() else _BETWEEN if n else "") + re.escape(word)
            for n, word in enumerate(name.split())
        )
        for name in names
    )
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(spoken)})(?![A-Za-z0-9])", re.I)


def spans_of(text: str, document: Document) -> list[tuple[int, int]]:
    """Return where a text calls the document by one of its names, (start, end) in characters."""
    names, lower = names_of(document), text.lower()
    if not any(name.split()[0] in lower for name in names):  # most are not named, and a pattern takes time to make
        return []
    return [found.span() for found in _pattern(names).finditer(text)]


def named_documents(text: str, documents: Iterable[Document]) -> tuple[Document, ...]:
    """Return the documents that a text names, in the order in which it names them."""
    places = [(spans[0][0], document) for document in documents if (spans := spans_of(text, document))]
    return tuple(document for _, document in sorted(places, key=lambda place: place[0]))


def without_names(text: str, documents: Iterable[Document], mask: str = "") -> str:
    """Return the text with the names of these documents left out or masked: what is said, not of what."""
    spans = sorted(span for document in documents for span in spans_of(text, document))
    kept, at = [], 0
    for start, end in spans:
        kept += [text[at : max(start, at)], mask]
        at = max(at, end)
    return " ".join("".join([*kept, text[at:]]).split())
