"""Texts that are slow to read for whoever goes back over what he has read: each as long as a question may be."""

from __future__ import annotations

from app.understanding.messages import MAX_QUESTION_CHARS

_REPEATED = (
    "and ",
    "which no ",
    "and now and set and make ",
    ",",
    ", ",
    "a@",
    "a@b.",
    " ",
    "\n",
    "\n\n",
    "\t",
    "a",
    "A",
    "1",
    "1.",
    "1,000",
    "0.5 ",
    "50% ",
    "50% a, ",
    "- ",
    "--",
    "(",
    ")",
    "()",
    "[",
    "[[",
    "](",
    "![",
    "{",
    '{"',
    "}",
    "<",
    "<a ",
    "<a>",
    "</",
    "<think>",
    "<script>",
    "\\",
    "\\a",
    "`",
    "*",
    "**a",
    "_a",
    "#",
    "# ",
    '"',
    "“",
    "'s ",
    "http://",
    "https://a.b/",
    "www.",
    "a.b/",
    "x-",
    "a. ",
    "A. B! ",
    "e.g. ",
    "why is it, ",
    "I think that ",
    "is it true that ",
    "! ",
    "half a half b ",
    "style and style ",
    "a cat in the style of ",
    "\u200b",
)
_AROUND = (("mix ", " ", " x"), ("blend a ", "and ", "!"), ('"', "\\", '"'), ("not ", "only ", "but also"))


def texts(length: int = MAX_QUESTION_CHARS) -> list[str]:
    """Return the texts, each of so many characters."""
    repeated = [(part * length)[:length] for part in _REPEATED]
    around = [head + (part * length)[: length - len(head) - len(tail)] + tail for head, part, tail in _AROUND]
    return [*repeated, *around][: len(repeated) + len(around)]
