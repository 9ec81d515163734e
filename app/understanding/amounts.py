"""The amounts that a message gives: percentages, fractions, ratios, parts, decimals and words such as "mostly".

A closed grammar over the text outside of the styles' names. One pass, linear in the text. It knows no style.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

AmountKind = Literal["share", "weight", "times", "major", "minor", "rest", "signs"]

MOSTLY, TOUCH = 0.8, 0.2
MAX_AMOUNTS = 32

_UNITS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBER_WORDS = {word: n for n, word in enumerate(_UNITS.split(), 1)} | {
    word: 10 * n for n, word in enumerate(_TENS.split(), 2)
}
_NUMBER_WORDS |= {"hundred": 100, "a hundred": 100, "zero": 0}
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "tenth": 10,
}
_SYMBOLS = {"½": 0.5, "⅓": 1 / 3, "⅔": 2 / 3, "¼": 0.25, "¾": 0.75, "⅕": 0.2, "⅖": 0.4, "⅗": 0.6, "⅘": 0.8}

_ANY_WORD = "|".join(sorted(map(re.escape, _NUMBER_WORDS), key=len, reverse=True))
_ANY_TENS = "|".join(_TENS.split())
_SPELT = rf"(?:(?:{_ANY_TENS})[ -]?(?:one|two|three|four|five|six|seven|eight|nine)|{_ANY_WORD})"
_ANY_PART = "|".join(_PARTS)
_NUMBER = r"(?:\d{1,9}(?:[.,]\d{1,6})?|\.\d{1,6})"

_AMOUNT = re.compile(
    rf"""
      (?P<ratio>(?<![\w.])(?:{_NUMBER})(?:\s?%)?(?:\s?[/:–]\s?(?:{_NUMBER})(?:\s?%)?){{1,3}}(?![\w.]*[\w%])
              |(?<![\w.-])\d{{1,3}}-\d{{1,3}}(?:-\d{{1,3}}){{0,2}}(?![\w%-])
              |(?<![\w.])(?<!from\ )\d{{1,3}}\s?(?:to|vs)\s?\d{{1,3}}(?![\w%])
              |(?<![\w.:=])\d{{1,2}}\s\d{{1,2}}(?:\s\d{{1,2}}){{0,2}}(?![\w%.:])
              |(?<!from\ )\b{_SPELT}(?:[ /-]|\s(?:to|vs|against)\s){_SPELT}\b(?!\s*(?:%|percent|per\ cent)))
    | (?P<percent>(?P<minus>(?:(?<![\w%)])[-−–](?=[\d.])|\b(?:minus|negative)\s+)?)(?P<value>{_NUMBER}|\b{_SPELT})\s?(?:%|percent\b|per\ ?cent\b|pct\b))
    | (?P<signs>(?<=[\w)"”'])\)?(?:\+{{1,6}}|-{{1,6}})(?![\w.+-]))
    | (?P<times>\b(?:half(?=\ as\ )|twice|double|thrice|triple|(?:{_SPELT}|{_NUMBER})\s?times|(?<!\w){_NUMBER}\s?[x×](?=\s(?:as|more|the)\b)))
    | (?P<symbol>[½⅓⅔¼¾⅕⅖⅗⅘])
    | (?P<fraction>\b(?:(?P<top>an?|{_SPELT}|\d{{1,2}})[ -])?(?P<bottom>{_ANY_PART})s?\b(?!\s+(?:style|picture|image|one|version|step|run|time|of\ the\ (?:steps?|two))))
    | (?P<parts>(?:\b{_SPELT}|(?<![\w.]){_NUMBER})\s+parts?\b)
    | (?P<number>(?P<sign>(?<![\w%)])[-−](?=[\d.])|\b(?:minus|negative)\s+)?(?<![\w.])(?:{_NUMBER}|\bzero\b)(?![\w]|\s?%|\.\d))
    | (?P<major>\b(?:mostly|mainly|predominantly|primarily|largely|chiefly|dominantly|almost\ (?:all|entirely|only)|nearly\ all|lots?\ of|heavy\ on)\b)
    | (?P<minor>\b(?:(?:an?|the|some|only|just)\ )?(?:tiny\ |small\ |little\ |light\ |slight\ |wee\ )?(?:touch|hint|bit|dash|splash|pinch|tinge|trace|whiff|sprinkle|sprinkling|drop|smidge|smidgen|undertones?|accents?|whisper|suggestion|flavou?r)\ of\b
              |\b(?:slight(?:ly)?|lightly|a\ (?:tiny\ |wee\ )?(?:little|bit)|(?:just|with|plus)\ some|with\ (?:a\ )?subtle|subtly|hardly\ any|barely\ any)\b)
    | (?P<rest>\b(?:other\ half|rest|remaining|remainder|remaining\ part)\b)
    """,
    re.X | re.I,
)  # fmt: skip
_ASIDE = re.compile(
    r"""
      \bsteps?\s?[:=]?\s?\d{1,4}\b | \b\d{1,4}[\s-]*(?:sampling\s+|denoising\s+|inference\s+)?steps?\b | \b(?:in|at|on|after|by|step)\s+step\s+\d{1,4}\b
    | \bseeds?\s?(?:of\s|is\s|number\s|no\.?\s|to\s)?[:=#]?\s?\d{1,20}\b | \b\d{1,4}\s+(?:different\s+|random\s+|other\s+|more\s+)?seeds?\b
    | \b(?:cfg|guidance)(?:\s+scale)?\s?(?:of\s|at\s|to\s)?[:=]?\s?\d{1,3}(?:\.\d{1,3})?
    | \bfrom\s+(?:\d{1,3}\s?%?|nothing|none)\s+(?:up\s+)?to\s+(?:\d{1,3}(?:\s?%|\s+percent)?|all|everything)
    | \b\d{2,4}\s?[x×]\s?\d{2,4}\b | \bsize\s?:\s?\S{1,20} | \b\d{1,3}\s?(?:k|px|pixels|bit|mp)\b
    | \b(?:model|sampler|hash|vae|version|clip\ skip|denoising\ strength)\s?[a-z]{0,12}\s?:\s?[^,\n]{1,60}
    | \b(?:19|20)\d\d\b | \b\d{1,4}\s?(?:s|am|pm|min|minutes?|hours?|o'clock)\b
    | \[[^\[\]|:]{1,200}:[^\[\]|:]{0,200}:\s?\d{1,3}(?:\.\d{1,3})?\s?\] | \bsd\s?[12]\.\d\b | \bv\d(?:\.\d)?\b
    | \b(?:masterpiece|quality|detailed|detail|focus|lighting)\s?:\s?\d(?:\.\d{1,2})?
    """,
    re.X | re.I,
)  # numbers that are no amount of a style


@dataclass(frozen=True)
class Amount:
    """An amount that a text gives.

    Args:
        kind: `share` of the whole (percent, fraction, decimal), `weight` beside others (A:4 B:1, parts), `times` another.
        values: One number, or those of a ratio; `signs` count + up and - down.
        is_each: "a quarter each of ...".
    """

    kind: AmountKind
    start: int
    end: int
    values: tuple[float, ...]
    is_percent: bool = False
    is_each: bool = False


def amounts_in(text: str, taken: Sequence[tuple[int, int]] = ()) -> list[Amount]:
    """Find every amount in a text, in order.

    Args:
        taken: Spans that are something else: the styles' names.
    """
    starts = sorted(taken)
    found: list[Amount] = []
    for match in _AMOUNT.finditer(_without_asides(text, starts)):
        at = match.start() + len(match[0]) - len(match[0].lstrip())
        if len(found) == MAX_AMOUNTS:
            break
        place = bisect_left(starts, (at + 1, 0)) - 1
        if place >= 0 and starts[place][1] > at:
            continue
        if amount := _amount(match):
            is_each = bool(
                re.match(r"\s*(?:%|percent)?\s*(?:each|apiece)\b", text[match.end() : match.end() + 20], re.I)
            )
            found.append(
                Amount(amount[0], match.start(), match.end(), amount[1], match["percent"] is not None, is_each)
            )
    return found


def _without_asides(text: str, taken: Sequence[tuple[int, int]]) -> str:
    """Blank out steps, seeds, sizes and the like, and the styles' own names, letter for letter."""
    letters = list(_ASIDE.sub(lambda m: " " * len(m[0]), text))
    for start, end in taken:
        letters[start:end] = "_" * (end - start)  # a word, so that "A++" still touches one
    return "".join(letters)


def _amount(match: re.Match[str]) -> tuple[AmountKind, tuple[float, ...]] | None:
    if match["ratio"]:
        return _ratio(match["ratio"])
    if match["percent"]:
        return "share", ((-1 if match["minus"].strip() else 1) * _value(match["value"]) / 100,)
    if match["signs"]:
        signs = match["signs"].lstrip(")")
        return ("signs", (len(signs) * (1 if signs[0] == "+" else -1),)) if signs else None
    if match["times"]:
        named = {"half": 0.5, "twice": 2, "double": 2, "thrice": 3, "triple": 3}
        said = re.split(r"\s|x$|×$", match["times"].lower())[0]
        return "times", (float(named.get(said) or _value(said)),)
    if match["symbol"]:
        return "share", (_SYMBOLS[match["symbol"]],)
    if match["fraction"]:
        top = (match["top"] or "one").lower()
        return "share", ((1.0 if top in ("a", "an") else _value(top)) / _PARTS[match["bottom"].lower()],)
    if match["parts"]:
        return "weight", (_value(match["parts"].rsplit(maxsplit=1)[0]),)
    if match["number"]:
        value = _value(match["number"].removeprefix(match["sign"] or "")) * (-1 if match["sign"] else 1)
        return "share" if 0 < value < 1 else "weight", (value,)
    if match["major"]:
        return "major", (MOSTLY,)
    if match["minor"]:
        return "minor", (TOUCH,)
    return ("rest", ()) if match["rest"] else None


def _ratio(said: str) -> tuple[AmountKind, tuple[float, ...]] | None:
    pieces = [
        piece
        for piece in re.split(r"\s*[/:–]\s*|\s*%|\s+(?:to|vs)\s+|(?<=[\da-z])-(?=[\da-z])|\s+", said.lower())
        if piece
    ]
    spelt = re.findall(_SPELT, said.lower()) if not re.search(r"\d", said) else pieces
    values = tuple(_value(piece) for piece in spelt)
    if len(values) < 2:
        return None
    if len(values) == 2 and "/" in said and not re.search("[%.,]", said) and 0 < values[0] < values[1] <= 10:
        return "share", (values[0] / values[1],)
    is_hundred = abs(sum(values) - 100) < 1.5
    return ("weight", values) if is_hundred or re.search(r"[/:–]|\bto\b|\bvs\b", said) else None


def _value(said: str) -> float:
    said = said.strip().lower()
    if re.match(r"[\d.,]", said):
        return float(said.replace(",", "."))
    if said in _NUMBER_WORDS:
        return float(_NUMBER_WORDS[said])
    return float(sum(_NUMBER_WORDS.get(word, 0) for word in re.split(r"[ -]", said))) or float(
        next(
            (
                n + m
                for t, n in _NUMBER_WORDS.items()
                for u, m in _NUMBER_WORDS.items()
                if n >= 20 > m and said == t + u
            ),
            0,
        )
    )
