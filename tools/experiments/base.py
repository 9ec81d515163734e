"""An experiment: a question about the weights of a blend, the renders that answer it, and what they say.

This is what every experiment is made of. It knows nothing about how a picture is rendered (`renders.py`), nor which
experiments there are (`experiments.py`).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from tools.blend.conditioning import merge_styles
from tools.blend.limits import DEFAULT_STEPS, MAX_GUIDANCE, MAX_SEED, MAX_STEPS, MAX_STYLES
from tools.blend.methods import DEFAULT_METHOD, METHODS
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.blend.style_prompting import PAPERS_OWN, StylePrompting
from tools.experiments.findings import Findings
from tools.experiments.sheet import draw_sheet
from tools.models import ImageModel

DEFAULT_SUBJECT = "a house"


class ExperimentArguments(BaseModel):
    """What every experiment can be told. Each adds its own; a field's description is also the command line's help."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    styles: tuple[WeightedStyle, ...] = Field(
        min_length=1, max_length=MAX_STYLES, description="a style, and its weight"
    )
    subject: str = Field(DEFAULT_SUBJECT, min_length=1, description="what to draw")
    method: str = Field(DEFAULT_METHOD, description=f"how the styles are blended: {', '.join(METHODS)}")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="same seed, same noise")
    steps: int = Field(DEFAULT_STEPS, ge=1, le=MAX_STEPS, description="denoising steps")
    guidance: float | None = Field(None, ge=0, le=MAX_GUIDANCE, description="guidance scale; the model's own if unsaid")

    def request(self, styles: Sequence[WeightedStyle] | None = None, **changes: Any) -> BlendRequest:
        """A BlendRequest with these arguments, and with what is named changed."""
        known = {
            "subject": self.subject,
            "styles": tuple(self.styles if styles is None else styles),
            "method": self.method,
            "num_inference_steps": self.steps,
            "guidance_scale": self.guidance or 0.0,
            "seed": self.seed,
        }
        return BlendRequest(**{**known, **changes})

    def two_styles(self) -> tuple[str, str]:
        """The texts of the two styles that an experiment goes between.

        Raises:
            ValueError: If there are not two different ones.
        """
        texts = self.several_styles()
        if len(texts) != 2:
            raise ValueError("give two different styles to go between.")
        return texts[0], texts[1]

    def several_styles(self) -> tuple[str, ...]:
        """The texts of the styles, as they are rendered.

        Raises:
            ValueError: If there are not at least two, all different.
        """
        texts = tuple(style.text for style in self.request().styles)
        if len(texts) < 2 or len(merge_styles([(text, 1.0) for text in texts])) < len(texts):
            raise ValueError("give two different styles to go between.")
        return texts

    def seeds_from(self, count: int) -> list[int]:
        """So many seeds, beginning with the one that was asked for."""
        return [(self.seed + number) % (MAX_SEED + 1) for number in range(count)]


Arguments = TypeVar("Arguments", bound=ExperimentArguments)
Plan = dict[str, BlendRequest]
"""What to render, by a label that stands under the picture and names its file: "43 %", "without watercolor"."""


@dataclass(frozen=True)
class Render:
    """One picture of an experiment, and what was measured of it."""

    request: BlendRequest
    image: Image.Image
    latents: np.ndarray  # (4, h, w) float32, finished
    measured: Mapping[str, Any]  # as `measurements["images"]` has it: styles, shares, attention, noise, ...
    arrays: Mapping[str, np.ndarray]  # as measurements.npz has them, without the image's number: heat_maps, ...
    batch: Mapping[str, Any]  # what was measured of the whole batch: timesteps, parameters, reference
    beside: Mapping[str, Image.Image]  # further pictures of its batch, such as references, by file name
    observed: Mapping[str, Any]  # what `Experiment.observe` found


class Experiment(ABC, Generic[Arguments]):
    """One question about weights. Rendering, saving and replaying are the same for all: `experiments.py`."""

    name: ClassVar[str]  # of the command line and of `tools/experiments/<name>.py`
    question: ClassVar[str]  # that it answers, as a person would ask it
    arguments: ClassVar[type[ExperimentArguments]] = ExperimentArguments
    schema: ClassVar[Mapping[str, str]]  # what `measure` returns, by name, with shapes and units
    traced: ClassVar[bool] = True  # whether the inside of the model is measured during the renders
    max_rounds: ClassVar[int] = 0  # how many further batches `refine` may ask for

    @abstractmethod
    def plan(self, arguments: Arguments) -> Plan:
        """Say what to render. What can be rendered as one batch is.

        Raises:
            ValueError: If the arguments do not go together, in one line.
        """

    def prompting(self, arguments: Arguments) -> StylePrompting:
        """How the references of the method `reference` are used."""
        return PAPERS_OWN

    def observe(self, arguments: Arguments, renders: Sequence[Render], model: ImageModel) -> list[dict[str, Any]]:
        """Measure on new pictures what needs the model or another judge; each picture comes here once."""
        return [{} for _ in renders]

    def refine(self, arguments: Arguments, renders: Mapping[str, Render]) -> Plan:
        """Say what else to render, now that these are known; nothing ends the experiment."""
        return {}

    @abstractmethod
    def measure(self, arguments: Arguments, renders: Mapping[str, Render]) -> dict[str, Any]:
        """Turn the pictures into the numbers that `schema` describes, as JSON. No picture is looked at after this."""

    @abstractmethod
    def read(self, measured: Mapping[str, Any]) -> Findings:
        """Say what the numbers say. It sees what `measure` returned and nothing else, so any numbers can be tried."""

    def draw(self, arguments: Arguments, renders: Mapping[str, Render], findings: Findings, basis: str) -> Image.Image:
        """Draw figure.png: question, verdict, pictures and figures, unless the experiment has a better way.

        Args:
            arguments: What it was told.
            renders: Its pictures.
            findings: What they say.
            basis: On what that rests, in one line.
        """
        return draw_sheet(self.question, {label: one.image for label, one in renders.items()}, findings, basis)


def attention_on(measured: Mapping[str, Any], style: str) -> float:
    """The share of a picture's attention on a style's words, 0 where the style is not in it.

    Args:
        measured: As in `Render.measured`, with "attention".
        style: Its text.
    """
    # the subject's column comes first, and a subject can have a style's name
    return (
        float(measured["attention"]["share"][1 + measured["styles"].index(style)])
        if style in measured["styles"]
        else 0.0
    )
