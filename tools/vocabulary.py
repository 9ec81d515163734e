"""Which words an image model of a closed vocabulary was never taught, told before anything is rendered.

It reads the tokenizer's word list and opens no model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Set
from functools import lru_cache
from pathlib import Path

EMBEDDED_FOLDER = Path(__file__).resolve().parent / "studio" / "weights"
CLOSED_TOKENS = 5_000
"""CLIP's own tokenizer has 49,408 tokens; one with fewer than this was made from a known list of words."""
WORD_END = "</w>"
"""What CLIP's byte pairs put behind a whole word."""


@lru_cache(maxsize=4)
def closed_vocabulary(image_model: str) -> frozenset[str] | None:
    """The tokens of an image model whose words are a known list.

    Args:
        image_model: `embedded`, or a diffusers folder.

    Returns:
        None for a model that takes any word, and for one whose word list is not on this machine.
    """
    folder = EMBEDDED_FOLDER if image_model == "embedded" else Path(image_model).expanduser()
    try:
        tokens = frozenset(json.loads((folder / "tokenizer" / "vocab.json").read_text("utf-8")))
    except (OSError, ValueError):
        return None
    return tokens if len(tokens) < CLOSED_TOKENS else None


def words_outside(tokens: Set[str], texts: Iterable[str]) -> tuple[str, ...]:
    """The words of texts that are not one token: those were never learned and fall apart into pieces.

    A single character is in the tokenizer's alphabet whether or not it was ever trained, so it is left out.
    """
    words = (word for text in texts for word in re.findall(r"[^\W\d_]{2,}", text.lower()))
    return tuple(dict.fromkeys(word for word in words if word + WORD_END not in tokens))


def words_not_taught(image_model: str, texts: Iterable[str]) -> tuple[str, ...]:
    """The words of texts that an image model does not know, in order; none where its vocabulary is open."""
    tokens = closed_vocabulary(image_model)
    return words_outside(tokens, texts) if tokens is not None else ()
