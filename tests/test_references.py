"""What may be uploaded as a reference, and what is kept of it."""

import io
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tools.blend.references
from tools.blend.references import (
    MAX_SIDE_PX,
    Reference,
    ReferenceError,
    fit_reference,
    load_reference,
    read_upload,
    reference_id,
    store_reference,
)

ROOT = Path(__file__).resolve().parent.parent


def picture(width=96, height=64, mode="RGB"):
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    values = np.stack([x * 255 // width, y * 255 // height, (x + y) % 256], -1).astype(np.uint8)
    return Image.fromarray(values).convert(mode)


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def stored(data, folder):
    return load_reference(store_reference(data, folder), folder)


def test_a_picture_is_kept_once_under_the_hash_of_its_pixels(tmp_path):
    folder = tmp_path / "references"
    first = store_reference(encoded(picture()), folder)
    second = store_reference(encoded(picture(), compress_level=0), folder)  # other bytes, the same pixels
    assert first == second == reference_id(picture())
    assert [path.name for path in folder.iterdir()] == [f"{first}.png"]
    np.testing.assert_array_equal(np.asarray(load_reference(first, folder)), np.asarray(picture()))


TURNED = {  # how a camera stores an upright picture, by its EXIF orientation
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: np.rot90(upright, 2),
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright.swapaxes(0, 1), 2),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("orientation", TURNED)
def test_a_turned_photograph_is_kept_upright(tmp_path, orientation):
    upright = np.asarray(picture())
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = Image.fromarray(np.ascontiguousarray(TURNED[orientation](upright)))
    np.testing.assert_array_equal(np.asarray(stored(encoded(turned, exif=exif), tmp_path)), upright)


def test_nothing_but_pixels_is_kept(tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "a secret camera"
    data = encoded(picture(), "JPEG", exif=exif, comment=b"a secret comment", quality=95)
    assert b"secret" in data
    name = store_reference(data, tmp_path)
    kept = (tmp_path / f"{name}.png").read_bytes()
    assert b"secret" not in kept and load_reference(name, tmp_path).info == {}


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(tmp_path, mode):
    layer = picture().convert("RGBA")
    layer.paste((10, 20, 30, 0), (0, 0, 40, 64))
    if mode == "P":
        found = stored(encoded(layer.convert("RGB").quantize(16), transparency=0), tmp_path)
        assert (np.asarray(found) == 255).all(-1).any()
        return
    found = np.asarray(stored(encoded(layer.convert(mode)), tmp_path))
    assert (found[:, :40] == 255).all()
    assert (found[:, 41:] < 255).any()


def test_half_transparent_is_mixed_with_white(tmp_path):
    layer = Image.new("RGBA", (64, 64), (0, 0, 0, 128))
    assert abs(int(np.asarray(stored(encoded(layer), tmp_path))[0, 0, 0]) - 127) <= 1


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    ramp = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    found = np.asarray(stored(encoded(Image.fromarray(ramp)), tmp_path))
    assert found.shape == (64, 64, 3)
    assert np.abs(found[..., 0].astype(int) - (ramp // 257)).max() <= 1
    assert len(np.unique(found)) > 200


@pytest.mark.parametrize("mode", ["L", "1", "CMYK"])
def test_other_kinds_of_pixels_are_read(tmp_path, mode):
    found = stored(encoded(picture().convert(mode), "JPEG" if mode == "CMYK" else "PNG"), tmp_path)
    assert found.mode == "RGB" and found.size == (96, 64)


def test_a_large_picture_is_kept_smaller(tmp_path):
    found = stored(encoded(Image.new("RGB", (2000, 1000), "red"), "JPEG"), tmp_path)
    assert found.size == (MAX_SIDE_PX, MAX_SIDE_PX // 2)


def test_a_phone_that_hides_a_second_picture_in_a_jpeg_is_understood(tmp_path):
    data = encoded(picture(), "MPO", save_all=True, append_images=[Image.new("RGB", (96, 64))])
    assert np.asarray(stored(data, tmp_path)).mean() > 30  # the first, not the black one behind it


def png_that_claims(width, height, *, is_interlaced=False):
    """A PNG of a few bytes whose header claims any size."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, is_interlaced])

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def animated():
    return encoded(picture(), save_all=True, append_images=[picture().transpose(0)], duration=100)


def bad_checksum():
    data = bytearray(encoded(picture()))
    data[20] ^= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "neither a PNG nor a JPEG"),
        (b"GIF89a" + bytes(100), "neither a PNG nor a JPEG"),
        (b"%PDF-1.7", "neither a PNG nor a JPEG"),
        (encoded(picture(), "GIF"), "neither a PNG nor a JPEG"),
        (encoded(picture(), "BMP"), "neither a PNG nor a JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither a PNG nor a JPEG"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xff\xd8\xff" + bytes(200), "damaged"),
        (encoded(picture())[:-60], "damaged"),
        (encoded(picture(), "JPEG")[:300], "damaged"),
        (bad_checksum(), "damaged"),
        (animated(), "animated"),
        (png_that_claims(100_000, 100_000), "too many pixels"),
        (png_that_claims(10_000, 10_000), "too many pixels"),
        (png_that_claims(7_000, 7_000, is_interlaced=True), "without interlacing"),
        (png_that_claims(64, 64), "damaged"),
        (encoded(picture(20, 20)), "both sides must have 64"),
        (encoded(Image.new("RGB", (8000, 100))), "both sides must have 64"),
    ],
)
def test_what_is_no_reference_is_refused_in_one_line(tmp_path, data, said):
    with pytest.raises(ReferenceError, match=said) as error:
        store_reference(data, tmp_path / "references")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "references").exists()


def test_too_many_bytes_are_refused_before_anything_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(tools.blend.references, "MAX_UPLOAD_BYTES", 100)
    with pytest.raises(ReferenceError, match="MB; give a picture of at most"):
        store_reference(encoded(picture()), tmp_path)


def test_a_stored_picture_is_checked_when_it_is_opened(tmp_path):
    name = store_reference(encoded(picture()), tmp_path)
    path = tmp_path / f"{name}.png"
    picture(64, 64).save(path)
    with pytest.raises(ReferenceError, match="is not the picture that"):
        load_reference(name, tmp_path)
    path.write_bytes(b"nothing")
    with pytest.raises(ReferenceError, match="cannot be read"):
        load_reference(name, tmp_path)
    path.unlink()
    with pytest.raises(ReferenceError, match="choose the picture again"):
        load_reference(name, tmp_path)
    with pytest.raises(ReferenceError, match="32 hexadecimal digits"):
        load_reference("../../etc/passwd", tmp_path)


@pytest.mark.parametrize("given", [{}, {"prompt": "a", "image": "0" * 32}, {"image": "../x"}, {"image": 3}])
def test_a_reference_is_a_prompt_or_a_picture(given):
    with pytest.raises(ReferenceError):
        Reference(**given)


def test_a_picture_is_cropped_to_the_renders_proportions():
    wide = Image.new("RGB", (300, 100), "red")
    wide.paste("blue", (100, 0, 200, 100))
    assert (np.asarray(fit_reference(wide, 64, 64)) == (0, 0, 255)).all(-1).mean() > 0.9


LARGE = """
import io, resource, sys, tempfile
from pathlib import Path
from PIL import Image
from tools.blend.references import load_reference, store_reference
mode, side = sys.argv[1], int(sys.argv[2])
image = Image.new(mode, (side, side), 128 if mode in ("L", "P") else (250, 120, 10, 255)[: len(mode)])
written = io.BytesIO()
image.save(written, "PNG")
del image
data = written.getvalue()
small = io.BytesIO()
Image.new(mode, (80, 80)).save(small, "PNG")
with tempfile.TemporaryDirectory() as folder:
    store_reference(small.getvalue(), Path(folder))
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0])
    name = store_reference(data, Path(folder))
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    kept = load_reference(name, Path(folder))
print((peak - before) // 1024, kept.size, kept.getpixel((0, 0)))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak can be measured on Linux alone")
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_large_picture_takes_less_than_its_pixels(tmp_path, mode):
    done = subprocess.run(
        [sys.executable, "-c", LARGE, mode, "7000"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    peak_mb = int(done.stdout.split()[0])
    assert peak_mb <= 60, "all of its pixels alone are 196 MB, four bytes each"
    assert "(1024, 1024)" in done.stdout
    assert ("(128, 128, 128)" if mode == "L" else "(250, 120, 10)") in done.stdout


@pytest.mark.parametrize("side", [4100, 6200])
def test_a_picture_put_together_in_strips_is_the_same_picture(side):
    columns = np.linspace(0, 255, side).astype(np.uint8)
    pixels = np.stack([np.tile(columns, (side, 1)), np.tile(columns[:, None], (1, side)), np.zeros((side, side))], -1)
    data = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(data, "PNG", compress_level=1)
    kept = np.asarray(read_upload(data.getvalue()), np.int16)
    whole = np.asarray(
        Image.fromarray(pixels.astype(np.uint8)).resize((1024, 1024), Image.Resampling.LANCZOS), np.int16
    )
    assert kept.shape == whole.shape and np.abs(kept - whole).max() <= 3
