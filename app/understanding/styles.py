"""The styles that a question names, with their shares, and what the picture should show.

Rules over words; knows nothing of documents or answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.understanding.stems import content_stems

_PERCENT = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:%|per ?cent|percent)\s*(?:of\s+|the\s+)?([a-z][a-z \-]*?)(?=\s*(?:,|;|\.|$|\band\b|\bof\b|\bwith\b|\d|\?|!|/))",
    re.I,
)
_PERCENT_AFTER = re.compile(  # "illustration at 80 %", "more watercolour: 70 %"
    r"(?:^|[,;]|\band\b)\W*(?:(?:please|now|and|set|make|turn|put|bring|with|the|more|less|only)\s+)*([a-z][a-z \-]*?)\s*"
    r"(?::|=|\bat\b|\b(?:up |down )?to\b)\s*(\d+(?:\.\d+)?)\s*(?:%|per ?cent)",
    re.I,
)
_QUOTED = re.compile(r"[“\"‘«]([^“”\"«»‘’]{2,60})[”\"’»]|(?<![\w])'([^']{2,60})'(?![\w])")
_STYLE_WORDS = re.compile(
    r"\b(style|illustration|painting|photo\w*|sketch|drawing|watercolou?r|art|cartoon|anime|render(?:ing)?|pencil|oil|pixel|realis\w+)\b",
    re.I,
)
_PAIR = re.compile(
    r"\b(?:mix(?:ed|ing)?|blend(?:ed|ing)?|combin(?:e|ed|ing)|balance[ds]?|between|from|render|show(?: me)?)\s+(?:the\s+)?(?:styles?\s+)?"
    r"([a-z][a-z \-]{2,40}?)\s+(?:and|with|to|plus|&)\s+([a-z][a-z \-]{2,40}?)(?=\s+(?:in|into|for|of|on|at|as|inside)\b|[?.,!;]|$)",
    re.I,
)
_SUBJECT = re.compile(r"\b(?:of|for|on|with)\s+((?:an?|the|some|two|three)\s+[a-z0-9 \-]{2,60}?)(?=[?.!,;]|$)", re.I)


MIN_CLIPPED_CHARS = 3


@dataclass(frozen=True)
class Style:
    """A style and its share, 0..1; None where the question gives none."""

    text: str
    share: float | None = None


def has_shares(question: str) -> bool:
    """Whether a question gives a style a percentage."""
    return bool(_percent_styles(question))


def _percent_styles(question: str) -> tuple[Style, ...]:
    before = tuple(Style(m[2].strip(), float(m[1]) / 100) for m in _PERCENT.finditer(question))
    return before or tuple(Style(m[1].strip(), float(m[2]) / 100) for m in _PERCENT_AFTER.finditer(question))


def styles_in(question: str) -> tuple[Style, ...]:
    """Find the styles that a question names: with percentages, in quotation marks, or as "mix A and B"."""
    if styles := _percent_styles(question):
        return styles[:4]
    quoted = [(a or b).strip(" ,.") for a, b in _QUOTED.findall(question)]
    if quoted and re.search(r"\bstyles?\b|\bmix|\bblend|\bprompt|\bcombin|\brender", question, re.I):
        return tuple(Style(q) for q in dict.fromkeys(quoted))[:4]
    if (pair := _PAIR.search(question)) and _STYLE_WORDS.search(pair[1] + " " + pair[2]):
        return Style(pair[1].strip()), Style(pair[2].strip())
    return ()


def subject_in(question: str) -> str | None:
    """Find what the picture should show: "... of a red boat at night"."""
    found = _SUBJECT.search(question)
    if (
        not found
        or _STYLE_WORDS.search(found[1])
        or re.search(r"\bprompt|\bstyles?\b|\bweights?\b|\bimage\b|\bhood\b", found[1])
    ):
        return None
    return found[1].strip()


def reweigh(styles: Sequence[Style], known: Sequence[Style]) -> tuple[Style, ...]:
    """Give the known styles new shares: those named take theirs, the others divide the rest as they stood.

    Args:
        styles: Named in the question, with shares.
        known: The blend so far, with shares.
    """
    wanted: dict[str, float] = {}
    new: list[Style] = []
    for style in styles:
        mine = content_stems(style.text)
        match = next((k for k in known if _is_named(mine, content_stems(k.text))), None)
        if match:
            wanted[match.text] = style.share or 0.0
        else:
            new.append(style)
    rest = max(0.0, 1.0 - sum(wanted.values()) - sum(s.share or 0.0 for s in new))
    free = [k for k in known if k.text not in wanted]
    total = sum(k.share or 0.0 for k in free)
    shared = [
        Style(
            k.text,
            wanted[k.text] if k.text in wanted else rest * ((k.share or 0.0) / total if total else 1 / len(free)),
        )
        for k in known
    ]
    result = [*([] if new and not wanted else shared), *new]
    return tuple(result[:4])


def _is_named(said: frozenset[str], style: frozenset[str]) -> bool:
    """Whether a style is named by one of its words, or by the beginning of one: "photo"."""
    return any(word.startswith(short) for short in said if len(short) >= MIN_CLIPPED_CHARS for word in style)


def shared(styles: Sequence[Style]) -> tuple[Style, ...]:
    """Normalise shares to sum to 1; styles without one divide what is left evenly."""
    given = sum(s.share or 0.0 for s in styles)
    free = [s for s in styles if s.share is None]
    left = max(0.0, 1.0 - given) / len(free) if free else 0.0
    shares = [left if s.share is None else s.share for s in styles]
    total = sum(shares) or 1.0
    return tuple(Style(s.text, share / total) for s, share in zip(styles, shares, strict=True))
