"""What may not stand in a sentence that a language model wrote: markup, foreign links, signs that are not seen."""

from __future__ import annotations

import re

MAX_SENTENCE_CHARS = 600

_LINK = re.compile(  # each alternative begins where a word does, and goes back over nothing that it has read
    r"""(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*+://\S+ | //\S+ | \bwww\.\S+ | \b(?:javascript|data|mailto|file|vbscript):\S+
    | (?<![a-z0-9-])(?<![a-z0-9]\.)(?:[a-z0-9-]++\.)++[a-z]{2,24}(?::\d+)?/\S* | (?<!\S)\S[^\s@]*+@[^\s.]*+\.\S+""",
    re.I | re.X,
)
UNSEEN = re.compile(
    r"\x1b\[[0-9;]*[A-Za-z]|[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
_MARKUP = re.compile(r"<(?![\s\d=])|(?<![\s\d=])>|~~|[`*#|\[\]{}\\\x00-\x1f\x7f-\x9f]|[^\S ]")
"""What formats a text, where it is not "p < 0.05" or "~ 5"."""


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

    text = UNSEEN.sub("", text[: 4 * MAX_SENTENCE_CHARS])
    text = re.sub(r"<(?:script|style)\b.*?(?:</(?:script|style)\s*>|\Z)", " ", text, flags=re.I | re.S)
    text = re.sub(r"</?[a-z!][^<>]*>", " ", text, flags=re.I)
    text = re.sub(r"!?\[([^\[\]]*)\]\(([^()\s]*)[^()]*\)", r"\1 \2 ", text)
    text = _MARKUP.sub(" ", _LINK.sub(keep, text))
    text = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split())).strip(" -_")
    return (text if len(text) <= MAX_SENTENCE_CHARS else ""), removed


def addresses(text: str) -> frozenset[str]:
    """The web addresses in a text."""
    return frozenset(found.rstrip(".,;:)") for found in re.findall(r"https?://[^\s<>\"]+", text))
