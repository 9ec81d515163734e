"""What a language model wrote, read: passages by their numbers, under headings, out of whatever surrounds them.

It knows the shape that the prompts ask for and the many that come instead: prose with marks, lists, fences, wrappers,
other keys, a cut end. Whether a sentence is true is for others to say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app.generation.markup import UNSEEN
from ingest.documents import Document
from ingest.passages import split_passages

MAX_OBJECTS = 60
MAX_ITEMS = 60
MAX_DEPTH = 12
MAX_MENDS = 40

_THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.S | re.I)
_MARK = re.compile(
    r"[\[【(]\s*+((?:(?>passages?|p|no\.?|\#)?+\s*+\d{1,3}+(?!\d)\s*+(?:,|;|and|&|-|–)?+\s*+)++)[\]】)]", re.I
)
"""A mark such as [3], [1, 2] or (passage 4); nothing that it has read is gone back over."""
_NAMED = re.compile(r"\bpassages?\s++((?:\#?+\d{1,3}+(?!\d)(?:\s*+(?:,|;|and\b|&)\s*+)?+)++)", re.I)
_NUMBER = re.compile(r"(?<![\w.])(?:passage|p|no\.?|#|\[)?\s?(\d{1,3})(?!\w|\.\d)", re.I)
_LEADING = re.compile(r"^\s*(?:[-*•·]|\(?\d{1,2}[.)](?=\s))\s*")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s+(.+?)|\*\*(.+?)\*\*|([^.?!]{2,80})):?\s*$")
_TRAILING_COMMA = re.compile(r",(\s*[\]}])")
_LETTERS = re.compile(r"[^\W\d_]{2,}")

_HEADS = ("heading", "title", "section", "name", "header")
_TEXTS = ("text", "sentence", "claim", "content", "statement", "point")
_REFERENCES = ("passages", "passage", "quotes", "citations", "citation", "cites", "sources", "source", "refs",
               "references", "evidence", "ids", "id", "numbers", "number")  # fmt: skip
_HOLDERS = ("sections", "sentences", "answer", "plan", "items", "result", "response", "output", "text")
_MISSING = ("missing", "not_said", "gap", "unanswered")


@dataclass(frozen=True)
class Item:
    """One thing to be told: passages by their numbers, and what the model wrote of them, if it wrote anything."""

    passages: tuple[int, ...]
    text: str = ""


@dataclass(frozen=True)
class PlannedSection:
    heading: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Plan:
    """What the model would tell, in its order; `missing` names what is asked and stands in no passage."""

    sections: tuple[PlannedSection, ...] = ()
    missing: str | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(item for section in self.sections for item in section.items)


def read_plan(reply: str) -> Plan:
    """Read a plan out of a reply; an empty one where there is none."""
    text = _THINKING.sub(" ", reply)
    for value in _values(text):
        plan = _plan_of(value)
        if plan.items or plan.missing:
            return plan
    return Plan() if "{" in text and '"' in text else Plan(_grouped(_from_prose(text)))


def objects_of(reply: str) -> Iterator[dict[str, Any]]:
    """Yield the objects of JSON in a reply, the largest first."""
    for value in _values(_THINKING.sub(" ", reply)):
        if isinstance(value, dict):
            yield value
            yield from (inner for inner in value.values() if isinstance(inner, dict))


def _plan_of(value: Any) -> Plan:
    """What an object or a list of JSON holds; its outermost "missing" is the one that counts."""
    return Plan(_grouped(_read(value, "", {}, 0)), _missing(value))


def _missing(value: Any) -> str | None:
    for key, inner in value.items() if isinstance(value, Mapping) else ():
        if str(key).lower() in _MISSING:
            said = inner if isinstance(inner, str) else " ".join(map(str, inner)) if isinstance(inner, list) else ""
            said = " ".join(UNSEEN.sub("", said).split())
            return said if _LETTERS.search(said) and said.lower() not in ("null", "none", "nothing", "n/a") else None
        if isinstance(inner, Mapping) and (found := _missing(inner)):
            return found
    return None


def _grouped(found: Iterator[tuple[str, Item]]) -> tuple[PlannedSection, ...]:
    """Items with their headings, those under one heading together."""
    sections: list[tuple[str, list[Item]]] = []
    for heading, item in islice(found, MAX_ITEMS):
        if sections and sections[-1][0] == heading:
            sections[-1][1].append(item)
        else:
            sections.append((heading, [item]))
    return tuple(PlannedSection(heading, tuple(items)) for heading, items in sections)


def _read(value: Any, heading: str, known: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Item]]:
    """Yield what JSON of any shape holds, in its order.

    Args:
        known: Quotes by the ids that sentences name them with, as another common shape has it.
    """
    if depth > MAX_DEPTH or isinstance(value, bool) or value is None:
        return
    if isinstance(value, (int, float, str)):
        yield from _of_scalar(value, heading, known)
    elif isinstance(value, list):
        for inner in value:
            yield from _read(inner, heading, known, depth + 1)
    elif isinstance(value, Mapping):
        yield from _of_object(value, heading, known, depth)


def _of_scalar(value: float | str, heading: str, known: Mapping[str, Any]) -> Iterator[tuple[str, Item]]:
    text = str(value)
    if text in known:
        yield from ((heading, Item((n,))) for n in _numbers(known[text]))
    elif _is_reference(text):
        yield from ((heading, Item((n,))) for n in _numbers(text))
    else:
        yield from ((heading, item) for item in _sentences(text, ()))


def _of_object(
    given: Mapping[str, Any], heading: str, known: Mapping[str, Any], depth: int
) -> Iterator[tuple[str, Item]]:
    value = {str(key).lower(): inner for key, inner in given.items()}
    called = {str(key).lower(): str(key) for key in given}
    quotes = value.get("quotes")
    if isinstance(quotes, list) and quotes and all(isinstance(q, Mapping) and "id" in q for q in quotes):
        known = {**known, **{str(q["id"]): q.get("passage", q.get("n")) for q in quotes}}
        del value["quotes"]
    said = next((value[k] for k in _HEADS if isinstance(value.get(k), str)), None)
    heading = heading if said is None else said
    text = next((value[k] for k in _TEXTS if isinstance(value.get(k), str)), None)
    references = next((value[k] for k in _REFERENCES if value.get(k) not in (None, "", [])), None)
    if text is not None:
        yield from ((heading, item) for item in _sentences(text, tuple(_numbers(references, known))))
    elif references is not None:
        yield from _read(references, heading, known, depth + 1)
    for key, inner in value.items():
        if key in (*_REFERENCES, *_MISSING) or not isinstance(inner, (list, Mapping)):
            continue
        is_plain = isinstance(inner, list) and bool(inner) and all(isinstance(i, (int, str)) for i in inner)
        is_heading = is_plain and said is None and key not in _HOLDERS and not key.isdecimal()
        yield from _read(inner, called[key] if is_heading else heading, known, depth + 1)


def _is_reference(text: str) -> bool:
    """Whether a text only names a passage: "3", "[3]", "passage 3", "p3"."""
    return bool(re.fullmatch(r"\W*(?:(?:passages?|p|no|n)\W*)?\d{1,3}(?:\W+\d{1,3})*\W*", text.strip(), re.I))


def _numbers(value: Any, known: Mapping[str, Any] | None = None) -> Iterator[int]:
    """The passage numbers in a reference of any shape."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, (int, float)):
        yield int(value)
    elif isinstance(value, str):
        if known and value in known:
            yield from _numbers(known[value])
        else:
            yield from (int(found) for found in _NUMBER.findall(value))
    elif isinstance(value, list):
        for inner in value[:MAX_ITEMS]:
            yield from _numbers(inner, known)
    elif isinstance(value, Mapping):
        inner = next((value[k] for k in _REFERENCES if k in value), None)
        yield from _numbers(inner, known)


