"""What speaks against a sentence although its words stand in the passages: each function here names one such thing.

Knows an alignment; knows no scores. An objection is enough to refuse a sentence, whatever else is for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from app.understanding.stems import stem
from app.verification.alignment import Alignment, Match, Token
from app.verification.opposites import are_opposite
from app.verification.turning import may_turn

_DIRECTIONS = frozenset(
    stem(w)
    for w in """more less fewer higher lower greater smaller larger increase decrease reduce rise fall better worse keep
    swap exceed improve promote inhibit activate suppress longer shorter faster slower pull push""".split()
)
_JOINING = frozenset("and but while whereas although yet".split())
_ANAPHORS = frozenset("it its they their this these that those we our such he she his her here both".split())


@dataclass(frozen=True)
class Objection:
    """One thing that speaks against the sentence, and the word where it shows."""

    kind: str  # "number" | "name" | "opposite" | "negation" | "strength" | "role" | "splice"
    word: str
    reason: str


_ARTICLES = frozenset("the a an its their this that these".split())
_SAID = frozenset("is are was were".split())
_JOINS = frozenset(["and", "or", "but"])


def objections(alignment: Alignment) -> tuple[Objection, ...]:
    """Collect all that speaks against the sentence."""
    checks: tuple[Callable[[Alignment], Iterator[Objection]], ...] = (
        _numbers,
        _names,
        _opposites,
        _negations,
        _strength,
        _roles,
        _parted,
        _moved,
        _splices,
    )
    return tuple(dict.fromkeys(found for check in checks for found in check(alignment)))


def _numbers(a: Alignment) -> Iterator[Objection]:
    for word, match in zip(a.sentence, a.matches, strict=True):
        if word.kind != "number":
            continue
        if match is None:
            yield Objection("number", word.text, f"“{word.text}” is not the number that the passage gives there")
        elif (unit := a.at(match).unit) != word.unit and "%" in (unit, word.unit):
            yield Objection("number", word.text, f"“{word.text}” has another unit in the passage")


def _names(a: Alignment) -> Iterator[Objection]:
    for i, (word, match) in enumerate(zip(a.sentence, a.matches, strict=True)):
        if match is not None or stands_for_anaphor(a, i):
            continue
        if word.kind == "name" or (word.is_joined and a.sentence[i - 1].kind == "name"):
            yield Objection("name", word.text, f"the passage does not speak of “{word.text}” there")


def stands_for_anaphor(a: Alignment, i: int) -> bool:
    """Whether a leading name is said for the passage's "it": "FedStyle allows", where another passage names FedStyle."""
    first = next((n for n, match in enumerate(a.matches) if match), -1)
    return i < first and _known(a, a.sentence[i]) and _starts_with_anaphor(a, a.matches[first])


def _known(a: Alignment, word: Token) -> bool:
    return any(token.key == word.key for text in a.passages for token in text)


def _starts_with_anaphor(a: Alignment, match: Match | None) -> bool:
    if match is None:
        return False
    text = a.passages[match.passage]
    leads = [lead for token in text[max(0, match.ordinal - 1) : match.ordinal + 1] for lead in token.leads]
    return match.ordinal <= 1 and any(lead in _ANAPHORS for lead in leads)


def _opposites(a: Alignment) -> Iterator[Objection]:
    used = {(m.passage, m.ordinal) for m in a.matches if m}
    near = {m.passage for m in a.matches if m}
    for i, (word, match) in enumerate(zip(a.sentence, a.matches, strict=True)):
        if match is not None:
            continue
        for k in near:
            for o, token in enumerate(a.passages[k]):
                if (k, o) not in used and are_opposite(word.key, token.key) and _between(a, i, k, o):
                    yield Objection("opposite", word.text, f"the passage says “{token.text}”, not “{word.text}”")


def _between(a: Alignment, i: int, passage: int, ordinal: int) -> bool:
    """Whether the sentence's i-th word would stand about there: within six words of a matched neighbour."""
    around = [m for m in (*a.matches[max(0, i - 3) : i], *a.matches[i + 1 : i + 4]) if m]
    return any(m.passage == passage and abs(m.ordinal - ordinal) <= 6 for m in around)


def _negations(a: Alignment) -> Iterator[Objection]:
    for word in _governed_here_only(a, "negated"):
        yield Objection("negation", word.text, f"the sentence denies “{word.text}”, the passage does not")
    for word in _governed_there_only(a, "negated"):
        yield Objection("negation", word.text, f"the passage denies “{word.text}”, the sentence does not")


def _strength(a: Alignment) -> Iterator[Objection]:
    for word in _governed_there_only(a, "hedged"):
        yield Objection("strength", word.text, f"the passage only says that it may be so (“{word.text}”)")
    for word in _governed_there_only(a, "limited"):
        yield Objection("strength", word.text, f"the passage limits “{word.text}”, the sentence does not")
    for word in _governed_here_only(a, "universal"):
        yield Objection("strength", word.text, f"the passage does not say all or only of “{word.text}”")


def _governed_here_only(a: Alignment, what: str) -> Iterator[Token]:
    """Words that, say, a negation of the sentence governs first, and none of the passage does."""
    pending = False  # the first governed word is not in the passage: the next one speaks for it
    for word, match in zip(a.sentence, a.matches, strict=True):
        place = getattr(word, what)
        pending = place == 1 or (pending and place > 1)
        if pending and match is not None:
            pending = False
            if not getattr(a.at(match), what):
                yield word


