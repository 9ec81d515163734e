"""What refuses a sentence even where a judge says that its passages support it.

Things that judges overlook, each told by words alone and only where it is plain: a number, a unit or an identifier that
the passages do not give; a denial on one side; a hedge, a part or a mere association that became a certainty; a turned
order, in time or around one word; a narrowing word that was dropped. Whether the rest is so is for the judge to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from app.understanding.stems import stem
from app.verification.alignment import Alignment, align, are_same
from app.verification.certainty import NEVER, RARELY, causes, certainties
from app.verification.exchanges import exchanges
from app.verification.objections import Objection
from app.verification.tokens import Token, rarity

NARROWING = 4.0
"""How rare a word must be in English to narrow what it stands before: "convolutional" does, "new" does not."""

ORDINARY = 4.0
"""Below it a word in capitals at a sentence's beginning is one of any sentence: "The", "Many"."""
_HARD = frozenset(
    """not no never neither nor none nobody nothing without cannot fail fails failed lack lacks lacked unable""".split()
)
_DENIES = re.compile(
    r"""\b(?:not|no|never|neither|nor|none|nobody|nothing|without|cannot|rather|instead|unlike|lack\w*|absen\w+|fail\w*
    |avoid\w*|prevent\w*|exclu\w+|free|stop\w*|rarely|seldom|hardly|barely|scarcely|few|little|less|fewer|unable
    |except\w*|unclear|unknown|missing|spare\w*|reject\w*|den(?:y|ies|ied)|contradict\w*|refut\w*|away|apart
    |un(?!der|iq|it|iv|til|less)\w{4,}|in(?:sufficient|dependent|correct|adequate)\w*|non\w+|impossible|differ\w*
    |challeng\w+|struggl\w+|difficult\w*)\b|n['’]t\b|-free\b""",
    re.I | re.X,
)
"""Words that deny, or may stand for a denial: a side that has one is not said to have dropped it."""
_CONTRASTED = re.compile(r"\b(?:rather\sthan|instead\sof)\b[^,;.]*", re.I)
"""What is set aside: of what stands before it nothing is denied."""
_NOTHING = re.compile(r"\b(\w+):\s*(?:none|n/a|nil)\b", re.I)
"""An entry of a card that is empty: "Paper: None"."""
_LACKING = re.compile(
    r"\b(?:is|are|was|were|be|been|remains?)\s+(?:\w+\s)?(?:lacking|absent|missing|unclear|unknown|unlikely|impossible)\b",
    re.I,
)
_TIMES = {
    "before": ["before", "prior", "until", "earlier"],
    "during": ["during", "while", "throughout", "amid"],
    "after": ["after", "following", "once", "afterwards", "later", "since"],
}
_TIME_OF = {word: when for when, words in _TIMES.items() for word in words}
_ORDERED = (("early", "late"), ("earlier", "later"), ("first", "last"), ("earliest", "latest"), ("initial", "final"))
_ORDER_OF = {stem(a): stem(b) for pair in _ORDERED for a, b in (pair, pair[::-1])}
_UNITS = frozenset(
    """% points percentage percent times fold years months weeks days hours minutes seconds mg kg g ml l mm cm m km ms gb mb tokens pixels dollars euros degrees""".split()
)
_AMOUNTS = {
    name: re.compile(rf"(?<![\w.,])(?:{pattern})(?![\w]|[.,]\d)", re.I)
    for name, pattern in {
        "twice": r"twice|doubl(?:e|es|ed|ing)|two-?fold|two\stimes|2\stimes|2x|100\s?%",
        "three times": r"thrice|tripl(?:e|es|ed|ing)|three-?fold|three\stimes|3\stimes|3x|200\s?%",
        "half": r"half|halves|halv(?:e|ed|ing)|50\s?%|50\spercent|fifty\spercent|0?\.50?|1/2",
        "a third": r"(?:one|two)[\s-]thirds?|a\sthird(?=\s(?:of|less|more|fewer))|[36][367](?:\.\d+)?\s?%|[12]/3",
        "a quarter": r"(?:one|three)[\s-](?:quarter|fourth)s?|a\squarter(?=\s(?:of|less|more|fewer))|[27]5\s?%|0?\.[27]5|[13]/4",
        "dozens": r"dozens?|1[0-9]|[2-9][0-9]|ten|eleven|twelve",
        "hundreds": r"hundreds?|[1-9]\d\d",
        "thousands": r"thousands?|[1-9]\d{0,2},?\d{3}",
        "millions": r"millions?|[1-9]\d{0,2},?\d{3},?\d{3}",
    }.items()
}
"""Amounts in words and in figures: the one is said where the other stands."""
_COORDINATES = re.compile(r"\b(?:and|or|as\swell\sas)\b", re.I)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_IDENTIFIER = re.compile(r"(?<![\w-])(?=[\w-]*[A-Z0-9])(?:[A-Za-z0-9]+-)*[A-Za-z0-9]+(?![\w])")
_PROPER = re.compile(r"\b[A-Z][a-z]+(?: [A-Z][a-z]+)+(?!\w)")
"""Names of several words, by their capitals."""
_TURNING = frozenset(["and", "or", "by", "of", "which", "that", "who", "as", "both"])
"""Words by which the same can be said in another order."""
_SIDED = frozenset(["in", "to", "from", "into", "than", "over", "with", "on"])
"""Words whose two sides are not alike."""
_DEFINITE = frozenset(["the", "this", "these", "those", "that", "its", "their", "his", "her", "our", "such"])


