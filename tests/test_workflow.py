"""Which sentence tells which stage of a workflow, on a made-up corpus."""

import pytest

from app.answering.reading import Reading
from app.answering.workflow import STAGES, drawn, stages_of, tells, told_by
from app.answers import Citation, Sentence


def sentences(second, name: str):
    reading = Reading(second.search(f"How does {name} work?", top_k=24))
    return reading.sentences(reading.named[0])


@pytest.mark.parametrize("name", ["TideCast", "LoafScope", "MothNet"])
def test_three_stages_are_three_sentences_of_one_document(second, name):
    chosen = stages_of(sentences(second, name))
    assert tuple(chosen) == STAGES
    assert len({c.key for c in chosen.values()}) == 3 and len({c.document.id for c in chosen.values()}) == 1
    assert tells(chosen["model"], "model") > 0
    assert name in told_by(chosen).text


def test_what_goes_in_and_comes_out_is_told_by_the_sentence_that_says_so(second):
    chosen = stages_of(sentences(second, "TideCast"))
    assert chosen["output"].passage.text.startswith("The output is a map")


def test_a_text_without_a_model_has_no_workflow(second):
    assert stages_of(sentences(second, "TideCast")[:1]) == {}
    assert stages_of([]) == {}


def test_named_styles_are_the_input_and_the_run_stands_at_the_model(second):
    run = {"tool": "blend_styles", "arguments": {}}
    model = Sentence("Model: some/model", "claim", (Citation("card", 0, 17, "Model: some/model"),))
    chosen = stages_of(sentences(second, "TideCast"), STAGES[1:])
    first, second_, last = drawn(chosen, ["ink", "chalk"], model, run)
    assert first.text == "One prompt that names “ink” and “chalk”" and first.run is None and not first.citations
    assert second_.text.startswith("some/model — ") and second_.run == run
    assert last.stage == "output" and last.citations
