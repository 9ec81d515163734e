"""What the last run becomes when something of it is changed: its styles with new shares, its subject.

Applies what was read (names, amounts) to the last run. It knows no style by name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.understanding.request import Run
from app.understanding.shares import Reading
from app.understanding.spelling import called_back, fold, nearest
from tools.blend.limits import MAX_STYLES

STEP = 0.15
"""What "more" and "less" move a share by, where no number is said."""
TAKES_OVER = 0.8

_SWAP = re.compile(
    r"\b(?:swap|switch|flip|revers|invert|mirror|exchang|turn)\w*\b|\b(?:other|opposite) way\b|\bvice versa\b|\bopposite\b|\bway round\b",
    re.I,
)
_BETWEEN = re.compile(r"\b(?:in[- ]?between|half ?way|in the middle|between (?:the|those|these) (?:last )?two)\b", re.I)
_INSTEAD = re.compile(
    r"\b(?:instead|replac\w*|swap\w*|chang\w*|switch\w*|exchang\w*|substitut\w*|where|rather than|in place of|not|for)\b",
    re.I,
)
_ADD = re.compile(
    r"\b(?:add\w*|too|also|as well|on top|throw in|mix in|as an? (?:third|fourth|second|extra)|third|fourth|plus|a (?:bit|touch|hint|dash) of|some)\b",
    re.I,
)
_LEAVE = re.compile(
    r"(?:\bwithout|\bw/o|\bdrop\w*|\bremov\w*|\blos(?:e|ing)|\bleav\w* (?:out|away)|\bget rid of|\btak\w* (?:out|away)|\bomit\w*|\bskip\w*|\bditch\w*|\bdelet\w*|\bkill|\bexclud\w*|\bminus|\bno(?: more)?|\bcut(?: out)?)\s+(?:the |any |that |all the |all )?(?:\w+ )?$",
    re.I,
)
_LEAVE_BEHIND = re.compile(r"^\s+(?:out|away|off)\b", re.I)
_ONLY = re.compile(
    r"(?:\bonly|\bjust|\bpure(?:ly)?|\bsolely|\bentirely|\bcompletely|\bnothing but|\ball|\bfully)\s+(?:the |in |with )?$",
    re.I,
)
_MORE = re.compile(
    r"(?:\bmore|\bstronger|\bincreas\w*|\bboost\w*|\brais\w*|\bup(?: the)?|\bcrank\w*(?: up)?|\bbump\w*|\bpush\w*|\btowards?|\bcloser to|\bfurther|\bnot enough|\btoo little|\bheavier)\s+(?:\w+ ){0,3}$",
    re.I,
)
_LESS = re.compile(
    r"(?:\bless|\bweaker|\breduc\w*|\bdecreas\w*|\blower\w*|\bton\w* down|\bdial\w* (?:back|down)|\bturn\w* down|\btoo much|\btoo|\bfewer|\bsoften\w*|\baway from)\s+(?:\w+ ){0,3}$",
    re.I,
)
_STRONGER = re.compile(
    r"^\W*(?:\w+ ){0,3}(?:stronger|dominant|dominates?|win|wins|heavier|up|take over|takes over|bigger|prominent)\b",
    re.I,
)
_WEAKER = re.compile(r"^\W*(?:\w+ ){0,3}(?:weaker|down|lighter|subtler|softer|smaller|less)\b", re.I)
_STILL = re.compile(r"\b(?:more|less|still|further|stronger|weaker|again)\b", re.I)
_BACK = re.compile(r"\b(?:back|undo|revert|restore|before|previous|earlier|original(?:ly)?)\b", re.I)
_ORDINAL = re.compile(r"\bthe (first|second|third|fourth|last) (?:style|one)\b", re.I)
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
_BY = re.compile(r"\bby\s+(?:an?other\s+|about\s+)?$", re.I)


@dataclass
class _Blend:
    """Styles with shares, on their way to new ones."""

    texts: list[str]
    shares: list[float]
    notes: list[str] = field(default_factory=list)

    def put(self, place: int, share: float) -> None:
        """Give one style a share; the others keep their proportion in what is left."""
        share = min(1.0, max(0.0, share))
        rest = sum(s for i, s in enumerate(self.shares) if i != place)
        count = len(self.shares) - 1
        for i, old in enumerate(self.shares):
            if i != place:
                self.shares[i] = (1 - share) * (old / rest if rest else 1 / count)
        self.shares[place] = share if count else 1.0


def changed_styles(
    message: str, spans: Sequence[tuple[int, int]], reading: Reading, runs: Sequence[Run]
) -> tuple[tuple[tuple[str, float], ...], tuple[str, ...]]:
    """Return the styles after the change that a message asks for, and notes; no styles where they stay as they were.

    Args:
        message: What was said.
        spans: Where it names styles.
        reading: Which amounts it gives them.
        runs: Runs so far; the last one is changed.
    """
    last = runs[-1]
    base = _base(message, reading, runs)
    old = [text for text, _ in base.styles]
    blend = _Blend(old.copy(), [share for _, share in base.styles])
    named = [(text, _place(text, old)) for text, _ in reading.styles]
    places = {fold(message[a:b]): (a, b) for a, b in reversed(sorted(spans))}
    new = [(text, n) for n, (text, place) in enumerate(named) if place is None]
    if not named and (ordinal := _ORDINAL.search(message)) and old:
        place = _ORDINALS[ordinal[1].lower()]
        if place < len(old):
            return _finished(_one_named(message, ordinal.span(), place % len(old), blend), last)
    if not named:
        return _finished(_unnamed(message, reading, blend, runs), last)
    if new and not (_replaced(message, named, new, reading, blend) or _added(message, named, new, reading, blend)):
        return reading.styles[:MAX_STYLES], reading.notes
    if not new and all(reading.said) and len(named) == len(old):
        for (_, known), (_, share) in zip(named, reading.styles, strict=True):
            blend.shares[known or 0] = share
        blend.notes += reading.notes
        return _finished(blend, last)
    if not new and reading.is_equal:
        blend.shares = [1 / len(old)] * len(old)
        return _finished(blend, last)
    for n, (text, at) in enumerate(named):
        if at is None or (new and not reading.said[n]):
            continue
        amount = reading.said[n]
        if (
            amount
            and amount.values
            and amount.kind in ("share", "major", "minor")
            and not _BY.search(message[: amount.start])
        ):
            blend.put(at, amount.values[0])
        elif amount and amount.values and amount.kind == "weight" and 0 <= amount.values[0] <= 100:
            blend.put(at, amount.values[0] / (100 if amount.values[0] > 1 else 1))
        else:
            _one_named(message, places[fold(text)], at, blend)
    return _finished(blend, last)


def _base(message: str, reading: Reading, runs: Sequence[Run]) -> Run:
    """The run that is changed: the last one, or the one before with other styles where it is gone back to."""
    last = runs[-1]
    if not _BACK.search(message):
        return last
    others = [run for run in reversed(runs[:-1]) if run.styles and run.styles != last.styles]
    named = [text for text, _ in reading.styles]
    fitting = [run for run in others if all(_place(text, [t for t, _ in run.styles]) is not None for text in named)]
    return next(iter(fitting), last)


def _place(text: str, old: Sequence[str]) -> int | None:
    """Which of the run's styles a text means, also misspelt."""
    place = called_back(text, old)
    misspelt = nearest(text, old) if place is None else None
    return old.index(misspelt) if misspelt else place


