"""What is measured after a render, by asking the model again: it costs about as much as the render did."""

from dataclasses import replace

import torch

from tools.blend import BlendResult
from tools.models import ImageModel
from tools.trace.classifier import classify_styles
from tools.trace.counterfactuals import leave_out_styles


def explain(result: BlendResult, model: ImageModel) -> BlendResult:
    """Add counterfactuals, and which of its styles the model sees in the image, to a result of one image.

    `left_out`: for each style, how far the same seed without it lies. `seen_by_model`: for each style, the
    probability by a diffusion classifier. Both are absent where there is but one style.
    """
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
