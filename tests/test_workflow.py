"""Which sentence tells which stage of a workflow, on a made-up corpus."""

import pytest
from streamlit.testing.v1 import AppTest

from app.answering.reading import Reading
from app.answering.workflow import MODEL_TELLS, STAGES, drawn, runs_of, stages_of, tells, told_by
from app.answers import Citation, Sentence
from tools.registry import TOOLS


def sentences(second, name: str):
    reading = Reading(second.search(f"How does {name} work?", top_k=24))
    return reading.sentences(reading.named[0])


@pytest.mark.parametrize("name", ["TideCast", "LoafScope", "MothNet"])
def test_three_stages_are_three_sentences_of_one_document(second, name):
    chosen = stages_of(sentences(second, name))
    assert tuple(chosen) == STAGES
    assert len({c.key for c in chosen.values()}) == 3 and len({c.document.id for c in chosen.values()}) == 1
    assert tells(chosen["model"], "model") > MODEL_TELLS
    assert name in told_by(chosen).text


def test_what_goes_in_and_comes_out_is_told_by_the_sentence_that_says_so(second):
    chosen = stages_of(sentences(second, "TideCast"))
    assert chosen["output"].passage.text.startswith("The output is a map")


def test_a_text_without_a_model_has_no_workflow(second):
    assert stages_of(sentences(second, "TideCast")[:1]) == {}
    assert stages_of([]) == {}


def test_named_styles_are_the_input_and_the_run_stands_at_the_model(second):
    styles = [{"text": "ink", "weight": 0.5}, {"text": "chalk", "weight": 0.5}]
    run = {"tool": "blend_styles", "arguments": {"subject": "a cat", "styles": styles, "method": "prompt"}}
    model = Sentence("Model: some/model", "claim", (Citation("card", 0, 17, "Model: some/model"),))
    chosen = stages_of(sentences(second, "TideCast"), STAGES[1:])
    first, second_, last = drawn(chosen, ["ink", "chalk"], model, run)
    assert first.text == "One prompt that names “ink” and “chalk”" and not first.citations
    assert first.run == {"tool": "read_prompt", "arguments": {"subject": "a cat", "styles": ["ink", "chalk"]}}
    assert second_.text.endswith(" Model in the corpus: some/model") and second_.run == run
    assert last.stage == "output" and last.citations
    assert last.run == {"tool": "run_experiment", "arguments": {**run["arguments"], "experiment": "flip"}}
    for stage in (first, second_, last):
        TOOLS[stage.run["tool"]].arguments.model_validate(stage.run["arguments"])  # it can be run as it stands


def test_what_cannot_be_run_has_no_run(second):
    chosen = stages_of(sentences(second, "TideCast"))
    assert [stage.run for stage in drawn(chosen)] == [None] * 3
    assert runs_of({"tool": "blend_styles", "arguments": {"styles": []}}).keys() == {"model"}
    three = {"subject": "a cat", "styles": [{"text": style, "weight": 1} for style in ("ink", "chalk", "oil")]}
    assert runs_of({"tool": "blend_styles", "arguments": three}).keys() == {"input", "model"}


def test_on_the_page_a_workflow_that_cannot_be_run_says_so():
    def page():
        from app.answers import WorkflowStage
        from app.ui.cited_text import Marks
        from app.ui.workflow import show_workflow

        stages = [WorkflowStage(stage, f"What the {stage} is.") for stage in ("input", "model", "output")]
        show_workflow("one", stages, Marks({}, {}, {}), lambda opens: None, dict)

    drawn = AppTest.from_function(page, default_timeout=60).run()
    assert not drawn.exception
    assert ["no stage of it can be run here" in one.value for one in drawn.caption] == [True]
