"""Kinds of files beside Markdown and JSON: tables, BibTeX, web pages and plain text."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.documents import CorpusError, Document, read_documents
from ingest.passages import Passage, split_passages


def read(folder: Path, name: str, text: str | bytes) -> list[Document]:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read_documents([folder / name]))


def said(document: Document) -> list[tuple[str, tuple[str, ...], str]]:
    found: tuple[Passage, ...] = split_passages(document)
    assert all(document.text[p.start : p.end] == p.text for p in found)
    return [(p.kind, p.path, p.text) for p in found if not p.is_field]


def test_a_row_of_a_table_is_a_document_where_its_columns_say_so(tmp_path):
    rows = 'Title;Abstract;URL;Year\n"Soft; wet";"It paints. It dries.";https://a.b/c;2024\nHard;It cuts.;;\n'
    soft, hard = read(tmp_path, "a.csv", rows)
    assert (soft.id, soft.title, soft.paper_url) == ("soft-wet", "Soft; wet", "https://a.b/c")
    assert said(soft) == [("sentence", (), "It paints."), ("sentence", (), "It dries."), ("fact", (), "Year: 2024")]
    assert (hard.paper_url, said(hard)) == (None, [("sentence", (), "It cuts.")])


def test_any_other_table_is_one_document_of_rows_with_their_header(tmp_path):
    (table,) = read(tmp_path, "brushes.csv", "Brush,FID\nsoft | wet,3.1\nhard,4.2\n")
    rows = [p for p in split_passages(table) if p.kind == "row"]
    assert [p.header for p in rows] == ["Brush | FID"] * 2
    assert rows[1].text == "| hard | 4.2 |"


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("one\ntwo\n", 1, "no header"),
        ("title,summary\nA,B,C\n", 2, "3 cells where the header has 2"),
        ('title,summary\nA,"B\n', 2, "not CSV"),
        ("a,b\n", 1, "nothing follows the header"),
    ],
)
def test_a_table_that_cannot_be_read_says_where_and_why(tmp_path, text, line, problem):
    with pytest.raises(CorpusError, match=problem) as caught:
        read(tmp_path, "a.csv", text)
    assert caught.value.line == line


BIBTEX = r"""A list, which says nothing.
@string{tac = "Transactions on Chairs"}
@article{muller_soft,
  title = {Soft {B}rushes for $\alpha$-Blending},
  author = "M{\"u}ller, Ada and Bo Li",
  journal = tac # {, Part B}, year = 2024,
  eprint = {2501.00001}, archivePrefix = {arXiv},
  abstract = {We mix two styles
    with a \emph{soft} brush. Its error is 3.5\% lower.},
}
@misc(hard, title = {Hard Brushes}, year = {2023}, doi = {10.1/x})
"""


def test_an_entry_of_bibtex_is_a_document(tmp_path):
    soft, hard = read(tmp_path, "a.bib", BIBTEX)
    assert (soft.id, soft.title) == ("muller-soft", "Soft Brushes for α-Blending")
    assert soft.paper_url == "https://arxiv.org/abs/2501.00001"
    assert [text for kind, _, text in said(soft) if kind == "fact"] == [
        "Authors: Müller, Ada, Bo Li",
        "Published in: Transactions on Chairs, Part B",
        "Year: 2024",
    ]
    assert said(soft)[0][2].startswith("We mix two styles")
    assert (hard.id, hard.paper_url) == ("hard", "https://doi.org/10.1/x")
    assert hard.text.startswith("Hard Brushes. 2023.")


@pytest.mark.parametrize("text", ["nothing\n", "@article{a, title = {Open\n"])
def test_bibtex_without_a_whole_entry_is_told(tmp_path, text):
    with pytest.raises(CorpusError, match=r"no entry|not closed"):
        read(tmp_path, "a.bib", text)


PAGE = """<!doctype html><html><head><title>Brushes | The Shop</title><style>p {}</style></head><body>
<nav><a href="/">Home</a> <a href="/buy">Buy</a></nav>
<main><h1>Soft <em>Brushes</em></h1>
<p>They mix two styles. A &lt; b holds.<br>And more.
<h2>Limits</h2><ul><li>No hands.<li>No *stars*.</ul>
<table><tr><th>Brush<th>FID</tr><tr><td>soft</td><td>3.1</td></tr></table>
<pre><code>paint(1)
  wash()</code></pre>
<script>document.write("evil")</script></main>
<footer>Imprint. We sell cookies.</footer></body></html>"""


def test_a_web_page_is_read_without_what_stands_around_it(tmp_path):
    (page,) = read(tmp_path, "soft.html", PAGE)
    assert page.title == "Soft Brushes"
    assert [row for row in said(page) if row[0] != "row"] == [
        ("sentence", (), "They mix two styles."),
        ("sentence", (), "A \\< b holds."),
        ("sentence", (), "And more."),
        ("item", ("Limits",), "No hands."),
        ("item", ("Limits",), "No *stars*."),
        ("code", ("Limits",), "```\npaint(1)\n  wash()\n```"),
    ]
    assert "cookies" not in page.text and "evil" not in page.text and "Buy" not in page.text


def test_a_web_pages_letters_are_those_that_it_names(tmp_path):
    page = '<meta charset="iso-8859-1"><title>Käse</title><p>Süß.'.encode("latin-1")
    assert read(tmp_path, "a.htm", page)[0].title == "Käse"
    with pytest.raises(CorpusError, match="says nothing"):
        read(tmp_path, "b.html", "<div id=root></div><script>x</script>")


def test_plain_text_is_a_document_called_by_its_first_line(tmp_path):
    (named,) = read(tmp_path, "a.txt", "Soft Brushes\n\nThey mix two styles.\nThey dry.\n")
    assert (named.title, named.text) == ("Soft Brushes", "They mix two styles.\nThey dry.\n\nModel: Soft Brushes")
    (letter,) = read(tmp_path, "letter.txt", "They mix two styles.\n\nThey dry.\n")
    assert (letter.title, letter.text.split("\n")[0]) == ("letter", "They mix two styles.")
