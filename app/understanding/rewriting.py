"""Query rewriting: a follow-up over the corpus in the form that can be searched for by itself.

Works from the documents last spoken of and English's small closed classes (pronouns, ordinals, connectives). It has no
list of subjects or of documents.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.understanding.request import State
from ingest.names import short_name
from ingest.words import content_words

MAX_LEANING_WORDS = 16
"""A longer question says itself what it is about."""

_EXPLETIVE = re.compile(
    r"\b(?:is|isn['’]t|was|makes?) it (?:\w+ )?(?:true|correct|right|possible|necessary|the case|a fact)\b", re.I
)
_AMONG = re.compile(
    r"\b(?:of|among|in) (?:these|those|them)\b|\b(?:these|those|all|any|which|the) (?:papers|documents|models|ones)\b",
    re.I,
)
_PRONOUN = re.compile(
    r"\b(it|they|them|(?:this|that) (?:one|method|paper|model|approach|study|document)|these|those)\b", re.I
)
_DEMONSTRATIVE = re.compile(
    r"(?:^\W*|\b(?:is|was|are|were|does|did|do|has|by|with|in|about|for|to|like|than|why|how|when|where|and|at|from|of)\s+)(?:this|that)\b",
    re.I,
)
_POSSESSIVE = re.compile(r"\b(its|their)\b", re.I)
_DEFINITE = re.compile(r"\b(?:the|this|that|these|those) [a-z]|\b(?:there|instead|both|here)\b", re.I)
_CONNECTIVE = re.compile(
    r"^\W*(?:and|but|so|or|also|then|ok(?:ay)?|what about|how about|why|(?:in|at|on|by|for|with|from) (?:which|what|whom|how)|more|go on|really)\b",
    re.I,
)
_LEADING = re.compile(r"^\W*(?:(?:and|but|so|or|also|then|okay|ok|well|hm+)\b[\s,]*)+", re.I)
_OTHER = re.compile(r"\bthe other( one| paper| method| model| document| study)?\b|\banother one\b", re.I)
_ORDINAL = re.compile(
    r"\bthe (first|second|third|fourth|last|former|latter)\b( one| paper| method| model| document| study)?(?! (?:step|layer|time|style|author|half|year|week|day|phase|word|token|phrase|term|name|prompt|picture|image|render|run|seed|weight|blend|share|sentence|question|answer|point|part|thing)s?\b)",
    re.I,
)
_ABOUT = re.compile(r"^(?:and |but |so )?(?:what|how) about\b", re.I)
_ORDINALS = {"first": 0, "former": 0, "second": 1, "latter": 1, "third": 2, "fourth": 3, "last": -1}
_NAMES_ITS_TOPIC = re.compile(
    r"^\W*+(?:(?:and|but|so|or|also|then|okay|ok|now)\b[\s,]*)*(?!(?:in|on|at|by|for|with|from|to|of|if|since|because|when|while|after|before|what|how|why|no|yes) )[^,:;?]{4,60}[,:;] .*\b(?:it|its|they|them|their)\b",
    re.I,
)
_DEFINED = re.compile(r"^\W*what (?:is|are|was|were) (?:meant by |called )?(?:the |an? )?([\w\s-]{3,40}?)\W*$", re.I)
_NO_NOUN = re.compile(
    r"^\w+ed\b(?! \w+$)|\b(?:in|on|at|by|for|from|to|with|within|between|during|through|into|under|over)\b", re.I
)
"""In what follows "what is": "swapped in the late layers" asks what is done, and names no thing to speak of later."""


@dataclass(frozen=True)
class Rewritten:
    """A question that can be searched for by itself.

    Args:
        question: What is searched for.
        documents: The documents of the conversation that it means.
        is_bound: It points at them ("it", "the other one"); else it may be about others.
    """

    question: str
    documents: tuple[str, ...] = ()
    is_bound: bool = False


def standalone(message: str, state: State, named: Sequence[str] = (), *, wants_link: bool = False) -> Rewritten:
    """Rewrite a follow-up; other messages come back unchanged.

    Args:
        message: What was said.
        state: With the documents that were spoken of.
        named: Ids of documents that the message names itself.
        wants_link: Whether it asks for a link: what has one is a document, and no term that it explains.
    """
    titles = _titles(state)
    focus = _focus(state, titles)
    if named or not focus or _AMONG.search(message):
        return Rewritten(message, tuple(named))
    if _NAMES_ITS_TOPIC.match(message):
        return Rewritten(_LEADING.sub("", message))
    if pointed := _pointed_at(message, focus, state, titles):
        return pointed
    count = len(message.split())
    if count > MAX_LEANING_WORDS:
        return Rewritten(message)
    bare = _EXPLETIVE.sub("", message)
    is_bound = bool(_PRONOUN.search(bare) or _POSSESSIVE.search(bare) or _DEMONSTRATIVE.search(bare))
    is_short = len(content_words(message)) <= 1 and count <= 9
    if not (is_bound or is_short or _DEFINITE.search(message) or _CONNECTIVE.match(message)):
        return Rewritten(message)
    topic = _topic(state)
    if topic and is_bound and not wants_link and titles[focus].lower() not in topic.lower():
        question = f"{_with_name(message, topic, is_bound).rstrip(' ?.!')} ({titles[focus]})?"
        return Rewritten(question, (focus,), True)
    return Rewritten(_with_name(message, titles[focus], is_bound), (focus,), is_bound)


def in_context(message: str, state: State) -> Rewritten | None:
    """Return a question that found nothing by itself as one about what was last spoken of; None before anything was."""
    titles = _titles(state)
    focus = _focus(state, titles)
    if focus is None or len(message.split()) > MAX_LEANING_WORDS:
        return None
    return Rewritten(f"{_LEADING.sub('', message).rstrip(' ?.!')} ({titles[focus]})?", (focus,), True)


def _titles(state: State) -> dict[str, str]:
    """The short names of the documents that were spoken of, by their ids."""
    spoken = {state.focus, *state.spoken, *state.earlier}
    return {known.id: short_name(known.title) for known in state.documents if known.id in spoken}


def _topic(state: State) -> str | None:
    """The term that the last question asked the meaning of."""
    asked = _DEFINED.match(state.questions[-1]) if state.questions else None
    return asked[1] if asked and not _NO_NOUN.search(asked[1]) else None


def _focus(state: State, titles: dict[str, str]) -> str | None:
    """The document that "it" means."""
    return next((document for document in (state.focus, *state.spoken) if document in titles), None)


def _pointed_at(message: str, focus: str, state: State, titles: dict[str, str]) -> Rewritten | None:
    """Find "the other one" or "the second paper", and the document that it means."""
    listed = [document for document in state.spoken if document in titles]
    before = [document for document in dict.fromkeys(state.earlier) if document in titles]
    if match := _OTHER.search(message):
        target = next((document for document in (*listed, *reversed(before)) if document != focus), focus)
    elif match := _ORDINAL.search(message):
        order = listed if len(listed) > 1 else list(dict.fromkeys((*before, *listed)))
        place = _ORDINALS[match[1].lower()]
        target = order[place] if place < len(order) else focus
    else:
        return None
    rest = _ABOUT.sub("", (message[: match.start()] + message[match.end() :]).strip(" ?.!,"))
    asked = state.questions[-1] if state.questions else ""
    is_of_one = titles[focus].lower() in asked.lower() and titles[target].lower() not in asked.lower()
    if is_of_one and not _LEADING.sub("", rest).strip():  # "and the other one?" asks what was asked before
        return Rewritten(re.sub(re.escape(titles[focus]), lambda _: titles[target], asked, flags=re.I), (target,), True)
    question = (message[: match.start()] + titles[target] + message[match.end() :]).strip()
    return Rewritten(question, (target,), True)


def _with_name(message: str, name: str, is_bound: bool) -> str:
    """Put a document's name in the place of a pronoun, else behind the question."""
    body = _LEADING.sub("", message)
    if is_bound and (possessive := _POSSESSIVE.search(body)):
        return body[: possessive.start()] + f"{name}'s" + body[possessive.end() :]
    if is_bound and (pronoun := _PRONOUN.search(body)):
        return (body[: pronoun.start()] + name + body[pronoun.end() :]).strip()
    return f"{body.rstrip(' ?.!')} ({name})?"
