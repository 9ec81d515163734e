"""A stress run as pictures: the strip of restyled pictures with their answers, and the maps on one scale.

It draws what was measured and knows nothing about how.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from tools.style_augmentation.evidence import Map
from tools.style_augmentation.findings import called
from tools.style_augmentation.restyling import Picture
from tools.style_augmentation.stress import Answers, Stressed

INK, FAINT, FLIP = "#2b2735", "#77717f", "#a8402c"
STOPS = np.array([[36, 26, 66], [120, 62, 130], [217, 104, 92], [252, 200, 120], [255, 250, 225]], np.float64)
"""From nothing to the most."""
PICTURE_PX, MAP_PX, MARGIN_PX, GAP_PX, LINE_PX, BAR_PX = 128, 192, 16, 10, 17, 12
LABEL_PX = 118


def coloured(heat: Map) -> npt.NDArray[np.uint8]:
    """Map 0..1 to colours: (..., 3) uint8."""
    stops = np.linspace(0, 1, len(STOPS))
    return np.stack([np.interp(heat, stops, STOPS[:, channel]) for channel in range(3)], -1).astype(np.uint8)


def overlaid(picture: Picture, heat: Map, size_px: int = MAP_PX) -> Image.Image:
    """A map (h, w) in 0..1 over a grey picture, whose light and dark stay to be seen."""
    grey = np.asarray(Image.fromarray(picture).convert("L").resize((size_px, size_px), Image.Resampling.BICUBIC))
    small = Image.fromarray((np.clip(heat, 0, 1) * 255).astype(np.uint8))
    wide = np.asarray(small.resize((size_px, size_px), Image.Resampling.BICUBIC), np.float64) / 255
    return Image.fromarray((coloured(wide) * (0.35 + 0.65 * grey[..., None] / 255)).astype(np.uint8))


def draw_maps(stressed: Stressed) -> Image.Image:
    """The picture, its evidence, and shift, spread and their sum on one scale with its bar."""
    answers, picture = stressed.asked, stressed.subject.picture
    maps = answers.maps
    peak = float(maps.total.max())
    scaled = [part / peak if peak else part for part in (maps.shift, maps.spread, maps.total)]
    evidence = overlaid(picture, answers.weighted[0])
    panels = [Image.fromarray(picture).resize((MAP_PX, MAP_PX), Image.Resampling.BICUBIC), evidence]
    panels += [overlaid(picture, part) for part in scaled]
    first = answers.answers[answers.first]
    labels = ("the picture", f"evidence for “{first}”", "shift", "spread", "shift + spread = WSAM")
    width = 2 * MARGIN_PX + len(panels) * (MAP_PX + GAP_PX) - GAP_PX
    height = 2 * MARGIN_PX + MAP_PX + 4 * LINE_PX + BAR_PX
    sheet = Image.new("RGB", (width, height), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    for number, (panel, label) in enumerate(zip(panels, labels, strict=True)):
        left = MARGIN_PX + number * (MAP_PX + GAP_PX)
        sheet.paste(panel, (left, MARGIN_PX))
        draw.text((left + MAP_PX / 2, MARGIN_PX + MAP_PX + 4), label, fill=INK, font=font, anchor="ma")
    top = MARGIN_PX + MAP_PX + 2 * LINE_PX
    for number, (low, high) in enumerate((("0", "1, p H"), ("0", f"{peak:.3f}, squared difference of p H"))):
        left = MARGIN_PX + (1 + number) * (MAP_PX + GAP_PX)
        wide = MAP_PX if number == 0 else 3 * MAP_PX + 2 * GAP_PX
        bar = coloured(np.linspace(0, 1, wide)[None].repeat(BAR_PX, 0))
        sheet.paste(Image.fromarray(bar), (left, top))
        draw.text((left, top + BAR_PX + 2), low, fill=FAINT, font=font)
        draw.text((left + wide, top + BAR_PX + 2), high, fill=FAINT, font=font, anchor="ra")
    return sheet


def draw_strip(stressed: Stressed) -> Image.Image:
    """A row a style: the style's picture, then the picture at each strength over its answer and probability."""
    request, answers = stressed.request, stressed.asked
    columns, pitch = 1 + len(request.alphas), PICTURE_PX + GAP_PX
    row_px = PICTURE_PX + 2 * LINE_PX + GAP_PX
    top = MARGIN_PX + 2 * LINE_PX
    size = (2 * MARGIN_PX + LABEL_PX + columns * pitch, top + len(request.styles) * row_px + MARGIN_PX)
    sheet = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    first = called(request.question, answers.answers[answers.first])
    draw.text((MARGIN_PX, MARGIN_PX), f"{stressed.subject.name}: {first} ({answers.probabilities[0].max():.0%})",
              fill=INK, font=font)  # fmt: skip
    for row, style in enumerate(request.styles):
        y = top + row * row_px
        draw.multiline_text((MARGIN_PX, y + PICTURE_PX / 2), style.replace(" ", "\n"), fill=INK, font=font, anchor="lm")
        sheet.paste(Image.fromarray(stressed.style_pictures[style]), (MARGIN_PX + LABEL_PX, y))
        draw.text((MARGIN_PX + LABEL_PX + PICTURE_PX / 2, y + PICTURE_PX + 2), "the style", fill=FAINT, font=font,
                  anchor="ma")  # fmt: skip
        for column, alpha in enumerate(request.alphas):
            left = MARGIN_PX + LABEL_PX + (1 + column) * pitch
            sheet.paste(Image.fromarray(stressed.pictures[row, column]), (left, y))
            flipped = bool(answers.flips[row, column])
            if flipped:
                draw.rectangle((left - 3, y - 3, left + PICTURE_PX + 2, y + PICTURE_PX + 2), outline=FLIP, width=3)
            _under(draw, font, (left, y), (f"{alpha:.0%}", _answer(answers, row, column)), flipped)
    return sheet


def _answer(answers: Answers, row: int, column: int) -> str:
    return f"{answers.answers[answers.given[row, column]]} {answers.certain[row, column]:.0%}"


def _under(
    draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, corner: tuple[int, int],
    lines: Sequence[str], flipped: bool,
) -> None:  # fmt: skip
    left, y = corner
    for number, line in enumerate(lines):
        colour = FLIP if flipped and number else INK
        draw.text(
            (left + PICTURE_PX / 2, y + PICTURE_PX + 2 + number * LINE_PX), line, fill=colour, font=font, anchor="ma"
        )
