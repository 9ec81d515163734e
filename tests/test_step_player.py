"""What the step player shows of a run, against what a real (tiny) render measured."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from app.ui.step_player import arranged, chips_of, player_data, shares_of, sheet_of
from tests.tiny import tiny_model
from tools.blend.results import BlendRequest, WeightedStyle
from tools.experiments.explained import explain, save_explained


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder and its measurements."""
    folder = tmp_path_factory.mktemp("run")
    styles = (WeightedStyle("watercolor", 0.5), WeightedStyle("pencil sketch", 0.5))
    result = explain(BlendRequest("a red house", styles, num_inference_steps=3), tiny_model())
    save_explained(result, folder)
    return folder, result.measurements


def decoded(url):
    kind, _, data = url.partition(";base64,")
    assert kind.startswith("data:image/")
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_the_blend_stands_between_the_styles_alone(run):
    folder, measurements = run
    data = player_data(folder, measurements, "a red house")
    assert [frame["label"] for frame in data["frames"]] == ["watercolor alone", "your blend", "pencil sketch alone"]
    assert [frame["main"] for frame in data["frames"]] == [False, True, False]
    for frame, name in zip(data["frames"], ("beside-1.png", "image.png", "beside-2.png"), strict=True):
        assert np.array_equal(np.asarray(decoded(frame["picture"])), np.asarray(Image.open(folder / name)))


def test_each_frame_of_a_sheet_is_a_step(run):
    folder, measurements = run
    data = player_data(folder, measurements, "a red house")
    sheet = data["sheet"]
    assert sheet["numbers"] == [1, 2, 3]
    for frame in data["frames"]:
        picture = decoded(frame["sheet"])
        assert picture.width == sheet["columns"] * measurements["steps"]["size_px"]
        assert picture.height * sheet["columns"] >= len(sheet["numbers"]) * measurements["steps"]["height_px"]


def test_the_shares_are_those_of_the_steps_that_are_shown(run):
    _, measurements = run
    image = measurements["images"][0]
    attention = image["attention"]
    shares = shares_of(image, [1, 3])
    assert shares["names"] == ["watercolor", "pencil sketch"]
    column = attention["phrases"].index("pencil sketch")
    assert [row[1] for row in shares["rows"]] == [attention["share_by_step"][step][column] for step in (0, 2)]
    padding = attention["phrases"].index("padding")
    assert shares["padding"] == [attention["share_by_step"][step][padding] for step in (0, 2)]


def test_a_phrase_has_one_scale_in_all_pictures(run):
    folder, measurements = run
    data = player_data(folder, measurements, "a red house")
    assert data["phrases"] == ["subject", "watercolor", "pencil sketch"]
    of_subject = [decoded(frame["maps"]["subject"]) for frame in data["frames"]]
    assert max(np.asarray(heat)[..., 3].max() for heat in of_subject) > 0
    with np.load(folder / "measurements.npz") as kept:
        peak = max(float(kept[f"heat_maps_{place}"][0].max()) for place in range(3))
    assert data["peaks"]["subject"] == pytest.approx(peak, abs=1e-6)
    assert [sorted(frame["maps"]) for frame in data["frames"]] == [
        ["subject", "watercolor"],
        ["pencil sketch", "subject", "watercolor"],
        ["pencil sketch", "subject"],
    ]


def test_tokens_are_words_and_unknown_ones_are_marked():
    attention = {
        "phrases": ["subject", "padding"],
        "share": [0.2, 0.8],
        "tokens": [["a</w>", "gi", "raffe</w>"], []],
    }
    (chips,) = chips_of(attention, ["giraffe"])
    assert chips["words"] == [
        {"pieces": ["a"], "unknown": False, "shares": []},
        {"pieces": ["gi", "raffe"], "unknown": True, "shares": []},
    ]
    (chips,) = chips_of({**attention, "token_share": [[0.01, 0.02, 0.03]]}, ["giraffe"])
    assert [word["shares"] for word in chips["words"]] == [[0.01], [0.02, 0.03]]
    assert chips_of({}, []) == []


def test_a_render_of_one_style_or_without_a_trace_stands_alone(run):
    folder, _ = run
    assert [label for _, (_, label) in arranged({"styles": ["watercolor"]})] == ["your picture"]
    data = player_data(folder, {}, "untraced")
    assert (data["shares"], data["phrases"], data["sheet"]["numbers"]) == (None, [], [1])
    assert sheet_of({"timesteps": [900, 500, 100]})["numbers"] == [1, 2, 3]