def marks_of(text: str) -> tuple[int, ...]:
    """The passage numbers that a sentence's marks name."""
    return tuple(int(n) for mark in _MARK.findall(text) for n in re.findall(r"\d+", mark))


def _sentences(text: str, given: tuple[int, ...]) -> Iterator[Item]:
    """Yield each sentence of what was given as one: a false one must not hide behind a true one.

    A sentence without a mark of its own stands on the next one's, or on what was given for all.
    """
    flat = " ".join(UNSEEN.sub("", text).split())  # what is unseen could hide an address from `clean`
    flat = re.sub(rf"([.?!])\s*((?:{_MARK.pattern}\s*)+)", r" \2\1 ", flat, flags=re.I)  # "So. [1]" as "So [1]."
    parts = [part.text for part in split_passages(Document("", "", "", flat, None, None, {}))]
    marks = [marks_of(part) for part in parts]
    for at, part in enumerate(parts):
        own = next((m for m in marks[at:] if m), ()) or given or next((m for m in reversed(marks[:at]) if m), ())
        plain = re.sub(r"\s+([.?!,;])", r"\1", " ".join(_MARK.sub(" ", part).split()))
        if own:
            yield Item(tuple(dict.fromkeys(own)), plain if _LETTERS.search(plain) else "")


def _from_prose(text: str) -> Iterator[tuple[str, Item]]:
    """Yield what prose and lists name: sentences with marks, lines of numbers, under lines that are headings."""
    heading = ""
    for line in text.splitlines()[:400]:
        body = _LEADING.sub("", line.strip().strip("`"))
        head, colon, rest = body.partition(":")
        if marks_of(body):
            if colon and _is_reference(rest) and not marks_of(head):
                heading, body = head.strip(" *#"), rest
            if _is_reference(body):
                yield from ((heading, Item((n,))) for n in _numbers(body))
            else:
                yield from ((heading, item) for item in _sentences(body.replace("**", ""), ()))
        elif named := _NAMED.findall(body):
            yield from ((heading, Item((int(n),))) for name in named for n in re.findall(r"\d+", name))
        elif colon and _is_reference(rest):
            heading = head.strip(" *#")
            yield from ((heading, Item((n,))) for n in _numbers(rest))
        elif _is_reference(body):
            yield from ((heading, Item((n,))) for n in _numbers(body))
        elif found := _HEADING.match(body):
            heading = next(part for part in found.groups() if part).strip(" *:")


