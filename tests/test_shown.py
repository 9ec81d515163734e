"""Which claims offer a run, told by what the tools declare, on sentences of no corpus."""

import pytest

from app.answering.proposals import SEE_IT_HAPPEN
from app.answering.replies import Background, reply_to
from app.answering.shown import asked_by, button_of, call_for, see_it, shown_by
from app.answering.workflow import runs_of
from app.answers import Citation, Sentence
from app.understanding.request import Request
from tools.registry import TOOLS
from tools.specs import Shows


def claim(text):
    return Sentence(text, "claim", (Citation("doc", 0, len(text), text),))


@pytest.mark.parametrize(
    "text",
    [
        "Networks that classify photographs recognise an animal by its texture, not by its outline.",
        "After training on restyled photographs the classifier is far more robust to paintings.",
        "An attack that only changes the style of a photograph makes image classifiers fail.",
        "We ask how saliency maps are to be interpreted when the style of the image varies.",
    ],
)
def test_a_claim_on_style_and_classifiers_offers_the_stress_run(text):
    assert shown_by(claim(text)) == "stress_picture"
    assert asked_by(button_of(claim(text), "see it key-1")).tool == "stress_picture"


@pytest.mark.parametrize(
    "text",
    [
        "Healthy people with an active lifestyle recovered faster in this trial.",
        "The diffusion model paints a house in the style of a given picture.",
        "Robust estimates of the mean were attacked by statisticians of another school.",
        "Life styles were classified by income and by the age of the household.",
        "Classifying texture from style: a survey of robust methods",  # a title, not a claim
    ],
)
def test_other_claims_offer_nothing(text):
    assert shown_by(claim(text)) is None


def test_only_what_the_corpus_says_offers_anything():
    text = "Networks that classify photographs recognise an animal by its texture."
    assert shown_by(Sentence(text, "framing")) is None


def test_the_swap_keeps_its_own_offer():
    told = claim("Key and value are swapped with those of another picture.")
    assert button_of(told, "see it key-2") == "see it key-2"
    assert asked_by("see it key-2") == SEE_IT_HAPPEN


def test_a_browsers_text_names_no_tool_that_offers_nothing():
    assert asked_by("see it key search_corpus") == SEE_IT_HAPPEN
    assert asked_by("see it key nonsense") == SEE_IT_HAPPEN


def test_a_click_is_asked_once_under_its_buttons_name():
    asked = []
    see_it(lambda request, name: asked.append((request.tool, name)), "see it key-3 stress_picture")
    assert asked == [("stress_picture", "see it key-3 stress_picture")]


def test_the_request_of_a_click_proposes_the_tool_with_its_example():
    told = reply_to(asked_by("see it key stress_picture"), Background(), "reader")
    (proposal,) = told.proposals
    assert proposal == {"tool": "stress_picture", "arguments": dict(TOOLS["stress_picture"].shows.example)}
    assert "runs at your click" in told.sentences[0].text


def test_a_request_to_find_out_what_a_tool_shows_proposes_it():
    asked = Request(
        message="would a classifier still see a mug if I changed the style?",
        kind="experiment",
        question="would a classifier still see a mug if I changed the style?",
        experiment="leave_one_out",
        subject="a mug",
    )
    (proposal,) = reply_to(asked, Background(), "reader").proposals
    assert proposal["tool"] == "stress_picture" and proposal["arguments"]["subject"] == "a mug"


def test_a_workflow_of_such_a_claim_has_a_call_for_each_stage_that_the_tool_declares():
    run = call_for(
        [claim("The weather was fine."), claim("A network that classifies by texture fails on restyled photos.")]
    )
    calls = runs_of(run)
    assert list(calls) == ["input", "model", "output"]
    assert calls["input"]["arguments"]["alphas"] == [0.0] and calls["model"]["arguments"] == run["arguments"]
    for call in calls.values():
        TOOLS[call["tool"]].arguments.model_validate(call["arguments"])
    assert call_for([claim("The weather was fine.")]) is None


def test_examples_are_arguments_that_the_tools_take():
    for spec in TOOLS.values():
        if isinstance(spec.shows, Shows):
            spec.arguments.model_validate(spec.shows.example)
