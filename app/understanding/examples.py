"""Training messages: the lines of `examples/*.jsonl` with their slots filled, spoilt a little, and put in a context.

A line is written by hand; `{A}` to `{D}` stand for styles, `{S}` a subject, `{N2}` one without its article, `{N}` a
thing that is not to be drawn, `{M}` a setting, `{ADJ}` an attribute, `{RA}` `{RB}` `{RS}` what the run before was made
of, `{MIX}` a phrase of `mixes.jsonl`, `{P}` `{Q}` papers, `{TOPIC}` `{PLACE}` what they say. It knows nothing of
embeddings or of any corpus.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from app.understanding.request import EXPERIMENTS, KINDS, Run, State
from app.understanding.vocabulary import FOLDER, vocabulary

VARIANTS = 5
"""Messages made of a line that has slots; a line without gets `PLAIN_VARIANTS`."""
PLAIN_VARIANTS = 2
INVENTED_SHARE = 0.18
"""Of the styles, so many are names that nobody has: what is a style is told by where it stands."""

BARE_SHARE = 0.3
"""Of the subjects, so many come without their article: "house, watercolor"."""

_SLOT = re.compile(r"\{(\w+)\}")
_ANY = (("nothing", 0.5), ("run", 0.18), ("two runs", 0.08), ("experiment", 0.07), ("answer", 0.17))


@dataclass(frozen=True)
class Span:
    start: int
    end: int
    label: str  # STYLE, SUBJECT or SETTING


@dataclass(frozen=True)
class Example:
    """A message with what it asks for and where it says so."""

    text: str
    kind: str
    state: State
    group: int  # the hand-written line that it comes from
    spans: tuple[Span, ...] = ()
    experiment: str | None = None
    names_document: bool = False
    shares: tuple[float, ...] = ()  # of a {MIX}


def training_examples(seed: int = 0, variants: int = VARIANTS) -> list[Example]:
    """Make all training messages, the same for the same seed."""
    rng = random.Random(seed)
    made, group = [], 0
    for kind in KINDS:
        for row in read_rows(kind):
            group += 1
            count = variants if _SLOT.search(row["text"]) else PLAIN_VARIANTS
            seen = set()
            for number in range(count):
                example = _spoilt(_filled(row, kind, group, rng), rng, clean=number == 0)
                if (example.text, example.state) not in seen:
                    seen.add((example.text, example.state))
                    made.append(example)
    return made


@cache
def read_rows(name: str) -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines())


def _filled(row: dict[str, Any], kind: str, group: int, rng: random.Random) -> Example:
    text = row["text"]
    state = _state(_after(row, kind, rng), rng)
    if kind == "experiment" and not _SLOT.search(text) and rng.random() < 0.4:
        text = re.sub(r"[?.!]+$", "", text) + rng.choice(vocabulary()["with what"])
    if kind == "experiment" and state.runs and rng.random() < 0.5:
        text = text.replace("{A}", "{RA}").replace("{B}", "{RB}").replace("{S}", "{RS}")
    run = state.runs[-1] if state.runs else _run("blend", rng)
    values: dict[str, list[tuple[str, str | None]]] = {}
    names: list[tuple[str, str | None]] = [(style, "STYLE") for style in _styles(rng, 4)]
    for slot, name in zip("ABCD", names, strict=True):
        values[slot] = [name]
    words = vocabulary()
    values["S"] = [(_subject(rng), "SUBJECT")]
    values["N2"] = [(_bare(rng.choice(words["subjects"])), "SUBJECT")]
    values["N"] = [(rng.choice(words["subjects"]), None)]
    values["M"] = [(rng.choice(words["settings"]), "SETTING")]
    values["ADJ"] = [(rng.choice(words["attributes"]), "SETTING")]
    clipped = [_clipped(style, rng) for style, _ in run.styles] or ["photo", "ink"]
    values["RA"], values["RB"] = [(clipped[0], "STYLE")], [(clipped[-1], "STYLE")]
    values["RS"] = [(_bare(run.subject or "house"), "SUBJECT")]
    for slot, key in (("P", "papers"), ("Q", "papers"), ("TOPIC", "topics"), ("PLACE", "places")):
        values[slot] = [(rng.choice(words[key]), None)]
    values["SEED"] = [(str(rng.choice((0, 1, 5, 7, 42, 123, 1234, 99999, rng.randrange(10**9)))), None)]
    values["STEPS"] = [(str(rng.choice((4, 8, 10, 12, 15, 20, 25, 30, 40, 50))), None)]
    values["FRAC"] = [(rng.choice(vocabulary()["fractions"]), None)]
    shares: tuple[float, ...] = ()
    if "{MIX}" in text:
        pieces, shares = _mix(rng, names)
        values["MIX"] = pieces
    text, spans = _fill(text, values)
    if kind in ("run", "compare", "experiment"):
        spans = [span for span in spans if span.label != "SETTING"]
    named = bool(re.search(r"\{[PQ]\}", row["text"])) and rng.random() < 0.7
    return Example(text, kind, state, group, tuple(spans), row.get("experiment"), named, shares)


def fill_mix(
    row: dict[str, Any], names: Sequence[str], rng: random.Random
) -> tuple[str, list[Span], tuple[float, ...]]:
    """Fill a line of `mixes.jsonl`; returns the text, its styles' spans and their shares, which sum to 1."""
    pieces, shares = _mix_of(row, [(name, "STYLE") for name in names], rng)
    text, spans = _fill("{MIX}", {"MIX": pieces})
    return text, spans, shares


