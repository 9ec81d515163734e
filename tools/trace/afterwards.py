"""What is measured after a render, by asking the model again: it costs about twice what the render did."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image

from tools.blend.references import fit_reference
from tools.blend.results import BlendResult
from tools.models import ImageModel
from tools.trace.classifier import classify_styles
from tools.trace.counterfactuals import distance, leave_out_styles

WITHOUT = "without_reference.png"


def explain(result: BlendResult, model: ImageModel) -> BlendResult:
    """Add counterfactuals, and which of its styles the model sees in the image, to a result of one image.

    `left_out`: for each style, how far the same seed without it lies. `seen_by_model`: for each style, the
    probability by a diffusion classifier. Both are absent where there is but one style. With a reference it is the
    reference that is left out: see `explain_reference`.
    """
    if result.request.references:
        return explain_reference(result, model)
    measured = dict(result.measurements["images"][0])
    styles = measured["styles"]
    if len(styles) < 2:
        return result
    judgement = classify_styles(model, torch.from_numpy(result.arrays["latents"][:1]), result.request.subject, styles)
    measured["left_out"] = leave_out_styles(result.request, result, model)
    measured["seen_by_model"] = {
        "styles": list(styles),
        "probability": [round(p, 6) for p in judgement.probabilities[0].tolist()],
        "error": [round(e, 8) for e in judgement.errors[0].tolist()],
        "votes": [round(v, 6) for v in judgement.votes[0].tolist()],
    }
    return replace(result, measurements={**result.measurements, "images": [measured]})


def explain_reference(result: BlendResult, model: ImageModel) -> BlendResult:
    """Add to `measurements["reference"]` what the reference changed, where the render holds the picture without it.

    `without`: how far the same seed without the swap lies, as for a style that is left out. `judged`, for the embedded
    model, whose judges know its styles: the style that they see in each reference, and that style's probability in
    the reference, in the image, and in the image without the swap.
    """
    if WITHOUT not in result.beside:
        return result
    measured: dict[str, Any] = dict(result.measurements["reference"])
    latents = (result.arrays["latents"][0], result.arrays["latents_without"][0])
    measured["without"] = vars(distance(latents, (result.images[0], result.beside[WITHOUT])))
    if model.kind == "embedded" and result.images[0].size == (model.size_px, model.size_px):
        files = [one["file"] for one in measured["references"]]
        measured["judged"] = _judged([result.beside[name] for name in files], result.images[0], result.beside[WITHOUT])
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
