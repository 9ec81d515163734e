"""Which image model renders: the embedded one, a hub checkpoint, a diffusers folder or a .safetensors file.

It opens a checkpoint, checks it, and chooses device and dtype. It knows nothing about styles, prompts or blending.
Nothing is ever downloaded: a model that is not on this machine is an error that says how to get it.
"""

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from PIL import Image

from tools.devices import LARGE_BYTES, choose_device, choose_dtype, cpu_has_fast_bfloat16
from tools.vocabulary import CLOSED_TOKENS, EMBEDDED_FOLDER

SD15 = "stable-diffusion-v1-5/stable-diffusion-v1-5"
PICKLES = {".ckpt", ".pt", ".pth", ".bin", ".pkl"}
SD15_GUIDANCE = 7.5
EMBEDDED_GUIDANCE = 5.0
"""The guidance that the embedded model's training sheets are rendered and judged with; SD1.5's usual 7.5 is harsher."""
LARGE_PARAMETERS = 100_000_000
HASH_CACHE = Path.home() / ".cache" / "undertone" / "sha256.json"

_models: dict[tuple[str, torch.dtype | None], "ImageModel"] = {}
_models_lock = threading.Lock()


class ModelUnavailable(RuntimeError):
    """The image model cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class ImageModel:
    """A loaded SD1.x checkpoint. One render at a time may use it: hold `lock`."""

    name: str  # as the user gave it; a replay loads by it
    kind: str  # embedded | hub | folder | file
    pipeline: Any  # a StableDiffusionPipeline; diffusers declares no types for its components
    sha256: str  # over the weight files
    default_guidance: float = SD15_GUIDANCE
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False, compare=False)

    @property
    def device(self) -> torch.device:
        return self.pipeline.unet.device

    @property
    def dtype(self) -> torch.dtype:
        return self.pipeline.unet.dtype

    @property
    def size_px(self) -> int:
        """The side of the images that the model was trained on."""
        return int(self.pipeline.unet.config.sample_size) * int(self.pipeline.vae_scale_factor)

    @property
    def size_step_px(self) -> int:
        """How many pixels one latent spans: an image's sides are multiples of it."""
        return int(self.pipeline.vae_scale_factor)

    @property
    def max_tokens(self) -> int:
        """How many tokens a prompt may have, start and end tokens included (77 for CLIP)."""
        return int(self.pipeline.text_encoder.config.max_position_embeddings)

    @property
    def is_large(self) -> bool:
        """Whether a render takes so long that nothing should be rendered unasked."""
        return sum(parameter.numel() for parameter in self.pipeline.unet.parameters()) > LARGE_PARAMETERS

    @property
    def has_closed_vocabulary(self) -> bool:
        """Whether a word that is not one token is a word that the model never saw."""
        return len(self.pipeline.tokenizer) < CLOSED_TOKENS


def load_image_model(name: str = "embedded", *, dtype: torch.dtype | None = None) -> ImageModel:
    """Load an image model once per process.

    Args:
        name: `embedded`, a hub id of an SD1.x checkpoint, a diffusers folder, or a `.safetensors` file.
        dtype: Overrides the choice that fits the device and the checkpoint's size.

    Raises:
        ModelUnavailable: If it is not on this machine, damaged, or in a format that is not safe to open.
    """
    with _models_lock:
        if (name, dtype) not in _models:
            _models[name, dtype] = _load(name, dtype)
        return _models[name, dtype]


def wrap_pipeline(
    pipeline: Any, name: str, kind: str, sha256: str, default_guidance: float = SD15_GUIDANCE
) -> ImageModel:
    """Make an ImageModel of a pipeline that is already loaded."""
    pipeline.set_progress_bar_config(disable=True)
    # decoding one image at a time bounds memory, and an image's pixels then do not depend on its batch
    pipeline.vae.enable_slicing()
    return ImageModel(name, kind, pipeline, sha256, default_guidance)


