"""BlendRequest -> BlendResult, on diffusers' stock StableDiffusionPipeline.

The pipeline's own loop, guidance, scheduler and safety checker run untouched; only what the UNet is asked is replaced
(`denoiser.py`). It knows nothing about the command line, the page or the agent.
"""

import json
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tools.blend.conditioning import Conditioning, make_conditioning
from tools.blend.denoiser import blended_passes
from tools.blend.notes import notes_of_all
from tools.blend.prompts import unknown_words
from tools.blend.record import make_record, save_png
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.blend.style_prompting import PAPERS_OWN, StylePrompting, StyleReferences
from tools.models import ImageModel, decode_latents
from tools.trace.attention import UnhookedLayer
from tools.trace.run import BlendTrace, Traced

__all__ = [
    "BlendCancelled",
    "BlendRequest",
    "BlendResult",
    "OnStep",
    "Preview",
    "WeightedStyle",
    "blend",
    "save",
]

Preview = Callable[[], Image.Image]
OnStep = Callable[[int, int, Preview], None]


class BlendCancelled(Exception):
    """Raised by `on_step` to end a render."""


@dataclass(frozen=True)
class BlendResult:
    """What was rendered, what was measured while it was, and what makes it again."""

    requests: tuple[BlendRequest, ...]
    images: tuple[Image.Image, ...]
    measurements: dict[str, Any]
    record: dict[str, Any]
    unknown_words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # what may not be as a person meant it, one sentence each
    arrays: dict[str, np.ndarray] = field(default_factory=dict)  # what measurements.npz holds
    beside: dict[str, Image.Image] = field(default_factory=dict)  # further pictures by file name, such as references

    @property
    def request(self) -> BlendRequest:
        return self.requests[0]

    @property
    def subject(self) -> str:
        """What was drawn, for a sentence."""
        return "no subject" if self.request.subject is None else f'"{self.request.subject}"'

    def sentence(self) -> str:
        """Say in one line what was rendered."""
        request, measured = self.request, self.measurements["images"][0]
        mix = " and ".join(
            f'{share:.0%} "{s}"' for s, share in zip(measured["styles"], measured["shares"], strict=True)
        )
        by = f" by the method {request.method}"
        if request.references:
            named = zip(request.references, request.reference_shares, strict=True)
            by += " from " + " and ".join(f"{share:.0%} {one.name}" for one, share in named)
        seconds = self.measurements["timing"]["render_s"]
        text = (
            f"Rendered {self.subject}{' as ' if mix else ''}{mix}{by}: "
            f"{request.num_inference_steps} steps, guidance {request.guidance_scale:g}, seed {request.seed}, "
            f"{seconds:.1f} s."
        )
        if measured["withheld_by_safety_checker"]:
            text += " The checkpoint's safety checker withheld the image."
        if self.unknown_words:
            text += f" The model does not know: {', '.join(self.unknown_words)}."
        return " ".join((text, *self.notes))


