"""A blend with what explains it: beside it each style alone at the same seed, and a verdict on which one decided.

The pictures are one batch, so each is what it would be by itself. It knows nothing about how a picture is rendered, nor
how the three are shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tools.blend.notes import notes_of
from tools.blend.references import fit_reference
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.blend.results import BlendResult, OnStep, blend, save
from tools.blend.style_prompting import PAPERS_OWN, StylePrompting
from tools.models import ImageModel
from tools.trace.classifier import classify_styles
from tools.trace.distance import distance

IMAGE, WITHOUT_REFERENCE = "image.png", "without_reference.png"
TRACED = ("steps",)
"""What is measured besides what always is: the picture at each step."""
CLEAR_PROBABILITY = 0.6
"""From here on a style is said to be what the model sees."""
CLEAR_RATIO = 1.25
"""From here on one style is said to move the picture, or to hold the attention, more than another."""


def explain(
    request: BlendRequest,
    model: ImageModel,
    *,
    on_step: OnStep | None = None,
    prompting: StylePrompting = PAPERS_OWN,
) -> BlendResult:
    """Render a blend, each of its styles alone and, of three and more, the blend without each.

    The first of the result's images is the blend. Its measurements gain `alone` and `left_out` (how far the same seed
    lies with one style only, and without one), `seen_by_model` (the probability of each style by a diffusion
    classifier) and `verdict`; all are absent where there is but one style. Of a large model nothing is left out of
    three and more styles: on a CPU that takes minutes. With a reference it is the reference that is left out, and
    `measurements["reference"]` that gains.
    """
    if request.references:
        return _explain_reference(blend(request, model, on_step=on_step, trace=TRACED, prompting=prompting), model)
    present = [number for number, share in enumerate(request.shares) if share > 0]
    if len({request.styles[number].text.casefold() for number in present}) < 2:
        return blend(request, model, on_step=on_step, trace=TRACED)
    alone = [replace(request, styles=_kept(request, [number])) for number in present]
    without = []
    if len(present) > 2 and not model.is_large:
        without = [replace(request, styles=_kept(request, [n for n in present if n != left])) for left in present]
    result = blend([request, *alone, *without], model, on_step=on_step, trace=TRACED)

    def away(place: int) -> dict[str, float]:
        latents, images = result.arrays["latents"], result.images
        return vars(distance((latents[0], latents[place]), (images[0], images[place])))

    measured = dict(result.measurements["images"][0])
    styles = [request.styles[number].text for number in present]
    measured["alone"] = [
        {"style": style, "file": file_of(place), **away(place)} for place, style in enumerate(styles, 1)
    ]
    if len(present) == 2:  # without the one, the other is alone
        measured["left_out"] = [{"left_out": styles[0], **away(2)}, {"left_out": styles[1], **away(1)}]
    elif without:
        first = 1 + len(alone)
        measured["left_out"] = [{"left_out": style, **away(first + n)} for n, style in enumerate(styles)]
    judged = classify_styles(model, torch.from_numpy(result.arrays["latents"][:1]), request.subject, measured["styles"])
    measured["seen_by_model"] = {
        "styles": list(measured["styles"]),
        "probability": [round(p, 6) for p in judged.probabilities[0].tolist()],
        "error": [round(e, 8) for e in judged.errors[0].tolist()],
        "votes": [round(v, 6) for v in judged.votes[0].tolist()],
    }
    measured["verdict"] = verdict(measured)
    images = [measured, *result.measurements["images"][1:]]
    # what is told is of the blend: the pictures beside it were not asked for
    return replace(result, measurements={**result.measurements, "images": images}, notes=notes_of(request))


def save_explained(result: BlendResult, out: Path) -> dict[str, Path]:
    """Write what `explain` gave as `tools.blend.results.save` does; the pictures after the first by their number."""
    return save(result, out, [file_of(place) for place in range(len(result.images))])


def file_of(place: int) -> str:
    """The file of a picture by its place in the batch; the first is the blend."""
    return f"beside-{place}.png" if place else IMAGE


@dataclass(frozen=True)
class _Lead:
    """Which style leads by one measure, and whether clearly."""

    style: str
    value: float
    second: str
    second_value: float
    is_clear: bool


def verdict(measured: Mapping[str, Any]) -> str:
    """Say which style decided a picture, by what evidence, and where two measures disagree.

    Args:
        measured: An image's measurements: styles, seen_by_model, and attention and left_out where they were measured.
    """
    seen_by = measured["seen_by_model"]
    seen = _lead(seen_by["styles"], seen_by["probability"])
    seen = replace(seen, is_clear=seen.value >= CLEAR_PROBABILITY)
    left_out = measured.get("left_out") or ()
    moves = _lead([one["left_out"] for one in left_out], [one["latent"] for one in left_out]) if left_out else None
    rulers = measured.get("ruling_style_by_step")
    if rulers is not None and len(set(rulers)) == 1:
        ruler = measured["styles"][rulers[0]]
        idle = " and ".join(f"“{style}”" for style in measured["styles"] if style != ruler)
        return f"“{ruler}” decided this picture alone: of its {len(rulers)} steps none went to {idle}."
    said = [_decided(seen, moves)]
    decided = moves if moves is not None and moves.is_clear else seen
    attention = measured.get("attention")
    if attention and decided.is_clear:
        shares = dict(zip(attention["phrases"], attention["share"], strict=True))
        looked = _lead(seen_by["styles"], [shares.get(style, 0.0) for style in seen_by["styles"]])
        if looked.is_clear and looked.style != decided.style:
            said.append(
                f"Attention went mostly to “{looked.style}” all the same: it says where the model looked, not what "
                "came of it."
            )
    return " ".join(said)


def _decided(seen: _Lead, moves: _Lead | None) -> str:
    sees = f"the model itself sees “{seen.style}” in it at {seen.value:.0%}"
    if moves is None:
        return f"“{seen.style}” shows: {sees}." if seen.is_clear else f"No style leads: {sees}, no clear majority."
    if not moves.is_clear:
        alike = f"leaving out “{moves.style}” or “{moves.second}” moves the picture about as far"
        if seen.is_clear:
            return f"“{seen.style}” shows most: {sees}. Both had their part, though: {alike}."
        return f"No style decided this picture alone: {alike}, and {sees}, no clear majority."
    far = (
        f"moves the picture {moves.value / moves.second_value:.1f} times as far as leaving out “{moves.second}”"
        if moves.second_value > 0
        else f"moves the picture, and leaving out “{moves.second}” does not"
    )
    if not seen.is_clear:
        return f"“{moves.style}” did more to this picture: leaving it out {far}. To the eye neither leads: {sees}."
    if seen.style == moves.style:
        return f"“{seen.style}” decided this picture: {sees}, and leaving it out {far}."
    return (
        f"The picture looks like “{seen.style}” ({sees}), yet leaving out “{moves.style}” {far}. The two ask different "
        "things: what the finished picture resembles, and what it would be without a style."
    )


def _lead(styles: Sequence[str], values: Sequence[float]) -> _Lead:
    ranked = sorted(zip(values, styles, strict=True), key=lambda one: -one[0])
    (value, style), (second_value, second) = ranked[0], ranked[1]
    return _Lead(style, value, second, second_value, value > 0 and value >= CLEAR_RATIO * second_value)


def _kept(request: BlendRequest, numbers: Sequence[int]) -> tuple[WeightedStyle, ...]:
    """The request's styles, those not among `numbers` at weight 0."""
    return tuple(
        WeightedStyle(style.text, style.weight if number in numbers else 0.0)
        for number, style in enumerate(request.styles)
    )


