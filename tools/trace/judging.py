"""Which of some styles is a picture in, and does it show its subject? The probabilities, by whoever knows best.

The embedded model comes with judges trained on the scenes it was trained on; where they know what is asked about, they
are asked. Otherwise the image model itself is (`classifier.py`). It knows nothing about how a picture was made.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from tools.models import ImageModel
from tools.trace.classifier import classify_styles

JUDGES, CLASSIFIER = "judges trained on drawn scenes", "diffusion classifier"


@dataclass(frozen=True)
class StyleProbabilities:
    """The probability of each style in each picture."""

    by: str  # who judged, for a sentence
    styles: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]  # (pictures, styles), 0..1; a judge's rows leave out the styles not asked for


@dataclass(frozen=True)
class SubjectProbabilities:
    """The probability that each picture shows its subject."""

    by: str
    values: tuple[float, ...]  # (pictures), 0..1


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
    if _judges_can_see(model, images):
        from tools.studio.captions import STYLE_PHRASES
        from tools.studio.judges import LABELS

        known = {phrase: label for label, phrases in STYLE_PHRASES.items() for phrase in (label, *phrases)}
        labels = [known.get(style.casefold()) for style in styles]
        if None not in labels:
            columns = [LABELS["style"].index(str(label)) for label in labels]
            return StyleProbabilities(JUDGES, tuple(styles), _rows(_judged(images, "style")[:, columns]))
    judgement = classify_styles(model, torch.from_numpy(latents), subject, styles)
    return StyleProbabilities(CLASSIFIER, tuple(styles), _rows(judgement.probabilities.numpy()))


def judge_subject(
    model: ImageModel, pictures: tuple[Sequence[Image.Image], np.ndarray], subject: str
) -> SubjectProbabilities:
    """Judge whether each picture shows a subject.

    The judges say how likely its object is among all that they know. Where they know none, or are not there, the
    diffusion classifier chooses between the subject and the empty prompt.

    Args:
        model: The model that made them.
        pictures: As in `judge_styles`.
        subject: What they may show.
    """
    images, latents = pictures
    if _judges_can_see(model, images):
        from tools.studio.captions import OBJECT_PHRASES
        from tools.studio.judges import LABELS

        text = subject.casefold()
        named = {
            label
            for label, phrases in OBJECT_PHRASES.items()
            if any(re.search(rf"\b{re.escape(phrase)}\b", text) for phrase in phrases)
        }
        if len(named) == 1:
            column = LABELS["object"].index(named.pop())
            return SubjectProbabilities(JUDGES, tuple(round(float(p), 6) for p in _judged(images, "object")[:, column]))
    judgement = classify_styles(model, torch.from_numpy(latents), None, (subject, ""))
    return SubjectProbabilities(CLASSIFIER, tuple(row[0] for row in _rows(judgement.probabilities.numpy())))


def _judges_can_see(model: ImageModel, images: Sequence[Image.Image]) -> bool:
    if model.kind != "embedded" or any(image.size != (model.size_px, model.size_px) for image in images):
        return False
    from tools.studio.judges import WEIGHTS  # the judges come with the embedded model alone

    return WEIGHTS.is_file()


def _judged(images: Sequence[Image.Image], question: str) -> np.ndarray:
    from tools.studio.judges import judge

    return judge(np.stack([np.asarray(image.convert("RGB")) for image in images]))[question]


def _rows(values: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(value), 6) for value in row) for row in values)