def _mix(
    rng: random.Random, names: Sequence[tuple[str, str | None]]
) -> tuple[list[tuple[str, str | None]], tuple[float, ...]]:
    return _mix_of(rng.choice(read_rows("mixes")), names, rng)


def _mix_of(
    row: dict[str, Any], names: Sequence[tuple[str, str | None]], rng: random.Random
) -> tuple[list[tuple[str, str | None]], tuple[float, ...]]:
    p = rng.choice((10, 15, 20, 25, 30, 33, 35, 40, 45, 55, 60, 65, 70, 75, 80, 85, 90, 95))
    a, b = rng.choice(((50, 30), (40, 40), (60, 20), (20, 30), (25, 25), (70, 20)))
    numbers = {"p": p, "q": 100 - p, "x": rng.randint(2, 9), "y": rng.randint(1, 4), "a": a, "b": b, "c": 100 - a - b}
    said = {**numbers, "dp": f"{p / 100:g}", "dq": f"{(100 - p) / 100:g}"}
    weights = [float(numbers.get(name, 0)) or float(name) for name in row["shares"]]
    pieces: list[tuple[str, str | None]] = []
    for n, part in enumerate(_SLOT.split(row["text"])):
        if not n % 2:
            pieces.append((part, None))
        elif part in "ABCD":
            pieces.append(names["ABCD".index(part)])
        else:
            pieces.append((str(said[part]), None))
    return pieces, tuple(weight / sum(weights) for weight in weights)


def _fill(text: str, values: dict[str, list[tuple[str, str | None]]]) -> tuple[str, list[Span]]:
    made, spans = "", []
    for n, part in enumerate(_SLOT.split(text)):
        for piece, label in values[part] if n % 2 else [(part, None)]:
            article = made.endswith((" an ", " a ", "an ", "a ")) and re.match(r"(an?|the|my|our|two|three) ", piece)
            piece = piece[article.end() :] if article else piece
            if label:
                spans.append(Span(len(made), len(made) + len(piece), label))
            made += piece
    return made, spans


def _after(row: dict[str, Any], kind: str, rng: random.Random) -> str:
    if "after" in row:
        after: str = row["after"]
        return rng.choice(("run", "run", "run", "two runs")) if after == "run" else after
    if kind in ("run", "adjust"):
        return "run"
    if kind == "compare":
        return "two runs"
    if kind == "render" and "{S}" not in row["text"]:
        return rng.choice(("nothing", "nothing", "nothing", "answer"))
    names, weights = [name for name, _ in _ANY], [weight for _, weight in _ANY]
    return rng.choices(names, weights)[0]


def _state(after: str, rng: random.Random) -> State:
    runs: tuple[Run, ...] = ()
    if after == "run":
        runs = (_run("blend", rng),)
    elif after == "two runs":
        first = _run("blend", rng)
        runs = (first, replace(first, subject=_subject(rng)) if rng.random() < 0.5 else _run("blend", rng))
    elif after == "experiment":
        runs = (_run(rng.choice(("sweep", *(f"experiment:{name}" for name in EXPERIMENTS))), rng),)
    spoken = after == "answer" or (after == "run" and rng.random() < 0.08)
    return State(runs=runs, spoken=("a",) if spoken else ())


