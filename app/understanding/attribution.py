"""Which style each amount is said of: the one before or behind it, in the cheapest reading of all together."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.understanding.amounts import Amount

TOKEN = re.compile(r"[^\W_]+|\S")
MAX_GAP_CHARS, NEAR_CHARS = 60, 25
_FAR = 9
_FILLERS = frozenset(
    """of the a an in at to is it as for being style styles much many strong strength amount weight weighted share on about around roughly
    just only up down by it be should made each more""".split()
)
_LINKS = frozenset("and with plus but then while whereas or into make set put turn bring from".split())
_TOLD = re.compile(r"\b(?:should|must|has to|to be|say|about|around|roughly|maybe|like)\b", re.I)
"""What stands between a style and the amount that is said of it in a clause of its own."""
_COMPARES = re.compile(
    r"\s{1,3}(?:as\s{1,3}(?:strong|heavy|much)\s{1,3}as|(?:strong|heavi|bigg|larg)er\s{1,3}than|more\s{1,3}than)\b",
    re.I,
)
"""What stands behind "twice" where it is said of the style before it."""


def attribute(
    text: str, spans: Sequence[tuple[int, int]], places: Sequence[int], count: int, amounts: Sequence[Amount]
) -> tuple[Amount | None, ...]:
    """Put each amount to the style before or behind it: nearest first, and all in one direction where that is open."""
    said: list[Amount | None] = [None] * count
    options = [_options(text, spans, amount, amounts) for amount in amounts]
    for number, way in enumerate(_directions(options)):
        amount = amounts[number]
        if way is None:
            continue
        mention = options[number][way][1]
        if amount.is_each:
            following = range(mention, len(spans)) if way else range(mention + 1)
            for other in following:
                said[places[other]] = said[places[other]] or amount
        elif said[places[mention]] is None or amount.kind in ("share", "weight"):
            said[places[mention]] = amount
    shares = [amount for amount in amounts if amount.kind == "share"]
    if count == 1 and said == [None] and len(shares) == 1:
        said = [*shares]  # "the sketch is too timid. put it at three quarters"
    return tuple(said)


def _options(
    text: str, spans: Sequence[tuple[int, int]], amount: Amount, amounts: Sequence[Amount]
) -> tuple[tuple[float, int], tuple[float, int]]:
    """The cost of reading an amount as said of the style before it, and of the one behind it; and which they are."""
    before = max((i for i, (_, end) in enumerate(spans) if end <= amount.start), default=-1)
    behind = next((i for i, (start, _) in enumerate(spans) if start >= amount.end), -1)
    is_word = amount.kind in ("major", "minor", "rest", "times")
    is_behind = amount.kind in ("major", "minor") and _closes(text, spans, before, amount)  # "chalk mostly, ..."
    left = (
        _FAR + 1.0
        if before < 0 or (is_word and not is_behind)
        else _gap(text[spans[before][1] : amount.start], amounts, spans[before][1], amount.start)
    )
    right = (
        _FAR + 1.0
        if behind < 0 or amount.kind == "signs"
        else _gap(text[amount.end : spans[behind][0]], amounts, amount.end, spans[behind][0])
    )
    if before >= 0 and amount.kind == "times" and _COMPARES.match(text, amount.end):
        left = 0.0
    if before >= 0 and re.fullmatch(r"\s*\([^()]*", text[spans[before][1] : amount.start]):
        left, right = 0.0, _FAR + 1.0  # in brackets behind a style
    is_bare = amount.kind == "weight" or (amount.kind == "share" and not amount.is_percent)
    if is_bare and amount.kind == "weight" and not re.search("part", text[amount.start : amount.end]):
        left, right = (cost if cost < 1 else _FAR + 1.0 for cost in (left, right))  # "2 cats" is no amount
        right = right if right == 0 and text[amount.end : amount.end + 1] in " *" else _FAR + 1.0
    return (left, before), (right, behind)


def _closes(text: str, spans: Sequence[tuple[int, int]], before: int, amount: Amount) -> bool:
    """Whether a word for an amount stands right behind a style and ends what is said of it."""
    is_next = before >= 0 and not text[spans[before][1] : amount.start].strip()
    return is_next and bool(re.match(r"\s*(?:$|[,.;)!?]|and\b|but\b)", text[amount.end : amount.end + 8]))


def _gap(between: str, amounts: Sequence[Amount], start: int, end: int) -> float:
    """How far apart an amount and a style stand: 0 next to each other, 1.5 a comma, 2.5 an "and", else far."""
    if len(between) > MAX_GAP_CHARS or any(start < a.start < end for a in amounts):
        return _FAR + 1.0
    tokens = TOKEN.findall(between.lower())
    words = [token for token in tokens if token[0].isalnum()]
    marks = {token for token in tokens if not token[0].isalnum()}
    if any(word not in _FILLERS and word not in _LINKS for word in words):
        return _FAR - (4.0 if len(between) < NEAR_CHARS else 0.5 if _TOLD.search(between) else 0.0)
    if any(word in _LINKS for word in words) or marks & set("&+/."):
        return 2.5
    if marks & set(",;–-"):
        return 1.5
    return 0.5 if words and words not in (["of"], ["at"]) else 0.0


def _directions(options: Sequence[tuple[tuple[float, int], tuple[float, int]]]) -> list[int | None]:
    """Choose for each amount the style before (0) or behind it (1): the cheapest reading of all together (Viterbi)."""
    best: list[tuple[float, list[int | None]]] = [(0.0, []), (0.0, [])]  # by the way the last one went
    last: tuple[tuple[float, int], tuple[float, int]] | None = None
    for option in options:
        following = []
        for way in (0, 1):
            tries = []
            for earlier in (0, 1):
                cost, ways = best[earlier]
                clash = last is not None and bool(ways) and ways[-1] is not None and last[earlier][1] == option[way][1]
                switch = 1.0 if ways and earlier != way else 0.0
                tries.append((cost + option[way][0] + switch + (6.0 if clash else 0.0), ways))
            cost, ways = min(tries, key=lambda t: t[0])
            following.append((cost, [*ways, way if option[way][0] < _FAR else None]))
        best, last = following, option
    return min(best, key=lambda b: b[0])[1]