def blend(
    request: BlendRequest | Sequence[BlendRequest],
    model: ImageModel,
    *,
    on_step: OnStep | None = None,
    trace: bool | Collection[str] = True,
    kind: str = "blend",
    prompting: StylePrompting = PAPERS_OWN,
) -> BlendResult:
    """Render one blend, or several as one batch.

    Each image has its own generator, so it depends on its own seed alone.

    Args:
        request: What to render. In a batch, steps, guidance, size and references must be the same for all.
        model: What renders it; one render at a time uses it, others wait.
        on_step: Called after each step with (steps done, steps in all, preview); `preview()` decodes the first image
            as the model sees it at that step, and may be called during the call only. It may raise BlendCancelled.
        trace: Measure what happens inside the model meanwhile (`tools/trace`), which changes no pixel; names of
            measures are taken besides those that always are.
        kind: What the record says this render was: `blend` or `sweep`.
        prompting: How the references of the method `reference` are used, and the stored pictures among them.

    Raises:
        ValueError: If a prompt is too long for the model or a side no multiple of its step, the batch is not one, or a
            reference cannot be used.
        BlendCancelled: If `on_step` raised it.
    """
    requests = (request,) if isinstance(request, BlendRequest) else tuple(request)
    _check_batch(requests)
    _check_size(requests[0], model)
    with model.lock, torch.no_grad():
        started = time.perf_counter()
        references = StyleReferences(model, requests, prompting, trace is not False) if requests[0].references else None
        conditionings = tuple(_conditioning(model, r) for r in requests)
        items = references.all_conditionings(conditionings) if references else conditionings
        encoded = time.perf_counter()
        watch = _watch(model, items, requests[0].guidance_scale, trace)
        output = _render(requests, model, items, references, (on_step, watch))
        first = references.first_target if references else 0  # among the pipeline's images
        asked = slice(first, first + len(requests))
        first_item = len(items) - len(output.images) + first
        traced = _measure(watch, output, asked, range(first_item, first_item + len(requests)))
        finished = time.perf_counter()
    images = output.images[asked]
    record = make_record([r.to_json() for r in requests], images, model, kind)
    parts = {"latents": asked, **(references.parts() if references else {})}
    arrays = {name: output.latents[part].float().cpu().numpy() for name, part in parts.items()}
    measurements = {
        "format": 1,
        "timing": {
            "encode_s": round(encoded - started, 4),
            "render_s": round(finished - encoded, 4),
            "per_image_s": round((finished - started) / len(requests), 4),
        },
        **traced.run,
        **({"reference": references.measured()} if references else {}),
        "images": [
            {
                "styles": list(c.styles),
                "shares": list(c.shares),
                "prompts": [branch.text for branch in c.branches],
                "withheld_by_safety_checker": withheld,
                **of_image,
            }
            for c, withheld, of_image in zip(conditionings, output.flagged[asked], traced.images, strict=True)
        ],
    }
    return BlendResult(
        requests=requests,
        images=images,
        measurements=measurements,
        record={**record, **references.recorded()} if references else record,
        unknown_words=unknown_words(model, [text for r in requests for text in r.texts]),
        notes=notes_of_all({f"picture {number}": request for number, request in enumerate(requests, 1)}),
        arrays={**traced.arrays, **arrays},
        beside={**traced.pictures, **(references.pictures_beside(output.images) if references else {})},
    )