def vetoes(sentence: str, passages: Sequence[str], names: Sequence[str] = ()) -> tuple[Objection, ...]:
    """Collect what refuses a sentence whoever confirms it.

    Args:
        sentence: The claim.
        passages: What it stands on.
        names: What else may be named: the documents' titles.
    """
    alignment = align(sentence, passages)
    whole = " ".join(passages)
    checks: tuple[Callable[[Alignment, str, str], Iterator[Objection]], ...] = (
        _numbers,
        _denials,
        certainties,
        _times,
        _turned,
        causes,
        exchanges,
        _narrowings,
    )
    found = [objection for check in checks for objection in check(alignment, sentence, whole)]
    return tuple(dict.fromkeys([*found, *_identifiers(sentence, [*passages, *names])]))


def _numbers(a: Alignment, sentence: str, whole: str) -> Iterator[Objection]:
    """Figures that no passage gives; a number word counts only where the passage counts the same thing otherwise."""
    there = [token for text in a.passages for token in text if token.kind == "number"]
    values, counted = {token.key for token in there}, _counted(whole)
    for name, amount in _AMOUNTS.items():
        if (found := amount.search(sentence)) and found.group()[0].isalpha() and not amount.search(whole):
            yield Objection("number", found.group(), f"the passage does not say “{name}”")
    for word in a.sentence:
        if word.kind != "number":
            continue
        of_same = [token for token in there if token.unit and are_same(stem(token.unit), stem(word.unit))]
        if word.key not in values:
            if not word.text.isalpha() or of_same or word.unit in _UNITS or int(word.key[1:]) not in counted:
                yield Objection("number", word.text, f"“{word.text}” is not a number that the passage gives")
            continue
        units = {token.unit for token in there if token.key == word.key}
        if word.unit in _UNITS and word.unit not in units and units & _UNITS:
            yield Objection("number", word.text, f"“{word.text}” has another unit in the passage")


def _counted(whole: str) -> set[int]:
    """How many things the passages list: "either A or B" are two, and in "A, B and C" are two and three."""
    longest = 1
    for part in re.split(r"[;:.()]", whole):
        joins = [found.start() for found in _COORDINATES.finditer(part)]
        if joins:
            longest = max(longest, 2 + part[: joins[-1]].rstrip(" ,").count(", "))
    return set(range(2, longest + 1))


