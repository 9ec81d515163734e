"""An experiment as one picture: its question and verdict, the pictures over their labels, and its figures below.

It draws figures as data, and knows nothing about what any experiment measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from tools.experiments.findings import Findings
from tools.trace.facts import Figure

INK, FAINT, GRID, MARK, MARK_INK = "#2b2735", "#77717f", "#e4e1ea", "#f6d9d3", "#a8402c"
PALETTE = ("#5b4b8a", "#c8762a", "#2f7d79", "#a83f5b", "#6f6a5d", "#3a6ea5")
PALE, DARK = (246, 243, 251), (91, 75, 138)
"""Of a table's cells, from nothing to the largest value."""
WIDTH_PX, MARGIN_PX, GAP_PX = 960, 28, 12
PLOT_PX = 190
SMOOTH = 3
"""Lines are drawn this many times larger and scaled down: Pillow's own have jagged edges."""


@dataclass
class Sheet:
    """A page that grows downwards as things are drawn on it."""

    image: Image.Image = field(default_factory=lambda: Image.new("RGB", (WIDTH_PX, 1), "white"))
    y: int = MARGIN_PX

    def room(self, height_px: int) -> ImageDraw.ImageDraw:
        """Make the page long enough for something of this height."""
        needed = self.y + height_px
        if needed > self.image.height:
            larger = Image.new("RGB", (WIDTH_PX, needed), "white")
            larger.paste(self.image)
            self.image = larger
        return ImageDraw.Draw(self.image)

    def write(self, text: str, size: int, colour: str = INK) -> None:
        """Write a text over the whole width, in as many lines as it takes."""
        font = ImageFont.load_default(size=size)
        lines, pitch = wrapped(text, font, WIDTH_PX - 2 * MARGIN_PX), round(size * 1.4)
        draw = self.room(len(lines) * pitch + GAP_PX)
        for number, line in enumerate(lines):
            draw.text((MARGIN_PX, self.y + number * pitch), line, fill=colour, font=font)
        self.y += len(lines) * pitch + GAP_PX


def draw_sheet(
    question: str, pictures: Mapping[str, Image.Image], findings: Findings, basis: str, columns: int | None = None
) -> Image.Image:
    """Draw an experiment.

    Args:
        question: What it answers.
        pictures: By label, in their order.
        findings: Its verdict and figures.
        basis: On what it rests, in one line.
        columns: How many pictures stand side by side, at most; None: as many as there is room for.
    """
    sheet = Sheet()
    sheet.write(question, 24)
    sheet.write(findings.verdict, 17)
    sheet.write(basis, 14, FAINT)
    _draw_pictures(sheet, pictures, columns or len(pictures))
    for figure in findings.figures:
        sheet.y += GAP_PX
        sheet.write(figure.title, 17)
        {"lines": _draw_lines, "bars": _draw_bars, "table": _draw_table, "turns": _draw_table}[figure.kind](
            sheet, figure
        )
    sheet.room(MARGIN_PX)
    return sheet.image


