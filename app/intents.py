"""What a question asks for, and what it leans on: intent, named documents, styles with weights, the standalone form.

Rules over words, no model. It knows the conversation's answers; it knows nothing of how an answer is composed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import snowballstemmer

from app.answers import CitedAnswer
from ingest.documents import Document

Intent = Literal["greeting", "help", "render", "reweigh", "explain", "links", "lacks", "compare", "lookup"]

STOP_WORDS = frozenset(
    """a about above after again all also am an and any are as at be because been before being between both but by can
    come could did do does doing done down during each few for from further get got had has have having he her here hers
    him his how i if in into is it its itself just let like many may me might more most much must my need no nor not now
    of off on once one only or other our out over own please s same say says she should show since so some such t tell
    than that the their them then there these they thing things this those through to too under until up us use used
    uses using very want was way we were what when where which while who whom whose why will with within without would
    yes yet you your explain describe mean means called does exactly actually happen happens happening hood really work
    works paper papers document documents model models corpus according instead give gives given make makes made""".split()
)

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
_PERCENT = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:%|per ?cent|percent)\s*(?:of\s+|the\s+)?([a-z][a-z \-]*?)(?=\s*(?:,|;|\.|$|\band\b|\bof\b|\bwith\b|\d|\?|!|/))",
    re.I,
)
_LINKS = re.compile(
    r"\b(where|link|links|url|find|download|repo|repository|github)\b.*\b(code|implementation|repo|repository|github|paper|pdf"
    r"|arxiv|source|weights|checkpoint|link|links|url|it)\b"
    r"|\b(code|repo|repository|github|arxiv|paper|pdf) (link|url|of|for|available|address)\b|\b(link|url) (to|of|for)\b"
    r"|\b(is|are) there (a|any|an) (paper|code|repo|repository|github|implementation|arxiv)\b"
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
_LEANS = re.compile(
    r"\b(it|its|they|them|their|these|those|this|that|there|instead|the (other|first|second|third|fourth|last|former|latter)"
    r"( one| paper| method| model| document)?|the same|another one|both)\b",
    re.I,
)
_CONNECTIVE = re.compile(
    r"^\W*(and|but|so|or|also|then|ok(ay)?|what about|how about|why|in which|at which|on which|which layers?|for what|by whom|more|go on|really)\b",
    re.I,
)
_OTHER = re.compile(r"\bthe other( one| paper| method| model| document)?\b|\banother one\b", re.I)
_ORDINAL = re.compile(
    r"\bthe (first|second|third|fourth|last|former|latter)\b( one| paper| method| model| document)?", re.I
)
_ORDINALS = {"first": 0, "former": 0, "second": 1, "latter": 1, "third": 2, "fourth": 3, "last": -1}
_PRONOUN = re.compile(
    r"\b(it|they|them|this (?:one|method|paper|model|approach)|that (?:one|method|paper|model|approach)|these|those)\b",
    re.I,
)
_POSSESSIVE = re.compile(r"\b(its|their)\b", re.I)
_QUOTED = re.compile(r"[“\"‘«]([^“”\"«»‘’]{2,60})[”\"’»]|(?<![\w])'([^']{2,60})'(?![\w])")
_STYLE_WORDS = re.compile(
    r"\b(style|illustration|painting|photo\w*|sketch|drawing|watercolou?r|art|cartoon|anime|render(?:ing)?|pencil|oil|pixel|realis\w+)\b",
    re.I,
)
_PAIR = re.compile(
    r"\b(?:mix(?:ed|ing)?|blend(?:ed|ing)?|combin(?:e|ed|ing)|balance[ds]?|between|from|render|show(?: me)?)\s+(?:the\s+)?(?:styles?\s+)?"
    r"([a-z][a-z \-]{2,40}?)\s+(?:and|with|to|plus|&)\s+([a-z][a-z \-]{2,40}?)(?=\s+(?:in|into|for|of|on|at|as|inside)\b|[?.,!;]|$)",
    re.I,
)
_SUBJECT = re.compile(r"\b(?:of|for|on|with)\s+((?:an?|the|some|two|three)\s+[a-z0-9 \-]{2,60}?)(?=[?.!,;]|$)", re.I)


@dataclass(frozen=True)
class Style:
    """A style and its share, 0..1; None where the question gives none."""

    text: str
    share: float | None = None


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    return str(_stemmer().stemWord(word.lower()))


def words(text: str) -> list[str]:
    """Split into lower-case words; a compound counts as a whole and by its parts."""
    found = []
    for token in re.findall(r"[A-Za-z0-9]+(?:[.\-'’][A-Za-z0-9]+)*", text):
        parts = re.split(r"[\-]", token)
        found += [token.lower(), *(p.lower() for p in parts)] if len(parts) > 1 else [token.lower()]
    return found


def content_stems(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning."""
    return frozenset(stem(w) for w in words(text) if w not in STOP_WORDS and len(w) > 1)


