"""Who a sentence speaks of: a document that is named, where its own words say "we", "it" or "this approach".

It knows words and passages; whether the rest of the sentence is supported is for `claims.py` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from app.understanding.stems import stem
from app.verification.alignment import are_same

_NOUNS = "approach|method|model|framework|algorithm|paper|work|strategy|system|technique|study"
_ITSELF = re.compile(
    rf"(?:^\W*it|\bwe|\b(?:our|this)\s(?:[\w-]+\s)?(?:{_NOUNS}))\s(?:\w+ly\s|also\s|not\sonly\s)?(\w+)", re.I
)
"""Where a passage speaks of its own document; the group is what that does."""
_DANGLING = re.compile(r"(?<!\W)\W*(it|they|he|she|we|i|its|their|our|his|her)\b", re.I)
_CLAUSE = re.compile(
    r"(?<!\W)\W*(?:it\s(?:is|was|remains|has\sbeen)\b.{0,200}\b(?:that|to|how|whether)\b|that\s\w+[^s\W]s\b)", re.I
)
"""A sentence whose subject is a clause: "It remains to be seen whether ...", "That rivers freeze ..."."""
_POINTING = re.compile(rf"(?<!\W)\W*((?:this|that|these|those)\b(?!\s(?:{_NOUNS})\b)(?:\s[\w-]+)?)", re.I)


def dangling(sentence: str, passages: Sequence[str]) -> str | None:
    """Return the words that a sentence begins with where they name nothing: "It", "They", "This means".

    A passage's own "this problem" may be repeated.
    """
    if _CLAUSE.match(sentence):
        return None
    if found := _DANGLING.match(sentence):
        return found[1]
    found = _POINTING.match(sentence)
    if found is None or any(found[1].lower() in passage.lower() for passage in passages if " " in found[1]):
        return None
    return found[1]


def in_its_own_voice(sentence: str, names: Iterable[str], passages: Sequence[str]) -> Iterator[str]:
    """Yield the sentence as the passages would say it: "FedStyle proposes ..." as "we proposes ...".

    Only where what the named document is said to do is what a passage says of itself: "existing models require" is
    nothing that the document does.

    Args:
        sentence: One whose subject is a name, "the method" or "the authors", at its head or after one comma.
        names: What the passages' one document is called.
        passages: What it stands on.
    """
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    generic = rf"(?:the|this)\s(?:{_NOUNS}|authors|researchers)"
    begins = rf"(\W*(?:[A-Z][^,]*,\s)?)(?:(?:{known})(?:\s(?:{_NOUNS}))?|{generic})\s(?=\w)"
    found = re.match(begins, sentence, re.I) if known else None
    if found is None:
        return
    rest = sentence[found.end() :]
    does = [stem(word) for word in re.findall(r"\w+", rest)[:2]]
    for passage in passages:
        for own in _ITSELF.finditer(passage):
            if any(are_same(stem(own[1].lower()), word) for word in does):
                yield f"{found[1]}{own[0][: own.start(1) - own.start()].strip()} {rest}"
