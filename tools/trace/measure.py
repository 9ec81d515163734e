"""One thing that is measured of a render: how, in which units, what is said of it and how it is drawn.

This is what every measure is made of. It knows nothing about which measures there are (`measures.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image

from tools.models import ImageModel
from tools.trace.attention import AttentionTrace
from tools.trace.facts import Fact, Figure
from tools.trace.passes import StepPrediction, TracedImage


@dataclass
class Watched:
    """One call of the pipeline, as its measures see it."""

    model: ImageModel
    images: Sequence[TracedImage]  # all items of the batch; some may belong to references
    guidance_scale: float
    attention: AttentionTrace  # what the cross-attention layers were heard to do
    asked: Sequence[int] = ()  # at the end: which items are the images that were asked for
    latents: torch.Tensor = field(default_factory=lambda: torch.empty(0))  # at the end: of those, (images, 4, h, w)
    pictures: Sequence[Image.Image | None] = ()  # at the end: of those; None where the safety checker withheld one
    timesteps: list[int] = field(default_factory=list)

    @property
    def latent_size(self) -> tuple[int, int]:
        return int(self.latents.shape[2]), int(self.latents.shape[3])


Arrays = dict[str, np.ndarray]


class Measure:
    """One measure. An instance watches one render; what is said of the numbers needs no instance.

    Some measures watch nothing: another room fills their numbers in, and they say what those mean.
    """

    name: ClassVar[str]
    schema: ClassVar[Mapping[str, str]]  # by the place in measurements.json or .npz, with shapes and units
    always: ClassVar[bool] = True  # whether it is taken of every traced render, or only where it is asked for

    def __init__(self, watched: Watched) -> None:
        self.watched = watched

    def __enter__(self) -> "Measure":
        """Begin to listen, before the pipeline runs."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Listen no longer."""

    def observe(self, step: StepPrediction) -> None:
        """Take in one step."""

    def of_run(self) -> dict[str, Any]:
        """What it found about the run, once it is over; the attention's last queries are being worked off beside it."""
        return {}

    def of_image(self, item: int) -> tuple[dict[str, Any], Arrays]:
        """What it found about one item: JSON, and arrays by name. What it does not have of an image is absent."""
        return {}, {}

    def pictures(self) -> dict[str, Image.Image]:
        """Pictures of what it found, by file name, to be kept beside the images."""
        return {}

    @classmethod
    def facts(cls, measurements: Mapping[str, Any]) -> Iterator[Fact]:
        """Say what was measured of a run and its first image, each fact with the figure that shows it."""
        yield from ()

    @classmethod
    def figures(cls, measurements: Mapping[str, Any]) -> Iterator[Figure]:
        """The figures of a run and its first image, as data."""
        yield from ()


def rounded(values: torch.Tensor) -> Any:
    """As nested lists, to six decimals: finer than float32 attention is worth."""
    return np.round(values.double().numpy(), 6).tolist()


def first_image(measurements: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was measured of a run's first image."""
    return next(iter(measurements.get("images") or ()), {})


def thirds(rows: Sequence[Sequence[float]]) -> list[list[float]]:
    """The mean of the first, the middle and the last third of the steps."""
    size = max(1, len(rows) // 3)
    middle = rows[size:-size] or rows
    return [mean(rows[:size]), mean(middle), mean(rows[-size:])]


def mean(rows: Sequence[Sequence[float]]) -> list[float]:
    """The mean of each column."""
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]
