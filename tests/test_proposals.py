"""What a click would run: made from a request, the last run and the styles that were spoken of."""

from typing import Any

import pytest

from app.answering.proposals import SEE_IT_HAPPEN, Styles, blend_proposal, experiment_proposal, untaught_sentence
from app.understanding.request import Request, StyleShare
from tests.measured_run import LAST
from tools.experiments.experiments import EXPERIMENTS
from tools.registry import TOOLS


def request(kind: str, **slots) -> Request:
    return Request(message="message", kind=kind, question="message", **slots)


def styles(**shares: float) -> tuple[StyleShare, ...]:
    return tuple(StyleShare(text=text, share=share) for text, share in shares.items())


def call(asked: Request, last: dict[str, Any] | None = None, spoken: Styles = ()) -> dict[str, Any]:
    made = experiment_proposal if asked.kind == "experiment" else blend_proposal
    proposal = made(asked, last, spoken).call
    TOOLS[proposal["tool"]].arguments.model_validate(proposal["arguments"])
    return proposal


def test_a_render_is_proposed_with_what_was_read():
    asked = request("render", styles=styles(ink=0.7, chalk=0.3), subject="a cat", seed=9, steps=30, method="composable")
    assert call(asked) == {
        "tool": "blend_styles",
        "arguments": {
            "subject": "a cat",
            "styles": [{"text": "ink", "weight": 0.7}, {"text": "chalk", "weight": 0.3}],
            "method": "composable",
            "steps": 30,
            "seed": 9,
        },
    }


def test_a_change_keeps_what_it_does_not_name():
    arguments = call(request("adjust", subject="a boat"), LAST)["arguments"]
    assert arguments == {**LAST["arguments"], "subject": "a boat"}


def test_again_is_another_seed():
    assert call(request("adjust"), LAST)["arguments"]["seed"] == 5


def test_a_render_without_styles_takes_those_that_were_spoken_of():
    spoken = (("ink", 0.5), ("chalk", 0.5))
    assert [s["text"] for s in call(request("render"), spoken=spoken)["arguments"]["styles"]] == ["ink", "chalk"]
    assert call(request("render"))["arguments"]["styles"]


def test_an_experiment_is_proposed_with_the_styles_of_the_last_run():
    arguments = call(request("experiment", experiment="flip"), LAST)["arguments"]
    assert arguments["subject"] == "a mug" and [s["text"] for s in arguments["styles"]] == ["ink", "chalk"]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_of_the_registry_can_be_proposed_or_is_said_not_to_be_there(name):
    made = experiment_proposal(request("experiment", experiment=name), None)
    assert made.call or name in made.notes[0]


def test_the_button_beside_keys_and_values_proposes_a_reference_in_the_last_style():
    spoken = (("ink", 0.4), ("wash", 0.2), ("chalk", 0.4))
    arguments = call(SEE_IT_HAPPEN, spoken=spoken)["arguments"]
    assert arguments["method"] == "reference"
    assert [style["text"] for style in arguments["styles"]] == ["ink", "wash"]
    assert sum(style["weight"] for style in arguments["styles"]) == pytest.approx(1.0, abs=1e-3)
    assert arguments["references"][0]["prompt"].endswith(", chalk")
    assert arguments["subject"] not in arguments["references"][0]["prompt"]


def test_a_picture_that_was_given_stays_the_reference():
    given = {**LAST["arguments"], "method": "reference", "references": [{"image": "ab12"}]}
    assert call(SEE_IT_HAPPEN, {**LAST, "arguments": given})["arguments"]["references"] == [{"image": "ab12"}]


def test_words_that_the_model_was_never_taught_are_named_before_the_click():
    arguments = {"subject": "a fox, a mug", "styles": [{"text": "gouache"}, {"text": "pencil sketch"}]}
    told = untaught_sentence({**arguments, "references": [{"prompt": "a zebra, watercolor"}]}, "embedded")
    assert "“fox”, “gouache” or “zebra”" in told and "mug" not in told and "pencil" not in told
    assert untaught_sentence({"subject": "a mug", "styles": []}, "embedded") == ""
    assert untaught_sentence(arguments, "someone/open-vocabulary") == ""