def _identifiers(sentence: str, texts: Sequence[str]) -> Iterator[Objection]:
    """Names of data sets, genes or systems, known by their capitals and digits, that no text holds."""
    letters = _letters(" ".join(texts))
    for found in _PROPER.finditer(sentence):
        words = found.group().split()
        words = words[1:] if found.start() == 0 and rarity(words[0].lower()) < ORDINARY else words
        if len(words) > 1 and not all(_letters(word).removesuffix("s") in letters for word in words):
            yield Objection("name", " ".join(words), f"the passage does not speak of “{' '.join(words)}”")
    for found in _IDENTIFIER.finditer(sentence):
        name = found.group()
        is_name = any(c.isupper() for c in name[1:]) or (any(map(str.isdigit, name)) and any(map(str.isalpha, name)))
        plain = _letters(name)
        if is_name and len(plain) > 1 and plain not in letters and plain.removesuffix("s") not in letters:
            parts = [part for part in re.split(r"-", name) if any(c.isupper() for c in part[1:]) or part.isdigit()]
            if parts and all(_letters(part).removesuffix("s") in letters for part in parts):
                continue  # "GPU-based", where the passage has the name alone
            yield Objection("name", name, f"the passage does not speak of “{name}”")


def _denials(a: Alignment, sentence: str, whole: str) -> Iterator[Objection]:
    """A plain denial on one side, of a word that both have, where nothing on the other side could stand for it."""
    if not _DENIES.search(sentence):
        for word in _governed(a, there=True):
            yield Objection("negation", word.text, f"the passage denies “{word.text}”, the sentence does not")
        matched = sum(match is not None for match in a.matches)
        if _LACKING.search(whole) and matched >= 0.6 * max(len(a.matches), 1):
            yield Objection("negation", sentence.split()[0], "the passage says that this is lacking")
        for found in _NOTHING.finditer(whole):
            if re.search(rf"\b{found[1]}s?\b", sentence, re.I):
                yield Objection("negation", found[1], f"the passage says that there is no “{found[1]}”")
    shared = {found[0].lower() for found in _DENIES.finditer(sentence)} - _HARD
    denies = [found for found in _DENIES.finditer(_CONTRASTED.sub("", whole)) if found[0].lower() not in shared]
    for word in _governed(a, there=False) if not denies else ():
        yield Objection("negation", word.text, f"the sentence denies “{word.text}”, the passage does not")
    if RARELY.search(whole) and NEVER.search(sentence) and not NEVER.search(whole) and not RARELY.search(sentence):
        yield Objection("strength", "not", "the passage says that it is rarely so, not that it never is")


def _governed(a: Alignment, *, there: bool) -> Iterator[Token]:
    """Words of both sides that a denial governs in the passage, or in the sentence."""
    for word, match in zip(a.sentence, a.matches, strict=True):
        if match is None:
            continue
        governed = a.at(match) if there else word
        text = a.passages[match.passage] if there else a.sentence
        if governed.negated and not (word.negated if there else a.at(match).negated) and _is_hard(text, governed):
            yield word


def _is_hard(text: Sequence[Token], governed: Token) -> bool:
    """Whether "not", "no" or "without" stands before a governed word, no more than two words back."""
    at = next(i for i, token in enumerate(text) if token is governed)
    reach = text[max(0, at - governed.negated) : at + 1]  # "never" and "fails" are words of their own
    said = [
        *(lead for token in reach[1:] for lead in token.leads),
        *governed.leads,
        *(t.text.lower() for t in reach[:-1]),
    ]
    return any(word in _HARD or word.endswith("n't") for word in said)


def _times(a: Alignment, sentence: str, whole: str) -> Iterator[Objection]:
    """The same thing set before, during or after another, otherwise than in the passage; "early" for "late"."""
    there = dict(_timed(whole))
    for key, when in _timed(sentence):
        other = next((t for stem_, t in there.items() if are_same(stem_, key)), None)
        if other and other != when:
            yield Objection("order", when, f"the passage says {other}, not {when}")
    held = {token.key for text in a.passages for token in text}
    for word in a.sentence:
        turned = _ORDER_OF.get(word.key)
        if turned in held and word.key not in held:
            yield Objection("order", word.text, f"the passage has another order than “{word.text}”")


