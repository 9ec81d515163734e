"""What the evals of the image model ask it to show, and its renders of that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tools.blend.results import BlendRequest, WeightedStyle, blend
from tools.models import ImageModel
from tools.studio.captions import SETTING_PHRASES
from tools.studio.scenes import COLOURS, OBJECTS, SETTINGS, STYLES, Scene

BATCH = 18


@dataclass(frozen=True)
class Subject:
    """What a prompt asks for beside the style, as indices into the judges' labels."""

    object: int
    colour: int
    setting: int

    @property
    def scene(self) -> Scene:
        """A scene of it, at seed 0."""
        return Scene(0, OBJECTS[self.object], COLOURS[self.colour], SETTINGS[self.setting])

    @property
    def text(self) -> str:
        colour = COLOURS[self.colour]
        article = "an" if colour[0] in "aeio" else "a"
        return f"{article} {colour} {OBJECTS[self.object]} {SETTING_PHRASES[SETTINGS[self.setting]][0]}"


def subjects(count: int, seed: int) -> list[Subject]:
    """Draw subjects, every object, colour and setting about equally often."""
    rng = np.random.default_rng(seed)
    columns = [rng.permutation(np.arange(count) % len(names)) for names in (OBJECTS, COLOURS, SETTINGS)]
    return [Subject(*(int(column[i]) for column in columns)) for i in range(count)]


def single_style_requests(model: ImageModel, asked: Sequence[Subject], first_seed: int) -> list[BlendRequest]:
    """Each subject in one style, the styles in turn, at a seed of its own."""
    return [
        BlendRequest(
            subject.text,
            (WeightedStyle(STYLES[n % len(STYLES)], 1.0),),
            "prompt",
            guidance_scale=model.default_guidance,
            seed=first_seed + n,
        )
        for n, subject in enumerate(asked)
    ]


def render(model: ImageModel, requests: Sequence[BlendRequest]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Render in batches; yields each image (S, S, 3) uint8 with its final latents (4, 16, 16)."""
    for start in range(0, len(requests), BATCH):
        result = blend(requests[start : start + BATCH], model, trace=False)
        for image, latents in zip(result.images, result.arrays["latents"], strict=True):
            yield np.asarray(image.convert("RGB")), latents
