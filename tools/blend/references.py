"""The picture that gives a render its style: drawn from a prompt of its own, or uploaded.

An upload is checked, normalised and kept under a home by the SHA-256 of its pixels. It knows nothing about how a
model uses a reference.
"""

import io
import re
import struct
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageOps

from ingest.files import open_regular
from tools.blend.png_strips import png_strips
from tools.blend.record import pixels_sha256

MAX_UPLOAD_BYTES = 20_000_000
MAX_UPLOAD_PIXELS = 50_000_000
"""A phone's largest pictures; a file of a few kilobytes can claim any number of pixels."""
MAX_WHOLE_PIXELS = 45_000_000
"""Of a PNG that Pillow has to decode whole, four bytes each: interlaced, or of 16 bits a channel."""
MIN_SIDE_PX, MAX_SIDE_PX = 64, 1024
"""Below, there is no style to see; a larger picture is kept at 1024, the largest size that is rendered."""
STRIP_ROWS = 8
"""Of the smaller picture, put together at a time."""
REFERENCES_FOLDER = "references"  # below a home
FORMATS = {"PNG": "a PNG", "JPEG": "a JPEG", "MPO": "a JPEG"}
"""Pillow's name MPO is a JPEG with a second picture behind the first, as many phones write: the first one counts."""
ID_PATTERN = re.compile(r"[0-9a-f]{32}")
_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}


class ReferenceError(ValueError):
    """A picture that cannot be a reference; the message says why in one line, and what to do."""


@dataclass(frozen=True)
class Reference:
    """One reference: a prompt to draw it by, or the id of a stored picture.

    Args:
        prompt: What to draw; it names the style.
        image: What `store_reference` returned.
        weight: Beside a second reference; only the proportion between weights counts.
        seed: Of its noise; None stands for one that follows from the request's.
    """

    prompt: str | None = None
    image: str | None = None
    weight: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        if (self.prompt is None) == (self.image is None):
            raise ReferenceError("a reference is either a prompt or a picture: give one of the two.")
        if self.image is not None and not (isinstance(self.image, str) and ID_PATTERN.fullmatch(self.image)):
            raise ReferenceError(f"{self.image!r} is not the id of a stored picture: an id is 32 hexadecimal digits.")

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return f'"{self.prompt}"' if self.prompt is not None else f"the picture {str(self.image)[:8]}"


def store_reference(data: bytes, folder: Path) -> str:
    """Check an upload, normalise it, and keep it as `<id>.png`; the same picture is kept once.

    What is kept is upright (EXIF orientation applied), 8-bit RGB, on white where it was transparent, at most
    MAX_SIDE_PX on its longer side, and without any metadata. The id is the start of the SHA-256 of those pixels.

    Args:
        data: The bytes of a PNG or JPEG file.
        folder: Where references are kept: `references` under a home.

    Raises:
        ReferenceError: If it is no picture, one of another format, animated, damaged, or outside the limits.
    """
    image = read_upload(data)
    name = reference_id(image)
    path = folder / f"{name}.png"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        image.save(draft, "PNG")
        draft.replace(path)
    return name


def load_reference(name: str, folder: Path) -> Image.Image:
    """Open a stored picture by its id, from any folder that holds it as `<id>.png`.

    Raises:
        ReferenceError: If it is not there, or its pixels are not those that the id names.
    """
    if not ID_PATTERN.fullmatch(name):
        raise ReferenceError(f"{name!r} is not the id of a stored picture: an id is 32 hexadecimal digits.")
    path = folder / f"{name}.png"
    if not path.is_file():
        raise ReferenceError(f"the reference picture {name} is not in {folder}; choose the picture again.")
    return open_reference(path, name)


def load_references(references: Sequence[Reference], folder: Path) -> dict[str, Image.Image]:
    """Open the stored pictures among some references, by their ids."""
    return {one.image: load_reference(one.image, folder) for one in references if one.image is not None}


def find_references(
    references: Sequence[Reference], record: Mapping[str, Any], folders: tuple[Path, Path]
) -> dict[str, Image.Image]:
    """Open the stored pictures of a record: beside it, where a render keeps them, or else where they are stored.

    Args:
        references: The references of the record's requests.
        record: What the record says of its references; `pictures` names their files.
        folders: The record's own, and that of the stored pictures.
    """
    beside, home = folders
    found = {}
    for name in (one.image for one in references if one.image is not None):
        path = beside / Path(str(record.get("pictures", {}).get(name, f"{name}.png"))).name
        found[name] = open_reference(path, name) if path.is_file() else load_reference(name, home)
    return found


def open_reference(path: Path, name: str) -> Image.Image:
    """Open a file that should hold the picture with this id, and check that it does.

    Raises:
        ReferenceError: If it cannot be read, or holds another picture.
    """
    try:
        with open_regular(path) as opened, Image.open(opened) as file:
            if max(file.size) > MAX_SIDE_PX:  # none that was kept is so large
                raise ReferenceError(f"{path} is not the picture that {name} names; choose the picture again.")
            image = file.convert("RGB")
    except ReferenceError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ReferenceError(f"the reference picture {path} cannot be read; choose the picture again.") from error
    if reference_id(image) != name:
        raise ReferenceError(f"{path} is not the picture that {name} names; choose the picture again.")
    return image


