"""One seed at N weights from one style to another, rendered as one batch, and the curves that it gives.

The curves say where along the weights the picture changes. They are measured on what was rendered; nothing here knows
how a blend works, nor how a sweep is drawn (`strip.py`).
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tools.blend.record import png_text
from tools.blend.results import BlendRequest, BlendResult, OnStep, WeightedStyle, blend, save
from tools.experiments.strip import draw_strip
from tools.models import ImageModel
from tools.trace.classifier import classify_styles

MAX_POINTS = 33
JUMP_SHARE = 0.5
"""A step of weight that moves the latents by more than this share of the way between the ends is marked as a jump."""


def sweep(request: BlendRequest, points: int, model: ImageModel, *, on_step: OnStep | None = None) -> BlendResult:
    """Render a request at evenly spaced weights of its second style, from 0 to 1, and measure the curves.

    Args:
        request: Two styles, whose own weights do not count.
        points: How many images, 2 to MAX_POINTS.
        model: What renders them, as one batch.
        on_step: As in `blend`.

    Returns:
        The batch's result, with `measurements["sweep"]`: see `measure_curves`.

    Raises:
        ValueError: If there are not two different styles, or too few or too many points.
    """
    requests = sweep_requests(request, points)
    result = blend(requests, model, on_step=on_step, kind="sweep")
    return replace(result, measurements={**result.measurements, "sweep": measure_curves(result, model)})


def sweep_requests(request: BlendRequest, points: int) -> list[BlendRequest]:
    """The requests of a sweep, one per weight."""
    if not 2 <= points <= MAX_POINTS:
        raise ValueError(f"a sweep has 2 to {MAX_POINTS} points, not {points}.")
    if len(request.styles) != 2 or request.styles[0].text.casefold() == request.styles[1].text.casefold():
        raise ValueError("a sweep goes from one style to another: give two different styles.")
    start, end = request.styles
    weights = [i / (points - 1) for i in range(points)]
    return [replace(request, styles=(WeightedStyle(start.text, 1 - w), WeightedStyle(end.text, w))) for w in weights]


def measure_curves(result: BlendResult, model: ImageModel) -> dict[str, Any]:
    """Measure how the image changes with the weight.

    Returns:
        `weights`: of the second style. `style_probability`: {by, styles, values (points, styles)}, where `by` names
        the judge. `distance_from_start`, `distance_from_end`, `distance_to_next`: ||a - b|| of the finished latents
        over that between the two ends. `jumps`: indices of the points after which the next lies more than JUMP_SHARE
        of the whole way off. `attention_share`: each style's share of attention per point; None where not traced.
    """
    latents = result.arrays["latents"].reshape(len(result.images), -1)
    whole = max(float(np.linalg.norm(latents[0] - latents[-1])), 1e-12)
    to_next = np.linalg.norm(np.diff(latents, axis=0), axis=1) / whole
    start, end = (style.text for style in result.request.styles)
    traced = all("attention" in measured for measured in result.measurements["images"])
    return {
        "weights": [round(request.shares[1], 6) for request in result.requests],
        "styles": [start, end],
        "style_probability": _style_probability(result, model, (start, end)),
        "distance_from_start": _rounded(np.linalg.norm(latents - latents[0], axis=1) / whole),
        "distance_from_end": _rounded(np.linalg.norm(latents - latents[-1], axis=1) / whole),
        "distance_to_next": _rounded(to_next),
        "jumps": [int(i) for i in np.flatnonzero(to_next > JUMP_SHARE)] if len(to_next) > 2 else [],
        "attention_share": {
            style: [_attention_on(measured, style) for measured in result.measurements["images"]] if traced else None
            for style in (start, end)
        },
    }


def save_sweep(result: BlendResult, out: Path) -> dict[str, Path]:
    """Write sweep.png, curves.json, one PNG per point, record.json and the measurements into `out`."""
    names = [f"point-{i:02d}-{request.shares[1]:.3f}.png" for i, request in enumerate(result.requests)]
    paths = save(result, out, names)
    strip, curves = out / "sweep.png", out / "curves.json"
    draw_strip(result).save(strip, pnginfo=png_text({**result.record, "files": names}))
    curves.write_text(json.dumps(result.measurements["sweep"], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return {"sweep": strip, "curves": curves, **{name: path for name, path in paths.items() if name != "image"}}


def _style_probability(result: BlendResult, model: ImageModel, styles: tuple[str, str]) -> dict[str, Any]:
    """Probability of each style at each point: by the embedded model's own judges where they know both styles."""
    if model.kind == "embedded" and result.images[0].size == (model.size_px, model.size_px):
        # the judges come with the embedded model alone
        from tools.studio.captions import STYLE_PHRASES
        from tools.studio.judges import LABELS, WEIGHTS, judge

        known = {phrase: label for label, phrases in STYLE_PHRASES.items() for phrase in (label, *phrases)}
        labels = [known.get(style.casefold()) for style in styles]
        if None not in labels and WEIGHTS.is_file():
            columns = [LABELS["style"].index(str(label)) for label in labels]
            judged = judge(np.stack([np.asarray(image.convert("RGB")) for image in result.images]))["style"]
            values = [_rounded(row[columns]) for row in judged]
            return {"by": "judges trained on drawn scenes", "styles": list(styles), "values": values}
    latents = torch.from_numpy(result.arrays["latents"])
    judgement = classify_styles(model, latents, result.request.subject, styles)
    values = [_rounded(row) for row in judgement.probabilities.numpy()]
    return {"by": "diffusion classifier", "styles": list(styles), "values": values}


def _attention_on(measured: dict[str, Any], style: str) -> float:
    attention = measured["attention"]
    return float(attention["share"][attention["phrases"].index(style)]) if style in measured["styles"] else 0.0


def _rounded(values: Sequence[float] | np.ndarray) -> list[float]:
    return [round(float(value), 6) for value in values]
