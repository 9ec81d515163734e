"""A sentence laid against its passages, word by word: what stands where, and under which negation, hedge and verb.

Knows words and their order, no vectors and no verdict; `claims.py` judges what is found here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from app.understanding.stems import stem
from app.verification.tokens import Token, content_tokens

UNMATCHED_COST = 3.0
PASSAGE_COST = 4.0
LOOK_BACK = 4
MAX_CANDIDATES = 40


@dataclass(frozen=True)
class Match:
    """Where a sentence's content word stands: passage and ordinal among that passage's content words."""

    passage: int
    ordinal: int


@dataclass(frozen=True)
class Alignment:
    """The sentence's content words, the passages' content words, and the best way to lay the ones onto the others."""

    sentence: tuple[Token, ...]
    passages: tuple[tuple[Token, ...], ...]
    matches: tuple[Match | None, ...]  # one per content word of the sentence

    def at(self, match: Match) -> Token:
        return self.passages[match.passage][match.ordinal]

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Neighbouring matched words, as indices into the sentence's content words."""
        found = [i for i, match in enumerate(self.matches) if match]
        yield from pairwise(found)


_DERIVED = frozenset("ment ation ion er or ive al".split())
"""What makes "treatment" of "treat": the stemmer leaves such pairs apart."""


def is_kin(a: str, b: str) -> bool:
    """Say whether two stems belong to one word: they share a long beginning."""
    if a == b:
        return True
    if a[:5] != b[:5] or "#" in (a[:1], b[:1]):
        return False
    if a.removeprefix(b) in _DERIVED or b.removeprefix(a) in _DERIVED:
        return True
    shared = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return shared >= 5 and shared >= 0.7 * max(len(a), len(b))


_SYNONYMS = """
use uses employ employs utilize utilise utilizes apply|show shows demonstrate demonstrates indicate reveal|propose introduce present
method approach technique|framework system|address addresses tackle tackles|enable enables allow allows let lets permit
image picture|images pictures|maintain preserve retain keep|create produce generate|exceed surpass
obtain get|aim goal|help helps aid assist|big large|begin start|begins starts|require requires need needs
various different diverse|superiority advantage|novel new|such these|text textual|share shares exchange
match fit|currently now|rarely seldom|unique distinctive|ensure ensures guarantee guarantees|evaluate assess test
contain contains include includes comprise comprises
"""


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for group in re.split(r"[|\n]", _SYNONYMS):
        stems = frozenset(stem(word) for word in group.split())
        for member in stems:
            found[member] = found.get(member, frozenset()) | stems
    return found


def are_same(a: str, b: str) -> bool:
    """Say whether two stems mean the same: one word's forms, or synonyms of how papers are told."""
    return a == b or b in _synonyms().get(a, ()) or is_kin(a, b)


def align(sentence: str, passages: Sequence[str]) -> Alignment:
    """Lay a sentence's content words onto its passages: near words stay near, in order, within one passage.

    Args:
        sentence: The claim.
        passages: Texts that should support it.
    """
    words = content_tokens(sentence)
    texts = tuple(content_tokens(passage) for passage in passages)
    places: dict[str, list[Match]] = {}
    for k, text in enumerate(texts):
        for i, token in enumerate(text):
            places.setdefault(token.key, []).append(Match(k, i))
    options = [_options(word, places) for word in words]
    return Alignment(words, texts, tuple(_cheapest(words, texts, options)))


def _options(word: Token, places: dict[str, list[Match]]) -> list[Match]:
    if word.key in places:
        return places[word.key][:MAX_CANDIDATES]
    if word.kind == "number":
        return []
    return [match for key, found in places.items() if are_same(word.key, key) for match in found][:MAX_CANDIDATES]


def _cheapest(
    words: Sequence[Token], texts: Sequence[Sequence[Token]], options: Sequence[Sequence[Match]]
) -> list[Match | None]:
    """Viterbi over the words; a word may stay unmatched at a price."""
    best: list[list[tuple[float, int, int]]] = []  # per word and option: cost so far, word before, its option
    for j, candidates in enumerate(options):
        row = []
        for match in candidates:
            cost, back, option = UNMATCHED_COST * j, -1, -1
            for i in range(j - 1, max(-1, j - 1 - LOOK_BACK), -1):
                for o, before in enumerate(options[i]):
                    price = best[i][o][0] + UNMATCHED_COST * (j - 1 - i) + _step(words, texts, i, j, before, match)
                    if price < cost:
                        cost, back, option = price, i, o
            row.append((cost, back, option))
        best.append(row)
    result: list[Match | None] = [None] * len(words)
    ends = [
        (cost + UNMATCHED_COST * (len(words) - 1 - j), j, o)
        for j, row in enumerate(best)
        for o, (cost, _, _) in enumerate(row)
    ]
    if not ends:
        return result
    _, j, o = min(ends)
    while j >= 0:
        result[j] = options[j][o]
        _, j, o = best[j][o]
    return result


def _step(words: Sequence[Token], texts: Sequence[Sequence[Token]], i: int, j: int, a: Match, b: Match) -> float:
    if a.passage != b.passage:
        return PASSAGE_COST - (1.0 if words[i].phrase != words[j].phrase else 0.0)
    if a.ordinal == b.ordinal:
        return UNMATCHED_COST * 2
    apart = b.ordinal - a.ordinal
    text = texts[a.passage]
    crossed = (words[i].phrase == words[j].phrase) and text[a.ordinal].phrase != text[b.ordinal].phrase
    if apart > 0:
        return min(0.3 * (apart - 1), 2.0) + 0.4 * crossed
    return 1.2 + min(0.1 * -apart, 1.0) + 0.4 * crossed