def _turned(a: Alignment, sentence: str, whole: str) -> Iterator[Objection]:
    """Two things that stand the other way round about one word between them: "A shows B" for "B shows A"."""
    placed = [(n, match) for n, match in enumerate(a.matches) if match]
    for (i, left), (_, middle), (k, right) in zip(placed, placed[1:], placed[2:], strict=False):
        if len({left.passage, middle.passage, right.passage}) == 1 and left.ordinal > middle.ordinal > right.ordinal:
            around = [*a.sentence[i : k + 1], *a.passages[left.passage][right.ordinal : left.ordinal + 1]]
            leads = {lead for token in around[1:] for lead in token.leads}
            is_near = k - i == 2 and left.ordinal - right.ordinal <= 4 and a.at(left).phrase == a.at(right).phrase
            if is_near and not any(token.is_passive for token in around) and not leads & _TURNING:
                yield Objection(
                    "role", a.sentence[k].text, f"the passage has it the other way round: “{a.at(right).text}” first"
                )
    for (i, left), (j, right) in pairwise(placed):
        if left.passage != right.passage or left.ordinal <= right.ordinal:
            continue
        here, text = a.sentence[j], a.passages[left.passage]
        first = left.ordinal
        while (
            first
            and not text[first].leads
            and text[first - 1].phrase == text[first].phrase
            and left.ordinal - first < 3
        ):
            first -= 1
        same = [lead for lead in here.leads if lead in _SIDED & {*text[first].leads} - {*a.at(right).leads}]
        if same and a.sentence[i].phrase == here.phrase and first > right.ordinal:
            yield Objection("role", here.text, f"in the passage “{here.text}” does not stand after “{same[0]}”")
        verb = a.at(right)
        if verb.is_passive and here.is_passive and verb.clause == a.at(left).clause:
            yield Objection("role", here.text, f"in the passage “{a.at(left).text}” is not what is “{here.text}”")


def _timed(text: str) -> Iterator[tuple[str, str]]:
    """The stems that a word of time governs, each with when that is; no further than three words or a comma."""
    words = list(_WORD.finditer(text))
    for at, found in enumerate(words):
        when = _TIME_OF.get(found.group().lower())
        for after in words[at + 1 : at + 4] if when else ():
            if re.search(r"[,;:()]", text[found.end() : after.start()]):
                break
            if len(after.group()) > 3:
                yield stem(after.group()), str(when)


def _narrowings(a: Alignment, sentence: str, whole: str) -> Iterator[Objection]:
    """A rare word before the noun that the sentence is about, dropped: what holds of some is said of all."""
    said = [word.key for word in a.sentence]
    for i, (word, match) in enumerate(zip(a.sentence, a.matches, strict=True)):
        if match is None or word.phrase > 0 or i > 1:
            continue
        if _DEFINITE & set(word.leads) or (i and a.matches[i - 1] is None):
            continue
        text = a.passages[match.passage]
        before = text[match.ordinal - 1] if match.ordinal else None
        first = a.matches[i - 1] if i else None
        if (
            before is None
            or text[match.ordinal].leads
            or before.kind not in ("word", "name")
            or before.phrase != text[match.ordinal].phrase
        ):
            continue
        is_next = first is not None and first.passage == match.passage and first.ordinal == match.ordinal - 1
        is_plural = word.text.endswith("s") and not word.text.endswith("ss")
        if is_next or before.weight < NARROWING or any(are_same(before.key, key) for key in said):
            continue
        if is_plural or _heads_plural(a, i):
            yield Objection(
                "scope", before.text, f"the passage says it of “{before.text} {text[match.ordinal].text}” only"
            )


def _heads_plural(a: Alignment, i: int) -> bool:
    """Whether the word is part of a plural name: "neural networks"."""
    return i + 1 < len(a.sentence) and not a.sentence[i + 1].leads and a.sentence[i + 1].text.endswith("s")


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()