def _run(tool: str, rng: random.Random) -> Run:
    names = _styles(rng, rng.choice((1, 2, 2, 2, 2, 3)))
    if rng.random() < 0.5:  # what the packaged model draws is asked about most
        names = rng.sample(vocabulary()["drawn styles"], len(names))
    return Run(tool, _subject(rng), tuple((name, 1 / len(names)) for name in names), "prompt")


def _styles(rng: random.Random, count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        style = _invented(rng) if rng.random() < INVENTED_SHARE else rng.choice(vocabulary()["styles"])
        if rng.random() < 0.08:
            style = style.title()
        if style not in found:
            found.append(style)
    return found


def _invented(rng: random.Random) -> str:
    words = vocabulary()
    word = "".join(rng.choice(words["syllables"]) for _ in range(rng.choice((2, 2, 3))))
    return rng.choice(words["invented heads"]) + word + rng.choice(words["invented tails"])


def _subject(rng: random.Random) -> str:
    subject = rng.choice(vocabulary()["subjects"])
    if rng.random() < BARE_SHARE:
        subject = re.sub(r"^(?:an?|the) ", "", subject)
    if rng.random() < 0.12:
        colour = rng.choice(("red", "blue", "green", "yellow", "tiny", "huge", "broken", "golden", "sleeping"))
        subject = re.sub(
            r"^(an? |the |my |)", lambda m: ("a " if m[1] in ("a ", "an ") else m[1]) + colour + " ", subject, count=1
        )
    return f"{subject} {rng.choice(vocabulary()['settings'])}" if rng.random() < 0.1 else subject


def _bare(subject: str) -> str:
    return re.sub(r"^(?:an?|the|my|our|two|three) ", "", subject)


def _clipped(style: str, rng: random.Random) -> str:
    """A style as people call it back: "photo" for "photographic style", "illustration", "the watercolour"."""
    words = style.split()
    forms = [style, words[0], words[-1] if words[-1] != "style" else words[0]]
    if style.startswith("photo"):
        forms += ["photo", "photo", "photographic", "photograph"]
    if "color" in style:
        forms += [style.replace("color", "colour")]
    return rng.choice([form for form in forms if form not in ("art", "and", "of")] or [style])


def _spoilt(example: Example, rng: random.Random, *, clean: bool) -> Example:
    """The message as a person in a hurry types it; the spans move along."""
    if clean:
        return example
    text, spans = example.text, list(example.spans)
    if rng.random() < 0.12:
        text = text.rstrip("?.! ")
    if rng.random() < 0.2 and example.kind not in ("social",):
        text += rng.choice(vocabulary()["closings"])
    opening = ""
    if rng.random() < 0.2 and example.kind not in ("social",):
        opening = rng.choice(vocabulary()["openings"])
    elif rng.random() < 0.05 and example.kind not in ("social",):
        opening = "".join(rng.sample(vocabulary()["stories"], rng.choice((1, 1, 2, 3))))
    if opening and text[:1].isupper() and text[1:2].islower() and rng.random() < 0.5:
        text = text[0].lower() + text[1:]
    text, spans = opening + text, [Span(s.start + len(opening), s.end + len(opening), s.label) for s in spans]
    if rng.random() < 0.15:
        text, spans = _misspelt(text, spans, rng)
    case = rng.random()
    if case < 0.3:
        text = text.lower() if len(text.lower()) == len(text) else text
    elif case < 0.33:
        text = text.upper() if len(text.upper()) == len(text) else text
    elif case < 0.5:
        text = text[:1].upper() + text[1:]
    return replace(example, text=text, spans=tuple(spans))


def _misspelt(text: str, spans: list[Span], rng: random.Random) -> tuple[str, list[Span]]:
    """Swap, drop or double a letter inside of one or two words."""
    for _ in range(rng.choice((1, 1, 2))):
        places = [m.start() + 1 for m in re.finditer(r"[a-z]{5,}", text)]
        if not places:
            break
        at = rng.choice(places) + rng.randrange(3)
        what = rng.randrange(3)
        new = (text[at + 1] + text[at], text[at + 1], text[at] * 2 + text[at + 1])[what] if at + 1 < len(text) else ""
        text = text[:at] + new + text[at + 2 :]
        moved = (0, -1, 1)[what] if new else 0
        spans = [Span(s.start + moved * (s.start > at), s.end + moved * (s.end > at), s.label) for s in spans]
    return text, spans
