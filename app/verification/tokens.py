"""A text's content words, each with what governs it: negation, hedge, quantity, clause.

Knows words and their order, and nothing of other texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from wordfreq import zipf_frequency

from app.understanding.stems import STOP_WORDS, stem

NEGATIONS = frozenset(
    """not no never neither nor none nobody nothing without cannot non fail fails failed failing failure lack lacks
    lacked lacking absence absent rarely hardly barely scarcely seldom unable
    struggle struggles struggled struggling""".split()
)
HEDGES = frozenset("may might could perhaps possibly probably likely seem seems seemed appear appears appeared".split())
SOME = frozenset("some most many several few sometimes often partly usually".split())
ALL = frozenset("all every always only entirely completely exclusively solely any invariably".split())
_BE = frozenset("is are was were be been being gets got get".split())
_PREPOSITIONS = frozenset(
    """in on at by for from of to with within without during through across between among under over after before
    into onto via per against despite along using upon toward towards until since as""".split()
)
_CLAUSE_STARTS = frozenset(
    "while whereas but although though because if unless which who whose whereby yet when where".split()
)
_OBSTACLES = frozenset("challenge challenges difficulty difficulties trouble".split())
_COORDINATORS = frozenset(["and", "or"])
LIGHT = frozenset("is are was were be been being has have had do does did".split())
_PARTICIPLE = re.compile(r"(?<!\w)\w{2,}(?:ed|wn|en)$", re.I)
IRREGULAR = dict(
    pair.split("/")
    for pair in """kept/keep found/find made/make held/hold led/lead built/build lost/lose left/leave told/tell sent/send
    fed/feed bound/bind shown/show grown/grow known/know given/give taken/take driven/drive chosen/choose drawn/draw
    seen/see written/write spoken/speak brought/bring bought/buy thought/think taught/teach caught/catch fought/fight
    met/meet spent/spend understood/understand began/begin begun/begin became/become gave/give took/take grew/grow
    knew/know drove/drive chose/choose drew/draw wrote/write rose/rise risen/rise fell/fall fallen/fall ran/run
    won/win wore/wear paid/pay said/say went/go came/come""".split()
)
_NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty""".split()
    )
    if word != "one"  # as often a pronoun as a number
} | {"thirty": "30", "forty": "40", "fifty": "50", "hundred": "100", "thousand": "1000", "million": "1000000"}
_CONTENT_AFTER_ALL = frozenset(  # no topic of a question, but a part of what a sentence says
    """model models used using use uses need work works before after more most above below over under up down same
    other another both between made make makes once instead""".split()
)
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\W_]+|%")
_BREAK = re.compile(r"[,;:()\[\]–—]|\s-\s|\.\s")


@dataclass(frozen=True)
class Token:
    """A word of a text, with what governs it."""

    text: str
    start: int  # where it stands in its text, in characters
    key: str  # its stem; "#3.5" for a number
    kind: str  # "number" | "name" | "word" | "function"
    is_joined: bool  # to the word before, by a hyphen
    weight: float  # how rare it is in English, 0.5..8
    clause: int  # counts `while`, `but`, `which`, `;` ...
    phrase: int  # counts those and every comma, bracket, `and`
    leads: tuple[str, ...]  # the function words since the content word before
    unit: str  # of a number: the word after it
    negated: int  # 0: not; 1: the first word that a negation governs; 2, 3: the next ones
    hedged: int  # the same for "may", "possibly" ...
    limited: int  # for "some", "most" ...
    universal: int  # for "all", "only" ...
    is_passive: bool


@lru_cache(maxsize=65536)
def rarity(word: str) -> float:
    """Return how rare a word is in English, 0.5 (the) .. 8 (never seen)."""
    return min(max(8.0 - zipf_frequency(word, "en"), 0.5), 8.0)


