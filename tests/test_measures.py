"""The laws of every measure: it is described, its facts name figures in a field, a new one is a class and a line."""

from dataclasses import replace

import pytest
import torch

import tools.trace.measures
import tools.trace.run
from tests.tiny import tiny_model
from tools.blend.methods import STYLE_METHODS as METHODS
from tools.blend.references import Reference
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.blend.results import blend
from tools.blend.style_prompting import StylePrompting
from tools.experiments.explained import explain
from tools.trace.facts import Fact
from tools.trace.measure import Measure
from tools.trace.measures import MEASURES, SCHEMA, facts_of, figures_of

STYLES = (WeightedStyle("photographic style", 1.0), WeightedStyle("digital illustration", 3.0))
REQUEST = BlendRequest("a red house", STYLES, num_inference_steps=4)
REFERENCE = BlendRequest(
    "a red house", (), "reference", num_inference_steps=2, references=(Reference("a blue house, pixel art"),)
)


def measured(method):
    if method == "reference":
        return explain(REFERENCE, tiny_model(), prompting=StylePrompting(compare=True)).measurements
    return explain(replace(REQUEST, method=method), tiny_model()).measurements


def standing_at(measurements, place):
    """What stands at a place of measurements.json, below the first image or at the top."""
    for whole in (measurements["images"][0], measurements):
        for part in place.split("."):
            whole = whole.get(part) if isinstance(whole, dict) else None
        if whole is not None:
            return whole
    return None


@pytest.mark.parametrize("method", [*METHODS, "reference"])
def test_facts_and_figures_come_of_what_was_measured(method):
    found = measured(method)
    facts, figures = facts_of(found), figures_of(found)
    assert facts and len({figure.id for figure in figures}) == len(figures) >= 2
    for fact in facts:
        assert standing_at(found, fact.figure) is not None, f"{fact.figure}: nothing stands there"
        assert f"({fact.figure}" not in fact.text and "measurements.json" not in fact.text and fact.text.endswith(".")
    for figure in figures:
        assert standing_at(found, figure.id) is not None
        assert figure.shows.endswith(".") and figure.does_not_show.endswith(".")
        assert figure.to_json()["rows"]
    assert {fact.figure for fact in facts} - {figure.id for figure in figures} <= {"parameters", "reference.without"}


def test_nothing_traced_says_nothing():
    assert facts_of({"images": [{"styles": []}]}) == () == figures_of({"images": []})


def test_no_two_measures_describe_the_same_place():
    places = [place for measure in MEASURES for place in measure.schema]
    assert len(places) == len(set(places)) and set(places) <= set(SCHEMA)


class Loudness(Measure):
    """How large the noise prediction is, as an example of a measure."""

    name = "loudness"
    schema = {"images.loudness": "(steps) root mean square of the conditional prediction"}  # noqa: RUF012

    def __init__(self, watched):
        super().__init__(watched)
        self.found = []

    def observe(self, step):
        self.found.append(step.predicted.float().pow(2).mean((1, 2, 3)).sqrt())

    def of_image(self, item):
        return {"loudness": torch.stack(self.found)[:, item].tolist()}, {}

    @classmethod
    def facts(cls, measurements):
        loud = measurements["images"][0]["loudness"]
        yield Fact("loudness", f"The prediction begins at {loud[0]:.2f}.", "loudness", {"first": loud[0]})


@pytest.mark.parametrize("always", [True, False])
def test_a_new_measure_is_a_class_and_a_line(monkeypatch, always):
    monkeypatch.setattr(Loudness, "always", always)
    for module in (tools.trace.measures, tools.trace.run):
        monkeypatch.setattr(module, "MEASURES", (*MEASURES, Loudness))
    for also, wanted in ((("loudness",), True), ((), always)):
        found = blend(REQUEST, tiny_model(), trace=also or True).measurements
        assert ("loudness" in found["images"][0]) == wanted
        if wanted:
            assert len(found["images"][0]["loudness"]) == 4
            assert facts_of(found)[-1].numbers["first"] == found["images"][0]["loudness"][0] > 0


def test_a_style_that_rules_no_step_is_told():
    request = replace(
        REQUEST, method="schedule", styles=(replace(STYLES[0], weight=19.0), replace(STYLES[1], weight=1.0))
    )
    facts = facts_of(blend(request, tiny_model()).measurements)
    said = [fact.text for fact in facts if fact.topic == "rulers"]
    assert said == [
        'Steps ruled: "photographic style" 1 to 4, of 4. None went to "digital illustration": this is the picture '
        "without it."
    ]


def test_that_a_negative_prompt_is_not_traced_is_told():
    without = facts_of(blend(REQUEST, tiny_model()).measurements)
    assert not any("negative" in fact.text for fact in without)
    facts = facts_of(blend(replace(REQUEST, negative_prompt="snow"), tiny_model()).measurements)
    assert any("where the negative prompt acted is not measured" in fact.text for fact in facts)


def test_that_a_references_own_attention_is_not_measured_is_told():
    assert any("in the reference itself is not measured" in fact.text for fact in facts_of(measured("reference")))


@pytest.mark.parametrize(("correlation", "told"), [(0.95, True), (0.5, False), (None, False)])
def test_alike_heat_maps_are_told(correlation, told):
    found = blend(REQUEST, tiny_model()).measurements
    attention = found["images"][0]["attention"]
    attention["map_correlation"] = [correlation, 0.1, None]
    said = [fact.text for fact in facts_of(found) if fact.topic == "maps"]
    assert len(said) == told and all("has no place of its own" in text for text in said)


def test_heat_maps_are_correlated_over_the_picture():
    result = blend(REQUEST, tiny_model())
    attention, maps = result.measurements["images"][0]["attention"], result.arrays["heat_maps_0"]
    assert attention["map_pairs"] == [[0, 1], [0, 2], [1, 2]]
    for (a, b), value in zip(attention["map_pairs"], attention["map_correlation"], strict=True):
        expected = torch.corrcoef(torch.tensor(maps[[a, b]]).flatten(1))[0, 1]
        assert value == pytest.approx(float(expected), abs=1e-4)
    assert attention["tokens"][0] == ["a</w>", "red</w>", "house</w>"] and attention["tokens"][-1] == []


def test_a_swap_without_effect_is_told():
    found = measured("reference")
    assert not any("did nothing" in fact.text for fact in facts_of(found))
    found["reference"]["moved"][0] = 0.0
    (said,) = [fact.text for fact in facts_of(found) if "did nothing" in fact.text]
    assert "it is not in effect there" in said