def _governed_there_only(a: Alignment, what: str) -> Iterator[Token]:
    """Words that, say, a negation of the passage governs first, and none of the sentence does."""
    laid = {(m.passage, m.ordinal): word for word, m in zip(a.sentence, a.matches, strict=True) if m}
    for k in {passage for passage, _ in laid}:
        pending = False
        for ordinal, token in enumerate(a.passages[k]):
            place = getattr(token, what)
            pending = place == 1 or (pending and place > 1)
            if pending and (k, ordinal) in laid:
                pending = False
                if not getattr(laid[k, ordinal], what):
                    yield laid[k, ordinal]


def _roles(a: Alignment) -> Iterator[Objection]:
    steady = [i for i, match in enumerate(a.matches) if match and not _is_adverb(a.sentence[i])]
    for i, j in pairwise(steady):
        here, there = a.matches[i], a.matches[j]
        if not here or not there or here.passage != there.passage:
            continue
        text = a.passages[here.passage]
        left, right = a.sentence[i], a.sentence[j]
        at_left, at_right = text[here.ordinal], text[there.ordinal]
        if there.ordinal < here.ordinal:
            if not may_turn(a, i, j, here, there):
                yield Objection("role", right.text, f"the passage puts “{right.text}” before “{left.text}”")
            continue
        if left.phrase != right.phrase:
            continue
        skipped = text[here.ordinal + 1 : there.ordinal]
        is_next = i == j - 1 and (not skipped or not at_right.text.endswith("ed"))
        if right.is_passive and not at_right.is_passive and is_next:
            yield Objection("role", right.text, f"in the passage “{left.text}” is who does it")
        if not skipped:
            continue
        # The verb of a shared subject may follow it across a clause: "models not only show A but outperform B".
        is_verb_of_left = text[there.ordinal - 1].clause != at_right.clause or bool(_JOINS & set(at_right.leads))
        is_other_clause = left.clause == right.clause and at_left.clause != at_right.clause and not is_verb_of_left
        if is_other_clause or (left.key in _DIRECTIONS and any(token.key in _DIRECTIONS for token in skipped)):
            yield Objection("role", right.text, f"in the passage “{left.text}” goes with “{skipped[0].text}”")


def _is_adverb(word: Token) -> bool:
    """Whether a word may stand here or there in its clause: "rarely", "significantly"."""
    return word.text.lower().endswith("ly") and len(word.text) > 4


def _parted(a: Alignment) -> Iterator[Objection]:
    """Words that stand next to each other here, and whose passage makes them go apart."""
    for i, (here, there) in enumerate(pairwise(a.matches)):
        if here and there and here.passage == there.passage and here.ordinal < there.ordinal:
            left, right = a.sentence[i : i + 2]
            if left.phrase == right.phrase and (between := _what_parts(a, right, here, there)):
                yield Objection(
                    "role", right.text, f"the passage has “{between}” between “{left.text}” and “{right.text}”"
                )


def _what_parts(a: Alignment, right: Token, here: Match, there: Match) -> str | None:
    """The word between two places that makes them go apart.

    "Outperform the methods and surpass the rest": the methods surpass nothing. "Style is new since networks are biased":
    style is not biased. "Reflecting the style and ensuring that images match the prompts": the prompts, deep in a phrase
    whose beginning is left out, are not reflected.
    """
    text = a.passages[here.passage]
    if any(token.key == text[here.ordinal].key for token in text[here.ordinal + 1 : there.ordinal]):
        return None  # "birth size, and birth length": the nearer one is meant
    at_right, after = text[there.ordinal], text[here.ordinal + 1]
    if there.ordinal > here.ordinal + 1 and all(map(_is_adverb, text[here.ordinal + 1 : there.ordinal])):
        return None
    if there.ordinal == here.ordinal + 1:
        return next((lead for lead in at_right.leads if lead in _JOINS and not _JOINS & set(right.leads)), None)
    used = {m.ordinal for m in a.matches if m and m.passage == there.passage}
    said = _SAID & set(right.leads)
    if said & set(after.leads) and here.ordinal + 1 not in used and not _JOINS & set(at_right.leads):
        return after.text
    if text[here.ordinal].phrase == at_right.phrase or not set(right.leads) <= _ARTICLES | _SAID:
        return None
    before = [n for n in range(here.ordinal + 1, there.ordinal) if text[n].phrase == at_right.phrase]
    return text[before[-1]].text if len(before) > 1 and not used & set(before) else None


def _moved(a: Alignment) -> Iterator[Objection]:
    """Words that the neighbours' passage has, but in another place, where something else is said."""
    used = {(m.passage, m.ordinal) for m in a.matches if m}
    for i, (word, match) in enumerate(zip(a.sentence, a.matches, strict=True)):
        if match is not None or word.kind not in ("word", "name"):
            continue
        around = [m for m in (*a.matches[max(0, i - 1) : i], *a.matches[i + 1 : i + 2]) if m]
        if len(around) == 2 and around[0].passage == around[1].passage:
            text = a.passages[around[0].passage]
            if any(t.key == word.key and (around[0].passage, o) not in used for o, t in enumerate(text)):
                yield Objection("role", word.text, f"the passage says “{word.text}” of something else")


def _splices(a: Alignment) -> Iterator[Objection]:
    for i, j in a.pairs():
        here, there = a.matches[i], a.matches[j]
        if not here or not there or here.passage == there.passage:
            continue
        left, right = a.sentence[i], a.sentence[j]
        joined = left.phrase != right.phrase and bool(_JOINING & set(right.leads) or left.clause != right.clause)
        begins = there.ordinal <= 1 or _starts_with_anaphor(a, there)
        if not (joined and begins and _ends_phrase(a, here)):
            yield Objection("splice", right.text, f"no passage says “{left.text}” and “{right.text}” of one thing")


def _ends_phrase(a: Alignment, match: Match) -> bool:
    text = a.passages[match.passage]
    return match.ordinal + 1 == len(text) or text[match.ordinal + 1].phrase != text[match.ordinal].phrase
