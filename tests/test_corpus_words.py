"""No rule knows the corpus: its rare words stand in no pattern, word list or sentence of the program's code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from wordfreq import zipf_frequency

from ingest.documents import read_documents

ROOT = Path(__file__).parent.parent
SELDOM = 3.2
"""Zipf frequency below which a word is a rare one: once in a million words."""
OWN_FIELDS = frozenset({"arxiv", "denoising", "embedding", "fedstyle", "generative", "github"})
"""Names of what the program itself has: a document's links, an image model's parts, an engine, an algorithm."""


def rare_words() -> set[str]:
    text = " ".join(f"{d.title} {d.text}" for d in read_documents([ROOT / "corpus"])).lower()
    return {word for word in re.findall(r"[a-z]{5,}", text) if zipf_frequency(word, "en") < SELDOM} - OWN_FIELDS


def strings(path: Path) -> Iterator[str]:
    """Every string of a file but its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        id(line.value)
        for node in ast.walk(tree)
        for line in (getattr(node, "body", None) if isinstance(getattr(node, "body", None), list) else [])
        if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def test_the_corpus_has_rare_words():
    assert len(rare_words()) > 15


def test_no_string_of_the_program_holds_one():
    rare = rare_words()
    found = {
        (path.relative_to(ROOT).as_posix(), word)
        for folder in ("app", "tools")
        for path in (ROOT / folder).rglob("*.py")
        for text in strings(path)
        for word in re.findall(r"[a-z]{5,}", text.lower())
        if word in rare
    }
    assert not found, sorted(found)