def _unnamed(message: str, reading: Reading, blend: _Blend, runs: Sequence[Run]) -> _Blend:
    """A change that names no style: a ratio, equal parts, swapped, in between."""
    count = len(blend.shares)
    if len(reading.ratio) == count > 1:
        blend.shares = [value / sum(reading.ratio) for value in reading.ratio] if sum(reading.ratio) else blend.shares
    elif reading.is_equal and count > 1:
        blend.shares = [1 / count] * count
    elif _BETWEEN.search(message) and count > 1:
        before = runs[-2] if len(runs) > 1 else None
        same = before and [fold(t) for t, _ in before.styles] == [fold(t) for t in blend.texts]
        other = [share for _, share in before.styles] if before and same else [1 / count] * count
        blend.shares = [(a + b) / 2 for a, b in zip(blend.shares, other, strict=True)]
    elif _SWAP.search(message) and count > 1:
        blend.shares.reverse()
    elif _STILL.search(message) and count > 1 and len(runs) > 1:
        _gone_on(message, blend, runs[-2])
    return blend


def _gone_on(message: str, blend: _Blend, before: Run) -> None:
    """ "Even more": the style that was given more in the last run is given more again, or less where that is said."""
    was = {fold(text): share for text, share in before.styles}
    moved = [share - was.get(fold(text), share) for text, share in zip(blend.texts, blend.shares, strict=True)]
    place = max(range(len(moved)), key=lambda n: moved[n])
    if moved[place] > 0:
        is_less = bool(re.search(r"\b(?:less|weaker)\b", message, re.I))
        blend.put(place, blend.shares[place] + (-STEP if is_less else STEP))
        blend.notes.append(f"“{blend.texts[place]}” goes {'down' if is_less else 'up'} by {STEP:.0%} of the whole.")