def reference_id(image: Image.Image) -> str:
    """The id of a normalised picture: 32 hexadecimal digits of its pixels' SHA-256."""
    return pixels_sha256(image)[:32]


def read_upload(data: bytes) -> Image.Image:
    """Decode and normalise an upload: an RGB picture of MAX_SIDE_PX at most.

    Raises:
        ReferenceError: As in `store_reference`.
    """
    if len(data) > MAX_UPLOAD_BYTES:
        size, limit = len(data) / 1e6, MAX_UPLOAD_BYTES / 1e6
        raise ReferenceError(f"the file has {size:.1f} MB; give a picture of at most {limit:.0f} MB.")
    if not any(data.startswith(signature) for signature in _SIGNATURES):
        raise ReferenceError("the file is neither a PNG nor a JPEG picture; save it as one of the two.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit, below, is stricter
            image = ImageOps.exif_transpose(_decoded(data))
    except ReferenceError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, struct.error, zlib.error) as error:
        raise ReferenceError("the picture is damaged and cannot be decoded; save it again.") from error
    except (Image.DecompressionBombError, MemoryError) as error:
        raise ReferenceError(_too_many_pixels()) from error
    image.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
    if min(image.size) < MIN_SIDE_PX:  # a strip can become too narrow on the way to MAX_SIDE_PX
        raise ReferenceError(
            f"the picture is {image.width} x {image.height} px where its longer side is at most {MAX_SIDE_PX}; "
            f"both sides must have {MIN_SIDE_PX} or more."
        )
    return image


def fit_reference(image: Image.Image, width_px: int, height_px: int) -> Image.Image:
    """Crop the middle of a picture to a render's proportions and scale it to its size."""
    return ImageOps.fit(image, (width_px, height_px), Image.Resampling.LANCZOS)


def _decoded(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as file:
        _check_size(file)
        return _shrunk(file, data)


def _check_size(file: Image.Image) -> None:
    """Check what the header says, before anything is decoded."""
    if file.width * file.height > MAX_UPLOAD_PIXELS:
        raise ReferenceError(_too_many_pixels())
    if file.format == "PNG" and getattr(file, "n_frames", 1) > 1:
        raise ReferenceError("the picture is animated; save the one frame that you mean.")


def _too_many_pixels() -> str:
    return f"the picture has too many pixels; give one of at most {MAX_UPLOAD_PIXELS / 1e6:.0f} million."


def _shrunk(file: Image.Image, data: bytes) -> Image.Image:
    """The picture as 8-bit RGB, with whole pixels put together while its sides stay twice as long as they will be.

    It is converted strip by strip: a large picture is not held twice, and one that can be decoded so not even once.
    """
    file.draft(None, (2 * MAX_SIDE_PX, 2 * MAX_SIDE_PX))  # a JPEG is decoded smaller from the beginning
    step = max(1, max(file.size) // (2 * MAX_SIDE_PX))
    if step == 1:
        shrunk = _rgb(file)
    else:
        shrunk = Image.new("RGB", (-(-file.width // step), -(-file.height // step)))
        for number, strip in enumerate(_strips(file, data, STRIP_ROWS * step)):
            shrunk.paste(_rgb(strip).reduce(step), (0, number * STRIP_ROWS))
    if orientation := Image.Image.getexif(file).get(ExifTags.Base.Orientation):  # a PNG's own would decode all of it
        shrunk.getexif()[ExifTags.Base.Orientation] = orientation
    return shrunk


def _strips(file: Image.Image, data: bytes, rows: int) -> Iterator[Image.Image]:
    """The picture from top to bottom, so many rows at a time."""
    strips = png_strips(data, rows) if file.format == "PNG" else None
    if strips is not None:
        yield from strips
        return
    if file.format == "PNG" and file.width * file.height > MAX_WHOLE_PIXELS:
        raise ReferenceError(
            f"the picture is interlaced or of 16 bits and has more than {MAX_WHOLE_PIXELS / 1e6:.0f} million pixels; "
            "save it without interlacing, of 8 bits."
        )
    for top in range(0, file.height, rows):
        yield file.crop((0, top, file.width, min(top + rows, file.height)))


def _rgb(image: Image.Image) -> Image.Image:
    """Any mode that a PNG or JPEG decodes to, as 8-bit RGB without metadata, on white where it is transparent."""
    if image.mode.startswith("I"):  # 16-bit grey: Pillow clips it where it should scale
        values = np.asarray(image, dtype=np.int64)
        image = Image.fromarray((values.clip(0, 65535) // 257).astype(np.uint8))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return Image.fromarray(np.asarray(image.convert("RGB")))
