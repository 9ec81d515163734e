"""Message + conversation -> Request: the one place where it is worked out what is wanted.

Kinds, experiments and names of styles come from the learned heads, amounts and settings from closed grammars, documents
from the index's titles. It knows no engine, no tool and no corpus.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.understanding.changes import changed_styles, changed_subject
from app.understanding.clarification import are_far_apart, choice_of
from app.understanding.features import features_of
from app.understanding.heads import Judgement, load_heads
from app.understanding.naming import named_documents
from app.understanding.parameters import read_parameters
from app.understanding.request import EXPERIMENTS, KINDS, Kind, Request, State, StyleShare
from app.understanding.rewriting import standalone
from app.understanding.shares import Reading, read_shares
from app.understanding.spelling import called_back, fold, nearest
from app.understanding.vocabulary import listed_styles, vocabulary
from ingest.vectors import load_embedder
from ingest.words import background_frequency, content_words
from tools.blend.limits import MAX_STYLES

SURE = 0.55
"""Below this, the second kind is named too, and it is asked which was meant."""
NEAR = 0.6
"""... unless it is less than this part as likely."""
NO_EXPERIMENT = 0.5
"""A question for the corpus has an experiment that would tell, where "none" is less likely than this."""
SURELY_ELSEWHERE = 0.9
"""Below this, what is read as about the program or the world may be about the document that was spoken of."""
MAYBE_PROGRAM = 0.7
"""Below this, "it" is not the program either where the document does not say it."""
UNSURE = 0.5
"""A span whose least sure word is less likely than this is left out where another of its label is not."""
BESIDE: tuple[Kind, ...] = ("experiment", "program", "foreign")
"""Kinds that a question about a document is not of, however it is worded."""
OF_THE_CORPUS: tuple[Kind, ...] = ("ask", "links", "foreign")
DRAWS = 0.2
"""How likely a change after an experiment must be a request to render, to ask for a picture and not for it again."""
TOLD: tuple[Kind, ...] = ("ask", "run", "compare")
"""Kinds whose answer can offer an experiment beside what it tells, so that nobody has to be asked which was meant."""

_OPENING_MARKS = " \t\n\r\u00a0\"'“”‘’«»()[]{}*~,.:;|-"
_CLOSING_MARKS = _OPENING_MARKS + "?!+"
_REFUSED = re.compile(r"\b(?:no|not|without|w/o|never|avoid|zero)\s+(?:any\s+|the\s+|more\s+|an?\s+)?$", re.I)
_ISH = re.compile(r"[- ]?(?:ish|like|esque)$", re.I)
_EXPERIMENT = re.compile(
    rf"\b({'|'.join(name.replace('_', '[ _-]') for name in EXPERIMENTS)})[ -](?:experiment|test|thing)\b", re.I
)
_ISH_OF = re.compile(r"(?<=[a-z])[- ]?ish\s+(?=\w)", re.I)
_BY_STEPS = re.compile(r"\b(\w{2,12}) by \1\b", re.I)
_ARTICLE = re.compile(r"an?|the|some", re.I)


def understand(message: str, state: State) -> Request:
    """Read a message.

    Args:
        message: As typed, 4,000 characters at most.
        state: Where the conversation stands.
    """
    chosen = choice_of(message, state.open)
    if chosen and state.open:
        return _read(state.open.message, state, chosen)
    return _read(message, state, None)


def _read(message: str, state: State, chosen: Kind | None) -> Request:
    named = named_documents(message, state.documents)
    reading = load_embedder().read([message])[0]
    features = features_of(message, reading, state, names_document=bool(named))
    judged = load_heads().judge(features)
    kind, runner_up, confidence = (chosen, None, 1.0) if chosen else _kind(judged, state)
    fallback: Kind | None = None
    if runner_up and "program" in (kind, runner_up) and not {kind, runner_up}.isdisjoint(OF_THE_CORPUS):
        other = runner_up if kind == "program" else kind  # the corpus is asked first, and may hold nothing
        kind, runner_up, fallback = other, None, "program"
    drawn = [message[a:b] for a, b in _spans(message, features.words, judged, "STYLE")] if kind == "render" else ()
    if not chosen and any(named_documents(text, state.documents) for text in drawn):
        kind, runner_up = "ask", None  # a document's name is no style: "BLEU on Fenland for Pebbleway"
    if named and not chosen and not _asks_of_styles(message, features.words, judged, kind, confidence):
        kind, runner_up = _of_document(kind, runner_up)
    rewritten = standalone(message, state, named, wants_link=kind == "links")
    if not chosen and rewritten.is_bound:  # "it" is the document that was spoken of
        if kind in ("program", "foreign") and confidence < SURELY_ELSEWHERE:
            kind, fallback = "ask", "program" if kind == "program" else None
        if confidence < MAYBE_PROGRAM:
            fallback = None
        if not state.runs and "experiment" in (kind, runner_up):
            kind, runner_up = "ask" if kind == "experiment" else kind, None
    tells_too = runner_up == "experiment" and kind in TOLD
    runner_up = None if tells_too else runner_up
    is_of_document = bool(named) or (rewritten.is_bound and not state.runs)
    is_searched = kind in ("ask", "links")
    common: dict[str, Any] = {
        "message": message,
        "kind": kind,
        "runner_up": runner_up,
        "fallback": fallback,
        "confidence": round(confidence, 3),
        "question": rewritten.question if is_searched else message,
        "documents": rewritten.documents if is_searched and (rewritten.is_bound or named) else named,
    }
    wants = {kind, runner_up}
    slots = _slots(message, features.words, judged, state, "adjust" if "adjust" in wants and kind != "render" else kind)
    would_tell = tells_too or (kind == "ask" and judged.experiments[-1] < NO_EXPERIMENT)
    if "experiment" in wants or (would_tell and not is_of_document):  # no render tells what a document holds
        slots["experiment"] = EXPERIMENTS[int(judged.experiments[:-1].argmax())]
    elif state.runs and kind == "adjust" and not _wants_picture(judged, slots):
        slots["experiment"] = state.runs[-1].tool.partition("experiment:")[2] or None
    if called := _EXPERIMENT.search(message):
        slots["experiment"] = re.sub("[ -]", "_", called[1].lower())
    return Request(**common, **slots)


def _of_document(kind: Kind, runner_up: Kind | None) -> tuple[Kind, Kind | None]:
    """The kinds of a message that names a document, and no styles beside it."""
    if kind in BESIDE:
        return "ask", None
    if kind in OF_THE_CORPUS:
        return kind, None if runner_up in BESIDE else runner_up
    return (runner_up, None) if runner_up in OF_THE_CORPUS else (kind, runner_up)


def _asks_of_styles(
    message: str, words: Sequence[tuple[int, int]], judged: Judgement, kind: Kind, confidence: float
) -> bool:
    """Whether a message that names a document asks after styles or the program all the same: by two that are known."""
    if kind != "experiment":
        return kind == "program" and confidence >= SURELY_ELSEWHERE
    names, _ = listed_styles()
    return sum(fold(message[a:b]) in names for a, b in _spans(message, words, judged, "STYLE")) > 1


def _wants_picture(judged: Judgement, slots: Mapping[str, Any]) -> bool:
    """Whether a change after an experiment asks for one picture: by a share, by one style alone, or by how it is said.

    An experiment goes between styles, whatever their shares.
    """
    shares = {style.share for style in slots["styles"]}
    render, experiment = (judged.kinds[KINDS.index(kind)] for kind in ("render", "experiment"))
    return len(shares) > 1 or len(slots["styles"]) == 1 or bool(render > max(experiment, DRAWS))


def _kind(judged: Judgement, state: State) -> tuple[Kind, Kind | None, float]:
    """The likeliest kind that this conversation can have, and the next where it is nearly as likely."""
    possible = judged.kinds.copy()
    done = sum(run.is_done for run in state.runs)
    if not state.runs:
        possible[KINDS.index("adjust")] = 0.0
    if not state.runs or (not done and state.spoken):
        possible[KINDS.index("run")] = 0.0
    if done < 2:
        possible[KINDS.index("compare")] = 0.0
    possible /= max(float(possible.sum()), 1e-9)
    first, second = possible.argsort()[::-1][:2]
    confidence = float(possible[first])
    is_near = confidence < SURE and possible[second] >= NEAR * confidence
    if is_near and KINDS[first] == "experiment" and KINDS[second] in TOLD:
        first, second = second, first  # one answer tells what is known and offers to find out
    is_near = is_near and are_far_apart(KINDS[first], KINDS[second])
    return KINDS[first], KINDS[second] if is_near else None, confidence


def _slots(
    message: str, words: Sequence[tuple[int, int]], judged: Judgement, state: State, kind: Kind
) -> dict[str, Any]:
    """Styles with shares, subject and settings of a message that wants something rendered."""
    parameters = read_parameters(message)
    styles, subjects, settings = (_spans(message, words, judged, label) for label in ("STYLE", "SUBJECT", "SETTING"))
    if kind != "adjust":
        styles = [span for span in styles if not _REFUSED.search(message[: span[0]])] or styles
    reading = read_shares(message, styles)
    said = [message[a:b] for a, b in subjects if not _ARTICLE.fullmatch(message, a, b)]  # "a little" names nothing
    around = [message[a:b] for a, b in settings]
    shares, notes, subject = reading.styles, list(reading.notes), None
    if kind == "adjust" and state.runs and not reading.refusal:
        changed, told = changed_styles(message, styles, reading, state.runs)
        shares, notes = changed, [*told]
        subject = changed_subject(said, around, state.runs[-1].subject)
    else:
        shares, corrected = _spelt(_in_full(reading, state))
        notes += corrected
        subject = _subject(said, around)
    if " AND " in message and len(reading.styles) > 1:
        notes.append("AND is another program's syntax for composable diffusion, and is read so.")
    return {
        "styles": tuple(StyleShare(text=_clean(text), share=round(share, 6)) for text, share in shares[:MAX_STYLES]),
        "subject": subject,
        "method": parameters.method,
        "seed": parameters.seed,
        "steps": parameters.steps,
        "guidance": parameters.guidance,
        "seeds": parameters.seeds,
        "notes": tuple(notes),
        "refusal": reading.refusal,
    }


def _in_full(reading: Reading, state: State) -> tuple[tuple[str, float], ...]:
    """Styles by their full names where they call back those of the last run."""
    last = state.runs[-1].styles if state.runs else ()
    known = [text for text, _ in last]
    full = [known[place] if (place := called_back(text, known)) is not None else text for text, _ in reading.styles]
    if len({fold(text) for text in full}) < len(full):
        return reading.styles
    if not reading.has_amounts and set(full) == set(known):
        return last  # called back all together: as they were
    return tuple((text, share) for text, (_, share) in zip(full, reading.styles, strict=True))


def _spelt(styles: Sequence[tuple[str, float]]) -> tuple[tuple[tuple[str, float], ...], list[str]]:
    """Styles with what is no English word put right, where a style is known that it nearly spells."""
    made, notes = [], []
    for text, share in styles:
        is_word = all(background_frequency(word) > 0 for word in content_words(text))
        name = None if is_word else nearest(text, vocabulary()["styles"])
        made.append((name or text, share))
        if name:
            notes.append(f"“{text}” is read as “{name}”.")
    return tuple(made), notes


def _subject(subjects: Sequence[str], settings: Sequence[str]) -> str | None:
    if not subjects:
        return None
    subject = subjects[-1]  # what is told before the request may name other things
    return f"{subject} {settings[0]}" if settings and settings[0] not in subject else subject


def _spans(message: str, words: Sequence[tuple[int, int]], judged: Judgement, label: str) -> list[tuple[int, int]]:
    """Where the words tagged as one label stand, trimmed; those that are unsure go where others are sure."""
    found: list[tuple[int, int, float]] = []
    for (start, end), tag, sure in zip(words, judged.tags, judged.sure, strict=True):
        if tag == f"B-{label}":
            found.append((start, end, sure))
        elif tag == f"I-{label}" and found:
            found[-1] = (found[-1][0], end, min(found[-1][2], sure))
    is_any_sure = any(sure >= UNSURE for _, _, sure in found)
    kept = [(start, end) for start, end, sure in found if sure >= UNSURE or not is_any_sure]
    trimmed = [_trimmed(message, start, end) for start, end in kept]
    if label == "STYLE":
        whole = [part for start, end in _joined(message, trimmed) for part in _parted(message, start, end)]
        trimmed = [_listed_part(message, start, end) for start, end in whole]
    return [(start, end) for start, end in trimmed if end > start]


def _joined(message: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans side by side are one name where one of them is not known by itself: "modern flat" and "vector art"."""
    names, _ = listed_styles()
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        before = joined[-1] if joined else (0, 0)
        between = message[before[1] : start] if joined else ","
        is_next = between.isspace() and not all(fold(message[a:b]) in names for a, b in (before, (start, end)))
        if is_next or between == "-":
            joined[-1] = (before[0], end)
        else:
            joined.append((start, end))
    return joined


