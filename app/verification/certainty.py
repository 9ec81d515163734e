"""What a passage holds for possible, partial, open or merely associated, and a sentence for certain.

Told by words for doubt and certainty alone, and only where the other side has nothing that could stand for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.understanding.stems import stem
from app.verification.alignment import Alignment, are_same
from app.verification.objections import Objection

RARELY = re.compile(r"\b(?:rarely|seldom|sometimes|occasionally|infrequently)\b", re.I)
NEVER = re.compile(r"\b(?:not|never|no|cannot)\b|n['’]t\b", re.I)
_MAY = re.compile(
    r"""\b(?:may|might|could|can|would|should|perhaps|possibl\w+|possibilit\w+|probabl\w+|likely|likelihood|presum\w+|potential\w*
    |seem\w*|appear\w*|suggest\w*|indicat\w*|impl(?:y|ies|ied)|propos\w+|suspect\w*|thought|believ\w+|hypothes\w+|promis\w+
    |some\sbacking|some\ssupport|hint\w*|candidate\w*|one\sday|tend\w*|chance\w*|hope\w*|expect\w*|partly|prone
    |put\sforward|argu\w+|speculat\w+|whether|if|so-called)\b""",
    re.I | re.X,
)
_DOUBTS = re.compile(r"\b(?:may|might|could|perhaps|possibly|probably|likely|seems?|appears?|potential(?:ly)?)\b", re.I)
_AHEAD = re.compile(
    r"\b(?:remains?|yet|needed|necessary|required|needs?|ought|aims?|plans?|future)\s+(?:\w+\s)?to\s+(?:be\s+)?((?:\w+ly\s)?\w+)",
    re.I,
)
"""What is still to be done; the group is the first word of it."""
_UNSETTLED = re.compile(
    r"\b(?:(?:needed|necessary|required|needs?|remains?|aim\w*|sought|order)\s+to\s+(?:be\s+)?(?:clarif\w+|determin\w+|establish\w*|investigat\w+"
    r"|examin\w+|test\w*|assess\w*|elucidat\w+)|hypothes[ie]s\s+that|whether|unclear|not\sknown)\b",
    re.I,
)
"""What follows it is asked, and not said."""
_STILL = re.compile(
    r"\b(?:remains?|yet|need\w*|necessary|required|further|future|open|should|unknown|unclear|will|whether|aim\w*|plan\w*"
    r"|question\w*|to\sbe|nobody|not|no|could|may|might|would)\b",
    re.I,
)
_CERTAINTIES = tuple(
    re.compile(rf"\b(?:{group})\b", re.I)
    for group in (
        r"prov(?:es?|ed|en|ing)|proofs?|undoubtedly|definitively|certainly|conclusive\w*",
        r"guarantee\w*|ensur\w+|certain\w*|always",
        r"always|every|never|invariably|whenever|all|each|any",
        r"all|every\w*|each|any|whole|both|entire\w*|throughout|full\w*|universal\w*",
        r"only|exclusive\w*|sole\w*|alone|merely|just|unique\w*|none|rather\sthan|instead",
        r"altogether|does\saway|rid\sof|complete\w*|entire\w*|full\w*|total\w*|perfect\w*|flawless\w*|eliminat\w+|solv\w+|any|without|no|wholly|remov\w+",
        r"best|highest|greatest|most|least|superior\w*|unmatched|optimal|surpass\w*|state[\s-]of[\s-]the[\s-]art",
    )
)
"""Words for certainty, for wholeness and for being the only one: what a group says must be said by one of its own."""
_CERTAIN = re.compile(
    r"\b(?:prove[sdn]?\s(?:that|the|to\sbe)|proven|proofs?|guarantee[sd]?|always|every|all|entirely|completely|fully|totally|perfectly|exclusively"
    r"|altogether|solely|only|does\saway\swith|gets?\srid\sof|the\s(?:very\s)?(?:most|least|best)\s\w+|highest|greatest|unmatched"
    r"|invariably|certainly|definitively|undoubtedly|whenever|eliminates?|eliminated|solves|solved|flawlessly)\b"
    r"(?!\s(?:but|too|in\sall|over))",
    re.I,
)
_BACKWARD = r"because(?:\sof)?|due\sto|owing\sto|as\sa\sresult\sof|since|stems?\sfrom|caused\sby"
_FORWARD = (
    r"caus(?:es?|ed|ing)(?!\sby)|leads?\sto|led\sto|leading\sto|results?\sin|resulted\sin|resulting\sin|brings?\sabout"
    r"|therefore|thus|hence|which\sis\swhy|as\sa\sresult(?!\sof)|so\sthat"
)
"""What joins an effect to the cause behind it, and a cause to the effect behind it."""
_CAUSES = re.compile(rf"\b(?:(?P<back>{_BACKWARD})|{_FORWARD}|determines?|responsible)\b", re.I)
_CAUSES_TOO = re.compile(
    rf"{_CAUSES.pattern.replace('?P<back>', '')}|\b(?:effects?|affect\w*|influenc\w*|induc\w+|promot\w+|increases"
    r"|reduces|requir\w+|trigger\w*|thanks\sto|mediat\w+|causal\w*|thereby|impact\w*|depend\w*|convert\w*|ensuring|by\s\w+ing|through|to\saddress)\b",
    re.I,
)
_TO_AN_END = re.compile(r"\bto\s(?:\w+ly\s)?\w+|,\s\w+ing\b|\bfor\b", re.I)
"""What may be told as "so that"."""
_GOES_ALONG = re.compile(r"\b(?:associat\w+|correlat\w+|contribut\w+|linked|consistent|predispos\w+|related)\b", re.I)
_SOME = re.compile(
    r"\b(?:most\w*|many|some\w*|several|often|typical\w*|usual\w*|general\w*|majority|partl?y?|tend\w*|can|may|largely"
    r"|frequent\w*|common\w*|certain|few|much)\b",
    re.I,
)

_NOT_ALL = re.compile(r"\b(?:not\s(?:all|every)|some|(?:a\s)?few|part)\s(?:of\s)?(?:the\s|them)?", re.I)
_WHOLE = re.compile(r"\b(?:all|every|each)\b", re.I)


def certainties(a: Alignment, sentence: str, whole: str) -> Iterator[Objection]:
    """What the passage holds for possible, rare, partial or still to be done, and the sentence for certain."""
    if _DOUBTS.search(whole) and not _MAY.search(sentence):
        laid = [a.at(match) for match in a.matches if match]
        for token in laid:
            if token.hedged:
                yield Objection("strength", token.text, f"the passage only says that it may be so (“{token.text}”)")
                break
    for found in _CERTAIN.finditer(sentence):
        groups = [group for group in _CERTAINTIES if group.search(found[0])]
        if not any(group.search(whole) for group in groups):
            yield Objection("strength", found[0], f"the passage does not say “{found[0]}”")
    found_cause = _CAUSES.search(sentence)
    if (
        found_cause
        and not _CAUSES_TOO.search(whole)
        and not (found_cause[0].lower().split()[0] == "so" and _TO_AN_END.search(whole))
        and not (_GOES_ALONG.search(sentence) and _GOES_ALONG.search(whole))
    ):
        yield Objection("strength", found_cause[0], f"the passage does not say “{found_cause[0]}”")
    if (unsettled := _UNSETTLED.search(whole)) and not _STILL.search(sentence) and not _MAY.search(sentence):
        places = [(a.at(match), match.passage) for match in a.matches if match]
        if places and all(token.start > unsettled.end() for token, passage in places if passage == 0):
            yield Objection("strength", places[0][0].text, f"the passage leaves it open (“{unsettled[0]}”)")
    if not _STILL.search(sentence):
        ahead = {stem(w) for found in _AHEAD.finditer(whole) for w in found[1].lower().split()}
        for word, match in zip(a.sentence, a.matches, strict=True):
            if match is not None and a.at(match).key in ahead:
                yield Objection("strength", word.text, f"the passage says that it is still to be “{word.text}”")
    if (part := _NOT_ALL.search(sentence)) and _WHOLE.search(whole) and not _NOT_ALL.search(whole):
        yield Objection("strength", part[0], f"the passage says it of all, not of “{part[0]}”")
    if not _SOME.search(sentence):
        for word, match in zip(a.sentence, a.matches, strict=True):
            if match is not None and a.at(match).limited == 1 and "most" in a.at(match).leads:
                yield Objection("strength", word.text, f"the passage limits “{word.text}”, the sentence does not")


def causes(a: Alignment, sentence: str, whole: str) -> Iterator[Objection]:
    """Cause and effect that changed places, where each side has one word that joins them."""
    here, there = list(_CAUSES.finditer(sentence)), list(_CAUSES.finditer(whole))
    if len(a.passages) != 1:
        return
    for found in here if len(here) == 1 and here[0]["back"] else ():
        cause = [word for word in a.sentence if word.start > found.start()]
        if cause and not any(are_same(word.key, token.key) for word in cause for token in a.passages[0]):
            yield Objection("strength", found[0], f"the passage does not give what follows “{found[0]}”")
    if len(here) != 1 or len(there) != 1:
        return
    places: list[tuple[bool, bool]] = []  # of each word that both have: is it in the cause here, and there
    for word, match in zip(a.sentence, a.matches, strict=True):
        at = a.at(match) if match else next((t for t in a.passages[0] if t.key == word.key), None)
        if at is not None and not here[0].start() <= word.start < here[0].end():
            is_behind, was_behind = word.start > here[0].start(), at.start > there[0].start()
            places.append((is_behind == bool(here[0]["back"]), was_behind == bool(there[0]["back"])))
    if len({mine for mine, _ in places}) == 2 and all(mine != theirs for mine, theirs in places):
        yield Objection("role", here[0][0], "in the passage cause and effect stand the other way round")
