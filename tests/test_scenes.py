import re

import numpy as np
import pytest
from PIL import Image

from tests.evals.likeness import highest_octave
from tools.studio.buffers import build_buffers
from tools.studio.captions import STYLE_PHRASES
from tools.studio.geometry import SUPERSAMPLE
from tools.studio.judges import at_judged_size, judge
from tools.studio.scenes import (
    COLOURS,
    OBJECTS,
    PICTURE_PX,
    SETTINGS,
    SIZE_PX,
    STYLES,
    Scene,
    caption,
    draw,
    draw_styles,
    sample_scene,
    vocabulary,
)


def test_there_is_enough_to_draw():
    assert len(OBJECTS) >= 10 and len(COLOURS) >= 9 and len(SETTINGS) >= 6 and len(STYLES) >= 6
    assert STYLES[:2] == ("photographic style", "digital illustration")


def test_a_scene_is_drawn_the_same_again_and_alone_as_among_all_styles():
    scene = sample_scene(4)
    together = draw_styles(scene)
    assert together.shape == (len(STYLES), SIZE_PX, SIZE_PX, 3) and together.dtype == np.uint8
    assert (together == draw_styles(scene)).all()
    assert (together[2] == draw(scene, STYLES[2])).all()


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_is_in_the_frame_and_large_enough(name):
    buffers = build_buffers(Scene(11, name, "red", "meadow"), 128)
    assert 0.05 < buffers.object.mean() < 0.5
    assert not buffers.object[0].any(), "cut off at the top"
    assert buffers.object[-1].mean() < 0.5, "only the foot of a wide object may reach the frame"
    normals = np.linalg.norm(buffers.normal[buffers.object], axis=-1)
    assert np.allclose(normals, 1, atol=1e-3)


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_differ_where_the_object_is_not(setting):
    size = SIZE_PX * SUPERSAMPLE
    here = build_buffers(Scene(3, "ball", "red", setting), size)
    others = [build_buffers(Scene(3, "ball", "red", s), size) for s in SETTINGS if s != setting]
    assert all(np.abs(here.albedo - other.albedo)[~here.object].mean() > 0.04 for other in others)
    assert all((here.object == other.object).all() for other in others), "one geometry in every setting"


def test_the_object_takes_its_colour():
    buffers = {c: build_buffers(Scene(5, "ball", c, "beach"), 64) for c in ("red", "blue")}
    red, blue = (buffers[c].albedo[buffers[c].object].mean(0) for c in ("red", "blue"))
    assert red[0] > 0.6 > red[2] and blue[2] > 0.6 > blue[0]


def test_styles_look_unlike_each_other():
    images = draw_styles(sample_scene(8)).astype(float)
    for i in range(len(STYLES)):
        for j in range(i):
            assert np.abs(images[i] - images[j]).mean() > 6


def test_a_pencil_sketch_has_no_colour_and_pixel_art_has_blocks():
    images = draw_styles(Scene(2, "car", "red", "sunset")).astype(float)
    sketch = images[STYLES.index("pencil sketch")]
    assert (sketch.max(-1) - sketch.min(-1)).max() < 32
    blocks = images[STYLES.index("pixel art")].reshape(32, 4, 32, 4, 3)[:, :3, :, :3]
    assert np.abs(blocks - blocks[:, :1, :, :1]).max() == 0


def test_a_larger_drawing_shows_the_same_scene_in_the_same_style():
    scenes = [sample_scene(seed) for seed in range(4)]
    large = np.stack([draw_styles(scene, PICTURE_PX) for scene in scenes])
    small = np.stack([draw_styles(scene) for scene in scenes])
    assert large.shape == (4, len(STYLES), PICTURE_PX, PICTURE_PX, 3)
    seen = at_judged_size(large.reshape(-1, *large.shape[2:])).reshape(small.shape).astype(float)
    apart = np.abs(seen - small).mean((0, 2, 3, 4))
    assert (apart < 14).all(), dict(zip(STYLES, apart, strict=True))
    told = judge(large.reshape(-1, *large.shape[2:]))
    assert (told["style"].argmax(1) == np.tile(np.arange(len(STYLES)), len(scenes))).all()
    assert [OBJECTS[n] for n in told["object"].argmax(1)[:: len(STYLES)]] == [scene.object for scene in scenes]


def test_a_larger_drawing_is_crisper_than_the_smaller_one_enlarged():
    scene = sample_scene(1)
    large, small = draw_styles(scene, PICTURE_PX), draw_styles(scene)
    enlarged = np.stack([Image.fromarray(x).resize((PICTURE_PX,) * 2, Image.Resampling.BICUBIC) for x in small])
    for style, one, other in zip(STYLES, large, enlarged, strict=True):
        assert highest_octave(one[None]) > 1.3 * highest_octave(other[None]), style


def test_no_caption_names_two_styles_and_every_word_is_known():
    rng = np.random.default_rng(0)
    known = set(vocabulary())
    for seed in range(400):
        scene, style = sample_scene(seed), STYLES[seed % len(STYLES)]
        text = caption(scene, style, rng)
        named = {s for s, phrases in STYLE_PHRASES.items() for p in phrases if re.search(rf"\b{re.escape(p)}\b", text)}
        assert named <= {style}
        assert set(re.findall(r"[a-z]+|[0-9]|-|,", text)) <= known
        assert text == text.strip(" ,").lower() and "  " not in text


def test_captions_leave_things_out_now_and_then():
    rng = np.random.default_rng(1)
    scene = Scene(0, "cat", "blue", "snow")
    texts = [caption(scene, "watercolor", rng) for _ in range(400)]
    assert 0.05 < np.mean(["blue" not in t for t in texts]) < 0.22
    assert 0.05 < np.mean(["snow" not in t for t in texts]) < 0.22
    assert 0.01 < np.mean(["watercol" not in t for t in texts]) < 0.09
