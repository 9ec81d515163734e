"""What a question leans on: the conversation so far, and the form in which a follow-up is searched for by itself.

Rules over words. It knows the conversation's answers; it knows nothing of the corpus or of how an answer is composed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from app.answers import CitedAnswer
from app.understanding.intents import asks_what_is_missing, intent_of
from app.understanding.stems import STOP_WORDS, words
from app.understanding.styles import Style, shared, styles_in
from ingest.names import short_name

MAX_LEANING_WORDS = 16
"""A longer question says itself what it is about."""

_EXPLETIVE = re.compile(
    r"\b(?:is|isn['’]t|was|makes?) it (?:\w+ )?(?:true|correct|right|possible|necessary|the case|a fact)\b", re.I
)
_OF_THE_CORPUS = re.compile(r"\b(?:of|among|in) (?:these|those|them)\b|\bthese (?:papers|documents|models)\b", re.I)
_ANAPHOR = re.compile(
    r"\b(?:it|its|they|them|their|these|those)\b"
    r"|(?:^\W*|\b(?:is|was|are|were|does|did|do|has|by|with|in|about|for|to|like|than|why|how|when|where|and|at|from)\s+)"
    r"(?:this|that)\b",
    re.I,
)
_DEFINITE = re.compile(  # what prose about research calls by no name
    r"\b(?:the|this|that|these|those) (?:same )?(?:trial|study|studies|authors?|researchers?|experiments?|evaluation"
    r"|treatments?|intervention|therapy|participants?|patients?|subjects?|volunteers|sample|cohort|groups?|control"
    r"|data ?sets?|drugs?|dose|effects?|results?|findings?|outcomes?|method|approach|technique|animals|mice|rats"
    r"|children|women|men|conclusion|other|first|second|third|fourth|last|former|latter)\b|\bthere\b|\binstead\b|\bboth\b",
    re.I,
)
_CONNECTIVE = re.compile(
    r"^\W*(and|but|so|or|also|then|ok(ay)?|what about|how about|why|in (?:which|what)|at (?:which|what)|on (?:which|what)"
    r"|by (?:how|what|whom)|for (?:what|how)|with what|which layers?|more|go on|really)\b",
    re.I,
)
_LEADING = re.compile(r"^\W*(?:(?:and|but|so|or|also|then|okay|ok)\b[\s,]*)+", re.I)
_OTHER = re.compile(r"\bthe other( one| paper| method| model| document| study)?\b|\banother one\b", re.I)
_ORDINAL = re.compile(
    r"\bthe (first|second|third|fourth|last|former|latter)\b( one| paper| method| model| document| study)?"
    r"(?! (?:step|layer|time|style|author|half|year|week|day|phase)s?\b)",
    re.I,
)
_ORDINALS = {"first": 0, "former": 0, "second": 1, "latter": 1, "third": 2, "fourth": 3, "last": -1}
_ONLY_A_NAME = re.compile(
    r"^\W*(?:(?:and|but|so|then|ok(?:ay)?)\b[\s,]*)*(?:(?:what|how) about\s+)?(?P<name>.+?)[\s?.!]*$", re.I
)
_PRONOUN = re.compile(
    r"\b(it|they|them|this (?:one|method|paper|model|approach|study)|that (?:one|method|paper|model|approach|study)"
    r"|these|those)\b",
    re.I,
)
_NAMES_ITS_TOPIC = re.compile(  # "And brown fat: does it ...?" says itself what "it" is
    r"^\W*(?:(?:and|but|so|or|also|then|okay|ok|now)\b[\s,]*)*"
    r"(?!in |on |at |by |for |with |from |to |of |if |since |because |when |while |after |before |what |how |why |no |yes )"
    r"[^,:;?]{4,60}[,:;] .*\b(?:it|its|they|them|their)\b",
    re.I,
)
_DEFINED = re.compile(r"^\W*what (?:is|are|was|were) (?:meant by |called )?(?:the |an? )?([\w\s-]{3,40}?)\W*$", re.I)
_POSSESSIVE = re.compile(r"\b(its|their)\b", re.I)


@dataclass(frozen=True)
class Asked:
    """A question in the form that is searched for, and the document of the conversation that it leans on."""

    query: str
    said: str = ""  # as typed, where the query holds a name that was not
    focus: str | None = None  # a document's id
    is_bound: bool = False  # it points at that document ("it", "the other one"); else it may be about another one


@dataclass(frozen=True)
class Conversation:
    """Earlier turns, oldest first: answers, the arguments of proposed blends, the artifacts of finished renders."""

    answers: tuple[CitedAnswer, ...] = ()
    blends: tuple[dict[str, Any], ...] = ()
    renders: tuple[dict[str, Any], ...] = ()

    @property
    def told(self) -> tuple[CitedAnswer, ...]:
        """The answers that told something of a document."""
        return tuple(a for a in self.answers if a.status == "answered" and focus_of(a))

    @property
    def styles(self) -> tuple[Style, ...]:
        """The styles spoken of last, with shares: as proposed (or edited in the card), else as asked about."""
        blends = [blend for blend in self.blends if blend.get("method") != "reference"]  # there a style is a picture
        if blends and (styles := blends[-1].get("styles")):
            total = sum(s["weight"] for s in styles) or 1.0
            return tuple(Style(s["text"], s["weight"] / total) for s in styles)
        for answer in reversed(self.answers):
            if len(named := styles_in(answer.question)) > 1:
                return shared(named)
        return ()


def focus_of(answer: CitedAnswer) -> str | None:
    """The document that an answer is most about: the one that was asked about by name, else that of its first claim.

    Where something was explained, the first claim under the hood counts.
    """
    asked = (answer.searched_for or answer.question).lower()
    named = [source.document_id for source in answer.sources if short_name(source.title).lower() in asked]
    if len(named) == 1:
        return named[0]
    ranked = sorted(answer.sections, key=lambda section: section.heading != "Under the hood")
    claims = (s for section in ranked for s in section.sentences if s.kind == "claim")
    return next((claim.citations[0].document_id for claim in claims), None)


def standalone(question: str, conversation: Conversation) -> Asked:
    """Rewrite a follow-up so that it can be searched for by itself; other questions come back unchanged."""
    told = conversation.told
    if not told or asks_what_is_missing(question):
        return Asked(question)
    titles = _titles(told)
    if named_in(question, titles.values()):
        return Asked(question)
    if _NAMES_ITS_TOPIC.match(question):
        return Asked(_LEADING.sub("", question))
    if pointed := _pointed_at(question, told):
        match, target = pointed
        return Asked(_put(question, match, titles[target], told[-1]), question, target, True)
    focus = focus_of(told[-1]) or ""
    length = len(words(question))
    points = _ANAPHOR.search(_EXPLETIVE.sub("", question)) and not _OF_THE_CORPUS.search(question)
    is_bound = length <= MAX_LEANING_WORDS and bool(points)
    short = len([w for w in words(question) if w not in STOP_WORDS]) <= 1 and length <= 9
    leans = length <= MAX_LEANING_WORDS and _DEFINITE.search(question)
    if not (is_bound or short or leans or _CONNECTIVE.match(question)):
        return Asked(question)
    topic = _DEFINED.match(told[-1].question)
    if topic and is_bound and not named_in(topic[1], titles.values()):
        return Asked(f"{_named(question, topic[1], is_bound).rstrip(' ?.!')} ({titles[focus]})?", question, focus, True)
    return Asked(_named(question, titles[focus], is_bound), question, focus, is_bound)


def in_context(question: str, conversation: Conversation) -> Asked | None:
    """Return a question that found nothing by itself as one about what was last spoken of; None before anything was."""
    told = conversation.told
    if not told or len(words(question)) > MAX_LEANING_WORDS:
        return None
    focus = focus_of(told[-1]) or ""
    return Asked(f"{_LEADING.sub('', question).rstrip(' ?.!')} ({_titles(told)[focus]})?", question, focus, True)


def named_in(text: str, names: Iterable[str]) -> bool:
    """Whether a text holds one of the names, in whatever case."""
    return any(name.lower() in text.lower() for name in names)


def _titles(told: Sequence[CitedAnswer]) -> dict[str, str]:
    return {source.document_id: short_name(source.title) for answer in told for source in answer.sources}


def _pointed_at(question: str, told: Sequence[CitedAnswer]) -> tuple[re.Match[str], str] | None:
    """Find "the other one" or "the second paper", and the document that it means."""
    focus = focus_of(told[-1]) or ""
    spoken_of = [i for answer in told if (i := focus_of(answer))]
    several = [answer for answer in reversed(told) if len(answer.sources) > 1]
    if other := _OTHER.search(question):
        listed = [i for answer in several for i in _order(answer)]
        return other, next((i for i in (*reversed(spoken_of), *listed) if i != focus), focus)
    if ordinal := _ORDINAL.search(question):
        lists = [_order(a) for a in several if intent_of(a.searched_for or a.question) in _LISTING][:1]
        place = _ORDINALS[ordinal[1].lower()]
        orders = (*lists, list(dict.fromkeys(spoken_of)), *map(_order, several))
        return ordinal, next((order[place] for order in orders if place < len(order)), focus)
    return None


_LISTING = ("explain", "compare", "lacks")


def _order(answer: CitedAnswer) -> list[str]:
    """Documents in the order in which an answer lists them, then any other that it cites."""
    return list(dict.fromkeys([*(s.document_id for s in answer.sources), *(c.document_id for c in answer.citations)]))


def _put(question: str, match: re.Match[str], name: str, last: CitedAnswer) -> str:
    """Put a name where a question points; where that is all it says, ask of the named what was asked before."""
    rest = question[: match.start()] + question[match.end() :]
    only = _ONLY_A_NAME.match(question)
    asked = last.searched_for or last.question
    mentioned = [n for s in last.sources if (n := short_name(s.title)).lower() in asked.lower()]
    if only and only["name"].strip() == match[0].strip() and len(mentioned) == 1 and name not in mentioned:
        return re.sub(re.escape(mentioned[0]), lambda _: name, asked, flags=re.I)
    return (question[: match.start()] + name + question[match.end() :]).strip() if rest.strip() else name


def _named(question: str, name: str, is_bound: bool) -> str:
    """Put a document's name in the place of a pronoun, else behind the question."""
    body = _LEADING.sub("", question)
    if is_bound and (possessive := _POSSESSIVE.search(body)):
        return body[: possessive.start()] + f"{name}'s" + body[possessive.end() :]
    if is_bound and (pronoun := _PRONOUN.search(body)):
        return (body[: pronoun.start()] + name + body[pronoun.end() :]).strip()
    return f"{body.rstrip(' ?.!')} ({name})?"
