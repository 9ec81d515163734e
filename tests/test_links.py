"""Links of documents, on a made-up corpus: what is given is quoted, what is not is said."""

import pytest

from app.answering.links import field, lacking, links, listing, wanted_fields, wanted_link
from app.answering.reading import Reading


def read(second, question: str) -> Reading:
    return Reading(second.search(question, top_k=24))


def texts(sentences) -> list[str]:
    return [sentence.text for sentence in sentences]


@pytest.mark.parametrize(
    ("question", "fields"),
    [
        ("Where is the code?", ["GitHub"]),
        ("the arxiv link please", ["Paper"]),
        ("its repo, and the paper?", ["GitHub", "Paper"]),
        ("where can I find it?", ["Paper", "GitHub"]),
    ],
)
def test_which_links_are_asked_for_in_which_order(question, fields):
    assert wanted_fields(question) == fields


def test_a_word_that_asks_for_a_link():
    assert (wanted_link("checkpoint"), wanted_link("preprint"), wanted_link("moth")) == ("GitHub", "Paper", None)


def test_a_link_is_quoted_from_its_line(second):
    (told,) = links(read(second, "Where is the code of TideCast?"))
    assert told.text == "TideCast — GitHub: https://github.com/example/tidecast"
    assert [c.quote for c in told.citations] == ["GitHub: https://github.com/example/tidecast"]


def test_that_there_is_none_is_said_without_a_citation(second):
    (told,) = links(read(second, "Where is the code of LoafScope?"))
    assert told.text == "The corpus gives no GitHub link for LoafScope." and (told.kind, told.citations) == (
        "framing",
        (),
    )


def test_an_address_in_the_text_is_the_answer_to_a_page(second):
    (told,) = links(read(second, "Where is MothNet available?"))
    assert "https://example.org/mothnet" in told.text


def test_what_lacks_a_link_is_listed_by_kind(second):
    paper, code = lacking(read(second, "Which of these has no paper, and which no code?"))
    assert paper.text.startswith("No paper is given for ") and "MothNet" in paper.text and "TideCast" not in paper.text
    assert code.text.startswith("No code is given for ") and "LoafScope" in code.text


def test_a_document_is_listed_with_exactly_its_links(second):
    reading = read(second, "What is LoafScope?")
    (document,) = reading.named
    assert listing(reading, document).text == f"{document.title} — Paper: https://arxiv.org/abs/0000.00002"
    assert texts(field(reading, document, "Model")) == [f"Model: {document.title}"]
