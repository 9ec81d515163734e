"""A page of a PDF as a picture, with a sentence of it marked.

The one door to PDFium. Knows pages and letters, no document: that a file is still what was indexed is seen from whether
the sentence is found on its page.
"""

from __future__ import annotations

import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

WIDTH_PX = 1_100
MAX_HEIGHT_PX = 2_400
LEAST_LETTERS = 12
"""A sentence that goes on overleaf is marked as far as it stands on its page, if that is so many letters at least."""
MARK = (255, 196, 0)

_one_at_a_time = threading.Lock()  # PDFium keeps what it does in one place for the whole process


@dataclass(frozen=True)
class PageOfSentence:
    picture: Image.Image
    is_marked: bool  # whether the sentence was found


def page_of_sentence(file: Path, page: int, sentence: str) -> PageOfSentence | None:
    """Draw a page, counted from 1; None where the file is gone, or has no such page any more."""
    import pypdfium2

    with _one_at_a_time:
        try:
            document = pypdfium2.PdfDocument(file)
        except (FileNotFoundError, OSError, pypdfium2.PdfiumError):
            return None
        try:
            if not 1 <= page <= len(document):
                return None
            return _drawn(document[page - 1], sentence)
        except pypdfium2.PdfiumError:
            return None
        finally:
            document.close()


def _drawn(page: Any, sentence: str) -> PageOfSentence:
    width, height = (max(float(side), 1.0) for side in page.get_size())
    scale = min(WIDTH_PX / width, MAX_HEIGHT_PX / height)
    picture = page.render(scale=scale).to_pil().convert("RGB")
    boxes = _boxes(page.get_textpage(), sentence)
    mark = Image.new("RGB", picture.size, "white")
    draw = ImageDraw.Draw(mark)
    for left, bottom, right, top in boxes:
        draw.rectangle(
            [left * scale - 2, (height - top) * scale - 2, right * scale + 2, (height - bottom) * scale + 2], MARK
        )
    marked = Image.composite(Image.blend(picture, mark, 0.35), picture, _shape(mark)) if boxes else picture
    return PageOfSentence(marked, bool(boxes))


def _shape(mark: Image.Image) -> Image.Image:
    """Where the mark is, as a mask."""
    return mark.split()[2].point(lambda blue: 0 if blue == 255 else 255)


def _boxes(text: Any, sentence: str) -> list[tuple[float, float, float, float]]:
    """Return the boxes (left, bottom, right, top), in points, of the lines that a sentence takes up on a page."""
    said = text.get_text_range()
    places = [(letter, n) for n, written in enumerate(said) for letter in _letters(written)]
    on_page = "".join(letter for letter, _ in places)
    wanted = "".join(letter for written in sentence for letter in _letters(written))
    at = on_page.find(wanted)
    while at < 0 and len(wanted) * 3 // 4 >= LEAST_LETTERS:
        wanted = wanted[: len(wanted) * 3 // 4]
        at = on_page.find(wanted)
    if at < 0 or not wanted:
        return []
    lines: list[tuple[float, float, float, float]] = []
    for n in range(places[at][1], places[at + len(wanted) - 1][1] + 1):
        if n >= text.count_chars() or not said[n].strip():
            continue
        left, bottom, right, top = text.get_charbox(n, loose=True)
        if lines and abs(lines[-1][1] - bottom) < 0.5 * (top - bottom) and left >= lines[-1][0]:
            before = lines.pop()
            left, bottom, right, top = before[0], min(before[1], bottom), max(before[2], right), max(before[3], top)
        lines.append((left, bottom, right, top))
    return lines


def _letters(written: str) -> str:
    """Return the letters and figures of a character, as they compare: a ligature is two."""
    return "".join(c for c in unicodedata.normalize("NFKC", written).casefold() if c.isalnum())