def decode_latents(model: ImageModel, latents: torch.Tensor, preview: bool = False) -> list[Image.Image]:
    """Decode latents, (n, 4, h, w), to pictures.

    Args:
        model: Whose they are.
        latents: On any device, in any dtype.
        preview: Decode them together, in half precision where a CPU is faster at it: to be looked at, not to be
            measured. `python -m tests.bench.blend --only steps` says how far off that is.
    """
    pipeline = model.pipeline
    scaled = latents.to(model.device, pipeline.vae.dtype) / pipeline.vae.config.scaling_factor
    with as_preview(model) if preview else torch.no_grad():
        if preview and pipeline.vae.post_quant_conv is not None:
            decoded = pipeline.vae.decoder(pipeline.vae.post_quant_conv(scaled))
        else:
            decoded = pipeline.vae.decode(scaled, return_dict=False)[0]
    pictures: list[Image.Image] = pipeline.image_processor.postprocess(decoded.float(), output_type="pil")
    return pictures


@contextlib.contextmanager
def as_preview(model: ImageModel) -> Iterator[None]:
    """What runs in here is to be looked at and not to be measured: half precision where a CPU is faster at it."""
    half = model.device.type == "cpu" and cpu_has_fast_bfloat16()
    with torch.no_grad(), torch.autocast(model.device.type, torch.bfloat16, enabled=half):
        yield


def _load(name: str, dtype: torch.dtype | None) -> ImageModel:
    path = Path(name).expanduser()
    if name == "embedded":
        _check_sums(EMBEDDED_FOLDER)
        return _load_folder(EMBEDDED_FOLDER, name, "embedded", dtype)
    if path.suffix.lower() in PICKLES:
        raise ModelUnavailable(
            f"{name} is a pickle: opening it would run whatever code its author put in it. "
            "Use the checkpoint's .safetensors file."
        )
    if path.is_dir():
        return _load_folder(path, name, "folder", dtype)
    if path.is_file():
        return _load_file(path, name, dtype)
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name) and path.suffix != ".safetensors" and not name.startswith("."):
        return _load_folder(_hub_folder(name), name, "hub", dtype)
    raise ModelUnavailable(
        f"no image model at {name}. Give `embedded`, a hub id such as {SD15}, a diffusers folder "
        "or a .safetensors file."
    )


def _load_folder(folder: Path, name: str, kind: str, dtype: torch.dtype | None) -> ImageModel:
    """Load a folder that `StableDiffusionPipeline.save_pretrained` could have written."""
    if not (folder / "model_index.json").is_file():
        raise ModelUnavailable(f"{folder} has no model_index.json: it is not a diffusers pipeline. {_how_to_get(name)}")
    weights = sorted(p for p in folder.glob("*/*.safetensors") if ".fp16." not in p.name)  # one folder a component
    if not weights:
        raise ModelUnavailable(
            f"{folder} holds no .safetensors weights; pickled ones (.bin, .ckpt) are not opened, as they can run code. "
            f"{_how_to_get(name)}"
        )
    device = choose_device()
    dtype = dtype or choose_dtype(device, sum(p.stat().st_size for p in weights))
    try:
        pipeline = _pipeline_class().from_pretrained(folder, dtype=dtype, use_safetensors=True, local_files_only=True)
    except Exception as error:  # diffusers, transformers and safetensors each raise their own kinds
        raise ModelUnavailable(f"{folder} cannot be loaded as an SD1.x pipeline: {_one_line(error)}") from error
    return _place(pipeline, device, name, kind, sha256_of_files(folder, weights), _default_guidance(folder, kind))