@lru_cache(maxsize=4096)
def content_tokens(text: str) -> tuple[Token, ...]:
    """Return a text's content words in order."""
    raw = list(_TOKEN.finditer(text))
    tokens: list[Token] = []
    clause = phrase = 0
    leads: list[str] = []
    scope = _Scope()
    for n, found in enumerate(raw):
        word, low = found.group(), found.group().lower().replace("’", "'")
        gap = text[raw[n - 1].end() : found.start()] if n else ""
        if _BREAK.search(gap):
            phrase += 1
            scope.close(is_strong=";" in gap or ". " in gap or ":" in gap)
            clause += ";" in gap
        if low in _CLAUSE_STARTS:
            clause, phrase = clause + 1, phrase + 1
            scope.close(is_strong=True)
        elif low in _COORDINATORS:
            phrase += 1
        elif low in ("rather", "instead") and n + 1 < len(raw) and raw[n + 1].group().lower() in ("than", "of"):
            phrase += 1
            scope.open("negation")
        elif low in _OBSTACLES and n + 1 < len(raw) and raw[n + 1].group().lower() == "in":
            scope.open("negation")  # "challenges in achieving it": it is not achieved
        kind, key = _kind(text, found, low, n == 0)
        followed_by_only = n + 1 < len(raw) and raw[n + 1].group().lower() == "only"
        if (low in NEGATIONS or low.endswith("n't")) and not followed_by_only:
            scope.open("negation")
            kind = "function" if low in ("non", "nothing", "nobody", "none", "neither") or low.endswith("n't") else kind
        elif low in HEDGES:
            scope.open("hedge")
            kind = "function"
        elif low in SOME:
            scope.open("some")
            kind = "function"
            if low == "few" and leads[-1:] not in (["a"], ["the"]):  # "few do" says that most do not
                scope.open("negation")
        elif low in ALL and (n == 0 or raw[n - 1].group().lower() != "not"):
            scope.open("all")
            kind = "function"
        if kind == "function":
            leads.append(low)
            continue
        after = (
            raw[n + 1].group().lower()
            if n + 1 < len(raw) and not _BREAK.search(text[found.end() : raw[n + 1].start()])
            else ""
        )
        tokens.append(
            Token(
                text=word,
                start=found.start(),
                key=key,
                kind=kind,
                is_joined=gap in ("-", "‐", "–") and bool(tokens),
                weight=5.0 if kind == "number" else rarity(low),
                clause=clause,
                phrase=phrase,
                leads=tuple(leads),
                unit={"percent": "%", "per": "%"}.get(after, after) if kind == "number" else "",
                negated=scope.place("negation"),
                hedged=scope.place("hedge"),
                limited=scope.place("some"),
                universal=scope.place("all"),
                is_passive=_is_passive(word, low, leads, after),
            )
        )
        scope.step()
        leads = []
    return tuple(tokens)


_REACH_WORDS = {"negation": 3, "hedge": 3, "some": 1, "all": 1}


class _Scope:
    """Which content words a negation, a hedge or a quantifier governs, counted from its own place."""

    def __init__(self) -> None:
        self._place = dict.fromkeys(_REACH_WORDS, 0)

    def open(self, kind: str) -> None:
        self._place[kind] = 1

    def place(self, kind: str) -> int:
        return self._place[kind]

    def step(self) -> None:
        self._place = {kind: place + 1 if 0 < place < _REACH_WORDS[kind] else 0 for kind, place in self._place.items()}

    def close(self, is_strong: bool) -> None:
        """End at a comma what has governed a word already; at a new clause, everything."""
        self._place = {kind: place if place == 1 and not is_strong else 0 for kind, place in self._place.items()}


def _kind(text: str, found: re.Match[str], low: str, is_first: bool) -> tuple[str, str]:
    word = found.group()
    if word[0].isdigit() and word[-1].isdigit():
        before = text[max(0, found.start() - 2) : found.start()]
        glued = re.search(r"[^\W\d_][-–]?$", before)
        value = word.replace(",", "") if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", word) else word.replace(",", ".")
        return ("name" if glued else "number"), f"#{_plain_number(value)}"
    if low in _NUMBER_WORDS:
        return "number", f"#{_NUMBER_WORDS[low]}"
    if word == "%" or low in ("percent",):
        return "function", "%"
    has_inner_capital = any(c.isupper() for c in word[1:]) or any(c.isdigit() for c in word)
    if has_inner_capital and len(word) > 1:
        return "name", stem(low[:-1] if word[-1] == "s" and word[:-1].isupper() else low)
    if low in STOP_WORDS and low not in _CONTENT_AFTER_ALL:
        return "function", low
    if (
        low == "either"
        or low in _CLAUSE_STARTS
        or low in LIGHT
        or low in _PREPOSITIONS - {"before", "after", "over", "under", "between"}
    ):
        return "function", low
    if len(word) == 1 and not word.isupper():
        return ("name", low) if word.isalpha() and not word.isascii() else ("function", low)
    if word[0].isupper() and (not is_first or rarity(low) > 5.5):
        return "name", stem(low)
    return "word", stem(IRREGULAR.get(low, low))


def _plain_number(value: str) -> str:
    return value.rstrip("0").rstrip(".") if "." in value else value.lstrip("0") or "0"


def _is_passive(word: str, low: str, leads: Sequence[str], after: str) -> bool:
    if not (_PARTICIPLE.match(word) or low in IRREGULAR):
        return False
    return any(lead in _BE for lead in leads) or after == "by"