def _values(text: str) -> Iterator[Any]:
    """Yield the JSON values in a text, the largest object first; one cut off, or with a comma too many, is mended."""
    decoder = json.JSONDecoder(strict=False)
    whole: list[tuple[int, Any]] = []
    at = text.find("{")
    first = at
    for _ in range(MAX_OBJECTS):
        if at < 0:
            break
        try:
            value, end = decoder.raw_decode(text, at)
            whole.append((end - at, value))
        except (ValueError, RecursionError):
            end = at + 1
        at = text.find("{", end)
    stripped = text.strip().strip("`").removeprefix("json").strip()
    is_list = stripped.startswith("[") and (first < 0 or text.find("[") < first)
    is_whole = first < 0 or any(size > 0.5 * (len(text) - first) for size, _ in whole)
    yield from (mended for mended in (_mended(stripped) if is_list else None,) if mended is not None)
    yield from (mended for mended in (None if is_whole else _mended(text[first:]),) if mended is not None)
    yield from (value for _, value in sorted(whole, key=lambda found: -found[0]))


def _mended(text: str) -> Any:
    """JSON that was cut off, closed where its last whole part ends; None where nothing can be made of it."""
    stack: list[str] = []
    places: list[tuple[int, str]] = []  # where a whole part ends, and what would close the rest
    is_string = is_escaped = False
    for at, sign in enumerate(text):
        if is_string:
            is_string = is_escaped or sign != '"'
            is_escaped = sign == "\\" and not is_escaped
        elif sign == '"':
            is_string = True
        elif sign in "{[":
            stack.append("}" if sign == "{" else "]")
            if len(stack) > 2 * MAX_DEPTH:
                return None
        elif sign in "}]":
            if not stack or stack.pop() != sign:
                break
            places.append((at + 1, "".join(reversed(stack))))
            if not stack:
                break
        elif sign == "," and stack:
            places.append((at, "".join(reversed(stack))))
    for at, closing in reversed(places[-MAX_MENDS:]):
        try:
            return json.loads(_TRAILING_COMMA.sub(r"\1", text[:at] + closing), strict=False)
        except (ValueError, RecursionError):
            continue
    return None
