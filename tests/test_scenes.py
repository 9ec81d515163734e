import re

import numpy as np
import pytest
from PIL import Image

from tests.evals.likeness import highest_octave
from tools.studio.buffers import SECOND_PART, build_buffers
from tools.studio.captions import DRAWN_PHRASES, LEARNED_PHRASES, caption, phrases_of
from tools.studio.geometry import SUPERSAMPLE
from tools.studio.judges import at_judged_size, judge
from tools.studio.scenes import PICTURE_PX, SIZE_PX, Scene, draw, draw_styles, sample_scene
from tools.studio.vocabulary import DRAWN, LEARNED, Vocabulary, trained_vocabulary
from tools.vocabulary import words_not_taught

STYLES = DRAWN.styles
FIRST = Vocabulary(
    ("photographic style", "digital illustration", "watercolor", "pencil sketch", "pixel art", "oil painting"),
    ("ball", "cube", "house", "tree", "pine", "boat", "mountain", "mushroom", "mug", "car", "cat", "rocket"),
    ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black"),
    ("meadow", "snow", "beach", "sunset", "night", "desert"),
)
"""What was drawn first: its scenes and drawings stay, since weights and measurements hang on them."""
FIRST_DRAWINGS = {
    (Scene(7, "cat", "orange", "beach"), 128): (
        "a4a7afa3ab84baaea88ca7b1a69aaca7 c6a9c7c49e59a5aba17481bbbb9fb9bf e0d2d5ddbf8dc1cac59db0d8dbc6d7e0 "
        "e8d9ebe9bf93c6cfd8a7b0efedd1eaf0 b699b9b593689ba68d8a70aba68ca4ab c0b1bfbeaa78acaca782a4bab1a1b5bd"
    ),
    (Scene(8, "rocket", "blue", "night"), 256): (
        "2b43416f3b7d3f3b363b36382f333330 2d3932603e5d3d3e3740353937373737 a39f92c4959375909669638ba88b9aaa "
        "7f7c85a191838d9185787f8f8f8f8f8f 2d3d325b3c7c393c304130312c2c2c2c 2f46427a3f7a3e3f383c363837373838"
    ),
    (Scene(9, "house", "green", "snow"), 128): (
        "b2bdbab8d2938fd2ce5a6bd6cbbdbbc9 c7c6c1cfe07f77e0da4350eaeac1bfe8 dfd9d6e3e79b94e9e6727bebedd6cfeb "
        "e3e3dee3e9a9a3e7e78f94f2ecd1d1f2 bfbebbc8d2766fd4cb3f4fd8ddaba8da c3c0c0cddc8b8bdcd55564dfdfc3c0e0"
    ),
    (Scene(12, "mug", "red", "sunset"), 256): (
        "939d76737d73747567485a604841494a 919c7a916c585a6c68464b5c584b5159 ccc5babaa28386aaa9656ba1ba9297bc "
        "d0cdbbbdb99999b4b88c85a4a38f91a3 8893738964505364604148534e44464f a9aa818e7667677069465766594a535b"
    ),
}
"""Mean greys of 4 x 4 squares, style by style: a processor may round a pixel otherwise, no more."""


def test_there_is_enough_to_draw():
    assert len(DRAWN.objects) >= 22 and len(DRAWN.colours) >= 12
    assert len(DRAWN.settings) >= 10 and len(DRAWN.styles) >= 10
    for kind in ("styles", "objects", "colours", "settings"):
        first, drawn = getattr(FIRST, kind), getattr(DRAWN, kind)
        assert drawn[: len(first)] == first, "what is new is appended"
        assert set(getattr(LEARNED, kind)) <= set(drawn)


def test_what_is_learned_is_what_the_shipped_weights_say_of_themselves(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "training.json").write_text(
        '{"styles": ["watercolor"], "objects": ["cat", "mug"], "colours": ["red"], "settings": ["snow"]}'
    )
    assert trained_vocabulary(folder) == Vocabulary(("watercolor",), ("cat", "mug"), ("red",), ("snow",), pairs=0.0)
    assert LEARNED.pairs == 0 and all(sample_scene(seed).beside is None for seed in range(60))
    for table in (LEARNED_PHRASES.styles, LEARNED_PHRASES.objects, LEARNED_PHRASES.colours, LEARNED_PHRASES.settings):
        said = [phrase for phrases in table.values() for phrase in phrases]
        assert words_not_taught("embedded", said) == (), "a word that the weights do not know is not claimed"


def test_what_was_drawn_first_is_drawn_the_same():
    scenes = [sample_scene(seed, FIRST) for seed in (0, 1, 2, 345)]
    assert scenes == [
        Scene(0, "house", "green", "beach"),
        Scene(1, "car", "orange", "beach"),
        Scene(2, "mushroom", "purple", "sunset"),
        Scene(345, "tree", "purple", "beach"),
    ]
    for (scene, size_px), greys in FIRST_DRAWINGS.items():
        side = size_px // 4
        squares = draw_styles(scene, size_px, FIRST.styles).reshape(6, 4, side, 4, side, 3).mean((2, 4, 5))
        wanted = [list(bytes.fromhex(each)) for each in greys.split()]
        assert np.abs(squares.reshape(6, 16) - wanted).max() < 1.5, scene


