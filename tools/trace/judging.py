"""Which of some styles is a picture in? The probability of each, by whoever knows best.

The embedded model comes with judges trained on the scenes it was trained on; where they know every style asked about,
they are asked. Otherwise the image model itself is (`classifier.py`). It knows nothing about how a picture was made.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from tools.models import ImageModel
from tools.trace.classifier import classify_styles


@dataclass(frozen=True)
class StyleProbabilities:
    """The probability of each style in each picture."""

    by: str  # who judged, for a sentence
    styles: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]  # (pictures, styles), 0..1; a judge's rows leave out the styles not asked for


def judge_styles(
    model: ImageModel,
    pictures: tuple[Sequence[Image.Image], np.ndarray],
    subject: str | None,
    styles: Sequence[str],
) -> StyleProbabilities:
    """Judge which style each picture is in.

    Args:
        model: The model that made them.
        pictures: The pictures, and their finished latents (pictures, 4, h, w).
        subject: What they show; None where nothing was named.
        styles: The styles to choose between.
    """
    images, latents = pictures
    if model.kind == "embedded" and all(image.size == (model.size_px, model.size_px) for image in images):
        # the judges come with the embedded model alone
        from tools.studio.captions import STYLE_PHRASES
        from tools.studio.judges import LABELS, WEIGHTS, judge

        known = {phrase: label for label, phrases in STYLE_PHRASES.items() for phrase in (label, *phrases)}
        labels = [known.get(style.casefold()) for style in styles]
        if None not in labels and WEIGHTS.is_file():
            columns = [LABELS["style"].index(str(label)) for label in labels]
            judged = judge(np.stack([np.asarray(image.convert("RGB")) for image in images]))["style"]
            return StyleProbabilities("judges trained on drawn scenes", tuple(styles), _rows(judged[:, columns]))
    judgement = classify_styles(model, torch.from_numpy(latents), subject, styles)
    return StyleProbabilities("diffusion classifier", tuple(styles), _rows(judgement.probabilities.numpy()))


def _rows(values: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(value), 6) for value in row) for row in values)
