"""Names of styles, subjects, settings and papers that the examples are filled with; data, read from a file."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from app.understanding.spelling import fold

FOLDER = Path(__file__).parent / "examples"


@cache
def vocabulary() -> dict[str, list[str]]:
    """Return each list by its name."""
    lists: dict[str, list[str]] = json.loads((FOLDER / "vocabulary.json").read_text("utf-8"))
    return lists


@cache
def listed_styles() -> tuple[frozenset[str], frozenset[str]]:
    """Return the styles of the vocabulary, folded, and the words that they consist of."""
    styles = vocabulary()["styles"]
    return frozenset(map(fold, styles)), frozenset(word for style in styles for word in style.lower().split())