def test_a_scene_is_drawn_the_same_again_and_alone_as_among_all_styles():
    scene = sample_scene(4)
    together = draw_styles(scene, styles=STYLES)
    assert together.shape == (len(STYLES), SIZE_PX, SIZE_PX, 3) and together.dtype == np.uint8
    assert (together == draw_styles(scene, styles=STYLES)).all()
    assert all((together[n] == draw(scene, style)).all() for n, style in enumerate(STYLES))
    assert (draw_styles(scene) == together[[STYLES.index(style) for style in LEARNED.styles]]).all()
    with pytest.raises(KeyError):
        draw(scene, "gouache")


@pytest.mark.parametrize("name", DRAWN.objects)
def test_every_object_is_in_the_frame_and_large_enough(name):
    buffers = build_buffers(Scene(11, name, "red", "meadow"), 128)
    assert 0.05 < buffers.object.mean() < 0.5
    assert not buffers.object[0].any(), "cut off at the top"
    assert buffers.object[-1].mean() < 0.5, "only the foot of a wide object may reach the frame"
    normals = np.linalg.norm(buffers.normal[buffers.object], axis=-1)
    assert np.allclose(normals, 1, atol=1e-3)


@pytest.mark.parametrize("setting", DRAWN.settings)
def test_settings_differ_where_the_object_is_not(setting):
    size = SIZE_PX * SUPERSAMPLE // 2
    here = build_buffers(Scene(3, "ball", "red", setting), size)
    others = [build_buffers(Scene(3, "ball", "red", s), size) for s in DRAWN.settings if s != setting]
    assert all(np.abs(here.albedo - other.albedo)[~here.object].mean() > 0.04 for other in others)
    assert all((here.object == other.object).all() for other in others), "one geometry in every setting"


def test_the_object_takes_its_colour():
    buffers = {c: build_buffers(Scene(5, "ball", c, "beach"), 64) for c in ("red", "blue")}
    red, blue = (buffers[c].albedo[buffers[c].object].mean(0) for c in ("red", "blue"))
    assert red[0] > 0.6 > red[2] and blue[2] > 0.6 > blue[0]


def test_styles_look_unlike_each_other():
    images = draw_styles(sample_scene(8, FIRST), styles=STYLES).astype(float)
    for i in range(len(STYLES)):
        for j in range(i):
            assert np.abs(images[i] - images[j]).mean() > 6


def test_sketch_and_charcoal_have_no_colour_and_pixel_art_has_blocks():
    images = draw_styles(Scene(2, "car", "red", "sunset"), styles=STYLES).astype(float)
    for style in ("pencil sketch", "charcoal"):
        drawn = images[STYLES.index(style)]
        assert (drawn.max(-1) - drawn.min(-1)).max() < 32
    blocks = images[STYLES.index("pixel art")].reshape(32, 4, 32, 4, 3)[:, :3, :, :3]
    assert np.abs(blocks - blocks[:, :1, :, :1]).max() == 0


def test_a_larger_drawing_shows_the_same_scene_in_the_same_style():
    scenes = [*(sample_scene(seed, FIRST) for seed in range(3)), sample_scene(7, DRAWN)]
    large = np.stack([draw_styles(scene, PICTURE_PX, STYLES) for scene in scenes])
    small = np.stack([draw_styles(scene, styles=STYLES) for scene in scenes])
    assert large.shape == (4, len(STYLES), PICTURE_PX, PICTURE_PX, 3)
    seen = at_judged_size(large.reshape(-1, *large.shape[2:])).reshape(small.shape).astype(float)
    apart = np.abs(seen - small).mean((0, 2, 3, 4))
    assert (apart < 14).all(), dict(zip(STYLES, apart, strict=True))
    known = large[:3, : len(FIRST.styles)]
    told = judge(known.reshape(-1, *known.shape[2:]))
    assert (told["style"].argmax(1) == np.tile(np.arange(len(FIRST.styles)), 3)).all()
    objects = [LEARNED.objects[n] for n in told["object"].argmax(1)[:: len(FIRST.styles)]]
    assert objects == [scene.object for scene in scenes[:3]]


def test_a_larger_drawing_is_crisper_than_the_smaller_one_enlarged():
    scene = sample_scene(1, FIRST)
    large, small = draw_styles(scene, PICTURE_PX, STYLES), draw_styles(scene, styles=STYLES)
    enlarged = np.stack([Image.fromarray(x).resize((PICTURE_PX,) * 2, Image.Resampling.BICUBIC) for x in small])
    for style, one, other in zip(STYLES, large, enlarged, strict=True):
        assert highest_octave(one[None]) > 1.3 * highest_octave(other[None]), style