def _parted(message: str, start: int, end: int) -> list[tuple[int, int]]:
    """The two styles of "watercolor-ish photo"."""
    if between := _ISH_OF.search(message, start, end):
        return [(start, between.start()), (between.end(), end)]
    return [(start, end)]


def _listed_part(message: str, start: int, end: int) -> tuple[int, int]:
    """A style that is known, without what follows it and stands in no known style: "watercolor early"."""
    names, parts = listed_styles()
    pieces = [match.span() for match in re.finditer(r"\S+", message[start:end])]
    if fold(message[start:end]) in names or nearest(message[start:end], vocabulary()["styles"]):
        return start, end
    for count in range(len(pieces) - 1, 0, -1):
        known = message[start : start + pieces[count - 1][1]]
        rest = [message[start + a : start + b].lower() for a, b in pieces[count:]]
        if fold(known) in names and not any(word in parts for word in rest):
            return start, start + len(known)
    return start, end


def _trimmed(message: str, start: int, end: int) -> tuple[int, int]:
    if (steps := _BY_STEPS.search(message, start)) and start < steps.start() < end:
        end = steps.start()  # "watercolor bit by bit"
    text = message[start:end]
    body = text.lstrip(_OPENING_MARKS).rstrip(_CLOSING_MARKS)
    at = text.find(body)
    return (start + at, start + at + len(body)) if body else (start, start)


def _clean(text: str) -> str:
    return _ISH.sub("", " ".join(text.split())) or text