def wrapped(text: str, font: Any, width_px: float) -> list[str]:
    """Break a text into lines between words; a word that is too long stands alone."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width_px:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _draw_pictures(sheet: Sheet, pictures: Mapping[str, Image.Image], at_most: int) -> None:
    if not pictures:
        return
    font = ImageFont.load_default(size=13)
    width = max(picture.width for picture in pictures.values())
    columns = max(1, min(at_most, (WIDTH_PX - 2 * MARGIN_PX + GAP_PX) // (min(width, 440) + GAP_PX)))
    cell = (WIDTH_PX - 2 * MARGIN_PX + GAP_PX) // columns - GAP_PX
    named = list(pictures.items())
    for row in (named[i : i + columns] for i in range(0, len(named), columns)):
        scaled = [_at_most(picture, cell) for _, picture in row]
        labels = [wrapped(label, font, cell)[:2] for label, _ in row]
        height = max(picture.height for picture in scaled)
        draw = sheet.room(height + 44)
        for column, (picture, label) in enumerate(zip(scaled, labels, strict=True)):
            x = MARGIN_PX + column * (cell + GAP_PX)
            sheet.image.paste(picture, (x, sheet.y))
            draw.text((x, sheet.y + height + 5), "\n".join(label), fill=INK, font=font)
        sheet.y += height + 44


def _at_most(picture: Image.Image, width_px: int) -> Image.Image:
    """A picture no wider than this; a smaller one as it is, to the pixel."""
    if picture.width <= width_px:
        return picture
    return picture.resize((width_px, round(picture.height * width_px / picture.width)), Image.Resampling.LANCZOS)


def _draw_lines(sheet: Sheet, figure: Figure) -> None:
    along = [float(x) for x in figure.along]
    values = [value for row in figure.rows for value in row if value is not None]
    if not along or not values:
        return
    low, high = min(0.0, *values), _top_of_scale(max(0.0, *values))
    first, last = min(along), max(along)
    left, top = MARGIN_PX + 56, sheet.y + 24
    width = WIDTH_PX - MARGIN_PX - 8 - left
    draw = sheet.room(PLOT_PX + 76)
    plot = Image.new("RGB", (width * SMOOTH, PLOT_PX * SMOOTH), "white")
    pen = ImageDraw.Draw(plot)

    def at(x: float, value: float) -> tuple[float, float]:
        place = (x - first) / (last - first) if last > first else 0.5
        return (
            (0.02 + 0.96 * place) * width * SMOOTH,
            (0.04 + 0.92 * (high - value) / ((high - low) or 1)) * PLOT_PX * SMOOTH,
        )

    for mark in figure.marks:
        pen.rectangle((at(mark.start, 0)[0] - SMOOTH, 0, at(mark.end, 0)[0] + SMOOTH, plot.height), fill=MARK)
    for part in (0, 0.5, 1):
        y = at(first, low + part * (high - low))[1]
        pen.line((0, y, plot.width, y), fill=GRID, width=SMOOTH)
    for column in range(len(figure.names)):
        points = [at(x, row[column]) for x, row in zip(along, figure.rows, strict=True) if row[column] is not None]  # type: ignore[arg-type]
        colour = PALETTE[column % len(PALETTE)]
        pen.line(points, fill=colour, width=2 * SMOOTH, joint="curve")
        for x, y in points:
            pen.ellipse((x - 4 * SMOOTH, y - 4 * SMOOTH, x + 4 * SMOOTH, y + 4 * SMOOTH), fill=colour)
    sheet.image.paste(plot.resize((width, PLOT_PX), Image.Resampling.LANCZOS), (left, top))
    small = ImageFont.load_default(size=13)
    _legend(sheet, figure)
    for part in (0, 0.5, 1):
        value = low + part * (high - low)
        y = top + at(first, value)[1] / SMOOTH
        draw.text((left - 8, y), _written(value, figure.percent), fill=FAINT, font=small, anchor="rm")
    for part in (0, 0.5, 1):
        x = first + part * (last - first)
        place = left + at(x, 0)[0] / SMOOTH
        draw.text((place, top + PLOT_PX + 4), f"{x:g}", fill=FAINT, font=small, anchor="ma")
    for mark in figure.marks:
        place = left + (at(mark.start, 0)[0] + at(mark.end, 0)[0]) / 2 / SMOOTH
        draw.text((place, top + 2), mark.label, fill=MARK_INK, font=small, anchor="ma")
    draw.text((left + width / 2, top + PLOT_PX + 22), figure.along_title, fill=FAINT, font=small, anchor="ma")
    sheet.y = top + PLOT_PX + 46


def _draw_bars(sheet: Sheet, figure: Figure) -> None:
    """A group of bars for each row, lying, from 0."""
    values = [value for row in figure.rows for value in row if value is not None]
    if not values:
        return
    _legend(sheet, figure)
    font, high = ImageFont.load_default(size=13), _top_of_scale(max(abs(value) for value in values))
    left, pitch = MARGIN_PX + 250, 20
    width = WIDTH_PX - MARGIN_PX - 70 - left
    sheet.y += 24
    draw = sheet.room(len(figure.rows) * (pitch * len(figure.names) + 8) + 24)
    for name, row in zip(figure.along, figure.rows, strict=True):
        label = wrapped(str(name), font, 236)[0]
        draw.text((left - 10, sheet.y + pitch * len(row) / 2), label, fill=INK, font=font, anchor="rm")
        for column, value in enumerate(row):
            if value is not None:
                long, y = abs(value) / high * width, sheet.y + column * pitch
                draw.rectangle((left, y + 3, left + max(1, long), y + pitch - 3), fill=PALETTE[column % len(PALETTE)])
                text = _written(value, figure.percent)
                draw.text((left + long + 6, y + pitch / 2), text, fill=FAINT, font=font, anchor="lm")
        sheet.y += pitch * len(row) + 8
    draw.text((left, sheet.y), figure.measure, fill=FAINT, font=font)
    sheet.y += 24


def _draw_table(sheet: Sheet, figure: Figure) -> None:
    """Rows and columns with a number in each cell, the darker the larger."""
    font = ImageFont.load_default(size=13)
    left, pitch = MARGIN_PX + 250, 26
    width = (WIDTH_PX - MARGIN_PX - left) // max(1, len(figure.names))
    peak = max((abs(value) for row in figure.rows for value in row if value is not None), default=0.0) or 1.0
    draw = sheet.room((len(figure.rows) + 1) * pitch + 24)
    for column, name in enumerate(figure.names):
        draw.text(
            (left + (column + 0.5) * width, sheet.y), wrapped(name, font, width)[0], fill=INK, font=font, anchor="ma"
        )
    for label, row in zip(figure.along, figure.rows, strict=True):
        sheet.y += pitch
        draw.text((left - 10, sheet.y + pitch / 2), wrapped(str(label), font, 236)[0], fill=INK, font=font, anchor="rm")
        for column, value in enumerate(row):
            if value is None:
                continue
            box = (left + column * width + 1, sheet.y + 1, left + (column + 1) * width - 1, sheet.y + pitch - 1)
            shade = abs(value) / peak
            draw.rectangle(
                box, fill=tuple(round(a + (b - a) * shade) for a, b in zip((246, 243, 251), (91, 75, 138), strict=True))
            )
            ink = "white" if shade > 0.55 else INK
            middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
            draw.text(middle, _written(value, figure.percent), fill=ink, font=font, anchor="mm")
    sheet.y += pitch + 4
    draw.text((left, sheet.y), figure.measure, fill=FAINT, font=font)
    sheet.y += 24


def _legend(sheet: Sheet, figure: Figure) -> None:
    """The names of a figure's columns, each behind a dot of its colour; one name says nothing."""
    font, x = ImageFont.load_default(size=13), float(MARGIN_PX)
    draw = sheet.room(24)
    for column, name in enumerate(figure.names if len(figure.names) > 1 else ()):
        draw.ellipse((x, sheet.y + 3, x + 10, sheet.y + 13), fill=PALETTE[column % len(PALETTE)])
        draw.text((x + 15, sheet.y), name, fill=INK, font=font)
        x += 34 + font.getlength(name)


def _top_of_scale(largest: float) -> float:
    """The next round number; 1 for shares of a whole."""
    power = 1e-6
    while power < 1e9:
        for step in (1, 2, 5):
            if largest <= power * step * 1.001:
                return power * step
        power *= 10
    return largest


def _written(value: float, percent: bool) -> str:
    if percent:
        return f"{value:.0%}" if abs(value) >= 0.1 or round(value * 100, 6).is_integer() else f"{value:.1%}"
    return f"{value:.3g}"
