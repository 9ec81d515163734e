"""What is told of a request that is rendered all the same."""

from dataclasses import replace

import pytest

from tests.tiny import tiny_model
from tools.blend.notes import foreign_syntax, notes_of, notes_of_all
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.blend.results import blend
from tools.experiments.explained import explain

REQUEST = BlendRequest("a cup", (WeightedStyle("watercolor", 0.5), WeightedStyle("oil painting", 0.5)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("(watercolor:1.4)", ("(watercolor:1.4)",)),
        ("soft (watercolor : .7), wet", ("(watercolor : .7)",)),
        ("[watercolor|oil painting]", ("[watercolor|oil painting]",)),
        ("[cat:dog:0.5] in snow", ("[cat:dog:0.5]",)),
        ("((masterpiece)), cat", ("((masterpiece))",)),
        ("{best quality}", ("{best quality}",)),
        ("watercolor++ and pencil sketch--", ("++", "--")),
        ("<lora:ink:0.8> cat", ("<lora:ink:0.8>",)),
        ("a cup BREAK a table", ("BREAK",)),
        ("watercolor AND oil painting", ("AND",)),
        ("a cup and a break", ()),
        ("oil painting (1890)", ()),
        ("art nouveau, 16:9, f/1.8", ()),
        ("black-and-white, low-key", ()),
        ("a house -- seen from above", ()),
        ("C++ logo, pixel art", ("++",)),
        ("ink [unfinished]", ()),
        ("brand new", ()),
    ],
)
def test_what_other_programs_read_as_weights_is_found(text, found):
    assert foreign_syntax(text) == found


def test_syntax_is_told_wherever_it_stands_and_rendered_as_letters():
    request = BlendRequest("a cup BREAK a table", (WeightedStyle("(watercolor:1.4)"),), num_inference_steps=1)
    notes = notes_of(request)
    assert len(notes) == 1 and notes[0].startswith('Read as letters, as no syntax is known here: "BREAK", "(watercolor')
    assert notes_of(replace(REQUEST, negative_prompt="(blurry:1.3)"))[0].count('"(blurry:1.3)"') == 1
    assert notes_of(REQUEST) == ()
    result = blend(request, tiny_model())
    assert result.notes == notes and result.sentence().endswith(notes[0])
    assert result.measurements["images"][0]["prompts"] == ["a cup BREAK a table, (watercolor:1.4)"]


@pytest.mark.parametrize(
    ("method", "steps", "weights", "idle"),
    [
        ("schedule", 4, (0.95, 0.05), True),
        ("schedule", 20, (0.98, 0.02), True),
        ("schedule", 3, (0.875, 0.125), True),
        ("alternate", 4, (0.95, 0.05), True),
        ("schedule", 20, (0.95, 0.05), False),
        ("schedule", 4, (1.0, 0.0), False),
        ("composable", 4, (0.95, 0.05), False),
    ],
)
def test_a_style_that_gets_no_step_is_told(method, steps, weights, idle):
    styles = tuple(WeightedStyle(style.text, weight) for style, weight in zip(REQUEST.styles, weights, strict=True))
    notes = notes_of(replace(REQUEST, method=method, num_inference_steps=steps, styles=styles))
    assert len(notes) == idle
    assert all(f'Of {steps} steps none goes to "oil painting"' in note for note in notes)


def test_the_verdict_names_a_style_that_got_no_step():
    styles = (WeightedStyle("watercolor", 0.95), WeightedStyle("oil painting", 0.05))
    request = replace(REQUEST, method="schedule", num_inference_steps=4, styles=styles)
    result = explain(request, tiny_model())
    assert result.notes == notes_of(request) and result.notes[0].startswith("Of 4 steps none goes to")
    verdict = result.measurements["images"][0]["verdict"]
    assert verdict == "“watercolor” decided this picture alone: of its 4 steps none went to “oil painting”."


def test_of_several_requests_what_holds_for_all_is_said_once_and_the_rest_by_label():
    strange = replace(REQUEST, subject="a cup BREAK a table", method="schedule", num_inference_steps=4)
    little = replace(strange, styles=(WeightedStyle("watercolor", 0.95), WeightedStyle("oil painting", 0.05)))
    notes = notes_of_all({"50 %": strange, "5 %": little})
    assert len(notes) == 2 and notes[0].startswith("Read as letters")
    assert notes[1].startswith('5 %: of 4 steps none goes to "oil painting"')


def test_a_negative_prompt_without_guidance_is_told():
    request = replace(REQUEST, negative_prompt="snow", guidance_scale=1.0)
    assert notes_of(request) == ("Without guidance (1 and below) the negative prompt does nothing.",)
