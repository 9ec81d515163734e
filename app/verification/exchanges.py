"""Two things that changed places between a passage and a sentence, or that the passage sets against each other.

Told by the order of words alone. Knows an alignment and no verdict; `vetoes.py` asks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from app.verification.alignment import Alignment, Match, are_same
from app.verification.objections import Objection
from app.verification.tokens import Token

_IN_PLACE_OF = re.compile(
    r"\b(?:rather\sthan|instead\sof|in\s(?:place|lieu)\sof|as\sopposed\sto|(?:and|but)\snot)\b", re.I
)
_AGAINST = re.compile(rf"{_IN_PLACE_OF.pattern}|\b(?:but(?!\salso)|whereas|while|yet|although|though|unlike)\b", re.I)
_SETS_AGAINST = re.compile(
    rf"{_AGAINST.pattern}|\b(?:than|compared|versus|differ\w*|none?theless|nevertheless|despite|however|still|only|except)\b",
    re.I,
)
_NEIGHBOURS = 2
"""How many content words on either side of "rather than" belong to it."""
_MOVED = 2
"""Of how many words a thing consists that may have changed places; what is longer was moved on purpose."""
KEPT, RARE = 0.6, 3.5
"""How much of a sentence, by weight, keeps to the passage where a word that was replaced counts, and how rare it is."""
_PLACES = frozenset(
    ["in", "on", "at", "within", "inside", "into", "onto", "under", "during", "upon", "across", "among", "through"]
)


def exchanges(a: Alignment, sentence: str, whole: str) -> Iterator[Objection]:
    """Things that changed sides, changed places, were joined over a "but", or stand where another stood."""
    yield from _changed_sides(a, sentence, whole)
    yield from _changed_places(a)
    yield from _joined(a, sentence)
    yield from _replaced(a)


def _changed_sides(a: Alignment, sentence: str, whole: str) -> Iterator[Objection]:
    """ "Works rather than parameters", where the passage has "parameters rather than works"."""
    if len(a.passages) != 1:
        return
    for here in _IN_PLACE_OF.finditer(sentence):
        before, after = _sides(a.sentence, here)
        for there in _IN_PLACE_OF.finditer(whole):
            first, second = _sides(a.passages[0], there)
            if _only(before, second, first) and _only(after, first, second):
                yield Objection("role", after[0].text, f"the passage has “{after[0].text}” before “{here[0]}”")


def _sides(text: Sequence[Token], contrast: re.Match[str]) -> tuple[list[Token], list[Token]]:
    before = [token for token in text if token.start < contrast.start()]
    return before[-_NEIGHBOURS:], [token for token in text if token.start >= contrast.end()][:_NEIGHBOURS]


def _only(words: Sequence[Token], on_one: Sequence[Token], on_other: Sequence[Token]) -> bool:
    """Whether one of the words stands on one side there and not on the other."""

    def is_on(side: Sequence[Token], word: Token) -> bool:
        return any(are_same(word.key, token.key) for token in side)

    return any(is_on(on_one, word) and not is_on(on_other, word) for word in words)


def _changed_places(a: Alignment) -> Iterator[Objection]:
    """Two things, each of a word or two, that stand each where the other stood, while all the rest kept its order."""
    if len(a.passages) != 1:
        return
    text, placed = a.passages[0], _placed(a)
    ordinals = [ordinal for _, ordinal in placed]
    kept = _longest_increasing(ordinals)
    blocks = _blocks([n for n in range(len(ordinals)) if n not in kept], ordinals)
    if len(blocks) != 2 or any(len(block) > _MOVED for block in blocks):
        return
    left, right = blocks
    between = [n for n in kept if left[-1] < n < right[0]]
    if not between or not (_fits(right, left, ordinals, kept) and _fits(left, right, ordinals, kept)):
        return
    here = a.sentence[placed[left[0]][0] : placed[right[-1]][0] + 1]
    there = text[ordinals[right[0]] : ordinals[left[-1]] + 1]
    is_list = all(one.phrase != next_.phrase for text in (here, there) for one, next_ in pairwise(text))
    if is_list or any(token.is_passive for token in here) != any(token.is_passive for token in there):
        return
    first, second = a.sentence[placed[left[0]][0]], a.sentence[placed[right[0]][0]]
    yield Objection("role", first.text, f"“{first.text}” and “{second.text}” stand the other way round in the passage")


def _placed(a: Alignment) -> list[tuple[int, int]]:
    """Places of words here and there; what the alignment left out for its order stands where it stands."""
    used = {match.ordinal for match in a.matches if match}
    found: dict[int, int] = {}
    for n, (word, match) in enumerate(zip(a.sentence, a.matches, strict=True)):
        free = (o for o, token in enumerate(a.passages[0]) if token.key == word.key and o not in used)
        ordinal = match.ordinal if match else next(free, None)
        if ordinal is not None and ordinal not in found.values():
            found[n] = ordinal
            used.add(ordinal)
    return list(found.items())


def _longest_increasing(values: Sequence[int]) -> list[int]:
    """Places of a longest increasing run of values."""
    ends: list[int] = []
    before: list[int] = []
    for place, value in enumerate(values):
        length = bisect_left([values[end] for end in ends], value)
        before.append(ends[length - 1] if length else -1)
        ends[length : length + 1] = [place]
    run, place = [], ends[-1] if ends else -1
    while place >= 0:
        run.append(place)
        place = before[place]
    return run[::-1]


def _blocks(places: Sequence[int], ordinals: Sequence[int]) -> list[list[int]]:
    """Places that follow each other here and there."""
    blocks: list[list[int]] = []
    for place in places:
        if blocks and place == blocks[-1][-1] + 1 and ordinals[place] == ordinals[place - 1] + 1:
            blocks[-1].append(place)
        else:
            blocks.append([place])
    return blocks


def _fits(block: Sequence[int], slot: Sequence[int], ordinals: Sequence[int], kept: Sequence[int]) -> bool:
    """Whether a block stood in the passage where `slot` stands here, between the same words that kept their order."""
    before = max((ordinals[n] for n in kept if n < slot[0]), default=-1)
    after = min((ordinals[n] for n in kept if n > slot[-1]), default=len(ordinals) + max(ordinals))
    return before < ordinals[block[0]] and ordinals[block[-1]] < after


def _joined(a: Alignment, sentence: str) -> Iterator[Objection]:
    """Words in one phrase here that stand on two sides of a "but" there."""
    for i, match in enumerate(a.matches):
        j = next((n for n in range(i + 1, len(a.matches)) if a.matches[n]), None)
        other: Match | None = a.matches[j] if j is not None else None
        if match is None or other is None or j is None or match.passage != other.passage:
            continue
        left, right = a.sentence[i], a.sentence[j]
        at_left, at_right = a.at(match), a.at(other)
        if left.phrase != right.phrase or at_left.start >= at_right.start:
            continue
        said = " ".join(
            lead for token in a.passages[match.passage][match.ordinal + 1 : other.ordinal + 1] for lead in token.leads
        )
        if _AGAINST.search(said) and not _SETS_AGAINST.search(sentence):
            yield Objection("role", right.text, f"the passage sets “{right.text}” against “{left.text}”")


def _replaced(a: Alignment) -> Iterator[Objection]:
    """A rare word in the place of another one, in a sentence that else keeps to the passage: "in rats" for "in mice".

    Who says it in words of their own changes more than one name.
    """
    weight = sum(word.weight for word in a.sentence)
    kept = sum(word.weight for word, match in zip(a.sentence, a.matches, strict=True) if match)
    if len(a.passages) != 1 or kept < KEPT * weight:
        return
    text, used = a.passages[0], {match.ordinal for match in a.matches if match}
    for i, word in enumerate(a.sentence):
        before = a.matches[i - 1] if i else None
        if a.matches[i] is not None or before is None or word.weight < RARE or before.ordinal + 1 >= len(text):
            continue
        other = text[before.ordinal + 1]
        after = a.matches[i + 1] if i + 1 < len(a.matches) else None
        is_between = after is not None and after.ordinal == before.ordinal + 2
        is_last = after is None and bool(_PLACES & set(word.leads)) and bool(_PLACES & set(other.leads))
        is_other = before.ordinal + 1 not in used and other.weight >= RARE and other.kind in ("word", "name")
        if is_other and (is_between or is_last) and not are_same(word.key, other.key):
            yield Objection("name", word.text, f"the passage has “{other.text}” where it says “{word.text}”")
