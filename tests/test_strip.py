"""A sweep as one picture: what stands where."""

import numpy as np
import pytest
from PIL import Image, ImageColor

from tools.blend.results import BlendRequest, BlendResult, WeightedStyle
from tools.experiments.flip import sweep_requests
from tools.experiments.strip import FIRST, JUMP, Layout, draw_strip

SIDE_PX = 64


def swept(points, jumps=(), styles=("photographic style", "digital illustration"), traced=True, side_px=SIDE_PX):
    """A sweep's result without a render: pictures of one colour each, and straight curves."""
    request = BlendRequest("a red house", tuple(WeightedStyle(style, 1.0) for style in styles))
    weights = np.linspace(0, 1, points)
    falling, rising = (1 - weights).tolist(), weights.tolist()
    sweep = {
        "weights": rising,
        "styles": list(styles),
        "style_probability": {"by": "the diffusion classifier", "values": list(zip(falling, rising, strict=True))},
        "distance_from_start": rising,
        "distance_from_end": falling,
        "jumps": list(jumps),
        "attention_share": dict(zip(styles, (falling, rising) if traced else (None, None), strict=True)),
    }
    images = tuple(Image.new("RGB", (side_px, side_px), (3 * i, 255 - 3 * i, 77)) for i in range(points))
    return BlendResult(tuple(sweep_requests(request, points)), images, {"sweep": sweep}, {})


def drawn(result):
    return draw_strip(result.requests, result.images, result.measurements["sweep"])


def has_colour(picture, colour):
    return any(found == ImageColor.getrgb(colour) for _, found in picture.getcolors(1 << 24))


@pytest.mark.parametrize(("points", "side_px"), [(2, 64), (9, 128), (33, 64), (2, 512)])
def test_every_picture_stands_unscaled_over_its_weight(points, side_px):
    result = swept(points, side_px=side_px)
    strip, layout = drawn(result), Layout(points, (side_px, side_px))
    for point, image in enumerate(result.images):
        left = round(layout.centre_px(point)) - side_px // 2
        box = (left, layout.images_px, left + side_px, layout.images_px + side_px)
        assert strip.crop(box).tobytes() == image.tobytes()
        below = strip.crop((left, box[3], box[2], layout.panels_px))
        assert below.convert("L").getextrema()[0] < 100  # its weight


def test_a_jump_is_marked_between_its_points_and_nowhere_else():
    layout = Layout(9, (SIDE_PX, SIDE_PX))
    assert not has_colour(drawn(swept(9)), JUMP)
    strip = drawn(swept(9, jumps=[3]))
    for point in range(8):
        middle = layout.centre_px(point + 0.5)
        between = strip.crop((int(middle) - 3, layout.panels_px, int(middle) + 3, strip.height))
        assert has_colour(between, JUMP) == (point == 3)


def test_a_curve_stands_at_its_value_below_its_picture():
    strip, layout = drawn(swept(9)), Layout(9, (SIDE_PX, SIDE_PX))
    rows = []
    for point in range(9):
        x = round(layout.centre_px(point))
        panel = np.asarray(
            strip.crop((x, layout.panels_px + layout.unit_px, x + 1, layout.panels_px + layout.panel_px))
        )
        distance = np.abs(panel[:, 0].astype(int) - np.array(Image.new("RGB", (1, 1), FIRST).getpixel((0, 0)))).sum(1)
        rows.append(int(distance.argmin()))
    assert rows == sorted(rows) and rows[-1] - rows[0] > 4 * layout.unit_px  # it falls from 1 to 0


def test_long_names_are_shortened_and_what_was_not_traced_is_left_out():
    full = drawn(swept(2))
    long = drawn(swept(2, styles=("a style of very many words " * 8, "b " * 70), traced=False))
    layout = Layout(2, (SIDE_PX, SIDE_PX))
    assert long.width == full.width and full.height - long.height == layout.panel_px
    middle = long.width // 2
    gap = long.crop((middle - 5, 2 * layout.unit_px, middle + 5, 3 * layout.unit_px))
    assert gap.convert("L").getextrema() == (255, 255)
