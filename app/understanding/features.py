"""What the heads look at: a message's words with their states, its n-grams, and the conversation's state as numbers.

Knows the embedder's readings; knows nothing of what is made of them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.understanding.request import State
from app.understanding.spelling import called_back, fold
from app.understanding.vocabulary import listed_styles, vocabulary
from ingest.vectors import Reading
from ingest.words import content_words

GRAM_BUCKETS = 8192
MAX_GRAMS = 900
LETTERS = 8
LISTED = 3
"""Whether a word stands in a style or in a subject of the examples' vocabulary, or calls back a style of the run
before."""
SHAPES = LETTERS + LISTED
MAX_LISTED_WORDS = 4
CONTEXT = 9

_WORD = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+(?:[-'’][^\W\d_]+)*|\w+?|[^\w\s]")


@dataclass(frozen=True)
class Features:
    """One message in numbers.

    Args:
        words: Each word's characters, (start, end).
        states: (words, d) the mean state of its pieces, then SHAPES numbers about its letters.
        vector: (384,) the sentence.
        grams: Buckets of its word and letter n-grams.
        context: (CONTEXT,) what the conversation holds.
    """

    words: list[tuple[int, int]]
    states: NDArray[np.float32]
    vector: NDArray[np.float32]
    grams: list[int]
    context: NDArray[np.float32]


def features_of(text: str, reading: Reading, state: State, *, names_document: bool) -> Features:
    """Put a message and the state that it stands in into numbers."""
    words = [match.span() for match in _WORD.finditer(text)]
    states = _word_states(text, words, reading)
    states[:, -LISTED:] = _listed(text, words, state)
    return Features(words, states, reading.vector, grams_of(text), context_of(text, state, names_document))


def _word_states(text: str, words: Sequence[tuple[int, int]], reading: Reading) -> NDArray[np.float32]:
    width = reading.states.shape[1]
    rows = np.zeros((len(words), width + SHAPES), np.float32)
    piece = 0
    for n, (start, end) in enumerate(words):
        while piece < len(reading.spans) and reading.spans[piece][1] <= start:
            piece += 1
        last = piece
        while last < len(reading.spans) and reading.spans[last][0] < end:
            last += 1
        if last > piece:
            rows[n, :width] = reading.states[piece:last].mean(0) / 8  # about 1 per number
        word = text[start:end]
        rows[n, width : width + LETTERS] = (
            word[0].isdigit(), not word[0].isalnum(), word[0].isupper(), word.isupper() and len(word) > 1, "-" in word,
            text[start - 1 : start] in ("\"", "'", "“", "‘", "(", "["), n == 0, n == len(words) - 1,
        )  # fmt: skip
    return rows


def _listed(text: str, words: Sequence[tuple[int, int]], state: State) -> NDArray[np.float32]:
    rows = np.zeros((len(words), LISTED), np.float32)
    for column, names in enumerate(_names()):
        for n, (start, _) in enumerate(words):
            for last in range(min(n + MAX_LISTED_WORDS, len(words)) - 1, n - 1, -1):
                if fold(text[start : words[last][1]]) in names:
                    rows[n : last + 1, column] = 1
                    break
    styles = [style for run in state.runs[-2:] for style, _ in run.styles]
    for n, (start, end) in enumerate(words):
        word = text[start:end]
        rows[n, 2] = len(word) > 2 and any(called_back(word, [style]) is not None for style in styles)
    return rows


@cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    return listed_styles()[0], frozenset(map(fold, vocabulary()["subjects"]))


@lru_cache(maxsize=20_000)
def _bucket(gram: str) -> int:
    return zlib.crc32(gram.encode()) % GRAM_BUCKETS


def grams_of(text: str) -> list[int]:
    """Hash word pairs and triples of a message, and letters of its words, into buckets; long ones give their ends."""
    text = text.casefold()
    if len(text) > 800:
        text = f"{text[:400]} {text[-400:]}"
    words = [re.sub(r"\d", "0", match[0]) for match in _WORD.finditer(text)]
    ends = ["<", *words, ">"]
    found = [_bucket(f"w {word}") for word in words]
    found += [_bucket(f"p {a} {b}") for a, b in pairwise(ends)]
    found += [_bucket(f"t {a} {b} {c}") for a, b, c in zip(ends, ends[1:], ends[2:], strict=False)]
    for word in words:
        padded = f"<{word[:24]}>"
        found += [_bucket(padded[i : i + n]) for n in (3, 4) for i in range(len(padded) - n + 1)]
    return list(dict.fromkeys(found))[:MAX_GRAMS] or [0]


def context_of(text: str, state: State, names_document: bool) -> NDArray[np.float32]:
    """Say in numbers what the conversation holds, and whether the message speaks of it."""
    last = state.runs[-1] if state.runs else None
    words = content_words(text)[:40]
    styles = [style for run in state.runs[-2:] for style, _ in run.styles]
    speaks_of_style = any(
        len(word) > 2 and called_back(word, [style]) is not None for word in words for style in styles
    )
    subjects = {word for run in state.runs[-2:] for word in content_words(run.subject or "")}
    return np.array(
        [
            last is not None,
            len(state.runs) > 1,
            last is not None and last.tool != "blend",
            bool(state.spoken),
            names_document,
            speaks_of_style,
            bool(subjects & set(words)),
            not state.runs and not state.spoken,
            min(len(text), 400) / 200,
        ],
        np.float32,
    )
