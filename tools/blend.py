"""BlendRequest -> BlendResult, on diffusers' stock StableDiffusionPipeline.

The pipeline's own loop, guidance, scheduler and safety checker run untouched; only what the UNet is asked is replaced
(`passes.py`). It knows nothing about the command line, the page or the agent.
"""

import json
import math
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tools.conditioning import METHODS, Conditioning, make_conditioning, unknown_words
from tools.models import ImageModel
from tools.passes import blended_passes
from tools.record import make_record, png_text
from tools.trace.attention import UnhookedLayer
from tools.trace.run import BlendTrace

MAX_STEPS = 150
MAX_GUIDANCE = 30.0
MIN_SIZE_PX, MAX_SIZE_PX, SIZE_STEP_PX = 64, 1024, 8
MAX_STYLES = 4
MAX_SEED = 2**63 - 1
Preview = Callable[[], Image.Image]
OnStep = Callable[[int, int, Preview], None]


class BlendCancelled(Exception):
    """Raised by `on_step` to end a render."""


@dataclass(frozen=True)
class WeightedStyle:
    """A style and its weight; only the proportion between weights counts."""

    text: str
    weight: float


@dataclass(frozen=True)
class BlendRequest:
    """What to render. Checked when it is made: a BlendRequest that exists can be rendered."""

    subject: str
    styles: tuple[WeightedStyle, ...]
    method: str = "composable"
    num_inference_steps: int = 20
    guidance_scale: float = 7.5  # the pipeline's own: at 1 and below there is no guidance
    seed: int = 0
    height_px: int | None = None  # None: the model's own size
    width_px: int | None = None
    negative_prompt: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", _clean(self.subject, "the subject"))
        object.__setattr__(self, "negative_prompt", _clean(self.negative_prompt, "the negative prompt", empty=True))
        object.__setattr__(
            self, "styles", tuple(WeightedStyle(_clean(s.text, "a style"), s.weight) for s in self.styles)
        )
        _check_styles(self.styles)
        if self.method not in METHODS:
            raise ValueError(f"there is no method {self.method!r}. Choose one of: {', '.join(METHODS)}.")
        _check_number("steps", self.num_inference_steps, 1, MAX_STEPS, whole=True)
        _check_number("guidance", self.guidance_scale, 0, MAX_GUIDANCE)
        _check_number("the seed", self.seed, 0, MAX_SEED, whole=True)
        for name, size in (("the height", self.height_px), ("the width", self.width_px)):
            if size is not None:
                _check_number(f"{name} in pixels", size, MIN_SIZE_PX, MAX_SIZE_PX, whole=True)
                if size % SIZE_STEP_PX:
                    raise ValueError(f"{name} of {size} px is not a multiple of {SIZE_STEP_PX}.")

    @property
    def shares(self) -> tuple[float, ...]:
        """The styles' weights, scaled to sum to 1."""
        largest = max(style.weight for style in self.styles)  # weights near the largest float must not overflow
        total = sum(style.weight / largest for style in self.styles)
        return tuple(style.weight / largest / total for style in self.styles)

    def to_json(self) -> dict[str, Any]:
        """The request as JSON, with the shares that its weights come to."""
        return {**asdict(self), "styles": [asdict(style) for style in self.styles], "shares": list(self.shares)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "BlendRequest":
        """Read what `to_json` wrote.

        Raises:
            ValueError: If something is missing, of the wrong kind, or out of its limits.
        """
        try:
            styles = tuple(WeightedStyle(style["text"], style["weight"]) for style in data["styles"])
            return cls(styles=styles, **{k: v for k, v in data.items() if k not in ("styles", "shares")})
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not a blend request: {error}") from error


@dataclass(frozen=True)
class BlendResult:
    """What was rendered, what was measured while it was, and what makes it again."""

    requests: tuple[BlendRequest, ...]
    images: tuple[Image.Image, ...]
    measurements: dict[str, Any]
    record: dict[str, Any]
    unknown_words: tuple[str, ...] = ()
    arrays: dict[str, np.ndarray] = field(default_factory=dict)  # what measurements.npz holds

    @property
    def request(self) -> BlendRequest:
        return self.requests[0]

    def sentence(self) -> str:
        """Say in one line what was rendered."""
        request, measured = self.request, self.measurements["images"][0]
        mix = " and ".join(
            f'{share:.0%} "{s}"' for s, share in zip(measured["styles"], measured["shares"], strict=True)
        )
        seconds = self.measurements["timing"]["render_s"]
        text = (
            f'Rendered "{request.subject}" as {mix} by the method {request.method}: '
            f"{request.num_inference_steps} steps, guidance {request.guidance_scale:g}, seed {request.seed}, "
            f"{seconds:.1f} s."
        )
        if measured["withheld_by_safety_checker"]:
            text += " The checkpoint's safety checker withheld the image."
        if self.unknown_words:
            text += f" The model does not know: {', '.join(self.unknown_words)}."
        return text


def blend(
    request: BlendRequest | Sequence[BlendRequest],
    model: ImageModel,
    *,
    on_step: OnStep | None = None,
    trace: bool = True,
    kind: str = "blend",
) -> BlendResult:
    """Render one blend, or several as one batch.

    Each image has its own generator, so it depends on its own seed alone.

    Args:
        request: What to render. In a batch, steps, guidance and size must be the same for all.
        model: What renders it; one render at a time uses it, others wait.
        on_step: Called after each step with (steps done, steps in all, preview); `preview()` decodes the first image
            as the model sees it at that step, and may be called during the call only. It may raise BlendCancelled.
        trace: Measure what happens inside the model meanwhile (`tools/trace`). It changes no pixel.
        kind: What the record says this render was: `blend` or `sweep`.

    Raises:
        ValueError: If a prompt is too long for the model, or the batch is not one.
        BlendCancelled: If `on_step` raised it.
    """
    requests = (request,) if isinstance(request, BlendRequest) else tuple(request)
    _check_batch(requests)
    with model.lock, torch.no_grad():
        started = time.perf_counter()
        conditionings = tuple(
            make_conditioning(
                model,
                r.subject,
                [(s.text, p) for s, p in zip(r.styles, r.shares, strict=True)],
                r.method,
                r.negative_prompt,
            )
            for r in requests
        )
        encoded = time.perf_counter()
        watch = _watch(model, conditionings, requests[0].guidance_scale) if trace else "not asked for"
        images, latents, flagged = _render(requests, model, conditionings, on_step, watch)
        run, traced, arrays = _measure(watch, latents)
        finished = time.perf_counter()
    measurements = {
        "format": 1,
        "timing": {
            "encode_s": round(encoded - started, 4),
            "render_s": round(finished - encoded, 4),
            "per_image_s": round((finished - started) / len(requests), 4),
        },
        **run,
        "images": [
            {
                "styles": list(c.styles),
                "shares": list(c.shares),
                "prompts": [branch.text for branch in c.branches],
                "withheld_by_safety_checker": withheld,
                **of_image,
            }
            for c, withheld, of_image in zip(conditionings, flagged, traced, strict=True)
        ],
    }
    return BlendResult(
        requests=requests,
        images=images,
        measurements=measurements,
        record=make_record([r.to_json() for r in requests], images, model, kind),
        unknown_words=unknown_words(model, [t for r in requests for t in (r.subject, *(s.text for s in r.styles))]),
        arrays={"latents": latents.float().cpu().numpy(), **arrays},
    )


def save(result: BlendResult, out: Path, names: Sequence[str] = ("image.png",)) -> dict[str, Path]:
    """Write a result into `out`: images (the record in their text chunks), record.json, measurements.json and .npz."""
    out.mkdir(parents=True, exist_ok=True)
    record = {**result.record, "files": list(names)}
    for index, (name, image) in enumerate(zip(names, result.images, strict=True)):
        image.save(out / name, pnginfo=png_text(record, index))
    paths = {"image": out / names[0], "record": out / "record.json", "measurements": out / "measurements.json"}
    paths["arrays"] = out / "measurements.npz"
    paths["record"].write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    np.savez_compressed(paths["arrays"], **result.arrays)  # type: ignore[arg-type]
    paths["measurements"].write_text(json.dumps(result.measurements, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return paths


def _render(
    requests: Sequence[BlendRequest],
    model: ImageModel,
    conditionings: Sequence[Conditioning],
    on_step: OnStep | None,
    watch: BlendTrace | str,
) -> tuple[tuple[Image.Image, ...], torch.Tensor, list[bool]]:
    """Run the stock pipeline once; return images, final latents (n, 4, h, w), and what the safety checker withheld."""
    pipeline, first = model.pipeline, requests[0]
    total = 0
    final = torch.empty(0)

    def step_done(_: Any, step: int, timestep: torch.Tensor, tensors: dict[str, Any]) -> dict[str, Any]:
        nonlocal final, total
        final, total = tensors["latents"], pipeline.num_timesteps
        if on_step is not None:
            on_step(step + 1, total, lambda: _decode(model, passes.predicted_original(timestep, first.guidance_scale)))
        return {}

    with blended_passes(model, conditionings, None if isinstance(watch, str) else watch) as passes:
        output = pipeline(
            # the pipeline takes its batch size from these; the passes replace them with each step's own
            prompt_embeds=torch.stack([c.branches[0].prompt_embeds for c in conditionings]),
            negative_prompt_embeds=torch.stack([c.negative_prompt_embeds for c in conditionings]),
            num_inference_steps=first.num_inference_steps,
            guidance_scale=first.guidance_scale,
            height=first.height_px or model.size_px,
            width=first.width_px or model.size_px,
            # on the CPU whatever the device: a seed then means the same noise everywhere
            generator=[torch.Generator("cpu").manual_seed(r.seed) for r in requests],
            callback_on_step_end=step_done,
        )
    flagged = output.nsfw_content_detected or [False] * len(requests)
    return tuple(output.images), final, [bool(f) for f in flagged]


def _watch(model: ImageModel, conditionings: Sequence[Conditioning], guidance_scale: float) -> BlendTrace | str:
    """Make a trace, or say why there is none."""
    try:
        return BlendTrace(model, conditionings, guidance_scale)
    except UnhookedLayer as error:
        return str(error)


def _measure(
    watch: BlendTrace | str, latents: torch.Tensor
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, np.ndarray]]:
    """What the trace found about the run and about each image, and its arrays; a render is kept without them too."""
    nothing: list[dict[str, Any]] = [{} for _ in latents]
    if isinstance(watch, str):
        return {"not_traced": watch}, nothing, {}
    try:
        return watch.measure(latents)
    except UnhookedLayer as error:
        return {"not_traced": str(error)}, nothing, {}


def _decode(model: ImageModel, latents: torch.Tensor) -> Image.Image:
    pipeline = model.pipeline
    with torch.no_grad():
        scaled = latents.to(pipeline.vae.dtype) / pipeline.vae.config.scaling_factor
        decoded = pipeline.vae.decode(scaled, return_dict=False)[0]
    image: Image.Image = pipeline.image_processor.postprocess(decoded.float(), output_type="pil")[0]
    return image


def _check_batch(requests: Sequence[BlendRequest]) -> None:
    if not requests:
        raise ValueError("nothing to render: the batch is empty.")
    same = {(r.num_inference_steps, r.guidance_scale, r.height_px, r.width_px) for r in requests}
    if len(same) > 1:
        raise ValueError("one batch has one number of steps, guidance and size; render these apart.")


def _check_styles(styles: tuple[WeightedStyle, ...]) -> None:
    if not 1 <= len(styles) <= MAX_STYLES:
        raise ValueError(f"{len(styles)} styles were given; give 1 to {MAX_STYLES}.")
    for style in styles:
        if isinstance(style.weight, bool) or not isinstance(style.weight, int | float):
            raise ValueError(f'the weight of "{style.text}" is not a number: {style.weight!r}.')
        if not math.isfinite(style.weight) or style.weight < 0:
            raise ValueError(f'the weight of "{style.text}" is {style.weight}; give 0 or a positive number.')
    if not any(style.weight > 0 for style in styles):
        raise ValueError("every weight is 0; give at least one style a positive weight.")


def _check_number(name: str, value: float, low: float, high: float, whole: bool = False) -> None:
    kinds = int if whole else int | float
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise ValueError(f"{name} must be a {'whole ' if whole else ''}number, not {value!r}.")
    if not low <= value <= high:  # also false for NaN
        raise ValueError(f"{name} must be between {low:g} and {high:g}, not {value}.")


def _clean(text: str, name: str, empty: bool = False) -> str:
    """Normalise a text of the prompt; raise ValueError for one that cannot stand in a prompt."""
    if not isinstance(text, str):
        raise ValueError(f"{name} must be text, not {text!r}.")
    text = unicodedata.normalize("NFC", text).strip()
    bad = next((c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")), None)
    if bad is not None:
        raise ValueError(f"{name} holds a line break or control character (U+{ord(bad):04X}); write it on one line.")
    if "<|startoftext|>" in text or "<|endoftext|>" in text:
        raise ValueError(f"{name} holds a marker of the tokenizer (<|...|>); leave it out.")
    text = " ".join(text.split())
    if not text and not empty:
        raise ValueError(f"{name} is empty; write what it should be.")
    return text
