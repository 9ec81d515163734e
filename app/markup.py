"""Text made ready for display: escaped, so that no corpus and no question can draw, link or mark anything itself.

The one place where words are touched for the eye; what is stored stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.readable import unsteered

PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~:$^=\"'&@])")
QUOTED = re.compile(r'"([^"]*)"')
MACRO = re.compile(r"\\([A-Za-z]+)")  # \ours and its like, left over from LaTeX
ADDRESS = re.compile(
    r"(?:https?://|www\.|(?<![\w.+-])[\w.+-]+@)[^\s<>]*", re.IGNORECASE
)  # what Markdown makes links of by itself
DRAWING = re.compile(  # what can tag, mark, link or frame
    r"(<(?=[a-z/!?])|[`\[*]|\\(?=[!-/:-@\[-`{-~]))|^([ \t]*)([#>|+-]|\d+[.)])(?=\s|$)", re.IGNORECASE | re.MULTILINE
)
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # what steers a terminal
WEB_ADDRESS = re.compile(r"https?://[^\s<>\[\]()\"'\\`]+")  # what may be the target of a link
FENCE = re.compile(r"\A[ \t]*(```+|~~~+)[^`\n]*\n")
WORD_JOINER = "\u2060"  # takes no room; an address that holds one is no address
WHOLE_DOCUMENT_CHARS = 3_000
AROUND_CHARS = 900  # shown on either side of a passage in a longer document


def tidy(text: str) -> str:
    """Drop the backslash of a LaTeX macro (`\\ours` is read as "ours"), and what turns the text behind it."""
    return MACRO.sub(r"\1", unsteered(text))


def typeset(text: str) -> str:
    """Set what the program itself says in typographic quotation marks; the corpus's words stay as they are."""
    return QUOTED.sub(r"“\1”", text)


def escape(text: str, links_in: str = "") -> str:
    """Make text safe as Markdown: it shows as it is written, line breaks included.

    Args:
        text: Anything.
        links_in: Corpus text; an address that stands there stays a link, any other is shown but cannot be followed.
    """
    text = _break_addresses(tidy(text), links_in)
    lines = [PUNCTUATION.sub(r"\\\1", line.strip()) for line in text.splitlines()]
    return "\n\n".join("  \n".join(p.split("\n")) for p in "\n".join(lines).split("\n\n"))


def split_links(text: str, links_in: str = "") -> list[tuple[str, str | None]]:
    """Split text into (piece, address) pairs: an address is given where it stands in corpus text, else None.

    Args:
        text: Anything.
        links_in: Corpus text.
    """
    pieces: list[tuple[str, str | None]] = []
    text, low = tidy(text), 0
    for found in WEB_ADDRESS.finditer(text):
        address = found[0].rstrip(".,;")
        if address not in links_in:
            continue
        if found.start() > low:
            pieces.append((text[low : found.start()], None))
        pieces.append((address, address))
        low = found.start() + len(address)
    return [*pieces, (text[low:], None)] if low < len(text) or not pieces else pieces


def code_in(text: str) -> str | None:
    """Return the code that a text fences, as it is written; None where the text is no fenced code."""
    fence = FENCE.match(text)
    if not fence:
        return None
    first, *lines = text.split("\n")
    if lines and lines[-1].strip().startswith(fence[1]) and not lines[-1].strip().strip(fence[1][0]):
        lines.pop()
    indent = len(first) - len(first.lstrip())
    return unsteered("\n".join(line[indent:] if not line[:indent].strip() else line for line in lines)).strip("\n")


def defuse(text: str, links_in: str = "") -> str:
    """Make text safe in a Markdown file and on a terminal, and leave it as readable as it can be.

    Args:
        text: Anything.
        links_in: As in `escape`.
    """
    text = _break_addresses(UNSEEN.sub("", text), links_in)
    return DRAWING.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", text)


def address(url: str) -> str:
    """A corpus URL in plain text; one that could not be a link's target is defused."""
    return url if WEB_ADDRESS.fullmatch(url) else defuse(url)


def file_name(name: str) -> str:
    """A name that may become a file's: letters, figures, dots, dashes and underscores, and no dot at its head."""
    return re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).lstrip(".-")[:80] or "file"


def link(label: str, url: str) -> str:
    """A Markdown link to a corpus URL; a URL of another kind is shown as text."""
    if not WEB_ADDRESS.fullmatch(url):
        return escape(url)
    return f"[{escape(label)}]({url})"


def mark_passages(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """A document as Markdown with the spans marked; a long one only around them.

    Args:
        text: The document's text.
        spans: (start, end) of each passage, in characters.
    """
    spans = sorted(spans)
    low, high = 0, len(text)
    if len(text) > WHOLE_DOCUMENT_CHARS:
        low, high = max(0, spans[0][0] - AROUND_CHARS), min(len(text), spans[-1][1] + AROUND_CHARS)
    pieces = ["… " if low else ""]
    for start, end in spans:
        if start < low:
            continue  # overlaps the one before, which is marked
        marked = [f":orange-background[{escape(part, text)}]" for part in text[start:end].split("\n\n")]
        pieces += [_plain(text[low:start], text), "\n\n".join(marked)]
        low = end
    return "".join([*pieces, _plain(text[low:high], text), " …" if high < len(text) else ""])


def _break_addresses(text: str, links_in: str) -> str:
    return ADDRESS.sub(lambda found: found[0] if found[0].rstrip(".,;") in links_in else _break(found[0]), text)


def _break(address: str) -> str:
    return re.sub(r"([/.@])", WORD_JOINER + r"\1", address)


def _plain(piece: str, text: str) -> str:
    """Escape a piece of a document and keep the space at its ends, where it meets a marked passage."""
    body = piece.strip()
    if not body:
        return _space(piece)
    start = piece.index(body)
    return _space(piece[:start]) + escape(body, text) + _space(piece[start + len(body) :])


def _space(space: str) -> str:
    if space.count("\n") > 1:
        return "\n\n"
    return "  \n" if "\n" in space else " " if space else ""
