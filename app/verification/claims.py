"""Is this sentence supported by these passages?

Words are laid against words (`alignment.py`), what is changed is named (`objections.py`), and how likely the rest is to
be supported is weighed here, by a small logistic that was fitted on WiCE. Knows no language model; an NLI cross-encoder
may decide in the logistic's place, never over an objection.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from app.understanding.stems import stem
from app.verification.alignment import Alignment, Token, align, are_same
from app.verification.objections import objections, stands_for_anaphor
from ingest.passages import Passage
from ingest.vectors import load_embedder

Label = Literal["supported", "partly", "not"]

SUPPORTED = 0.5
"""A sentence of at least this score is supported, where nothing is objected."""
PARTLY = 0.15
ALL_HELD = 0.95
"""Every word stands in its place and nothing is objected: likeness has nothing to add."""
COMMON = 2.5
"""The weight below which a word may be missing from the passages: "new", "first"; any rarer one makes it partly."""

_FRAME = frozenset(
    stem(word)
    for word in """author authors paper papers researchers report reports reported according work study say says states
    article describe describes explain explains note notes show shows find finds found summary document documents here""".split()
)
"""Words that say who says it, where a passage need not."""

LIGHT = frozenset(
    stem(word) for word in "need needed use used work become became happen let letting handle together do done".split()
)
"""Words that say little by themselves: where all the others stand in their places, these may be the sentence's own."""

# Fitted by `python -m tests.evals.claims --fit` (WiCE dev, oracle retrieval): feature -> (mean, deviation, weight).
_INTERCEPT = -1.4022
_WEIGHTS = {
    "numbers": (0.8117, 0.3426, 0.9725),
    "worst phrase in one": (0.2920, 0.2549, 0.3640),
    "alike": (0.7172, 0.1194, 0.6835),
    "least alike": (0.4554, 0.1632, 0.2564),
    "lost names": (4.0364, 7.0312, -0.9352),
}


class PieceEmbedder(Protocol):
    """What the check needs of an embedder: see `ingest.vectors.Embedder`."""

    def encode_pieces(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float32], list[tuple[int, int]]]]: ...


class EntailmentModel(Protocol):
    """What the check needs of an NLI model: see `app.verification.entailment.Entailment`."""

    def scores(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Verdict:
    """What came of checking one sentence."""

    label: Label
    score: float  # 0..1; 0 where something is objected
    unsupported: tuple[str, ...] = ()  # words that the passages do not hold, or hold of something else
    reasons: tuple[str, ...] = ()


def check(
    sentence: str,
    passages: Sequence[str | Passage],
    *,
    embedder: PieceEmbedder | None = None,
    nli: EntailmentModel | None = None,
) -> Verdict:
    """Say whether the passages support the sentence.

    Args:
        sentence: One claim. Names may also be known from a passage that only holds the document's title.
        passages: What it stands on; words of one clause must stand together in one of them.
        embedder: Compares words in context; None is the packaged one.
        nli: Decides in the place of the words' score; what is objected stays refused.
    """
    texts = [passage if isinstance(passage, str) else passage.text for passage in passages]
    if not texts:
        return Verdict("not", 0.0, (), ("no passage is named",))
    if is_verbatim(sentence, texts):
        return Verdict("supported", 1.0)
    alignment = _without_frame(align(sentence, texts))
    if not alignment.sentence:
        return Verdict("not", 0.0, (), ("it says nothing that could be checked",))
    lost = [
        word
        for i, (word, match) in enumerate(zip(alignment.sentence, alignment.matches, strict=True))
        if match is None and not stands_for_anaphor(alignment, i)
    ]
    missing = tuple(word.text for word in lost)
    if found := objections(alignment):
        words = dict.fromkeys([*(objection.word for objection in found), *missing])
        return Verdict("not", 0.0, tuple(words), tuple(dict.fromkeys(objection.reason for objection in found)))
    if not missing and nli is None:
        return Verdict("supported", ALL_HELD)
    if nli is not None:
        score = float(max(nli.scores([(text, sentence) for text in [*texts, " ".join(texts)]])))
    else:
        score = support(sentence, texts, embedder or load_embedder())
    total = sum(word.weight for word in alignment.sentence)
    share = sum(word.weight for word in lost) / total
    reasons = (f"the passages do not hold: {', '.join(missing)}",) if missing else ()
    if score >= SUPPORTED and (nli is not None or all(word.weight < COMMON or word.key in LIGHT for word in lost)):
        return Verdict("supported", score, missing, ())
    if score >= PARTLY and share < 0.6:
        return Verdict("partly", score, missing, reasons or ("the passages say something near to it only",))
    return Verdict("not", score, missing, reasons or ("the passages do not say this",))


def is_verbatim(sentence: str, passages: Sequence[str]) -> bool:
    """Say whether the sentence is one of the passages, or some that follow each other, letter for letter."""
    wanted = _letters(sentence)
    if not wanted:
        return False
    letters = [_letters(passage) for passage in passages]
    for i in range(len(letters)):
        joined = ""
        for text in letters[i:]:
            joined += text
            if joined == wanted:
                return True
            if not wanted.startswith(joined):
                break
    return False


def support(sentence: str, passages: Sequence[str], embedder: PieceEmbedder) -> float:
    """Return how likely the passages are to support the sentence, by its words alone, 0..1: no objection is heard."""
    measured = features(sentence, passages, embedder)
    z = _INTERCEPT + sum(w * (measured[name] - mean) / scale for name, (mean, scale, w) in _WEIGHTS.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))