def intent_of(question: str) -> Intent:
    """Say what kind of answer a question wants."""
    if _GREETING.match(question):
        return "greeting"
    if _HELP.search(question) and len(question) < 80:
        return "help"
    if styles := _percent_styles(question):
        return "reweigh" if styles and len(question) < 200 and "?" not in question else "explain"
    if _RENDER.match(question) and (styles_in(question) or _SHOW_IT.match(question)):
        return "render"
    if _LACKS.search(question):
        return "lacks"
    if _LINKS.search(question) and len(words(question)) < 25:
        return "links"
    if _COMPARE.search(question):
        return "compare"
    if _EXPLAIN.search(question):
        return "explain"
    return "lookup"


def short_name(title: str) -> str:
    """The name that people use for a document: its title up to the first colon, or to "with", "via", "for" ..."""
    head = re.split(r":|\s+(?:with|via|for|from|using|by|through|in)\s+", title, maxsplit=1)[0].strip()
    return head or title


def names_of(document: Document) -> tuple[str, ...]:
    """Ways to name a document, lower case: its short name, its id, and name-like words of its title and repository."""
    name = short_name(document.title)
    found = {name.lower(), document.title.lower(), document.id.lower(), document.id.lower().replace("-", " ")}
    for token in re.findall(r"[A-Za-z0-9]+", name if len(name.split()) < 4 else ""):
        if re.search(r"[a-z][A-Z]|\d|^[A-Z]{3,}", token) and len(token) > 3:
            found.add(token.lower())
    if document.github_url:
        found.add(document.github_url.rstrip("/").rsplit("/", 1)[-1].lower().replace("-", " ").replace("_", " "))
    return tuple(sorted((n for n in found if len(n) > 3), key=len, reverse=True))


def named_documents(question: str, documents: Iterable[Document]) -> tuple[Document, ...]:
    """Documents that the question names, in the order in which it names them."""
    text = " " + re.sub(r"[^a-z0-9.]+", " ", question.lower()) + " "
    text = (
        text.replace(" sd1.5 ", " stable diffusion 1.5 ")
        .replace(" sd 1.5 ", " stable diffusion 1.5 ")
        .replace(". ", " ")
    )
    places = []
    for document in documents:
        at = [text.find(" " + re.sub(r"[^a-z0-9.]+", " ", n).strip()) for n in names_of(document)]
        if at := [a for a in at if a >= 0]:
            places.append((min(at), document))
    return tuple(document for _, document in sorted(places, key=lambda p: p[0]))


def _percent_styles(question: str) -> tuple[Style, ...]:
    return tuple(Style(m[2].strip(), float(m[1]) / 100) for m in _PERCENT.finditer(question))


def styles_in(question: str) -> tuple[Style, ...]:
    """Find the styles that a question names: with percentages, in quotation marks, or as "mix A and B"."""
    if styles := _percent_styles(question):
        return styles[:4]
    quoted = [(a or b).strip(" ,.") for a, b in _QUOTED.findall(question)]
    if quoted and re.search(r"\bstyles?\b|\bmix|\bblend|\bprompt|\bcombin|\brender", question, re.I):
        return tuple(Style(q) for q in dict.fromkeys(quoted))[:4]
    if (pair := _PAIR.search(question)) and _STYLE_WORDS.search(pair[1] + " " + pair[2]):
        return Style(pair[1].strip()), Style(pair[2].strip())
    return ()


