"""Everything needed to make the same pixels again: written beside an image, and inside it.

A record is JSON: what was asked, the model and its SHA-256, library versions, device, dtype, threads, and the
SHA-256 of the pixels. It knows nothing about how an image is rendered.
"""

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ingest.files import open_regular, read_regular
from tools.models import ImageModel

RECORD_FORMAT = 1
PNG_KEY = "undertone"
LIBRARIES = ("torch", "diffusers", "transformers", "compel", "safetensors", "pillow", "numpy")
PNG_LEVEL = 4
"""Of zlib: files of rendered pictures are as small as at 6, in 40 % of the time."""
MAX_RECORD_BYTES = 5_000_000
MAX_RECORD_IMAGES = 64
"""More than any command writes; each image is as large as a request may be."""


@dataclass(frozen=True)
class Comparison:
    """How far the pixels of a replay are from those of the record."""

    same: bool
    max_difference: int | None  # of 255, over all channels; None where the recorded image is not at hand
    differing_share: float | None  # share of the channel values that differ
    changed: tuple[str, ...]  # what else is not as it was: "torch 2.13.0 -> 2.14.0"

    def sentence(self) -> str:
        """Say it in one line."""
        why = f" Not as it was: {'; '.join(self.changed)}." if self.changed else ""
        if self.same:
            return f"The pixels are the same.{why}"
        if self.max_difference is None:
            return f"The pixels differ; the recorded image is not beside the record, so not said by how much.{why}"
        return (
            f"The pixels differ: by {self.max_difference} of 255 at most, "
            f"in {self.differing_share:.2%} of the channel values.{why}"
        )


def make_record(
    requests: Sequence[dict[str, Any]], images: Sequence[Image.Image], model: ImageModel, kind: str = "blend"
) -> dict[str, Any]:
    """Describe a finished render.

    Args:
        requests: What was asked, one per image, as JSON; rendered together as one batch.
        images: What came out, in the same order.
        model: What rendered it.
        kind: `blend` or `sweep`.
    """
    return {
        "format": RECORD_FORMAT,
        "kind": kind,
        "requests": list(requests),
        "model": {"name": model.name, "kind": model.kind, "sha256": model.sha256},
        "versions": _versions(),
        "device": _device_name(model.device),
        "dtype": str(model.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "scheduler": type(model.pipeline.scheduler).__name__,
        "pixels_sha256": [pixels_sha256(image) for image in images],
    }


def pixels_sha256(image: Image.Image) -> str:
    """SHA-256 of an image's size and RGB bytes: metadata and compression do not count."""
    rgb = image.convert("RGB")
    return hashlib.sha256(f"{rgb.width}x{rgb.height}:".encode() + rgb.tobytes()).hexdigest()


def save_png(image: Image.Image, path: Path, record: dict[str, Any] | None = None, index: int = 0) -> None:
    """Write an image as PNG, with its record in a text chunk; `index` says which of its images this one is."""
    info = PngInfo()
    if record is not None:
        info.add_text(PNG_KEY, json.dumps({**record, "index": index}, ensure_ascii=True))
    image.save(path, "PNG", pnginfo=info, compress_level=PNG_LEVEL)


def read_record(path: Path) -> dict[str, Any]:
    """Read a record from a `record.json` or from a PNG that carries one.

    Raises:
        ValueError: If there is no record in it, in one line that names the file and what is wrong.
    """
    try:
        if path.suffix.lower() == ".png":
            with open_regular(path) as file, Image.open(file, formats=("PNG",)) as image:
                text = image.info.get(PNG_KEY)
            if not isinstance(text, str):
                raise ValueError(f"{path} carries no record; give the record.json of its render")
        else:
            data = read_regular(path, MAX_RECORD_BYTES)
            if len(data) > MAX_RECORD_BYTES:
                raise ValueError(f"{path} is too large for a record")
            text = data.decode("utf-8")
        record = json.loads(text)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or 'it is not an image'}") from error
    except Image.DecompressionBombError as error:
        raise ValueError(f"{path} is too large for a picture of ours") from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is not a record: it is not JSON ({error})") from error
    except SyntaxError as error:  # Pillow's word for a PNG that is cut off
        raise ValueError(f"{path} cannot be read: it is not an image") from error
    if not isinstance(record, dict) or record.get("format") != RECORD_FORMAT:
        raise ValueError(f'{path} is not a record: "format" is not {RECORD_FORMAT}')
    model, requests, hashes = record.get("model"), record.get("requests"), record.get("pixels_sha256")
    if not isinstance(model, dict) or not isinstance(model.get("name"), str):
        raise ValueError(f'{path} names no model: "model" must hold its "name"')
    if not isinstance(requests, list) or not isinstance(hashes, list) or not 0 < len(requests) == len(hashes):
        raise ValueError(f'{path} needs "requests" and "pixels_sha256", lists of the same length')
    if len(requests) > MAX_RECORD_IMAGES:
        raise ValueError(f"{path} asks for {len(requests)} images; a record holds {MAX_RECORD_IMAGES} at most")
    reference = record.get("reference", {})
    if not isinstance(reference, dict) or not isinstance(reference.get("pictures", {}), dict):
        raise ValueError(f'{path}: "reference" must be an object, and so must its "pictures"')
    files = record.get("files", [])
    if not isinstance(files, list) or not all(isinstance(name, str) for name in files):
        raise ValueError(f'{path}: "files" must be a list of file names')
    if any(name in ("", ".", "..") or Path(name).name != name or "\0" in name for name in files):
        raise ValueError(f'{path}: "files" must name files beside it, without a folder')
    return record


def compare(record: dict[str, Any], images: Sequence[Image.Image], model: ImageModel, folder: Path) -> Comparison:
    """Compare a replay with its record, and with the recorded images where they lie in `folder`."""
    now = make_record(record["requests"], images, model, str(record.get("kind")))
    changed = [
        f"{name} {record.get(name)} -> {now[name]}"
        for name in ("device", "dtype", "threads", "scheduler")
        if record.get(name) != now[name]
    ]
    versions = record.get("versions")
    before = versions if isinstance(versions, dict) else {}
    changed += [f"{k} {before.get(k)} -> {v}" for k, v in now["versions"].items() if before.get(k) != v]
    if record["model"].get("sha256") != model.sha256:
        changed.append("the model's weights")
    if record["pixels_sha256"] == now["pixels_sha256"]:
        return Comparison(True, 0, 0.0, tuple(changed))
    files = [folder / name for name in record.get("files", [])]
    sizes = [_size(file) for file in files]
    if len(files) != len(images) or any(size is None for size in sizes):
        return Comparison(False, None, None, tuple(changed))
    if sizes != [image.size for image in images]:
        return Comparison(False, None, None, (*changed, "the image's size"))
    recorded = [_recorded_image(file) for file in files]
    if any(image is None for image in recorded):
        return Comparison(False, None, None, tuple(changed))
    pairs = [(_pixels(a), _pixels(b)) for a, b in zip(recorded, images, strict=True) if a is not None]
    difference = np.stack([np.abs(a - b) for a, b in pairs])
    return Comparison(False, int(difference.max()), float((difference > 0).mean()), tuple(changed))


def _pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"), dtype=np.int16)


def _size(path: Path) -> tuple[int, int] | None:
    """What a picture's header says, before anything is decoded; None where there is no picture."""
    try:
        with open_regular(path) as file, Image.open(file) as image:
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _recorded_image(path: Path) -> Image.Image | None:
    try:
        with open_regular(path) as file, Image.open(file) as image:
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return f"{device.type} ({platform.machine()}, {torch.backends.cpu.get_cpu_capability()})"