def _load_file(path: Path, name: str, dtype: torch.dtype | None) -> ImageModel:
    """Load one .safetensors file. It holds weights only; its shapes and tokenizer come from SD1.5's configuration."""
    if path.suffix.lower() != ".safetensors":
        raise ModelUnavailable(f"{name} is not a .safetensors file; only that format is opened.")
    try:
        config = snapshot_download(SD15, local_files_only=True)
    except (LocalEntryNotFoundError, OSError, ValueError) as error:
        raise ModelUnavailable(
            f"{name} holds weights only, and SD1.5's configuration (3 MB) is not on this machine. Get it with: "
            f'hf download {SD15} --include "*.json" --include "*.txt"'
        ) from error
    device = choose_device()
    dtype = dtype or choose_dtype(device, path.stat().st_size)
    try:
        pipeline = _pipeline_class().from_single_file(
            str(path),
            config=config,
            dtype=dtype,
            local_files_only=True,
            safety_checker=None,  # a single file never holds one
            feature_extractor=None,
            requires_safety_checker=False,
        )
    except Exception as error:  # any damaged or foreign file, by whatever error the loaders raise
        raise ModelUnavailable(f"{name} cannot be loaded as an SD1.x checkpoint: {_one_line(error)}") from error
    return _place(pipeline, device, name, "file", sha256_of_file(path), SD15_GUIDANCE)


def _pipeline_class() -> Any:
    """Import diffusers, quietly. It takes seconds: a request that is refused should not wait for it."""
    from diffusers import StableDiffusionPipeline
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for logging in (diffusers_logging, transformers_logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()
    return StableDiffusionPipeline


def _place(pipeline: Any, device: torch.device, name: str, kind: str, sha256: str, guidance: float) -> ImageModel:
    pipeline.to(device)
    if device.type == "cpu" and pipeline.unet.dtype == torch.bfloat16:
        pipeline.unet.to(memory_format=torch.channels_last)
        pipeline.vae.to(memory_format=torch.channels_last)
    return wrap_pipeline(pipeline, name, kind, sha256, guidance)


def _hub_folder(name: str) -> Path:
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError, ValueError) as error:
        raise ModelUnavailable(f"{name} is not on this machine. {_how_to_get(name)}") from error


def _how_to_get(name: str) -> str:
    if name == "embedded":
        return "Restore it with `git checkout -- tools/studio/weights`, or make it anew with `make train`."
    if "/" in name and not Path(name).expanduser().exists():
        skip = " ".join(f'--exclude "{p}"' for p in ("*.bin", "*.ckpt", "*.fp16.*", "*.non_ema.*", "v1-5-pruned*"))
        return f"Get it with: hf download {name} {skip}"
    return f"A complete SD1.5 folder comes with: hf download {SD15} --local-dir FOLDER"


def _check_sums(folder: Path) -> None:
    """Check every file that the folder's SHA256SUMS lists."""
    sums = folder / "SHA256SUMS"
    if not sums.is_file():
        raise ModelUnavailable(f"{sums} is missing. {_how_to_get('embedded')}")
    for line in sums.read_text(encoding="utf-8").splitlines():
        expected, _, relative = line.partition(" ")
        path = folder / relative.strip().lstrip("*")
        if not path.is_file():
            raise ModelUnavailable(f"{path} is missing. {_how_to_get('embedded')}")
        if sha256_of_file(path) != expected.lower():
            raise ModelUnavailable(f"{path} is not the file that SHA256SUMS names. {_how_to_get('embedded')}")


def sha256_of_files(folder: Path, paths: list[Path]) -> str:
    """SHA-256 of the `sha256sum` listing of these files, in the order of their names: one digest for many files."""
    lines = [f"{sha256_of_file(p)}  {p.relative_to(folder).as_posix()}\n" for p in sorted(paths)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file; that of a large one is remembered by path, size and time of change."""
    status = path.stat()
    key = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}"
    large = status.st_size >= LARGE_BYTES
    cache = _read_json(HASH_CACHE) if large else {}
    if key in cache:
        return str(cache[key])
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if large:
        try:
            HASH_CACHE.parent.mkdir(parents=True, exist_ok=True)
            HASH_CACHE.write_text(json.dumps({**cache, key: digest}), encoding="utf-8")
        except OSError:
            pass  # a read-only home only costs the seconds again
    return digest


def _default_guidance(folder: Path, kind: str) -> float:
    """The guidance scale that a model was tuned for, from its `undertone.json` where it has one."""
    usual = EMBEDDED_GUIDANCE if kind == "embedded" else SD15_GUIDANCE
    return float(_read_json(folder / "undertone.json").get("default_guidance", usual))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
