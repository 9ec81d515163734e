"""A language model's reading of a message, and what of it is taken: the program's own understanding is the check.

A kind is taken where the program is unsure and the conversation can have it; a style, a subject or a name where it
stands in the message or in the conversation; shares where they sum to one and the message has their numbers. What
cannot be checked is left as the program read it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from app.generation.client import ModelClient, ModelClientFailed
from app.generation.parsing import objects_of
from app.generation.prompt import as_line, prompt
from app.understanding.naming import named_documents
from app.understanding.request import KINDS, Kind, Request, State, StyleShare
from app.understanding.spelling import fold
from app.understanding.stems import content_stems
from app.understanding.understand import understand
from tools.blend.limits import MAX_STYLES

SURE = 0.8
"""Above it the program's own kind is kept (it is right in 219 of 219 tuning messages), and nothing is asked where
no picture is wanted."""
LIMIT_S = 10.0
SLACK = 0.02
"""How far from 1 shares may sum, for thirds that were rounded."""
PICTURES: tuple[Kind, ...] = ("render", "adjust", "experiment")
SCHEMA: Mapping[str, Any] = {
    "title": "request",
    "description": "What the message asks for.",
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": list(KINDS)},
        "styles": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string"}, "share": {"anyOf": [{"type": "number"}, {"type": "null"}]}},
                "required": ["text", "share"],
                "additionalProperties": False,
            },
        },
        "subject": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "question": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["kind", "styles", "subject", "question"],
    "additionalProperties": False,
}

_ARTICLE = re.compile(r"\A\s*(?:an?|the|some)\s+", re.I)
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def understand_with(client: ModelClient, message: str, state: State, limit_s: float) -> Request:
    """Read a message, with a language model's help where the program is unsure or pictures are wanted.

    Args:
        client: Takes the model's reply; where it fails, the program's own reading stands.
        message: As typed.
        state: Where the conversation stands.
        limit_s: Seconds that an answer may take; a part of them is for this.
    """
    own = understand(message, state)
    if not is_worth_asking(own, state):
        return own
    try:
        reply = client.take(brief_of(message, state), min(limit_s / 4, LIMIT_S), schema=SCHEMA, tries=1)
    except ModelClientFailed:
        return own
    proposed = next((found for found in objects_of(reply) if "kind" in found), None)
    return own if proposed is None else checked(own, proposed, state)


def is_worth_asking(own: Request, state: State) -> bool:
    """Whether a model could change what the program read: an unsure kind, a picture's styles, a "they" to be named."""
    leans = bool(state.spoken) and own.kind in ("ask", "links") and own.question == own.message and not own.documents
    return own.confidence < SURE or own.runner_up is not None or own.kind in PICTURES or leans


def brief_of(message: str, state: State) -> list[BaseMessage]:
    """Write the messages that ask what a message asks for."""
    titles = {document.id: document.title for document in state.documents}
    lines = [f"Spoken of: {as_line(titles.get(document, document))}" for document in state.spoken]
    lines += [f"Asked before: {as_line(question)}" for question in state.questions[-2:]]
    for run in state.runs[-1:]:
        styles = ", ".join(f"{text} {share:.0%}" for text, share in run.styles)
        done = "Drawn" if run.is_done else "Proposed"
        lines.append(as_line(f"{done} last: {run.subject or 'a picture'} in {styles} ({run.tool})"))
    told = "\n".join(lines)
    conversation = f"<conversation>\n{told}\n</conversation>\n\n" if told else ""
    return [
        SystemMessage(prompt("understand")),
        HumanMessage(f"{conversation}<message>\n{as_line(message)}\n</message>"),
    ]


def checked(own: Request, proposed: Mapping[str, Any], state: State) -> Request:
    """The program's reading with what of a model's stands up to the message and the conversation.

    Args:
        own: As the program read it.
        proposed: As the model read it: kind, styles with shares, subject, question.
        state: Where the conversation stands.
    """
    taken: dict[str, Any] = {}
    kind = proposed.get("kind")
    if own.confidence < SURE and kind in possible_kinds(state):
        taken |= {"kind": kind, "runner_up": None}
    elif kind == own.kind:
        taken["runner_up"] = None
    is_picture = taken.get("kind", own.kind) in PICTURES
    if is_picture and own.refusal is None:
        if styles := _styles(own, proposed.get("styles"), state):
            taken["styles"] = styles
        subject = proposed.get("subject")
        if isinstance(subject, str) and subject.strip() and _stands(subject, own, state):
            taken["subject"] = " ".join(subject.split())
    elif not is_picture:
        taken |= _question(own, proposed.get("question"), state)
    return own.model_copy(update=taken)


