"""From evidence to a cited answer, over the four documents and over a made-up corpus of four others."""

from __future__ import annotations

import re

import pytest

from app.answering.answer import Query, answer
from app.answers import IN_SHORT, NOT_SAID, PAPERS, TASK, UNDER_THE_HOOD, WORKFLOW, CitedAnswer
from tools.search import Searcher

HEADINGS = (IN_SHORT, TASK, WORKFLOW, UNDER_THE_HOOD, PAPERS, NOT_SAID)
SEED_QUESTIONS = """
How does Visual Style Prompting work?
How does FedStyle work?
How does WSAM work?
Explain FedStyle
Explain WSAM in detail
Explain Visual Style Prompting simply
Why does FedStyle use contrastive learning?
What is WSAM?
what is henmixReal?
Compare FedStyle and WSAM
Compare WSAM with Visual Style Prompting
What is content leakage?
Where is the code of WSAM?
Which of these has no paper, and which no code?
How can a picture get the style of another one?
What is model drift?
How do style transfer and style augmentation differ?
Describe Visual Style Prompting in detail
What problem does FedStyle address?
How does AI keep a style consistent across many images of one series, and what happens inside while it does so?
Which layers does Visual Style Prompting change?
What do artists share?
Why are CNNs biased toward textures?
What licence does FedStyle have?
Who wrote WSAM?
""".strip().splitlines()
SECOND_QUESTIONS = """
How does TideCast work?
How does LoafScope work?
How does MothNet work?
Explain TideCast in detail
Explain MothNet simply
Why do bakers need a microphone?
What is MothNet?
What is LoafScope?
Compare TideCast and MothNet
Compare LoafScope with MothNet
Where is the code of TideCast?
Which of these has no paper, and which no code?
How were the nurses tested?
What is wrong with light traps?
Do night shifts impair memory?
How many nurses were followed?
How can currents be forecast without sensors?
What does the model of TideCast get as input?
Describe LoafScope
What problem does LoafScope address?
Explain the study of nurses
Is the impairment reversible?
How much dough is wasted?
Who funded MothNet?
What learning rate does TideCast use?
""".strip().splitlines()


def asked(searcher: Searcher, question: str, **given) -> CitedAnswer:
    return answer(Query(question, **given), searcher.search(question, top_k=24), "reader")


def text(found: CitedAnswer, heading: str = "") -> str:
    return " ".join(s.text for part in found.sections if part.heading == heading for s in part.sentences)


@pytest.mark.parametrize(
    ("corpus", "question"), [("seed", q) for q in SEED_QUESTIONS] + [("second", q) for q in SECOND_QUESTIONS]
)
def test_no_sentence_of_the_corpus_stands_twice_in_an_answer(searchers, corpus, question):
    found = asked(searchers[corpus], question)
    index = searchers[corpus].index
    spans = [
        (c.document_id, c.start, c.end)
        for c in found.citations
        if not any(p.is_field for p in index.passages(c.document_id) if p.start == c.start)
    ]
    assert len(spans) == len(set(spans))
    for citation in found.citations:
        assert index.document(citation.document_id).text[citation.start : citation.end] == citation.quote


def test_there_are_fifty_questions_on_two_corpora():
    assert len(SEED_QUESTIONS) == len(SECOND_QUESTIONS) == 25


@pytest.mark.parametrize(
    ("corpus", "name"),
    [("seed", "Visual Style Prompting"), ("seed", "FedStyle"), ("seed", "WSAM"), ("second", "TideCast"),
     ("second", "LoafScope"), ("second", "MothNet")],
)  # fmt: skip
def test_how_something_works_is_told_under_six_headings_with_a_workflow(searchers, corpus, name):
    found = asked(searchers[corpus], f"How does {name} work?")
    assert tuple(section.heading for section in found.sections) == HEADINGS
    assert [stage.stage for stage in found.workflow] == ["input", "model", "output"]
    assert all(stage.citations for stage in found.workflow)
    short = found.sections[0].sentences
    assert 2 <= len(short) <= 4 and short[0].kind == "framing" and short[1].kind == "claim"
    assert name in short[0].text
    assert len({s.document_id for s in found.sources}) == 1


def test_sentences_of_a_document_stand_in_one_paragraph_in_its_order(searchers):
    found = asked(searchers["seed"], "Explain FedStyle in detail")
    hood = next(section for section in found.sections if section.heading == UNDER_THE_HOOD)
    assert [p.document_id for p in hood.paragraphs] == ["fedstyle"]
    starts = [s.citations[0].start for s in hood.sentences]
    assert starts == sorted(starts) and len(starts) > 1


