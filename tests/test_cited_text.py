"""Answers laid out as paragraphs with marks, and what a mark opens."""

from __future__ import annotations

import altair as alt

from app.answers import Citation, CitedAnswer, Section, Sentence, Source, WorkflowStage
from app.markup import split_links
from app.ui.charts import Figure
from app.ui.cited_text import Marks, paragraphs_of
from app.ui.workflow import StageRun, laid_out

ONE, TWO = Citation("a", 0, 3, "One"), Citation("b", 4, 7, "Two")
SOURCES = (Source("a", "paper", "The first", None, None), Source("b", "paper", "The second", None, None))


def laid(sentences, is_short=False, see=False):
    answer = CitedAnswer("?", "answered", "test", 0.0, (Section("", tuple(sentences)),), SOURCES)
    return paragraphs_of(sentences, Marks.of(answer), "key", is_short, see)


def words(paragraph):
    return ["".join(run["text"] for run in sentence["runs"]) for sentence in paragraph["sentences"]]


def test_what_stands_together_in_one_document_is_a_paragraph_under_its_name():
    said = [Sentence(text, "claim", (where,)) for text, where in (("One.", ONE), ("Again.", ONE), ("Two.", TWO))]
    paragraphs, _ = laid(said)
    assert [words(paragraph) for paragraph in paragraphs] == [["One.", "Again."], ["Two."]]
    assert [paragraph["label"] for paragraph in paragraphs] == ["The first", "The second"]
    introduced, _ = laid([Sentence("From the first:", "framing"), *said])
    assert [paragraph["label"] for paragraph in introduced] == ["", "", "The second"]


def test_a_block_of_code_stays_whole_and_as_it_is_written():
    written = "```python\n# load $x$ from https://evil.example\n  paint(*a, *b)\n```"
    (paragraph,), _ = laid([Sentence(written, "claim", (Citation("a", 0, len(written), written),))])
    (run,) = paragraph["sentences"][0]["runs"]
    assert run == {"text": "# load $x$ from https://evil.example\n  paint(*a, *b)", "code": True}


def test_the_answer_in_short_is_one_paragraph():
    said = [Sentence("You ask.", "framing"), Sentence("One.", "claim", (ONE,)), Sentence("Two.", "claim", (TWO,))]
    (paragraph,), _ = laid(said, is_short=True)
    assert words(paragraph) == ["You ask.", "One.", "Two."]


def test_in_short_the_corpuss_words_stand_in_quotation_marks_and_its_silence_in_bold():
    silent = Sentence("The corpus does not say how. It bears on it:", "framing")
    (paragraph,), _ = laid([silent, Sentence("One", "claim", (ONE,))], is_short=True)
    assert words(paragraph) == ["The corpus does not say how. It bears on it:", "“One”"]
    assert [run["text"] for run in paragraph["sentences"][0]["runs"] if run.get("strong")] == [
        "The corpus does not say"
    ]


def test_the_programs_quotation_marks_are_typeset_and_the_corpuss_are_not():
    said = [Sentence('Most on "ink".', "measured", figure="nowhere"), Sentence('A "claim".', "claim", (ONE,))]
    paragraphs, _ = laid(said)
    assert [words(paragraph) for paragraph in paragraphs] == [["Most on “ink”."], ['A "claim".']]


def test_a_mark_opens_the_passages_of_its_document():
    (paragraph,), opens = laid([Sentence("Both.", "claim", (ONE, TWO))])
    marks = paragraph["sentences"][0]["marks"]
    assert [(mark["number"], mark["title"], mark["quotes"]) for mark in marks] == [
        (1, "The first", ["One"]),
        (2, "The second", ["Two"]),
    ]
    assert [opens[mark["at"]] for mark in marks] == [(ONE,), (TWO,)]


def test_a_measured_sentence_is_marked_with_its_figure():
    figure = Figure("attention.share", "Who was looked at", alt.Chart(), "the attention.", "what it did.")
    said = [
        Sentence("Most on it.", "measured", figure="attention.share"),
        Sentence("So.", "measured", figure="nowhere"),
    ]
    (known, unknown), opens = paragraphs_of(said, Marks({}, {}, {"attention.share": figure}), "key")
    (mark,) = known["sentences"][0]["marks"]
    assert opens[mark["at"]] == "attention.share"
    assert (mark["title"], mark["shows"], mark["hides"]) == ("Who was looked at", "the attention.", "what it did.")
    assert (words(unknown), unknown["sentences"][0]["marks"]) == (["So."], [])


def test_the_swap_can_be_seen_to_happen_where_the_corpus_tells_it():
    said = [Sentence("We swap the key and value.", "claim", (ONE,)), Sentence("We swap.", "claim", (ONE,))]
    (paragraph,), _ = laid(said, see=True)
    assert [sentence.get("see") for sentence in paragraph["sentences"]] == ["see it key-0", None]


def test_only_an_address_of_the_corpus_is_a_link():
    text = "See https://a.example/x. And http://b.example, too"
    assert split_links(text, "… https://a.example/x …") == [
        ("See ", None),
        ("https://a.example/x", "https://a.example/x"),
        (". And http://b.example, too", None),
    ]
    assert split_links("", "") == [("", None)]
    assert split_links("javascript:alert(1)", "javascript:alert(1)") == [("javascript:alert(1)", None)]


def test_a_stage_shows_its_run_and_how_far_it_is():
    stages = (WorkflowStage("input", "A prompt"), WorkflowStage("model", "Denoises", (ONE,)))
    marks = Marks({"a": 1}, {"a": "The first"}, {})
    data, opens = laid_out(stages, marks, {"model": StageRun("Render it", "running", lambda: None, "step 3 of 20")})
    assert [stage["run"] for stage in data["stages"]] == [
        None,
        {"label": "Render it", "state": "running", "detail": "step 3 of 20", "words": []},
    ]
    assert opens == [(ONE,)]
