"""Feedback under a home: kept with what it was about, the last word standing, exported as lines."""

import json

import pytest

from app.__main__ import main
from app.answers import Citation, CitedAnswer, Section, Sentence, Source
from app.conversation.feedback import Feedback
from tests.evals.search import read_feedback

QUOTES = (Citation("fedstyle", 0, 5, "Alpha"), Citation("wsam", 7, 11, "Beta"))


@pytest.fixture
def feedback(tmp_path):
    return Feedback(tmp_path / "new" / "feedback.sqlite")


def answered(question="What is shared?"):
    claims = tuple(Sentence(c.quote, "claim", (c,)) for c in QUOTES)
    sources = (Source("fedstyle", "paper", "FedStyle", "http://x.org/a.pdf", None),)
    return CitedAnswer(question, "answered", "reader", 0.1, (Section("", claims),), sources)


def test_a_rating_is_kept_with_question_answer_and_passages(feedback):
    feedback.rate("c1", "m1", answered(), "down", " wrong paper ")
    (line,) = feedback.export()
    assert (line["kind"], line["rating"], line["comment"]) == ("answer", "down", "wrong paper")
    assert line["question"] == "What is shared?" and line["documents"] == ["fedstyle", "wsam"]
    assert [p["quote"] for p in line["passages"]] == ["Alpha", "Beta"]
    assert CitedAnswer.from_json(line["answer"]) == answered()
    json.dumps(line)


def test_the_last_word_on_an_answer_stands(feedback):
    feedback.rate("c1", "m1", answered(), "down", "no")
    feedback.rate("c1", "m1", answered(), "up", "yes, after all")
    assert feedback.rating("c1", "m1") == ("up", "yes, after all")
    assert feedback.rating("c1", "m2") is None
    assert len(list(feedback.export())) == 1


def test_a_reported_citation_stands_beside_the_rating_of_its_answer(feedback):
    feedback.rate("c1", "m1", answered(), "up")
    feedback.report("c1", "m1", answered(), QUOTES[1:], "not what it says")
    feedback.report("c1", "m1", answered(), QUOTES[:1])
    reports = [line for line in feedback.export() if line["kind"] == "citation"]
    assert [(r["documents"], r["comment"]) for r in reports] == [(["wsam"], "not what it says"), (["fedstyle"], "")]
    assert all(r["rating"] is None for r in reports)


def test_a_deleted_conversation_takes_its_feedback_along(feedback):
    feedback.forget("c1")  # nothing is there yet
    feedback.rate("c1", "m1", answered(), "up")
    feedback.rate("c2", "m1", answered("Another?"), "up")
    feedback.forget("c1")
    assert [line["conversation_id"] for line in feedback.export()] == ["c2"]


def test_the_search_eval_reads_what_was_rated_up(feedback, tmp_path):
    feedback.rate("c1", "m1", answered(), "up")
    feedback.rate("c1", "m2", answered("Bad?"), "down")
    feedback.report("c1", "m2", answered("Bad?"), QUOTES[:1])
    file = tmp_path / "feedback.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in feedback.export()))
    assert read_feedback(file) == [("What is shared?", ["fedstyle", "wsam"])]


def test_the_command_prints_a_line_for_each(tmp_path, capsys):
    assert main(["--feedback", "--home", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
    Feedback(tmp_path / "feedback.sqlite").rate("c1", "m1", answered(), "up")
    assert main(["--feedback", "--home", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["rating"] == "up"
    assert main(["a question", "--feedback", "--home", str(tmp_path)]) == 2
