"""What is told of two runs that stand side by side."""

from __future__ import annotations

import pytest

from app.ui.comparison import changes, summary
from tests.tiny import tiny_model
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.blend.results import blend

REQUEST = BlendRequest(
    "a loaf", (WeightedStyle("watercolor", 1), WeightedStyle("pencil sketch", 3)), num_inference_steps=2
)


def run_of(**changed):
    return {"record": blend(BlendRequest(**{**vars(REQUEST), **changed}), tiny_model()).record, "folder": ""}


def test_only_what_differs_is_told():
    assert changes(run_of(), run_of()) == {}
    assert changes(run_of(), run_of(seed=7, num_inference_steps=3)) == {"steps": ("2", "3"), "seed": ("0", "7")}


@pytest.mark.parametrize(
    "changed, told",
    [
        ({"subject": "two loaves"}, {"subject": ("a loaf", "two loaves")}),
        ({"method": "prompt"}, {"method": ("composable", "prompt")}),
        ({"styles": REQUEST.styles[:1]}, {"styles": ("25% watercolor + 75% pencil sketch", "100% watercolor")}),
        ({"negative_prompt": "crumbs"}, {"negative prompt": ("", "crumbs")}),
    ],
)
def test_each_part_of_a_request_is_told_in_words(changed, told):
    assert changes(run_of(), run_of(**changed)) == told


def test_an_experiment_beside_a_render_is_named():
    experiment = {**run_of(), "experiment": "flip"}
    assert changes(run_of(), experiment) == {"experiment": ("", "flip")}
    assert summary(experiment) == "flip, a loaf, 25% watercolor + 75% pencil sketch, composable"
