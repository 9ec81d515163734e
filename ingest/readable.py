"""Text as it is read: Markdown, HTML and LaTeX give way to the words they dress, and wrapped lines flow.

For titles, for what is searched and for the eye. A quote is never touched: what is stored stays to the letter.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache

from ingest.words import background_frequency

MAX_FORMULA_CHARS = 300

_STEERING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BROKEN = re.compile(r"\b([^\W\d_]{2,40})-[ \t]*\n[ \t]*([a-z]{2,40})\b")
_FORMULA = re.compile(rf"(?<![\\$])\$(?=[^\s$])([^$]{{1,{MAX_FORMULA_CHARS}}})(?<=[^\s\\])\$(?![\d$])")
_LATEX = re.compile(r"[\\^_{}]|\A[A-Za-z]\Z|\A\w\s*[=<>]")
_MACRO_OF = re.compile(r"\\[A-Za-z]{2,20}\{([^{}]*)\}")
_ESCAPED = re.compile(r"\\([%&#$_{}~*`<>|\[\]])")
_QUOTED = re.compile(r"``([^`']+)''")
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|br|center|code|dd|del|details|div|dl|dt|em|figcaption|figure|font|h[1-6]|hr|i|iframe"
    r"|img|ins|kbd|li|mark|ol|p|picture|pre|q|s|small|source|span|strong|sub|summary|sup|table|tbody|td|th|thead|tr|tt"
    r"|u|ul|video)(?:[\s/][^<>]*)?>",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"!\[[^\[\]]*\](?:\([^()]*\)|\[[^\[\]]*\])")
_LINK = re.compile(r"\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])")
_HTML_LINK = re.compile(r"<a\b[^<>]*>[^<>]*</a\s*>", re.IGNORECASE)
_STRONG = re.compile(r"(?:\*\*(?=\S)([^*]+)\*\*|(?<!\w)__(?=\S)([^_]+)__(?!\w))")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]+)(?<=\S)\*(?![\w*])|(?<!\w)_(?=[^\s_])([^_]+)(?<=\S)_(?!\w)")
_CODE = re.compile(r"`([^`]+)`")
_OF_A_CARD = re.compile(r"\A\s*model\s+card\s*(?:for|of|:)\s+(?=\S)|(?<=\S)\s+model\s+card\s*\Z", re.IGNORECASE)
_WORD = re.compile(r"\w")


def readable(text: str) -> str:
    """Return a text as it is read, in one line."""
    if not re.search(r"[\\$<&`\[*_\n\u200e-\u2069]", text):
        return " ".join(text.split())
    text = unbroken(_STEERING.sub("", text))
    text = _FORMULA.sub(lambda found: _formula(found[1]) if _LATEX.search(found[1]) else found[0], text)
    for _ in range(3):  # \textbf{\emph{x}}
        text = _MACRO_OF.sub(r"\1", text)
    text = _QUOTED.sub("“\\1”", text)
    text = html.unescape(_TAG.sub(" ", text)) if "<" in text or "&" in text else text
    text = _LINK.sub(r"\1", _LINK.sub(r"\1", _IMAGE.sub("", text)))
    text = _STRONG.sub(lambda found: found[1] or found[2], text)
    text = _EMPHASIS.sub(lambda found: found[1] or found[2], text)
    text = _ESCAPED.sub(r"\1", _CODE.sub(r"\1", text))
    return re.sub(r"(?<=\w) (?=[.,;:!?](?:\s|\Z))", "", " ".join(text.split()))


def title_of(heading: str) -> str:
    """Return a heading without what only says that a model card follows: "Model Card for X" and "X Model Card"."""
    return _OF_A_CARD.sub("", heading).strip() or heading


def unbroken(text: str) -> str:
    """Join the words that a hyphen at a line's end breaks; a compound keeps its hyphen."""

    def join(found: re.Match[str]) -> str:
        joined = found[1] + found[2]
        if text[found.start() - 1 : found.start()] == "-":  # state-of-the-art
            return f"{found[1]}-{found[2]}"
        is_word = background_frequency(joined.lower()) > 0 or not background_frequency(found[2])
        return joined if is_word else f"{found[1]}-{found[2]}"

    return _BROKEN.sub(join, text) if "-" in text and "\n" in text else text


def unsteered(text: str) -> str:
    """Drop the marks that turn the direction of the text behind them."""
    return _STEERING.sub("", text)


def is_navigation(text: str) -> bool:
    """Say whether nothing is left of a Markdown or HTML text without its links and pictures."""
    rest = _HTML_LINK.sub("", _TAG.sub(lambda found: found[0] if found[0][:2].lower() in ("<a", "</") else "", text))
    rest = _TAG.sub("", _LINK.sub("", _LINK.sub("", _IMAGE.sub("", rest))))
    return not _WORD.search(html.unescape(rest))


def without_latex(text: str) -> str:
    """Return what LaTeX source says, in one line."""
    return _formula(text) if re.search(r"[\\{}$~]", text) else " ".join(text.split())


@lru_cache(maxsize=4096)
def _formula(latex: str) -> str:
    from pylatexenc.latex2text import LatexNodes2Text

    try:
        return " ".join(LatexNodes2Text(math_mode="text").latex_to_text(latex).split())
    except (ValueError, IndexError, RecursionError):  # what is no LaTeX is shown as it is written
        return latex
