"""A PNG that is read in strips is the PNG that Pillow reads at once, whatever its kind and its filters."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from tools.blend.png_strips import png_strips

WIDTH, HEIGHT = 61, 50


def drawn(mode: str) -> Image.Image:
    noise = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8)
    noise[:, :30] = np.arange(30)[None, :, None] * 4  # smooth on one side, so that every filter has its use
    if mode == "I;16":
        return Image.fromarray(noise[..., 0].astype(np.uint16) * 257)
    return (
        Image.fromarray(noise, "RGBA").convert("RGB").convert(mode)
        if mode in "1LP"
        else Image.fromarray(noise[..., : len(mode)].squeeze(), mode)
    )


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("rows", [1, 7, 50, 80])
def test_strips_are_the_picture(mode, rows):
    written = io.BytesIO()
    drawn(mode).save(written, "PNG", optimize=True, **({"bits": 4} if mode == "P" else {}))
    with Image.open(io.BytesIO(written.getvalue())) as file:
        whole, kind = np.asarray(file.convert("RGBA")), file.mode
    strips = list(png_strips(written.getvalue(), rows))
    assert {strip.mode for strip in strips} == {kind} and max(strip.height for strip in strips) == min(rows, HEIGHT)
    assert (np.concatenate([np.asarray(strip.convert("RGBA")) for strip in strips]) == whole).all()


def test_a_palette_that_is_partly_transparent_stays_so():
    image = drawn("P")
    written = io.BytesIO()
    image.save(written, "PNG", transparency=bytes(range(256)))
    with Image.open(io.BytesIO(written.getvalue())) as file:
        whole = np.asarray(file.convert("RGBA"))
    strips = [np.asarray(strip.convert("RGBA")) for strip in png_strips(written.getvalue(), 9)]
    assert (np.concatenate(strips) == whole).all() and len(np.unique(whole[..., 3])) > 2


def test_what_cannot_be_read_in_strips_is_left_to_others_and_what_is_damaged_is_said():
    written = io.BytesIO()
    drawn("RGB").save(written, "PNG")
    data = bytearray(written.getvalue())
    header = data[12:29]
    header[16] = 1  # interlaced
    assert png_strips(bytes(data[:12] + header + zlib.crc32(header).to_bytes(4) + data[33:]), 8) is None
    data[len(data) // 2] ^= 1
    with pytest.raises(OSError, match="damaged"):
        png_strips(bytes(data), 8)
