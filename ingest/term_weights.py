"""BM25's weight of a word in a document, and the same weight where the documents beside it are others.

FTS5 weighs a word by how long its document is beside the mean of its table. Of two tables that are asked as one, the
mean is another, and so are the weights. Knows FTS5's form of BM25 and of its table of lengths; knows no index.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

K1, B = 1.2, 0.75
"""FTS5's own, https://www.sqlite.org/fts5.html#the_bm25_function"""


def read_lengths(database: sqlite3.Connection) -> dict[str, int]:
    """Return how many words each document has, title and text, by its id."""
    rows = database.execute(
        "SELECT documents.id, sz FROM documents JOIN document_words_docsize AS sizes ON sizes.id = number"
    )
    return {i: sum(_numbers(sizes)) for i, sizes in rows}


def weighed_anew(weight: float, length: int, mean: float, new_mean: float) -> float:
    """Return a term weight as it is where documents have another mean length.

    Args:
        weight: BM25's, without its rarity, 0..K1 + 1.
        length: Of the document, in words.
        mean: Length of the documents that it was computed beside.
        new_mean: Length of those that it is wanted beside.

    Source: Robertson and Zaragoza 2009, equation 3.15: f (k1 + 1) / (f + k1 (1 - b + b length / mean)).
    """
    before, after = (K1 * (1 - B + B * length / of_all) for of_all in (mean, new_mean))
    count = weight * before / (K1 + 1 - weight)  # how often the document holds the word
    return count * (K1 + 1) / (count + after)


def _numbers(data: bytes) -> Iterator[int]:
    """Yield the numbers that SQLite wrote one behind the other: seven bits a byte, the highest first."""
    number = 0
    for byte in data:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            yield number
            number = 0
