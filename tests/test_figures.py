"""Figures as data, drawn: of every experiment, and of each kind with what was not measured left out."""

from __future__ import annotations

import json

import pytest

from app.ui.figures import chart_of
from tests.tiny import tiny_model
from tools.experiments.experiments import EXPERIMENTS, run_experiment
from tools.trace.facts import Figure, Mark

GIVEN = {"styles": [{"text": "watercolor"}, {"text": "pencil sketch"}], "subject": "a red house", "steps": 2}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_figure_of_every_experiment_can_be_drawn(name):
    for figure in run_experiment(name, GIVEN, tiny_model()).findings.figures:
        drawn = json.dumps(chart_of(json.loads(json.dumps(figure.to_json()))).to_dict())
        assert all(json.dumps(column)[1:-1] in drawn for column in figure.names)


@pytest.mark.parametrize("kind, along", [("lines", (0.0, 1.0)), ("bars", ("x", "y")), ("table", ("x", "y"))])
def test_what_was_not_measured_is_not_drawn(kind, along):
    marks = (Mark(0.2, 0.4, "jump"),) if kind == "lines" else ()
    figure = Figure("f", "A figure", kind, along, "along", ("a", "b"), ((0.25, None), (None, 0.75)), "share",
                    "a share.", "the rest.", percent=True, marks=marks)  # fmt: skip
    chart = chart_of(figure.to_json()).to_dict()
    values = [row.get("value") for data in chart["datasets"].values() for row in data if "of" in row]
    assert sorted(value for value in values if value is not None) == [0.25, 0.75]
    assert ("jump" in json.dumps(chart)) == bool(marks)