def possible_kinds(state: State) -> tuple[str, ...]:
    """The kinds that a message can have here: nothing that was not drawn can be changed or compared."""
    done = sum(run.is_done for run in state.runs)
    lacking = {"adjust"} if not state.runs else set()
    lacking |= {"run"} if not done else set()
    lacking |= {"compare"} if done < 2 else set()
    return tuple(kind for kind in KINDS if kind not in lacking)


def _styles(own: Request, proposed: Any, state: State) -> tuple[StyleShare, ...]:
    """The proposed styles, where all stand in the message or in the last run; none where one does not."""
    listed = proposed if isinstance(proposed, list) else []
    named = [s for s in listed if isinstance(s, Mapping) and isinstance(s.get("text"), str) and s["text"].strip()]
    texts = [" ".join(s["text"].split()) for s in named]
    if not 0 < len(texts) <= MAX_STYLES or len(named) != len(listed) or len({fold(t) for t in texts}) < len(texts):
        return ()
    if not all(_stands(text, own, state) for text in texts):
        return ()
    mine = {fold(style.text): style.share for style in own.styles}
    if mine.keys() == {fold(text) for text in texts}:
        return own.styles if _says_amounts(own) else _shared(own, texts, [s.get("share") for s in named], own.styles)
    return () if _says_amounts(own) else _shared(own, texts, [s.get("share") for s in named], ())


def _says_amounts(own: Request) -> bool:
    """Whether the program read unequal shares out of the message: its grammar of amounts is surer than a model."""
    return len({style.share for style in own.styles}) > 1


def _shared(
    own: Request, texts: Sequence[str], shares: Sequence[Any], otherwise: tuple[StyleShare, ...]
) -> tuple[StyleShare, ...]:
    """Styles with the proposed shares, where these sum to one and the message has their numbers; else equal ones."""
    is_number = [isinstance(share, (int, float)) and not isinstance(share, bool) for share in shares]
    if all(is_number) and abs(sum(shares) - 1) <= SLACK and min(shares) >= 0:
        said = {float(number.replace(",", ".")) for number in _NUMBER.findall(own.message)}
        ratios = {number / sum(said) for number in said} if said else set()
        known = {number / 100 for number in said} | said | ratios | {1 / len(texts)}
        loose = [share for share in shares if not any(abs(share - value) <= SLACK for value in known)]
        if len(loose) <= (1 if said else 0):  # the rest of the others
            total = sum(shares)
            return tuple(StyleShare(text=t, share=round(s / total, 6)) for t, s in zip(texts, shares, strict=True))
    return otherwise or tuple(StyleShare(text=text, share=round(1 / len(texts), 6)) for text in texts)


def _stands(text: str, own: Request, state: State) -> bool:
    """Whether a text stands in the message, or in what was drawn or proposed last."""
    last = state.runs[-1:]
    known = [own.message, *(style for run in last for style, _ in run.styles), *(run.subject or "" for run in last)]
    plain = _plain(_ARTICLE.sub("", text))
    return bool(plain) and any(f" {plain} " in f" {_plain(other)} " for other in known)


def _plain(text: str) -> str:
    """A text's words in lower case, a blank between each two."""
    return " ".join(_WORD.findall(text.casefold()))


def _question(own: Request, proposed: Any, state: State) -> dict[str, Any]:
    """The proposed standalone question, where it adds nothing but names from the conversation, and drops no word."""
    if not isinstance(proposed, str) or own.question != own.message or not state.spoken:
        return {}
    question = " ".join(proposed.split())
    titles = [document.title for document in state.documents if document.id in (*state.spoken, *state.earlier)]
    known = content_stems(" ".join([own.message, *titles, *state.questions]))
    asked = content_stems(own.message)
    if not question or not asked <= content_stems(question) or not content_stems(question) <= known:
        return {}
    named = named_documents(question, state.documents)
    return {"question": question, "documents": named} if named else {}
