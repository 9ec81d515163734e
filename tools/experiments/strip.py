"""A sweep as one picture: the images side by side, each over its weight, and the curves below, aligned to them.

It draws what `flip.py` measured and knows nothing about how it was rendered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from tools.blend.requests import BlendRequest
from tools.experiments.sheet import wrapped

INK, FAINT, GRID, JUMP = "#2b2735", "#77717f", "#e4e1ea", "#f6d9d3"
FIRST, SECOND = "#5b4b8a", "#c8762a"
JUMP_INK = "#a8402c"
LEAST_WIDTH_PX = 640


@dataclass(frozen=True)
class Curve:
    """One line over the sweep's weights."""

    name: str
    colour: str
    values: Sequence[float]  # one per point


@dataclass(frozen=True)
class Layout:
    """Where things stand, in pixels; all of it grows with the images."""

    n_points: int
    image_px: tuple[int, int]

    @property
    def unit_px(self) -> int:
        """The size of letters, from which every margin comes."""
        return max(13, self.image_px[0] // 12)

    @property
    def pitch_px(self) -> int:
        return max(self.image_px[0] + self.unit_px // 3, LEAST_WIDTH_PX // self.n_points)

    @property
    def left_px(self) -> int:
        return 3 * self.unit_px

    @property
    def width_px(self) -> int:
        return self.left_px + self.n_points * self.pitch_px + self.unit_px

    @property
    def images_px(self) -> int:
        """Where the images begin."""
        return 4 * self.unit_px

    @property
    def panels_px(self) -> int:
        """Where the first panel begins, below the images and their weights."""
        return self.images_px + self.image_px[1] + 3 * self.unit_px

    @property
    def panel_px(self) -> int:
        """How high a panel is, its heading included."""
        return 10 * self.unit_px

    @property
    def smooth(self) -> int:
        """Lines are drawn this many times larger and scaled down: Pillow's own have jagged edges."""
        return 4 if self.unit_px < 20 else 2

    def centre_px(self, point: float) -> float:
        """The middle of a point's image; of a half number, the middle between two."""
        return self.left_px + (point + 0.5) * self.pitch_px


def draw_strip(
    requests: Sequence[BlendRequest], images: Sequence[Image.Image], sweep: Mapping[str, Any]
) -> Image.Image:
    """Draw a sweep: images, weights, and a panel for each of its curves.

    Args:
        requests: One per point.
        images: What they came to.
        sweep: The curves, as `flip.py` measures them.
    """
    first, second = sweep["styles"]
    panels = _panels(sweep)
    layout = Layout(len(images), images[0].size)
    height = layout.panels_px + len(panels) * layout.panel_px + layout.unit_px
    sheet = Image.new("RGB", (layout.width_px, height), "white")
    draw, unit = ImageDraw.Draw(sheet), layout.unit_px
    font, large = (ImageFont.load_default(size=size) for size in (unit, round(unit * 1.25)))
    right = layout.width_px - unit
    request = requests[0]
    said = f"{request.subject}  ·  {request.method}, seed {request.seed}, {request.num_inference_steps} steps"
    draw.text((layout.left_px, unit // 2), _fitted(said, font, right - layout.left_px), fill=FAINT, font=font)
    half = (right - layout.left_px) // 2 - unit
    draw.text((layout.left_px, 2 * unit), _fitted(first, large, half), fill=FIRST, font=large)
    draw.text((right, 2 * unit), _fitted(second, large, half), fill=SECOND, font=large, anchor="ra")
    for point, (weight, image) in enumerate(zip(sweep["weights"], images, strict=True)):
        x, below = round(layout.centre_px(point)), layout.images_px + image.height
        sheet.paste(image, (x - image.width // 2, layout.images_px))
        draw.text((x, below + unit // 2), _percent(weight), fill=INK, font=font, anchor="ma")
    for number, (heading, curves) in enumerate(panels):
        _draw_panel(sheet, layout, layout.panels_px + number * layout.panel_px, heading, (curves, sweep["jumps"]))
    return sheet


def headed(strip: Image.Image, said: Sequence[str]) -> Image.Image:
    """A strip below some sentences, the first of them larger; each as many lines as it takes."""
    unit = max(13, strip.width // 110)
    lines = []
    for number, text in enumerate(said):
        font = ImageFont.load_default(size=round(unit * (1.4 if number == 0 else 1.1)))
        lines += [(line, font) for line in wrapped(text, font, strip.width - 4 * unit)]
    pitch = 2 * unit
    sheet = Image.new("RGB", (strip.width, strip.height + pitch * len(lines) + unit), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (line, font) in enumerate(lines):
        draw.text((2 * unit, unit + number * pitch), line, fill=INK, font=font)
    sheet.paste(strip, (0, sheet.height - strip.height))
    return sheet


def _panels(sweep: Mapping[str, Any]) -> list[tuple[str, list[Curve]]]:
    first, second = sweep["styles"]
    seen = list(zip(*sweep["style_probability"]["values"], strict=True))
    panels = [
        (f"probability of each style, by {sweep['style_probability']['by']}", _two(first, second, *seen)),
        (
            "distance of the latents, as a share of the way between the ends",
            _two("from the left end", "from the right end", sweep["distance_from_start"], sweep["distance_from_end"]),
        ),
    ]
    attention = [sweep["attention_share"][style] for style in (first, second)]
    if None not in attention:
        panels.append(("share of attention on each style's words", _two(first, second, *attention)))
    return panels


def _two(first: str, second: str, of_first: Sequence[float], of_second: Sequence[float]) -> list[Curve]:
    return [Curve(first, FIRST, of_first), Curve(second, SECOND, of_second)]


def _draw_panel(
    sheet: Image.Image, layout: Layout, top_px: int, heading: str, drawn: tuple[list[Curve], list[int]]
) -> None:
    """Draw two curves over their axis; `drawn` is the curves and the points after which the picture jumps."""
    (curves, jumps), unit, smooth = drawn, layout.unit_px, layout.smooth
    low, high = top_px + 8.5 * unit, top_px + 2.2 * unit  # where 0 and the top of the scale are
    top = _top_of_scale(max(value for curve in curves for value in curve.values))
    left, right = layout.left_px, layout.width_px - unit
    box = (left, int(high) - unit, right, int(low) + unit)
    plot = Image.new("RGB", ((box[2] - box[0]) * smooth, (box[3] - box[1]) * smooth), "white")
    pen = ImageDraw.Draw(plot)

    def at(point: float, value: float) -> tuple[float, float]:
        x, y = layout.centre_px(point), low + (high - low) * value / top
        return (x - box[0]) * smooth, (y - box[1]) * smooth

    for jump in jumps:
        pen.rectangle((*at(jump, top), *at(jump + 1, 0)), fill=JUMP)
    for part in (0, 0.5, 1):
        y = at(0, part * top)[1]
        pen.line((0, y, plot.width, y), fill=GRID, width=smooth)
    line, dot = smooth * max(2, unit // 6), smooth * max(3, unit // 4)
    for curve in curves:
        points = [at(i, value) for i, value in enumerate(curve.values)]
        pen.line(points, fill=curve.colour, width=line, joint="curve")
        for x, y in points:
            pen.ellipse((x - dot, y - dot, x + dot, y + dot), fill=curve.colour)
    sheet.paste(plot.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.LANCZOS), box[:2])
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=unit)
    small = ImageFont.load_default(size=round(unit * 0.85))
    x = _legend(draw, font, (right, top_px), curves)
    draw.text((left, top_px), _fitted(heading, font, x - left - unit), fill=INK, font=font)
    for part in (0, 0.5, 1):
        y = low + (high - low) * part
        draw.text((left - unit // 2, y), _percent(part * top), fill=FAINT, font=small, anchor="rm")
    for jump in jumps:
        draw.text((layout.centre_px(jump + 0.5), high - unit * 0.1), "jump", fill=JUMP_INK, font=small, anchor="mb")


def _legend(draw: ImageDraw.ImageDraw, font: Any, corner: tuple[int, int], curves: Sequence[Curve]) -> float:
    """Write the curves' names from the right, each behind a dot of its colour; return where they begin."""
    x, y = float(corner[0]), corner[1]
    for curve in reversed(curves):
        name = _fitted(curve.name, font, corner[0] // 4)
        x -= font.getlength(name)
        draw.text((x, y), name, fill=INK, font=font)
        size = font.size / 2
        draw.ellipse((x - 2 * size, y + 0.5 * size, x - size, y + 1.5 * size), fill=curve.colour)
        x -= 3.5 * size
    return x


def _top_of_scale(largest: float) -> float:
    """The next round number: 1 for shares of a whole, less where all values are small."""
    return next((top for top in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 1.2, 1.5, 2.0) if largest <= top * 1.001), largest)


def _percent(share: float) -> str:
    return f"{share:.0%}" if round(share * 100, 6).is_integer() else f"{share:.1%}"


def _fitted(text: str, font: Any, width_px: float) -> str:
    """Shorten a text that is too wide."""
    if font.getlength(text) <= width_px:
        return text
    while text and font.getlength(text + "...") > width_px:
        text = text[:-1]
    return text.rstrip() + "..."