def subject_in(question: str) -> str | None:
    """Find what the picture should show: "... of a red boat at night"."""
    found = _SUBJECT.search(question)
    if (
        not found
        or _STYLE_WORDS.search(found[1])
        or re.search(r"\bprompt|\bstyles?\b|\bweights?\b|\bimage\b|\bhood\b", found[1])
    ):
        return None
    return found[1].strip()


def reweigh(styles: Sequence[Style], known: Sequence[Style]) -> tuple[Style, ...]:
    """Give the known styles new shares: those named take theirs, the others divide the rest as they stood.

    Args:
        styles: Named in the question, with shares.
        known: The blend so far, with shares.
    """
    wanted: dict[str, float] = {}
    new: list[Style] = []
    for style in styles:
        mine = content_stems(style.text)
        match = next((k for k in known if mine & content_stems(k.text)), None)
        if match:
            wanted[match.text] = style.share or 0.0
        else:
            new.append(style)
    rest = max(0.0, 1.0 - sum(wanted.values()) - sum(s.share or 0.0 for s in new))
    free = [k for k in known if k.text not in wanted]
    total = sum(k.share or 0.0 for k in free)
    shared = [
        Style(
            k.text,
            wanted[k.text] if k.text in wanted else rest * ((k.share or 0.0) / total if total else 1 / len(free)),
        )
        for k in known
    ]
    result = [*([] if new and not wanted else shared), *new]
    return tuple(result[:4])


def focus_of(answer: CitedAnswer) -> str | None:
    """The document that an answer is most about: that of its first claim under the hood, else of its first claim."""
    ranked = sorted(answer.sections, key=lambda section: section.heading != "Under the hood")
    claims = (s for section in ranked for s in section.sentences if s.kind == "claim")
    return next((claim.citations[0].document_id for claim in claims), None)


def standalone(question: str, turns: Sequence[CitedAnswer]) -> str:
    """Rewrite a follow-up so that it can be searched for by itself; other questions come back unchanged.

    Args:
        question: As typed.
        turns: The conversation's answers so far, oldest first.
    """
    told = [turn for turn in turns if turn.status == "answered" and focus_of(turn)]
    if not told or _LACKS.search(question):
        return question
    titles = {source.document_id: short_name(source.title) for turn in told for source in turn.sources}
    if any(name.lower() in question.lower() for name in titles.values()):
        return question
    last = told[-1]
    focus = focus_of(last)
    if other := _OTHER.search(question):
        target = next((i for turn in reversed(told) for i in _order(turn) if i != focus), focus)
        return _named(question, other, titles.get(target or "", ""))
    if ordinal := _ORDINAL.search(question):
        listed = next((turn for turn in reversed(told) if len(turn.sources) > 1), last)
        order = [source.document_id for source in listed.sources]
        place = _ORDINALS[ordinal[1].lower()]
        return _named(question, ordinal, titles.get(order[place] if -1 <= place < len(order) else focus or "", ""))
    short = len([w for w in words(question) if w not in STOP_WORDS]) <= 1 and len(words(question)) <= 9
    leans = _LEANS.search(question) and len(words(question)) <= 16
    if not (_CONNECTIVE.match(question) or leans or short):
        return question
    name = titles.get(focus or "", "")
    body = re.sub(r"^\W*(and|but|so|or|also|then|okay|ok)\b[\s,]*", "", question, flags=re.I)
    if possessive := _POSSESSIVE.search(body):
        return body[: possessive.start()] + f"{name}'s" + body[possessive.end() :]
    if pronoun := _PRONOUN.search(body):
        return _named(body, pronoun, name)
    return f"{body.rstrip(' ?.!')} ({name})?"


def _order(answer: CitedAnswer) -> list[str]:
    """Documents in the order in which an answer speaks of them, then the sources it only lists."""
    cited = [c.document_id for s in answer.sentences for c in s.citations if s.kind == "claim"]
    return list(dict.fromkeys([*cited, *(s.document_id for s in answer.sources)]))


def _named(question: str, match: re.Match[str], name: str) -> str:
    return (question[: match.start()] + name + question[match.end() :]).strip()