def features(sentence: str, passages: Sequence[str], embedder: PieceEmbedder) -> dict[str, float]:
    """Measure a sentence against its passages: what share of it, by weight, stands there, and how alike the rest is."""
    alignment = _without_frame(align(sentence, passages))
    words = alignment.sentence
    weights = np.array([word.weight for word in words])
    held = np.array([[_holds(text, word) for word in words] for text in _vocabularies(alignment)], float)
    anywhere = held.max(axis=0)
    alike = _likeness(sentence, words, passages, embedder)

    def share(values: NDArray[np.float64], mask: NDArray[np.bool_] | None = None) -> float:
        chosen = np.ones(len(words), bool) if mask is None else mask
        return float((weights * values)[chosen].sum() / weights[chosen].sum()) if chosen.any() else 1.0

    kinds = np.array([word.kind for word in words])
    phrases = [np.array([word.phrase == phrase for word in words]) for phrase in {word.phrase for word in words}]
    return {
        "numbers": share(anywhere, kinds == "number"),
        "worst phrase in one": min(max(share(row, phrase) for row in held) for phrase in phrases),
        "alike": share(alike),
        "least alike": float(np.sort(alike)[:3].mean()),
        "lost names": float((weights * (1 - anywhere))[kinds == "name"].sum()),
    }


def _likeness(
    sentence: str, words: Sequence[Token], passages: Sequence[str], embedder: PieceEmbedder
) -> NDArray[np.float64]:
    """Return each word's greatest cosine, in context, to any word of the passages."""
    (mine, spans), *others = embedder.encode_pieces([sentence, *passages])
    rows = [other for other, _ in others if len(other)]
    if not len(mine) or not rows:
        return np.full(len(words), 0.5)
    nearest = np.max([(mine @ other.T).max(axis=1) for other in rows], axis=0)
    found = np.full(len(words), 0.5)  # a word behind the embedder's limit
    for i, word in enumerate(words):
        inside = [
            k for k, (start, end) in enumerate(spans) if start >= word.start and end <= word.start + len(word.text)
        ]
        if inside:
            found[i] = float(nearest[inside].mean())
    return found


def _vocabularies(alignment: Alignment) -> list[frozenset[str]]:
    return [frozenset(token.key for token in text) for text in alignment.passages]


def _holds(vocabulary: frozenset[str], word: Token) -> bool:
    return word.key in vocabulary or any(are_same(word.key, key) for key in vocabulary)


def _without_frame(alignment: Alignment) -> Alignment:
    """Leave out "the paper says" and "by the authors", where no passage holds those words."""
    first = next((i for i, match in enumerate(alignment.matches) if match), 0)
    keep = [
        i
        for i, (word, match) in enumerate(zip(alignment.sentence, alignment.matches, strict=True))
        if match is not None or word.key not in _FRAME or (i > first and word.key not in _AUTHORS)
    ]
    return Alignment(
        tuple(alignment.sentence[i] for i in keep), alignment.passages, tuple(alignment.matches[i] for i in keep)
    )


_AUTHORS = frozenset(stem(word) for word in ["author", "authors", "paper", "researchers"])


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()
