"""Documents to passages: true spans, whole sentences, stable ids."""

from __future__ import annotations

import hashlib
import random
import re
from pathlib import Path

import pytest

from ingest.documents import Document, read_documents
from ingest.passages import split_passages

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
MARKUP = re.compile(r"^\s*(?:[#>|<]|[-*+] |\d+[.)] |```)", re.MULTILINE)
SEED_IDS = "51ccb758e004ab9c2ad70157dee3804736168aa6a53f20baf321b24d85dfabc4"
"""SHA-256 of what the seeds' passages are called, as they were before a document was read as blocks."""


def document(text: str, document_id: str = "d") -> Document:
    return Document(document_id, "paper", "T", text, None, None)


def texts(text: str) -> list[str]:
    return [p.text for p in split_passages(document(text))]


def check_spans(d: Document) -> None:
    """Every passage is the document's own text; nothing but white space lies between them, where nothing is markup."""
    end = 0
    is_plain = not MARKUP.search(d.text)
    for p in split_passages(d):
        assert d.text[p.start : p.end] == p.text == p.text.strip() != ""
        assert p.start >= end and not (is_plain and d.text[end : p.start].strip())
        end = p.end
    assert not (is_plain and d.text[end:].strip())


WHOLE = [
    "As shown by Jeong et al. (2024), it works.",
    "We follow Smith et al. The same holds here.",
    "See e.g. Fig. 3 for more, i.e. the plot, cf. Eq. 2 and Tab. 4.",
    "The paper is at http://arxiv.org/pdf/2402.12974v2.pdf and the page at https://x.io/a?b=c.d for all.",
    "Our page is available https://curryjung.github.io/VisualStylePrompt/.",
    "Read v2.pdf before you run main.py on SD 1.5.",
    "We propose a novel approach, \\ours, to produce images.",
    "It is due to J. K. Rowling and was shown vs. the baseline.",
    "The gain is 3.5 % (p < 0.05) over the U.S. baseline.",
]


@pytest.mark.parametrize("sentence", WHOLE)
def test_a_sentence_stays_whole(sentence):
    assert texts(f"First comes this. {sentence} Then comes that.") == [
        "First comes this.",
        sentence,
        "Then comes that.",
    ]


def test_a_command_may_begin_a_sentence():
    assert texts("It was hard. \\ours solves it. Done.") == ["It was hard.", "\\ours solves it.", "Done."]


def test_repeated_sentences_keep_their_own_places():
    passages = split_passages(document("Same. Same. Same."))
    assert [(p.start, p.end) for p in passages] == [(0, 5), (6, 11), (12, 17)]
    assert len({p.id for p in passages}) == 3


def test_a_line_break_inside_a_sentence_does_not_cut_it():
    assert texts("We do\nthis and\nthat. Then we\nstop.") == ["We do\nthis and\nthat.", "Then we\nstop."]


def test_markdown_blocks_are_kept_apart():
    text = (
        "# Title\n\nIntro one. Intro two.\n\n- item one\n- item two. More.\n\n"
        "```python\na = 1. + 2.\n\nb = 2\n```\nAfter."
    )
    assert texts(text) == [
        "Intro one.",
        "Intro two.",
        "item one",
        "item two. More.",
        "```python\na = 1. + 2.\n\nb = 2\n```",
        "After.",
    ]


def test_field_lines_are_passages_of_their_own():
    passages = split_passages(document("One. Two.\n\nModel: A. B. C\nPaper: http://a.b/c.pdf\nGitHub: https://g.h/x"))
    assert [(p.text, p.is_field) for p in passages] == [
        ("One.", False),
        ("Two.", False),
        ("Model: A. B. C", True),
        ("Paper: http://a.b/c.pdf", True),
        ("GitHub: https://g.h/x", True),
    ]


def test_the_corpus():
    counts = {}
    for d in read_documents([CORPUS]):
        check_spans(d)
        counts[d.id] = sum(not p.is_field for p in split_passages(d))
    assert counts == {"henmixreal": 0, "fedstyle": 8, "visual-style-prompting": 7, "wsam": 6}


def test_the_passages_of_a_plain_abstract_are_called_as_ever():
    called = [f"{p.id} {p.start} {p.end} {p.is_field}" for d in read_documents([CORPUS]) for p in split_passages(d)]
    assert hashlib.sha256("\n".join(called).encode()).hexdigest() == SEED_IDS
    assert all((p.path, p.header) == ((), "") and p.searched == p.text for p in split_passages(document("One.\nTwo.")))


def test_ids_are_stable_and_belong_to_the_place():
    first = split_passages(document("One. Two."))
    assert first == split_passages(document("One. Two."))
    assert all(len(p.id) == 9 and p.id[0] == "p" and int(p.id[1:], 16) >= 0 for p in first)
    assert first[0].id != split_passages(document("One. Two.", "other"))[0].id
    edited = split_passages(document("One. Three."))
    assert first[0].id == edited[0].id and first[1].id != edited[1].id


def test_spans_hold_for_any_text():
    pieces = [
        "A b.",
        " ",
        "\n",
        "\n\n",
        "e.g. ",
        "日本語。",
        "テスト！",
        "🙂 ok?",
        "\\ours",
        "- x",
        "# H\n",
        "```\n",
        "a.b.c",
        "...",
        "“Q.”",
    ]
    pieces += [
        "(p < 0.05)",
        "Model: X\n",
        "\u2028",
        "\xa0",
        "et al. ",
        "?!",
        "\t",
        "| a | b |\n",
        "Dr. No. ",
        "1. one\n",
        "\x0b",
    ]
    chance = random.Random(7)
    for _ in range(150):
        check_spans(document("".join(chance.choice(pieces) for _ in range(chance.randint(1, 30)))))


def test_a_text_without_any_end_is_one_passage():
    assert len(texts("word " * 10_000)) == 1