def _explain_reference(result: BlendResult, model: ImageModel) -> BlendResult:
    """Add what the reference changed, where the render holds the picture without it.

    `without`: how far the same seed without the swap lies, as for a style that is left out. `judged`, for the embedded
    model, whose judges know its styles: the style that they see in each reference, and that style's probability in
    the reference, in the image, and in the image without the swap.
    """
    if WITHOUT_REFERENCE not in result.beside:
        return result
    measured: dict[str, Any] = dict(result.measurements["reference"])
    latents = (result.arrays["latents"][0], result.arrays["latents_without"][0])
    without = result.beside[WITHOUT_REFERENCE]
    measured["without"] = vars(distance(latents, (result.images[0], without)))
    if model.kind == "embedded" and result.images[0].size == (model.size_px, model.size_px):
        files = [one["file"] for one in measured["references"]]
        measured["judged"] = _judged([result.beside[name] for name in files], result.images[0], without)
    return replace(result, measurements={**result.measurements, "reference": measured})


def _judged(references: list[Image.Image], image: Image.Image, without: Image.Image) -> list[dict[str, Any]]:
    from tools.studio.judges import LABELS, judge  # the judges come with the embedded model alone

    pictures = [fit_reference(picture.convert("RGB"), *image.size) for picture in (*references, image, without)]
    seen = judge(np.stack([np.asarray(picture) for picture in pictures]))["style"]
    found = []
    for number in range(len(references)):
        style = int(seen[number].argmax())
        in_reference, in_image, in_without = (round(float(seen[row][style]), 6) for row in (number, -2, -1))
        found.append(
            {
                "style": LABELS["style"][style],
                "in_reference": in_reference,
                "in_image": in_image,
                "without_reference": in_without,
            }
        )
    return found
