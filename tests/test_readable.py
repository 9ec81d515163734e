"""Markdown, HTML and LaTeX as they are read; what is none of them stays as it is written."""

from __future__ import annotations

import pytest

from app.answering.reading import told
from app.markup import escape
from ingest.documents import Document
from ingest.passages import split_passages
from ingest.readable import is_navigation, readable, unbroken


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("\\emph{soft \\textbf{x}} of 3.5\\% here", "soft x of 3.5% here"),
        ("a weight $\\alpha\\in[0,1]$ and $x$", "a weight α∈[0,1] and x"),
        ("it costs $5 or $10 a day", "it costs $5 or $10 a day"),
        ("broken\n  lines flow", "broken lines flow"),
        ("the evalu-\nation is state-of-the-\nart", "the evaluation is state-of-the-art"),
        ("**bold**, *slanted*, `code` and [a link](https://x.y)", "bold, slanted, code and a link"),
        ("<b>bold</b> &amp; x < y", "bold & x < y"),
        ("p<0.05 and a * b * c, snake_case_name", "p<0.05 and a * b * c, snake_case_name"),
        ("txt\u202eexe", "txtexe"),
    ],
)
def test_what_is_read(written, read):
    assert readable(written) == read


def test_a_word_broken_by_a_line_is_found_whole():
    assert unbroken("The evalu-\nation of style trans-\nfer") == "The evaluation of style transfer"


def test_navigation_is_what_links_alone_make():
    assert is_navigation("[![x](y)](z) | [Paper](u)") and not is_navigation("see [Paper](u)")


def test_a_turned_text_is_turned_back_for_the_eye():
    assert "\u202e" not in escape("a \u202e txt.exe")


def test_a_row_is_told_with_its_columns_and_quoted_to_the_letter():
    text = "| Brush | FID |\n|--|--|\n| **soft** | 3.1 |\n\n<table><tr><th>A</th></tr><tr><td>7</td></tr></table>\n"
    rows = split_passages(Document("d", "model_card", "T", text, None, None))
    assert [told(row) for row in rows] == ["Brush: soft; FID: 3.1", "A: 7"]
    assert rows[0].text == "| **soft** | 3.1 |"
