"""What a question asks for.

Rules over words, no model. It knows nothing of the conversation or of how an answer is composed.
"""

from __future__ import annotations

import re
from typing import Literal

from app.understanding.stems import content_stems, words
from app.understanding.styles import has_shares, styles_in

Intent = Literal["greeting", "help", "render", "reweigh", "explain", "links", "lacks", "compare", "lookup"]

_GREETING = re.compile(
    r"^\W*(hi|hello|hey|good (morning|afternoon|evening|day)|greetings|howdy|thanks?( you)?( (so|very) much)?|thank you"
    r"|cheers|bye|goodbye|ok(ay)?|great|cool|nice)( there| all| undertone)?\W*$",
    re.I,
)
_HELP = re.compile(
    r"\b(what|which) (can|could|do|kinds? of|sort of) (you|questions)\b(?!.*\b(say|think|know about)\b)|\bwho are you\b"
    r"|\bwhat are you\b|\bhow (do|can|should) i use (you|this|undertone)\b|^\W*help\W*$|\bwhat is (this|undertone)\W*$",
    re.I,
)
_RENDER = re.compile(
    r"^\W*(please |now |can you |could you |and |ok(ay)?,? )*(show|render|draw|paint|blend|mix|combine|visuali[sz]e|demonstrate|generate"
    r"|see it happen|let me see|make (an|the|a) (image|picture))\b",
    re.I,
)
_SHOW_IT = re.compile(
    r"^\W*(please |now |can you |could you |and |ok(ay)?,? )*(show|render|draw|paint|blend|mix|visuali[sz]e|demonstrate|let|see|make)\b"
    r"(\s+(me|it|that|this|them|both|us|see|happen|the|a|an|blend|mix|image|picture|result|render|please|now|again|together))*\W*$",
    re.I,
)
_LINKS = re.compile(
    r"\b(where|link|links|url|find|download|repo|repository|github)\b.*\b(code|implementation|repo|repository|github|paper|pdf"
    r"|arxiv|source|weights|checkpoint|link|links|url|it)\b"
    r"|\b(code|repo|repository|github|arxiv|paper|pdf) (link|url|of|for|available)\b|\b(link|url) (to|of|for)\b"
    r"|\b(is|are) there (a|any|an) (paper|publication|preprint|code|repo|repository|github|implementation|arxiv)\b"
    r"|\b(has|have|does|do)\b.*\b(a|any|code|its) ?(paper|code|repo|repository|github|implementation)\b\W*$",
    re.I,
)
_LACKS = re.compile(
    r"\b(which|what|who|any|list)\b.*\b(no|not|without|lacks?|missing|n't|doesn.t)\b.*\b(paper|code|repo|repository|github|pdf)\b",
    re.I,
)
_COMPARE = re.compile(
    r"\b(compare|comparison|differ(s|ent|ence|ences)?|versus|vs\.?|similarit(y|ies)|in common|contrast)\b", re.I
)
_EXPLAIN = re.compile(
    r"^\W*(so |and )?(how (do|does|did|is|are|can) (?!i\b)|explain|describe|why (do|does|did|is|are)|walk me|tell me (about|how))"
    r"|\bunder the hood\b|\bhow (do|does) (ai|image models?|diffusion|models?)\b|\bhow it works\b",
    re.I,
)
_LINK_STEMS = content_stems("code repo repos repository github arxiv pdf link links url implementation")
_PAPER = re.compile(r"\b(paper|preprint)\b", re.I)  # that somebody has; "which paper?" wants no link
_ITS = re.compile(r"\b(its|their)\b", re.I)


def intent_of(question: str) -> Intent:
    """Say what kind of answer a question wants."""
    if _GREETING.match(question):
        return "greeting"
    if _HELP.search(question) and len(question) < 80:
        return "help"
    if has_shares(question):
        return "reweigh" if len(question) < 200 and "?" not in question else "explain"
    if _RENDER.match(question) and (styles_in(question) or _SHOW_IT.match(question)):
        return "render"
    if asks_what_is_missing(question):
        return "lacks"
    if (_LINKS.search(question) and len(words(question)) < 25) or _asks_nothing_but_links(question):
        return "links"
    if _COMPARE.search(question):
        return "compare"
    if _EXPLAIN.search(question):
        return "explain"
    return "lookup"


def asks_what_is_missing(question: str) -> bool:
    """Whether documents without a paper, or without code, are asked for."""
    return bool(_LACKS.search(question))


def _asks_nothing_but_links(question: str) -> bool:
    """Whether no word of meaning but a link's is left beside names: "and its GitHub?", "WSAM's paper?"."""
    rest = re.sub(r"\([^)]*\)|\b[A-Z][\w-]*(?:\s+[A-Z][\w-]*)*['’]s\b", " ", question)
    stems = content_stems(rest)
    is_owned = rest != question or bool(_ITS.search(question))
    names_a_link = bool(stems) or (is_owned and bool(_PAPER.search(rest)))
    return names_a_link and stems <= _LINK_STEMS and len(words(rest)) < 10