@pytest.mark.parametrize(
    "thing, other", [("cat", "mug"), ("car", "mountain"), ("lighthouse", "star"), ("fish", "train")]
)
def test_two_things_stand_beside_each_other_wholly_in_view(thing, other):
    for seed in range(4):
        buffers = build_buffers(Scene(seed, thing, "red", "beach", other, "blue"), 96)
        first, second = (buffers.part >= 0) & (buffers.part < SECOND_PART), buffers.part >= SECOND_PART
        assert (buffers.object == first | second).all()
        assert first.mean() > 0.02 and second.mean() > 0.02
        assert not any(buffers.object[edge].any() for edge in (0, -1, (slice(None), 0), (slice(None), -1)))
        columns = np.flatnonzero(first.any(0)), np.flatnonzero(second.any(0))
        assert columns[0].max() - columns[1].min() < 8, "the first is on the left"


def test_each_of_two_things_casts_its_shadow():
    shadows = [
        build_buffers(Scene(2, "cat", "red", "beach", other, "blue"), 96).shadow > 0 for other in ("mug", "lighthouse")
    ]
    alike = shadows[0] & shadows[1]
    assert alike[:, :60].any(), "the first thing's shadow is on the ground in both"
    assert (shadows[0] != shadows[1])[:, 60:].any(), "the second thing's is its own"


def test_a_part_of_the_scenes_holds_two_different_things():
    scenes = [sample_scene(seed, DRAWN) for seed in range(600)]
    two = [scene for scene in scenes if scene.beside]
    assert 0.25 < len(two) / len(scenes) < 0.35
    assert all(scene.beside != scene.object for scene in two)
    assert 0.8 < np.mean([scene.beside_colour != scene.colour for scene in two]) < 1
    assert {scene.object for scene in scenes} == set(DRAWN.objects)


def test_no_caption_names_two_styles_and_every_word_is_known():
    rng = np.random.default_rng(0)
    known = set(DRAWN_PHRASES.words())
    for seed in range(800):
        scene, style = sample_scene(seed, DRAWN), STYLES[seed % len(STYLES)]
        text = caption(scene, style, rng)
        named = {
            name
            for name, phrases in DRAWN_PHRASES.styles.items()
            for phrase in phrases
            if re.search(rf"\b{re.escape(phrase)}\b", text)
        }
        assert named <= {style}
        assert set(re.findall(r"[a-z]+|[0-9]|[-,']", text)) <= known
        assert text == text.strip(" ,").lower() and "  " not in text and len(text.split()) < 60
    assert len(known) > 300


def test_no_two_things_share_a_name():
    for table in (DRAWN_PHRASES.styles, DRAWN_PHRASES.objects, DRAWN_PHRASES.colours, DRAWN_PHRASES.settings):
        names = [phrase for phrases in table.values() for phrase in set(phrases)]
        assert len(names) == len(set(names))


def test_captions_leave_things_out_now_and_then():
    rng = np.random.default_rng(1)
    scene = Scene(0, "cat", "blue", "snow")
    texts = [caption(scene, "watercolor", rng) for _ in range(800)]
    for low, high, phrases in (
        (0.05, 0.22, DRAWN_PHRASES.colours["blue"]),
        (0.05, 0.22, DRAWN_PHRASES.settings["snow"]),
        (0.01, 0.09, DRAWN_PHRASES.styles["watercolor"]),
        (0.01, 0.09, DRAWN_PHRASES.objects["cat"]),
    ):
        assert low < np.mean([not any(phrase in text for phrase in phrases) for text in texts]) < high


def test_a_caption_of_two_things_names_both_and_their_colours():
    rng = np.random.default_rng(2)
    scene = Scene(0, "cat", "red", "snow", "mug", "blue")
    texts = [caption(scene, "watercolor", rng) for _ in range(300)]
    for name in ("cat", "mug"):
        assert all(any(phrase in text for phrase in DRAWN_PHRASES.objects[name]) for text in texts)
    assert any(re.search(r"\bred cat (beside|next to|and) (a|the) blue mug", text) for text in texts)
    assert 0.6 < np.mean([any(way in text for way in DRAWN_PHRASES.colours["blue"]) for text in texts]) < 0.95


def test_a_model_is_asked_with_words_that_it_knows():
    rng = np.random.default_rng(3)
    phrases = phrases_of(FIRST, {f"{word}</w>" for word in ("cat", "red", "in", "snow", "the", "of", "style")})
    texts = [caption(Scene(0, "cat", "red", "snow"), "watercolor", rng, phrases) for _ in range(100)]
    assert phrases.objects["cat"] == ("cat", "cat") and phrases.settings["snow"] == ("in the snow", "in snow")
    assert {word for text in texts for word in re.findall(r"[a-z]{2,}", text)} <= {
        "an", "as", "cat", "in", "of", "red", "snow", "style", "the", "thing", "watercolor",
    }  # fmt: skip
