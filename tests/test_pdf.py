"""PDF files, made here: one column and two, many pages, and those that cannot be read."""

from __future__ import annotations

import time
import zlib

import numpy as np
import pytest
from fpdf import FPDF
from PIL import Image

from ingest.documents import CorpusError, read_documents
from ingest.passages import place_of, split_passages
from ingest.pdf_pages import page_of_sentence

ABSTRACT = "We mix two styles with a soft brush. Its hairs are seven."


def paper(columns: int = 1, pages: int = 1) -> FPDF:
    pdf = FPDF()
    pdf.add_page()
    put(pdf, "Soft Brushes for Two Styles", 20, "B")
    put(pdf, "Abstract", 13, "B")
    put(pdf, ABSTRACT)
    put(pdf, "1 Method", 13, "B")
    pdf.set_font("Helvetica", "", 10)
    with pdf.text_columns(ncols=columns, gutter=8) as text:
        text.write("".join(f"Sentence {n} tells what the brush does on the paper. " for n in range(90)))
    for page in range(2, pages + 1):
        pdf.add_page()
        put(pdf, f"Section {page}", 13, "B")
        put(pdf, f"On sheet {page} the ink is dry.")
    pdf.add_page()
    put(pdf, "References", 13, "B")
    put(pdf, "[1] A. Author. A work that is only listed. 2020.")
    put(pdf, "A Appendix", 13, "B")
    put(pdf, "The brush is washed at night.")
    return pdf


def put(pdf: FPDF, text: str, size: int = 10, style: str = "") -> None:
    pdf.set_font("Helvetica", style, size)
    pdf.multi_cell(0, size / 2, text, new_x="LMARGIN", new_y="NEXT")


def read(tmp_path, data: bytes):
    path = tmp_path / "a.pdf"
    path.write_bytes(data)
    (document,) = read_documents([path])
    return document


@pytest.mark.parametrize("columns", [1, 2])
def test_a_paper_is_read_in_its_order_with_title_sections_and_without_references(tmp_path, columns):
    document = read(tmp_path, bytes(paper(columns).output()))
    assert (document.id, document.kind, document.title) == ("a", "paper", "Soft Brushes for Two Styles")
    passages = [p for p in split_passages(document) if not p.is_field]
    assert [p.text for p in passages if p.path == ("Abstract",)] == [
        "We mix two styles with a soft brush.",
        "Its hairs are seven.",
    ]
    told = [p.text for p in passages if p.path == ("1 Method",)]
    assert told == [f"Sentence {n} tells what the brush does on the paper." for n in range(90)]
    assert passages[-1].text == "The brush is washed at night." and passages[-1].path == ("A Appendix",)
    assert "only listed" not in document.text


def test_where_a_passage_stands_names_its_page(tmp_path):
    began = time.thread_time()
    document = read(tmp_path, bytes(paper(pages=200).output()))
    assert time.thread_time() - began < 30
    starts = {p.text: p.start for p in split_passages(document)}
    for sentence, place in (
        ("On sheet 4 the ink is dry.", "page 4, below Section 4"),
        ("On sheet 200 the ink is dry.", "page 200, below Section 200"),
        ("Its hairs are seven.", "page 1, below Abstract"),
    ):
        assert place_of(document, starts[sentence]) == place


def test_passages_keep_their_page(tmp_path):
    document = read(tmp_path, bytes(paper(pages=3).output()))
    pages = {p.text: p.page for p in split_passages(document)}
    assert (
        pages["Its hairs are seven."] == 1 and pages["On sheet 3 the ink is dry."] > pages["On sheet 2 the ink is dry."]
    )
    assert next(p.page for p in split_passages(document) if p.is_field) is None


@pytest.mark.parametrize("columns", [1, 2])
def test_a_page_is_drawn_with_the_sentence_marked(tmp_path, columns):
    path = tmp_path / "a.pdf"
    path.write_bytes(bytes(paper(columns).output()))
    sentence = "Sentence 7 tells what the brush\ndoes on the paper."
    drawn, other, plain = (page_of_sentence(path, 1, text) for text in (sentence, ABSTRACT, "It is not there at all."))
    assert drawn is not None and other is not None and plain is not None
    assert drawn.is_marked and other.is_marked and not plain.is_marked
    marked = np.any(np.asarray(drawn.picture) != np.asarray(plain.picture), axis=2)
    rows = np.flatnonzero(marked.any(axis=1))
    assert 10 < len(rows) < 120, "one line, or two, of the page are marked"
    assert np.any(np.asarray(other.picture)[rows] == np.asarray(plain.picture)[rows])
    assert page_of_sentence(path, 9, sentence) is None and page_of_sentence(tmp_path / "b.pdf", 1, sentence) is None
    path.write_bytes(b"no PDF")
    assert page_of_sentence(path, 1, sentence) is None


def test_what_cannot_be_read_is_told_in_one_line(tmp_path):
    locked = paper()
    locked.set_encryption(owner_password="o", user_password="u")
    scan = FPDF()
    scan.add_page()
    scan.image(Image.new("RGB", (40, 40), "gray"))
    whole = bytes(paper().output())
    for data, problem in (
        (bytes(locked.output()), "encrypted"),
        (bytes(scan.output()), "holds no text"),
        (b"no PDF at all", "cannot be read"),
        (b"%PDF-1.4\n" + b"\xff" * 500, "cannot be read"),
        (whole[: len(whole) // 3], "cannot be read"),
        (b"", "empty"),
    ):
        with pytest.raises(CorpusError) as caught:
            read(tmp_path, data)
        assert problem in str(caught.value) and "; " in str(caught.value) and "\n" not in str(caught.value)


def test_a_stream_that_grows_without_end_is_refused(tmp_path):
    packed = zlib.compress(b"(x) Tj " * 15_000_000, 9)
    body = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    body += b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>endobj\n4 0 obj<</Filter/FlateDecode"
    body += b"/Length %d>>stream\n%s\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF" % (len(packed), packed)
    began = time.thread_time()
    with pytest.raises(CorpusError):
        read(tmp_path, body)
    assert time.thread_time() - began < 30
