"""The picture at each step: what stands in a sheet, and how a large model's is mapped."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.tiny import SIZE_PX, tiny_model
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.blend.results import blend, save
from tools.models import ImageModel, load_image_model
from tools.trace.steps import MAX_COLUMNS, MAX_FRAMES, MAX_SHEETS, MAX_SIZE_PX, file_of

STYLES = (WeightedStyle("photographic style", 1.0), WeightedStyle("digital illustration", 3.0))
REQUEST = BlendRequest("a red house", STYLES, num_inference_steps=12, guidance_scale=5.0)


def frames_of(result, number=0):
    """The frames of an image's sheet."""
    layout, sheet = result.measurements["steps"], result.beside[file_of(number)]
    width, height, columns = layout["size_px"], layout["height_px"], layout["columns"]
    boxes = [
        (x * width, y * height, (x + 1) * width, (y + 1) * height)
        for y, x in (divmod(frame, columns) for frame in range(len(layout["timesteps"])))
    ]
    return [np.asarray(sheet.crop(box), dtype=int) for box in boxes]


def test_a_sheet_holds_each_step_and_ends_with_the_picture(tmp_path):
    result = blend([REQUEST, replace(REQUEST, seed=1)], tiny_model(), trace=("steps",))
    layout = result.measurements["steps"]
    assert layout["timesteps"] == result.measurements["timesteps"] and layout["steps"] == list(range(12))
    assert (layout["columns"], layout["size_px"], layout["height_px"]) == (MAX_COLUMNS, SIZE_PX, SIZE_PX)
    for number, image in enumerate(result.images):
        frames = frames_of(result, number)
        away = [np.abs(frame - np.asarray(image, dtype=int)).mean() for frame in frames]
        assert away[-1] < 4 and away[0] > 2 * away[-1], away  # bfloat16 where the CPU has it, and the last step's noise
    save(result, tmp_path, ["image.png", "other.png"])
    assert json.loads((tmp_path / "steps.json").read_text()) == layout
    assert layout["files"] == ["steps.png", "steps-1.png"]
    assert all(Image.open(tmp_path / name).size == (10 * SIZE_PX, 2 * SIZE_PX) for name in layout["files"])


def test_steps_are_kept_only_where_they_are_asked_for_and_change_no_pixel(tmp_path):
    plain, watched = (blend(REQUEST, tiny_model(), trace=trace) for trace in (True, ("steps",)))
    assert "steps" not in plain.measurements and plain.beside == {}
    assert plain.record["pixels_sha256"] == watched.record["pixels_sha256"]


def test_of_a_long_render_steps_evenly_apart_are_kept_and_the_last():
    long = blend(replace(REQUEST, num_inference_steps=MAX_FRAMES + 13), tiny_model(), trace=("steps",))
    kept = long.measurements["steps"]["steps"]
    assert len(kept) == len(set(kept)) == MAX_FRAMES and kept == sorted(kept) and kept[-1] == MAX_FRAMES + 12


def test_a_large_models_steps_are_mapped_to_the_colours_of_the_picture(monkeypatch):
    monkeypatch.setattr(ImageModel, "is_large", True)
    result = blend(REQUEST, tiny_model(), trace=("steps",))
    small = result.images[0].resize((8, 8), Image.Resampling.BOX).resize((SIZE_PX, SIZE_PX), Image.Resampling.BICUBIC)
    last = frames_of(result)[-1]
    assert np.corrcoef(last.flatten(), np.asarray(small).flatten())[0, 1] > 0.5
    assert np.abs(last.mean((0, 1)) - np.asarray(small).mean((0, 1))).max() < 6


@pytest.mark.parametrize(
    ("width_px", "height_px", "frame"), [(96, 64, (96, 64)), (256, 64, (128, 32)), (192, 128, (128, 85))]
)
def test_frames_have_the_pictures_shape(width_px, height_px, frame):
    request = replace(REQUEST, num_inference_steps=2, width_px=width_px, height_px=height_px)
    result = blend(request, tiny_model(), trace=("steps",))
    assert (result.measurements["steps"]["size_px"], result.measurements["steps"]["height_px"]) == frame
    assert result.beside["steps.png"].size == (2 * frame[0], frame[1])


def test_a_withheld_picture_has_no_sheet(monkeypatch):
    model = tiny_model()
    checked = model.pipeline.run_safety_checker
    monkeypatch.setattr(
        model.pipeline, "run_safety_checker", lambda image, *rest: (checked(image, *rest)[0], [True] * len(image))
    )
    result = blend(REQUEST, model, trace=("steps",))
    assert result.measurements["steps"]["files"] == [None] and result.beside == {}


def test_a_large_batch_has_sheets_of_its_first_images_alone():
    requests = [replace(REQUEST, num_inference_steps=1, seed=seed) for seed in range(MAX_SHEETS + 2)]
    assert len(blend(requests, tiny_model(), trace=("steps",)).beside) == MAX_SHEETS


def test_frames_of_a_larger_picture_are_what_its_decoder_would_have_made_small():
    model = load_image_model("embedded")
    request = BlendRequest("a red house in a meadow", STYLES, num_inference_steps=6, guidance_scale=5.0)
    result = blend(request, model, trace=("steps",))
    frames = frames_of(result)
    finished = np.asarray(result.images[0].resize((MAX_SIZE_PX, MAX_SIZE_PX), Image.Resampling.BOX), dtype=int)
    assert result.images[0].width == 2 * MAX_SIZE_PX and frames[0].shape == finished.shape
    assert np.abs(frames[-1] - finished).mean() < 5 < np.abs(frames[0] - finished).mean()
