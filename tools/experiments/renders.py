"""Requests of any kind -> renders, in as few batches as there can be, and again from a record.

One batch has one number of steps, guidance, size and set of references. It knows nothing about experiments.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from tools.blend.requests import BlendRequest
from tools.blend.results import BlendResult, OnStep, Preview, blend
from tools.blend.style_prompting import PAPERS_OWN, StylePrompting
from tools.models import ImageModel

MAX_BATCH = 12
"""Pictures in one batch: what is measured of them is held in memory until the batch is finished."""


@dataclass
class Batches:
    """Renders batch by batch; the pictures stay in the order in which they were asked for.

    Args:
        model: What renders.
        on_step: Called with (steps done, steps in all, preview) over all batches.
        prompting: How references are used.
        trace: Whether the inside of the model is measured.
        rounds: How many further batches may follow those that are known: for `steps in all`.
    """

    model: ImageModel
    on_step: OnStep | None = None
    prompting: StylePrompting = PAPERS_OWN
    trace: bool = True
    rounds: int = 0
    results: list[BlendResult] = field(default_factory=list)
    order: list[list[int]] = field(default_factory=list)  # of each result, the numbers of its pictures
    _done: int = 0

    def render(self, requests: Sequence[BlendRequest]) -> list[tuple[BlendResult, int]]:
        """Render these; returns for each its batch's result and its place in it."""
        first = sum(len(numbers) for numbers in self.order)
        found: dict[int, tuple[BlendResult, int]] = {}
        groups = _groups(requests)
        for left, group in zip(range(len(groups) - 1, -1, -1), groups, strict=True):
            result = self._batch([requests[i] for i in group], left + self.rounds)
            self.order.append([first + i for i in group])
            found |= {i: (result, place) for place, i in enumerate(group)}
        self.rounds = max(0, self.rounds - 1)
        return [found[i] for i in range(len(requests))]

    def again(self, requests: Sequence[BlendRequest], order: Sequence[Sequence[int]]) -> list[Image.Image]:
        """Render a record's requests in its own batches; returns the images in the requests' order."""
        images: dict[int, Image.Image] = {}
        for left, numbers in zip(range(len(order) - 1, -1, -1), order, strict=True):
            result = self._batch([requests[i] for i in numbers], left)
            images |= dict(zip(numbers, result.images, strict=True))
        return [images[i] for i in range(len(requests))]

    def _batch(self, requests: list[BlendRequest], left: int) -> BlendResult:
        steps = requests[0].num_inference_steps
        total = self._done + (1 + left) * steps

        def step_done(step: int, steps_of_batch: int, preview: Preview) -> None:
            if self.on_step is not None:
                self.on_step(self._done + step, max(total, self._done + steps_of_batch), preview)

        result = blend(requests, self.model, on_step=step_done, trace=self.trace, prompting=self.prompting)
        self.results.append(result)
        self._done += steps
        return result


def of_one_image(result: BlendResult, place: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What a batch's result says of one of its images: measurements, and arrays without the image's number."""
    ending = f"_{place}"
    arrays = {name.removesuffix(ending): array for name, array in result.arrays.items() if name.endswith(ending)}
    return result.measurements["images"][place], arrays


def _groups(requests: Sequence[BlendRequest]) -> list[list[int]]:
    """The numbers of the requests that can be rendered together, MAX_BATCH at most."""
    together: dict[Any, list[list[int]]] = {}
    for number, one in enumerate(requests):
        key = (one.num_inference_steps, one.guidance_scale, one.height_px, one.width_px, one.references)
        batches = together.setdefault((*key, one.negative_prompt if one.references else ""), [[]])
        if len(batches[-1]) == MAX_BATCH:
            batches.append([])
        batches[-1].append(number)
    return [batch for batches in together.values() for batch in batches]
