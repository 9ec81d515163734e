"""Markdown to blocks: what is said, where it stands, and nothing of what only decorates it."""

from __future__ import annotations

import random
import time

import pytest

from ingest.blocks import read_blocks
from ingest.documents import Document
from ingest.passages import split_passages

CARD = """<p align="center"><img src="https://evil.example/x.png"></p>
<h1 align="center">Brush <b>Two</b></h1>

[![badge](https://b.example/b.svg)](https://b.example) ![art](art.png)

- [Usage](#usage)
- [Limits](#limits)

The model paints with
two brushes. It is small.

## Usage

Load it:

```python
# load the brushes
paint()

```

## Numbers

| Brush | FID | Steps |
| :-- | --: | --: |
| soft | **3.1** | 20 |
| hard | 4.7 | 50 |

## Limits

### Hands

* It cannot draw hands.
* It draws `six` fingers. And a thumb.

> Note: use it with care.

<details><summary>More</summary>

<table><tr><th>Seed</th><th>Mood</th></tr><tr><td>7</td><td>calm</td></tr></table>
</details>

<!-- nothing to see. -->
"""


def passages(text, title="Brush Two"):
    return split_passages(Document("d", "model_card", title, text, None, None))


def blocks(text):
    return [(block.kind, text[block.start : block.end]) for block in read_blocks(text)]


def test_a_card_is_read_as_what_it_says():
    assert [(p.kind, p.path, p.header, p.text) for p in passages(CARD)] == [
        ("sentence", (), "", "The model paints with\ntwo brushes."),
        ("sentence", (), "", "It is small."),
        ("sentence", ("Usage",), "", "Load it:"),
        ("code", ("Usage",), "python", "```python\n# load the brushes\npaint()\n\n```"),
        ("row", ("Numbers",), "Brush | FID | Steps", "| soft | **3.1** | 20 |"),
        ("row", ("Numbers",), "Brush | FID | Steps", "| hard | 4.7 | 50 |"),
        ("item", ("Limits", "Hands"), "", "It cannot draw hands."),
        ("item", ("Limits", "Hands"), "", "It draws `six` fingers. And a thumb."),
        ("sentence", ("Limits", "Hands"), "", "Note: use it with care."),
        ("row", ("Limits", "Hands"), "Seed | Mood", "<td>7</td><td>calm</td>"),
    ]


def test_what_a_row_is_found_by_names_its_columns():
    row = next(p for p in passages(CARD) if p.kind == "row")
    assert row.searched == "Numbers\nBrush | FID | Steps\n| soft | **3.1** | 20 |"


def test_three_backticks_with_text_behind_them_on_the_line_are_no_fence():
    text = "See\n```render.seed``` for the rest.\n\nIt mixes styles.\n\nModel: A\nPaper: https://a.b/c"
    assert [(p.kind, p.text) for p in passages(text)] == [
        ("sentence", "See\n```render.seed``` for the rest."),
        ("sentence", "It mixes styles."),
        ("field", "Model: A"),
        ("field", "Paper: https://a.b/c"),
    ]


def test_a_fence_that_nothing_closes_swallows_no_field_line():
    text = "It paints.\n\n```\npaint()\n\nModel: A\nPaper: https://a.b/c\n"
    assert [p.kind for p in passages(text)] == ["sentence", "code", "field", "field"]


@pytest.mark.parametrize(
    "text",
    [
        "# A\n\n- [one](#one)\n- [two](#two)\n",
        "[![x](y)](z) [![x](y)](z)",
        '<a href="https://x"><img src="y"></a>\n',
        "[Paper](https://x) | [Code](https://y)",
        "<div align=center>\n\n<img src=x>\n\n</div>\n",
        "<script>\nalert('It is bad.')\n</script>",
        "---\n\n***\n",
        "A Heading\n=========\n",
        "[ref]: https://x.example\n",
    ],
)
def test_headings_badges_and_navigation_are_no_passages(text):
    assert passages(text) == ()


def test_a_link_that_stands_in_words_stays():
    assert [p.text for p in passages("- **Paper:** [here](https://x.example)")] == [
        "**Paper:** [here](https://x.example)"
    ]


def test_a_path_ends_where_the_next_heading_of_its_level_begins():
    text = "## A\n\none.\n\n#### B\n\ntwo.\n\n### C\n\nthree.\n\n## D\n\nfour.\n"
    assert [p.path for p in passages(text)] == [("A",), ("A", "B"), ("A", "C"), ("D",)]


def test_spans_hold_for_any_markdown():
    pieces = ["# H\n", "- x\n", "  - y. Z.\n", "> q\n", "```py\n", "```\n", "| a | b |\n", "|--|--|\n", "\n", "\n\n",
              "<p>x", "</p>", "<tr><td>", "<!--", "-->", "<script>", "1. one\n", "T\n===\n", "    code\n", "\r\n", "\r",
              "\0", "~~~\n", "[a](b)", "Model: X\n", "\u2028", "日本。", "<h2>t</h2>", "<pre>", "* * *\n"]  # fmt: skip
    chance = random.Random(16)
    for _ in range(400):
        text = "".join(chance.choice(pieces) for _ in range(chance.randint(1, 40)))
        end = 0
        for p in passages(text):
            assert p.text == text[p.start : p.end] == p.text.strip() != "" and p.start >= end
            end = p.end


@pytest.mark.parametrize(
    "piece", ["> ", "- ", "<!--", "<tr>", "<script>", "| a ", "[x]: <", "```\n", "#", "<h1>", "* > "]
)
def test_what_is_nested_without_end_keeps_nobody_waiting(piece):
    began = time.thread_time()
    passages(piece * 20_000)
    passages((piece + "\n") * 20_000)
    assert time.thread_time() - began < 5


def test_blocks_hold_the_headings_too():
    assert blocks("# A\n\nb.\n") == [("heading", "# A"), ("paragraph", "b.")]
