"""What a language model wrote, read: sentences with the quotes they name, out of whatever surrounds them.

It knows the shape that the prompts ask for and what may not stand in a sentence; whether a sentence is true is for
others to say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingest.documents import Document
from ingest.passages import split_passages

MAX_SENTENCE_CHARS = 600
MIN_QUOTE_LETTERS = 8
MAX_OBJECTS = 400

_THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.S | re.I)
_LINK = re.compile(  # each alternative begins where a word does, and goes back over nothing that it has read
    r"""(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*+://\S+ | //\S+ | \bwww\.\S+ | \b(?:javascript|data|mailto|file|vbscript):\S+
    | (?<![a-z0-9-])(?<![a-z0-9]\.)(?:[a-z0-9-]++\.)++[a-z]{2,24}(?::\d+)?/\S* | (?<!\S)\S[^\s@]*+@[^\s.]*+\.\S+""",
    re.I | re.X,
)
_UNSEEN = re.compile(
    r"\x1b\[[0-9;]*[A-Za-z]|[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
_MARKUP = re.compile(r"<(?![\s\d=])|(?<![\s\d=])>|~~|[`*#|\[\]{}\\\x00-\x1f\x7f-\x9f]|[^\S ]")
"""What formats a text, where it is not "p < 0.05" or "~ 5"."""


@dataclass(frozen=True)
class Draft:
    """A sentence as the model wrote it, with its quotes as (passage key, copied words)."""

    text: str
    quotes: tuple[tuple[str, str], ...]
    n: int | None = None  # the sentence that it mends


def read_drafts(reply: str) -> list[Draft]:
    """Read the sentences of a reply, through code fences, chatter, thinking aloud and a cut end."""
    objects = list(_objects(_THINKING.sub(" ", reply)))
    whole = [found for found in objects if isinstance(found.get("sentences"), list)]
    if whole:
        listed = whole[-1].get("quotes")
        quotes = [quote for quote in listed if isinstance(quote, dict)] if isinstance(listed, list) else []
        sentences = [sentence for sentence in whole[-1]["sentences"] if isinstance(sentence, dict)]
    else:  # cut off, or a comma too many: the parts that are whole
        quotes = [found for found in objects if "passage" in found]
        sentences = [found for found in objects if "quotes" in found and "passage" not in found]
    known = {str(q["id"]): (str(q.get("passage", "")), str(q.get("text", ""))) for q in quotes if "id" in q}
    return [draft for sentence in sentences for draft in _split(sentence, known)]


def _split(sentence: dict[str, Any], known: dict[str, tuple[str, str]]) -> Iterator[Draft]:
    """Yield each sentence of what was given as one: a false one must not hide behind a true one."""
    text, names, n = sentence.get("text"), sentence.get("quotes"), sentence.get("n")
    if not isinstance(text, str):
        return
    named = names if isinstance(names, list) else [names] if names else []
    quotes = tuple(known.get(str(name), (str(name), "")) for name in named)
    flat = " ".join(_UNSEEN.sub("", text).split())  # what is unseen could hide an address from `clean`
    for part in split_passages(Document("", "", "", flat, None, None, {})):
        yield Draft(part.text, quotes, int(str(n)) if str(n).isdecimal() else None)


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects in a text; of one that does not end, those inside it."""
    decoder = json.JSONDecoder(strict=False)
    at = text.find("{")
    for _ in range(MAX_OBJECTS):
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def find_quote(quoted: str, text: str) -> tuple[int, int] | None:
    """Find copied words in a passage, exactly or else by their letters and figures; return their span in characters."""
    wanted = [c.lower() for c in quoted if c.isalnum()]
    places = [i for i, c in enumerate(text) if c.isalnum()]
    if len(wanted) < min(MIN_QUOTE_LETTERS, len(places)) or not wanted:
        return None
    if quoted.strip() and (start := text.find(quoted.strip())) >= 0:
        return start, start + len(quoted.strip())
    # Lists, not strings: the small form of one letter can be two characters, and the places would shift.
    letters = [text[i].lower() for i in places]
    for at in range(len(letters) - len(wanted) + 1):
        if letters[at] == wanted[0] and letters[at : at + len(wanted)] == wanted:
            return places[at], places[at + len(wanted) - 1] + 1
    return None


def clean(text: str, allowed: frozenset[str]) -> tuple[str, int]:
    """Take markup and foreign links out of a sentence.

    Args:
        text: As the model wrote it.
        allowed: The corpus's own addresses: these may stay.

    Returns:
        The plain sentence, empty where it is too long to be one, and how many links were taken out.
    """
    removed = 0

    def keep(link: re.Match[str]) -> str:
        nonlocal removed
        bare = link[0].rstrip(".,;:!?)]>\"'”’")
        if bare in allowed:
            return link[0]
        removed += 1
        return " "

    text = _UNSEEN.sub("", text[: 4 * MAX_SENTENCE_CHARS])
    text = re.sub(r"<(?:script|style)\b.*?(?:</(?:script|style)\s*>|\Z)", " ", text, flags=re.I | re.S)
    text = re.sub(r"</?[a-z!][^<>]*>", " ", text, flags=re.I)
    text = re.sub(r"!?\[([^\[\]]*)\]\(([^()\s]*)[^()]*\)", r"\1 \2 ", text)
    text = _MARKUP.sub(" ", _LINK.sub(keep, text))
    text = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split())).strip(" -_")
    return (text if len(text) <= MAX_SENTENCE_CHARS else ""), removed


def addresses(text: str) -> frozenset[str]:
    """The web addresses in a text."""
    return frozenset(found.rstrip(".,;:)") for found in re.findall(r"https?://[^\s<>\"]+", text))
