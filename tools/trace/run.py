"""One render's trace: what the passes report to it, and the measurements that come of it.

It hands on to every measure and knows nothing about any of them.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import torch
from PIL import Image

from tools.models import ImageModel
from tools.trace.attention import AttentionTrace
from tools.trace.measure import Arrays, Watched
from tools.trace.measures import MEASURES, SCHEMA
from tools.trace.passes import Entry, StepPrediction, TracedImage


@dataclass(frozen=True)
class Traced:
    """What was measured during a render."""

    run: dict[str, Any]  # of all of it
    images: list[dict[str, Any]]  # of each image
    arrays: Arrays  # by name, with the image's number
    pictures: dict[str, Image.Image]  # by file name


class BlendTrace:
    """Watches one call of the pipeline.

    Args:
        model: What renders.
        images: What it is asked, of all items.
        guidance_scale: The pipeline's.
        also: The names of measures to take that are not always taken.
    """

    def __init__(
        self, model: ImageModel, images: Sequence[TracedImage], guidance_scale: float, also: Collection[str] = ()
    ) -> None:
        attention = AttentionTrace(model.pipeline.unet, images)
        self.watched = Watched(model, images, guidance_scale, attention)
        self.measures = [one(self.watched) for one in MEASURES if one.always or one.name in also]
        self._entered = ExitStack()

    def __enter__(self) -> "BlendTrace":
        self._entered.enter_context(self.watched.attention)
        for one in self.measures:
            self._entered.enter_context(one)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._entered.__exit__(kind, error, traceback)

    def begin_step(self, timestep: torch.Tensor) -> None:
        self.watched.timesteps.append(int(timestep))
        self.watched.attention.begin_step()

    def begin_call(self, entries: Sequence[Entry]) -> None:
        self.watched.attention.begin_call(entries)

    def end_step(self, step: StepPrediction) -> None:
        for one in self.measures:
            one.observe(step)

    def measure(self, latents: torch.Tensor, items: Sequence[int], pictures: Sequence[Image.Image | None]) -> Traced:
        """Work out what was measured.

        Args:
            latents: Finished latents of the images that were asked for, (n, 4, h, w).
            items: Which items those are; others belong to references.
            pictures: What they came to; None where the safety checker withheld one.

        Raises:
            UnhookedLayer: If a cross-attention layer was not heard.
        """
        watched = self.watched
        watched.latents, watched.asked, watched.pictures = latents, items, pictures
        with ThreadPoolExecutor(1) as beside:  # a checksum keeps one core busy, and holds no lock of Python's
            of_run = beside.submit(lambda: [one.of_run() for one in self.measures])
            watched.attention.finish()
        run: dict[str, Any] = {"schema": SCHEMA, "timesteps": watched.timesteps}
        for found in of_run.result():
            run |= found
        images: list[dict[str, Any]] = []
        arrays: Arrays = {}
        for image, item in enumerate(items):
            measured: dict[str, Any] = {}
            for one in self.measures:
                found, kept = one.of_image(item)
                measured |= found
                arrays |= {f"{name}_{image}": array for name, array in kept.items()}
            images.append(measured)
        kept_pictures = {name: picture for one in self.measures for name, picture in one.pictures().items()}
        return Traced(run, images, arrays, kept_pictures)
