"""The figures of a run, from what a real (tiny) traced blend measures."""

from __future__ import annotations

import pytest

from app.ui.figures import figures_of
from app.ui.heat_maps import colour_bar, heat_maps
from tests.tiny import tiny_model
from tools.blend.methods import STYLE_METHODS as METHODS
from tools.blend.results import BlendRequest, WeightedStyle, blend, save


def render(method):
    styles = (WeightedStyle("watercolor", 0.5), WeightedStyle("pencil sketch", 0.5))
    return blend(BlendRequest("a red house", styles, method, num_inference_steps=3), tiny_model())


@pytest.mark.parametrize("method", METHODS)
def test_every_figure_of_every_method_can_be_drawn_and_says_its_limits(method):
    figures = figures_of(render(method).measurements)
    assert len(figures) >= 2
    for figure in figures:
        assert figure.chart.to_dict()["data"]
        assert figure.shows.endswith(".") and figure.does_not_show.endswith(".")
    assert len({figure.title for figure in figures}) == len(figures)


def test_heat_maps_share_one_scale_and_lie_over_the_image(tmp_path):
    result = render("composable")
    save(result, tmp_path)
    maps = heat_maps(tmp_path, result.measurements)
    assert [found.phrase for found in maps] == ["subject", "watercolor", "pencil sketch"]
    assert len({found.peak_share for found in maps}) == 1
    assert all(found.overlay.size == colour_bar().size[:1] * 2 for found in maps)


def test_a_run_that_was_not_traced_has_no_figures(tmp_path):
    assert figures_of({}) == []
    assert heat_maps(tmp_path, {"images": [{"styles": []}]}) == []