def _replaced(
    message: str,
    named: Sequence[tuple[str, int | None]],
    new: Sequence[tuple[str, int]],
    reading: Reading,
    blend: _Blend,
) -> bool:
    """ "B instead of A": a new style takes the place and share of an old one."""
    olds = [place for _, place in named if place is not None]
    if len(new) != 1 or len(olds) != 1 or not _INSTEAD.search(message) or any(reading.said):
        return False
    blend.texts[olds[0]] = new[0][0]
    return True


def _added(
    message: str,
    named: Sequence[tuple[str, int | None]],
    new: Sequence[tuple[str, int]],
    reading: Reading,
    blend: _Blend,
) -> bool:
    """ "Add B": a new style beside the old; its share as said, else as large as every other's."""
    if not _ADD.search(message) or re.search(r"\binstead\b", message, re.I):
        return False
    for text, n in new[: MAX_STYLES - len(blend.texts)]:
        amount = reading.said[n]
        blend.texts.append(text)
        blend.shares.append(0.0)
        share = amount.values[0] if amount and amount.values and amount.kind != "weight" else 1 / len(blend.texts)
        blend.put(len(blend.texts) - 1, share)
    if reading.is_equal:
        blend.shares = [1 / len(blend.texts)] * len(blend.texts)
    return True


def _one_named(message: str, span: tuple[int, int], place: int, blend: _Blend) -> _Blend:
    """What is said of one old style without an amount: left out, alone, more, less."""
    before, behind = message[max(0, span[0] - 60) : span[0]], message[span[1] : span[1] + 60]
    share = blend.shares[place]
    if _LEAVE.search(before) or _LEAVE_BEHIND.search(behind):
        if len(blend.texts) > 1:
            blend.put(place, 0.0)
            del blend.texts[place], blend.shares[place]
    elif _ONLY.search(before):
        blend.texts, blend.shares = [blend.texts[place]], [1.0]
    elif times := re.search(r"\b(twice|double|halve|half)\b", before, re.I):
        blend.put(place, share * (0.5 if times[1].lower().startswith("hal") else 2))
    elif re.search(r"^\W*(?:\w+ ){0,2}(?:dominant|dominates?|wins?|takes? over)\b", behind, re.I):
        blend.put(place, max(share, TAKES_OVER))
        blend.notes.append(f"Its share is set to {TAKES_OVER:.0%}.")
    elif up := bool(_MORE.search(before) or _STRONGER.search(behind)) or bool(
        _LESS.search(before) or _WEAKER.search(behind)
    ):
        more = bool(_MORE.search(before) or _STRONGER.search(behind)) and up
        blend.put(place, share + STEP if more else share - STEP)
        blend.notes.append(f"No amount was said: its share goes {'up' if more else 'down'} by {STEP:.0%} of the whole.")
    return blend


def _finished(blend: _Blend, last: Run) -> tuple[tuple[tuple[str, float], ...], tuple[str, ...]]:
    made = tuple(zip(blend.texts, blend.shares, strict=True))
    is_same = [t for t, _ in made] == [t for t, _ in last.styles] and all(
        abs(a - b) < 1e-6 for (_, a), (_, b) in zip(made, last.styles, strict=True)
    )
    return ((), tuple(blend.notes)) if is_same else (made, tuple(blend.notes))


def changed_subject(subjects: Sequence[str], settings: Sequence[str], last: str | None) -> str | None:
    """Return the subject after a change: a new one, or the old with a new attribute or setting; None where it stays."""
    new = next((subject for subject in subjects if last is None or _head(subject) != _head(last)), None)
    if new:
        return new if not settings or settings[-1] in new else f"{new} {settings[-1]}"
    if settings and last:
        return _with(last, settings[-1])
    return next((subject for subject in subjects if last and fold(subject) not in fold(last)), None)


def _head(subject: str) -> str:
    return (fold(subject).split() or [""])[-1]


def _with(subject: str, setting: str) -> str:
    """Put an attribute before the noun, a setting behind."""
    if re.match(
        r"(?:at|in|on|by|under|with|during|when|against|outside|indoors|inside|as|from|near|next|beside|among)\b",
        setting,
        re.I,
    ):
        return f"{subject} {setting}"
    article = re.match(r"(an?|the|my|our|some|two|three)\s+", subject, re.I)
    lead = article[0] if article else ""
    lead = ("an " if setting[:1].lower() in "aeiou" else "a ") if lead.lower() in ("a ", "an ") else lead
    return f"{lead}{setting} {subject[article.end() if article else 0 :]}"
