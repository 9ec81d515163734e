"""Every method of blending says what it does, and a new one is a class and a line."""

import numpy as np
import pytest

from tests.tiny import tiny_model
from tools.blend.methods import DEFAULT_METHOD, METHODS, STYLE_METHODS, BlendMethod, described_methods
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.blend.results import blend

PHOTO, ILLUSTRATION = "photographic style", "digital illustration"


def request(method, *weights, **changes):
    styles = tuple(WeightedStyle(text, weight) for text, weight in zip((PHOTO, ILLUSTRATION), weights, strict=True))
    return BlendRequest("a red house", styles, method, **{"num_inference_steps": 4, "guidance_scale": 5.0, **changes})


def pixels(request):
    return np.asarray(blend(request, tiny_model(), trace=False).images[0], dtype=int)


@pytest.mark.parametrize("name", METHODS)
def test_each_method_says_what_is_asked_what_weights_mean_and_its_limits(name):
    method = METHODS[name]
    assert method.name == name and method.label.split(":")[0].lower() == name
    assert method.limits.endswith(".") and method.weights and f"{name} ({method.asks})" in described_methods()
    rulers = method.rulers((0.25, 0.75), 8)
    shares = [method.branch_shares((0.25, 0.75), step, 8) for step in range(8)]
    assert all(sum(row) == pytest.approx(1) for row in shares)
    assert rulers is None or [row.index(1.0) for row in shares] == list(rulers)


def test_the_default_is_one_of_them():
    assert DEFAULT_METHOD in STYLE_METHODS and set(METHODS) - set(STYLE_METHODS) == {"reference"}


@pytest.mark.parametrize("method", STYLE_METHODS)
@pytest.mark.parametrize("weights", [(0.0, 1.0), (1.0, 0.0)])
def test_a_weight_of_zero_equals_the_other_style_alone_whichever_comes_first(method, weights):
    alone = BlendRequest(
        "a red house",
        (WeightedStyle(ILLUSTRATION if weights[1] else PHOTO),),
        method,
        num_inference_steps=4,
        guidance_scale=5.0,
    )
    np.testing.assert_array_equal(pixels(request(method, *weights)), pixels(alone))


@pytest.mark.parametrize("method", ["schedule", "alternate"])
def test_the_order_counts_where_styles_take_turns_and_is_told(method):
    forth = blend(request(method, 1.0, 1.0), tiny_model())
    styles = tuple(reversed(forth.request.styles))
    back = blend(BlendRequest("a red house", styles, method, 4, 5.0), tiny_model())
    assert forth.record["pixels_sha256"] != back.record["pixels_sha256"]
    first = [result.measurements["images"][0]["styles"][0] for result in (forth, back)]
    assert first == [PHOTO, ILLUSTRATION]
    assert all(result.measurements["images"][0]["ruling_style_by_step"][0] == 0 for result in (forth, back))


class Strongest(BlendMethod):
    name = "strongest"
    label = "Strongest: the style with the largest share alone"
    asks = "the prompt of the style with the largest share"
    weights = "only which is the largest counts"
    limits = "It blends nothing."

    def branches(self, prompts, styles, shares):
        return (prompts.encode((styles[shares.index(max(shares))],)),)


def test_a_new_method_is_a_class_and_a_line(monkeypatch):
    monkeypatch.setitem(METHODS, Strongest.name, Strongest())
    np.testing.assert_array_equal(pixels(request("strongest", 0.4, 0.6)), pixels(request("composable", 0.0, 1.0)))
