"""Is the corpus about a question at all? One logistic rule over seven measures of what a search found.

Knows numbers only; `tools/search.py` measures, and `python -m tests.evals.search --fit` makes the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "bias": -8.243,
        "document": 3.372,  # cosine of the best document
        "passage": 13.279,  # cosine of its best passage
        "words": 0.096,  # z-score of its words (BM25)
        "passage_words": 3.866,  # share of the question's words, by rarity, in one passage of it
        "neighbours": 8.431,  # the same in the whole corpus; a word that is not there counts as its neighbour's cosine
        "gap": 0.176,  # rank score above the second document's
        "chance": -3.471,  # how far the best of so many ordinary documents would stand out: sqrt(2 ln N)
    }
)
"""The rule: relevant where the sum is above 0. Made by `python -m tests.evals.search --fit`."""


def certainty(measures: Mapping[str, float]) -> float:
    """Return how surely the corpus is about a question; above 0: it is."""
    return WEIGHTS["bias"] + sum(WEIGHTS[name] * value for name, value in measures.items())
