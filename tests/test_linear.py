"""Whatever reads people's or models' text does it in time that grows as the text does: nobody is kept waiting.

The readers are found, not listed: every pattern that a module of ours keeps, and every function that takes a text.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import re
import time
from pathlib import Path

import pytest

from app.generation.markup import clean
from app.generation.parsing import read_plan
from app.markup import mark_passages
from ingest.documents import Document
from ingest.passages import split_passages
from tests.adversarial import texts
from tools.blend.requests import BlendRequest, WeightedStyle

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 0.05
ROOMS = ("ingest", "app/understanding", "app/answering", "app/verification", "app/generation", "app/markup.py")
TEXT_NAMES = ("text", "question", "message", "sentence", "reply", "quoted", "word")
TEXTS = texts()
KNOWN_TO_BE_SLOW: tuple[str, ...] = ()
"""Their patterns go back over what they have read; a module is taken off when it does no more."""


def modules():
    files = sorted(f for room in ROOMS for f in ([ROOT / room] if room.endswith(".py") else (ROOT / room).glob("*.py")))
    names = [f.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for f in files]
    names = [name for name in names if not name.endswith("__") and name not in KNOWN_TO_BE_SLOW]
    return [importlib.import_module(name) for name in (*names, "tools.search")]


def patterns():
    found = {}
    for module in modules():
        for name, value in vars(module).items():
            several = (
                value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else [value]
            )
            for n, pattern in enumerate(part for part in several if isinstance(part, re.Pattern)):
                if isinstance(pattern.pattern, str):
                    found.setdefault((pattern.pattern, pattern.flags), (f"{module.__name__}.{name}[{n}]", pattern))
    return [one for one in found.values() if not one[0].startswith(KNOWN_TO_BE_SLOW)]


def functions():
    """Functions of ours that can be called with a text alone."""
    for module in modules():
        for name, function in vars(module).items():
            if not inspect.isfunction(function) or function.__module__ != module.__name__ or name.startswith("_"):
                continue
            first, *others = inspect.signature(function).parameters.values() or [None]
            if first is not None and first.name in TEXT_NAMES and all(o.default is not o.empty for o in others):
                yield f"{module.__name__}.{name}", function


def seconds(read, text):
    started = time.thread_time()
    with contextlib.suppress(ValueError):  # refused, which is reading too
        read(text)
    return time.thread_time() - started


def slowest(read):
    """The seconds of CPU that a reader takes for the text that it is slowest on, and how that begins."""
    worst = (0.0, "")
    for text in TEXTS:
        took = seconds(read, text)
        if took > LIMIT_S / 3:  # again: what is loaded at first use is no reading, nor what a busy core adds
            took = min(took, *(seconds(read, text) for _ in range(3)))
        worst = max(worst, (took, text[:12]))
        if took > LIMIT_S:
            break
    return worst


def request(text):
    return BlendRequest(text, (WeightedStyle(text, 1.0),))


def draft(text):
    return read_plan(json.dumps({"sentences": [f"{text} [1]"]}))


def passages(text):
    return split_passages(Document("d", "paper", "t", text, None, None))


def hit(pattern):
    def read(text):
        pattern.match(text), pattern.fullmatch(text), sum(1 for _ in pattern.finditer(text))

    return read


READERS = [
    *((name, function) for name, function in functions()),
    ("parsing.read_plan of a sentence", draft),
    ("markup.clean of a sentence", lambda text: clean(text, frozenset())),
    ("markup.mark_passages", lambda text: mark_passages(text, [(10, 400)])),
    ("requests.BlendRequest", request),
    ("passages.split_passages", passages),
]


def test_there_are_sixty_texts_of_the_greatest_length():
    assert len(TEXTS) >= 60 and {len(text) for text in TEXTS} == {4_000}


@pytest.mark.parametrize("name, pattern", patterns(), ids=lambda value: value if isinstance(value, str) else "")
def test_no_pattern_goes_back_over_what_it_has_read(name, pattern):
    took, text = slowest(hit(pattern))
    assert took < LIMIT_S, f"{name} takes {took:.2f} s for {text!r}...: {pattern.pattern[:200]}"


@pytest.mark.parametrize("name, read", READERS, ids=lambda value: value if isinstance(value, str) else "")
def test_no_reader_keeps_anybody_waiting(name, read):
    took, text = slowest(read)
    assert took < LIMIT_S, f"{name} takes {took:.2f} s for {text!r}..."
