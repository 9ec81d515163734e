"""Whether words that stand in another order than in their passage still say the same.

Knows an alignment; knows no verdict. What it does not allow, `objections.py` objects to.
"""

from __future__ import annotations

from app.verification.alignment import Alignment, Match
from app.verification.tokens import Token

_CIRCUMSTANCES = frozenset(
    """in on at for during across under within through throughout upon via despite against among between""".split()
)
_FRONTED = _CIRCUMSTANCES | frozenset(["to", "without", "with", "by", "despite"])


def may_turn(a: Alignment, i: int, j: int, here: Match, there: Match) -> bool:
    """Whether a turned order still says the same: another clause, voice, list, or a moved adjunct."""
    text = a.passages[here.passage]
    left, right = a.sentence[i], a.sentence[j]
    at_left, at_right = text[here.ordinal], text[there.ordinal]
    if left.phrase != right.phrase and at_left.phrase != at_right.phrase:
        return True
    if _is_voice_turned(a, left, right, at_left, at_right) or _has_agent_before(a, i, here):
        return True
    if left.phrase == 0 and right.phrase == 1 and a.sentence[0].leads[:1] and a.sentence[0].leads[0] in _FRONTED:
        return True  # "To lower noise, the pump ..." for "the pump lowers noise ... by"
    is_apart = at_left.phrase != at_right.phrase or at_left.clause != at_right.clause
    if is_apart and right.leads and right.leads[0] in _CIRCUMSTANCES:  # where and when it is so may be said last
        return True
    preposition = next((lead for lead in right.leads if lead in at_right.leads and len(lead) > 1), None)
    if (
        preposition
        and preposition not in ("the", "and", "or", "that")
        and (at_left.clause == at_right.clause or there.ordinal == 0)
        and there.ordinal == _phrase_start(text, there.ordinal)
    ):
        return True
    between = text[there.ordinal + 1 : here.ordinal + 1]
    if all(t.leads[-1:] in (("and",), ("or",)) or not t.leads for t in between) and {"and", "or"} & set(right.leads):
        return True
    if (
        here.ordinal - there.ordinal <= 3
        and (right.leads[:1] in (("of",), ("for",), ("in",)))
        and not any(t.leads for t in between)
    ):
        return True
    return here.ordinal - there.ordinal <= 3 and at_left.leads[:1] == ("of",) and not right.leads


def _is_voice_turned(a: Alignment, left: Token, right: Token, at_left: Token, at_right: Token) -> bool:
    verbs = ((left, at_left), (right, at_right))
    return at_left.clause == at_right.clause and any(s.is_passive != p.is_passive for s, p in verbs)


def _has_agent_before(a: Alignment, i: int, here: Match) -> bool:
    """Whether who does it, behind a "by" in the passage, stands before the active verb here: "which is held by X"."""
    verb = a.at(here)
    if a.sentence[i].is_passive or not verb.is_passive:
        return False
    earlier = [m for m in a.matches[:i] if m and m.passage == here.passage and m.ordinal > here.ordinal]
    return any("by" in a.at(m).leads for m in earlier)


def _phrase_start(text: tuple[Token, ...], ordinal: int) -> int:
    while ordinal > 0 and text[ordinal - 1].phrase == text[ordinal].phrase and not text[ordinal].leads:
        ordinal -= 1
    return ordinal