def save(result: BlendResult, out: Path, names: Sequence[str] = ("image.png",)) -> dict[str, Path]:
    """Write a result into `out`: images (the record in their text chunks), record.json, measurements.json and .npz."""
    out.mkdir(parents=True, exist_ok=True)
    record = {**result.record, "files": list(names)}
    for index, (name, image) in enumerate(zip(names, result.images, strict=True)):
        save_png(image, out / name, record, index)
    paths = {"image": out / names[0], "record": out / "record.json", "measurements": out / "measurements.json"}
    paths["arrays"] = out / "measurements.npz"
    paths["record"].write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    np.savez_compressed(paths["arrays"], **result.arrays)  # type: ignore[arg-type]
    for name, picture in result.beside.items():
        save_png(picture, out / name)
        paths[name.removesuffix(".png")] = out / name
    if steps := result.measurements.get("steps"):  # by itself, for who shows the sheets and nothing else
        (out / "steps.json").write_text(json.dumps(steps) + "\n", encoding="utf-8")
    paths["measurements"].write_text(json.dumps(result.measurements, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return paths


@dataclass(frozen=True)
class _Output:
    """What one call of the pipeline gave, for each of its images."""

    images: tuple[Image.Image, ...]
    latents: torch.Tensor  # (n, 4, h, w)
    flagged: list[bool]  # what the safety checker withheld


def _conditioning(model: ImageModel, request: BlendRequest) -> Conditioning:
    styles = [(style.text, share) for style, share in zip(request.styles, request.shares, strict=True)]
    return make_conditioning(model, request.subject, styles, request.method, request.negative_prompt)


def _render(
    requests: Sequence[BlendRequest],
    model: ImageModel,
    items: Sequence[Conditioning],
    references: StyleReferences | None,
    watching: tuple[OnStep | None, BlendTrace | str],
) -> _Output:
    """Run the stock pipeline once."""
    on_step, watch = watching
    pipeline, first = model.pipeline, requests[0]
    total = 0
    final = torch.empty(0)

    def step_done(_: Any, step: int, timestep: torch.Tensor, tensors: dict[str, Any]) -> dict[str, Any]:
        nonlocal final, total
        final, total = tensors["latents"], pipeline.num_timesteps
        if on_step is not None:
            on_step(
                step + 1,
                total,
                lambda: decode_latents(model, passes.predicted_original(timestep, first.guidance_scale))[0],
            )
        return {}

    seeds = references.seeds() if references else [request.seed for request in requests]
    streams = items[-len(seeds) :]  # without the stored pictures, which the pipeline does not render
    with blended_passes(model, items, None if isinstance(watch, str) else watch, references) as passes:
        output = pipeline(
            # the pipeline takes its batch size from these; the passes replace them with each step's own
            prompt_embeds=torch.stack([c.branches[0].prompt_embeds for c in streams]),
            negative_prompt_embeds=torch.stack([c.negative_prompt_embeds for c in streams]),
            num_inference_steps=first.num_inference_steps,
            guidance_scale=first.guidance_scale,
            height=first.height_px or model.size_px,
            width=first.width_px or model.size_px,
            # on the CPU whatever the device: a seed then means the same noise everywhere
            generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
            callback_on_step_end=step_done,
        )
    flagged = output.nsfw_content_detected or [False] * len(seeds)
    return _Output(tuple(output.images), final, [bool(f) for f in flagged])


def _watch(
    model: ImageModel, conditionings: Sequence[Conditioning], guidance_scale: float, trace: bool | Collection[str]
) -> BlendTrace | str:
    """Make a trace, or say why there is none."""
    if trace is False:
        return "not asked for"
    try:
        also = () if trace is True else trace
        return BlendTrace(model, [one.traced() for one in conditionings], guidance_scale, also)
    except UnhookedLayer as error:
        return str(error)


def _measure(watch: BlendTrace | str, output: _Output, asked: slice, items: Sequence[int]) -> Traced:
    """What the trace found; a render is kept without it too.

    Args:
        watch: The trace, or why there is none.
        output: What the pipeline gave.
        asked: Which of its images were asked for.
        items: Which of the trace's items those are.
    """
    why = watch
    if not isinstance(watch, str):
        shown = zip(output.images[asked], output.flagged[asked], strict=True)
        pictures = [None if flagged else image for image, flagged in shown]
        try:
            return watch.measure(output.latents[asked], items, pictures)
        except UnhookedLayer as error:
            why = str(error)
    return Traced({"not_traced": why}, [{} for _ in items], {}, {})


def _check_size(request: BlendRequest, model: ImageModel) -> None:
    for name, size in (("height", request.height_px), ("width", request.width_px)):
        if size is not None and size % model.size_step_px:
            raise ValueError(f"the {name} of {size} px is not a multiple of {model.size_step_px}, as this model needs.")


def _check_batch(requests: Sequence[BlendRequest]) -> None:
    if not requests:
        raise ValueError("nothing to render: the batch is empty.")
    same = {(r.num_inference_steps, r.guidance_scale, r.height_px, r.width_px) for r in requests}
    if len(same) > 1:
        raise ValueError("one batch has one number of steps, guidance and size; render these apart.")
    if any(r.references for r in requests) and len({(r.references, r.negative_prompt) for r in requests}) > 1:
        raise ValueError("one batch has the same references, with the same seeds, and one negative prompt.")
