"""A large PNG read strip by strip: Pillow by itself holds all of its pixels, four bytes each, before any can be shrunk.

The rows are inflated as they are needed, and Pillow undoes their filters and decodes them, a strip at a time, as small
PNGs of the same kind. It knows nothing of what the strips are for.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""By PNG's colour type."""
_UNFILTERED_AS = {1: 0, 2: 4, 3: 2, 4: 6}
"""The colour type of eight bits a channel whose pixels have so many bytes: filters see bytes, whatever they mean."""


@dataclass(frozen=True)
class _Header:
    width: int
    height: int
    depth: int  # bits a channel
    colour_type: int
    is_interlaced: int

    @property
    def pixel_bytes(self) -> int:
        """How far apart the bytes are that a filter takes together; at least one."""
        return max(1, self.depth * _CHANNELS[self.colour_type] // 8)

    @property
    def row_bytes(self) -> int:
        return -(-self.width * self.depth * _CHANNELS[self.colour_type] // 8)

    def as_chunk(self, height: int) -> bytes:
        return _chunk(b"IHDR", struct.pack(">IIBBBBB", self.width, height, self.depth, self.colour_type, 0, 0, 0))


def png_strips(data: bytes, rows: int) -> Iterator[Image.Image] | None:
    """Decode a PNG from top to bottom.

    Args:
        data: The whole file, which Pillow has opened without complaint.
        rows: Of a strip; the last one may have fewer.

    Returns:
        Pictures of the file's own mode; None where it is none that can be read in strips (interlaced, or more than four
        bytes a pixel).

    Raises:
        OSError: A chunk is not as it was written, or, while the strips are taken, a row.
        zlib.error: While the strips are taken: they cannot be inflated.
    """
    chunks = list(_chunks(data))
    width, height, depth, colour_type, _, _, is_interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    header = _Header(width, height, depth, colour_type, is_interlaced)
    if is_interlaced or header.pixel_bytes not in _UNFILTERED_AS:
        return None
    meaning = b"".join(_chunk(kind, bytes(told)) for kind, told in chunks if kind in (b"PLTE", b"tRNS"))
    return _strips(header, meaning, _Inflated([told for kind, told in chunks if kind == b"IDAT"]), rows)


def _strips(header: _Header, meaning: bytes, inflated: "_Inflated", rows: int) -> Iterator[Image.Image]:
    kind = _UNFILTERED_AS[header.pixel_bytes]
    width = header.row_bytes // header.pixel_bytes
    above = bytes(header.row_bytes)
    for top in range(0, header.height, rows):
        count = min(rows, header.height - top)
        filtered = inflated.read(count * (1 + header.row_bytes))
        seen_as = _Header(width, 0, 8, kind, 0).as_chunk(count + 1)  # the row above, as it is, and the strip below it
        plain = _opened(seen_as, b"\0" + above + filtered).tobytes()[header.row_bytes :]
        above = plain[-header.row_bytes :]
        unfiltered = b"".join(
            b"\0" + plain[at : at + header.row_bytes] for at in range(0, len(plain), header.row_bytes)
        )
        yield _opened(header.as_chunk(count) + meaning, unfiltered)


class _Inflated:
    """The rows of a PNG as they were filtered, inflated as far as they are asked for."""

    def __init__(self, parts: list[memoryview]) -> None:
        self._parts = iter(parts)
        self._inflater = zlib.decompressobj()
        self._waiting = b""

    def read(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            if not self._waiting:
                part = next(self._parts, None)
                if part is None or self._inflater.eof:
                    raise OSError("the picture ends too early")
                self._waiting = bytes(part)
            found += self._inflater.decompress(self._waiting, count - len(found))
            self._waiting = self._inflater.unconsumed_tail
        return bytes(found)


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view, at = memoryview(data), len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        told, checksum = view[at + 8 : at + 8 + length], data[at + 8 + length : at + 12 + length]
        if zlib.crc32(told, zlib.crc32(kind)) != int.from_bytes(checksum):
            raise OSError("the picture is damaged")
        yield kind, told
        at += length + 12


def _opened(header: bytes, rows: bytes) -> Image.Image:
    data = SIGNATURE + header + _chunk(b"IDAT", zlib.compress(rows, 0)) + _chunk(b"IEND", b"")
    with Image.open(io.BytesIO(data), formats=("PNG",)) as strip:
        strip.load()
        return strip


def _chunk(kind: bytes, told: bytes) -> bytes:
    return struct.pack(">I", len(told)) + kind + told + struct.pack(">I", zlib.crc32(kind + told))