def test_simply_chooses_less_and_in_detail_more(searchers):
    lengths = [
        sum(s.kind == "claim" for s in asked(searchers["seed"], f"Explain FedStyle {how}").sentences)
        for how in ("simply", "", "in detail")
    ]
    assert lengths[0] < lengths[1] <= lengths[2]


def test_styles_are_told_with_what_is_not_known_and_what_the_render_shows(searchers):
    run = {"tool": "blend_styles", "arguments": {"styles": [{"text": "watercolor"}, {"text": "pixel art"}]}}
    found = asked(
        searchers["seed"],
        "How does a model balance watercolor and pixel art in one prompt?",
        styles=("watercolor", "pixel art"),
        proposals=(run,),
        shows="The render shows it.",
    )
    short = found.sections[0].sentences
    assert [s.kind for s in short] == ["framing", "framing", "claim", "program"]
    assert "“watercolor” and “pixel art”" in short[0].text and "does not say" in short[1].text
    assert found.workflow[0].text == "One prompt that names “watercolor” and “pixel art”"
    assert found.workflow[0].run["tool"] == "read_prompt" and found.workflow[1].run == run


@pytest.mark.parametrize(
    ("corpus", "question", "document"),
    [
        ("seed", "What learning rate does FedStyle use?", "fedstyle"),
        ("seed", "Who are the authors of WSAM?", "wsam"),
        ("seed", "How many artists took part in the FedStyle experiments?", "fedstyle"),
        ("seed", "What licence does Visual Style Prompting have?", "visual-style-prompting"),
        ("second", "Who are the authors of MothNet?", "mothnet"),
        ("second", "What learning rate does TideCast use?", "tidecast"),
    ],
)
def test_what_a_named_document_does_not_hold_is_missing(searchers, corpus, question, document):
    found = asked(searchers[corpus], question)
    assert found.status == "missing"
    first, *rest = found.sentences
    assert first.kind == "framing" and "does not say" in first.text and len(rest) <= 1
    assert [s.document_id for s in found.sources] == [document]


@pytest.mark.parametrize(
    ("corpus", "question", "words"),
    [
        ("seed", "Does Visual Style Prompting need fine-tuning?", "without any fine-tuning"),
        ("seed", "What dataset does WSAM report on?", "STL-10"),
        ("seed", "What kind of learning shapes FedStyle's embedding space?", "contrastive learning"),
        ("second", "How many nurses were followed?", "412 nurses"),
        ("second", "What does TideCast output?", "map of speed"),
        ("second", "What is wrong with light traps?", "kill the animals"),
    ],
)
def test_what_is_there_is_answered(searchers, corpus, question, words):
    found = asked(searchers[corpus], question)
    assert found.status == "answered"
    assert words in " ".join(s.text for s in found.sentences if s.kind == "claim")


@pytest.mark.parametrize("question", ["How do I bake sourdough bread?", "What is the capital of Peru?"])
def test_what_nothing_bears_on_is_refused_without_citations(searchers, question):
    found = asked(searchers["seed"], question)
    assert found.status == "refused" and not found.citations and not found.sources
    (only,) = found.sentences
    assert only.kind == "framing"


def test_both_lists_are_given_where_both_are_asked_for(searchers):
    question = "Which of these has no paper, and which no code?"
    for corpus, no_paper, no_code in (
        ("seed", "henmixReal", "FedStyle"),
        ("second", "MothNet", "LoafScope"),
    ):
        paper, code = asked(searchers[corpus], question, wants="lacking").sentences
        assert re.match("No paper is given for ", paper.text) and no_paper in paper.text
        assert re.match("No code is given for ", code.text) and no_code in code.text


def test_links_are_the_corpus_own(searchers):
    found = asked(searchers["second"], "Where is the code of TideCast?", wants="links")
    assert "https://github.com/example/tidecast" in text(found) and "arxiv" not in text(found)
    absent = asked(searchers["second"], "Where is the code of LoafScope?", wants="links")
    assert "no GitHub link for LoafScope" in text(absent)


def test_two_documents_are_laid_side_by_side(searchers):
    found = asked(searchers["second"], "Compare TideCast and MothNet")
    assert [p.document_id for p in found.sections[0].paragraphs] == ["tidecast", "mothnet"]


def test_what_is_said_of_another_document_is_put_right(searchers):
    found = asked(searchers["seed"], "Why does FedStyle swap the key and value?")
    assert "does not say that of FedStyle; it says it of Visual Style Prompting" in found.sentences[0].text
