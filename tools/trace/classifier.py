"""Which style does the model itself see in a finished image? A diffusion classifier, with no other model.

Noise is added to the finished latents and the UNet predicts it under each style's prompt: the better the prompt
describes the image, the smaller the error. Noise and timesteps are seeded and the same for every style.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from tools.models import ImageModel
from tools.noising import add_noise, alpha_at
from tools.trace.facts import Fact, Figure, listed
from tools.trace.measure import Measure, first_image

DRAWS = 24
T_LOW, T_HIGH = 0.05, 0.75
"""Timesteps are spread evenly over this part of training: below, noise hides nothing; above, it hides everything."""
TEMPERATURE = 0.01
"""What the errors are divided by in the softmax, in units of the mean squared error. A drawn scene's true style then
gets .84 of the probability among six, a render's .92: too little for how often it is right, but sharper would hide
blends. `python -m tests.evals.classifier` prints the likelihood at several."""
ROWS_PER_CALL, CELLS_PER_CALL = 24, 8 * 64 * 64
"""What the UNet is asked at once, in rows and in latent cells: it bounds memory."""


class SeenByModel(Measure):
    """What `classify_styles` said of a finished image: asked for afterwards, it watches nothing."""

    name = "seen_by_model"
    schema: ClassVar[Mapping[str, str]] = {
        "images.seen_by_model.styles": "the styles that the diffusion classifier chose between",
        "images.seen_by_model.probability": "(styles) what it gave each, 0..1, their sum is 1",
        "images.seen_by_model.error": "(styles) mean squared error of the predicted noise under the style's prompt",
        "images.seen_by_model.votes": "(styles) share of the draws in which the style's error is the smallest, 0..1",
    }

    @classmethod
    def facts(cls, measurements: Mapping[str, Any]) -> Iterator[Fact]:
        if seen := first_image(measurements).get("seen_by_model"):
            text = f"In the finished image the model itself sees {listed(seen['styles'], seen['probability'])}."
            numbers = dict(zip(seen["styles"], seen["probability"], strict=True))
            yield Fact("seen", text, "seen_by_model.probability", numbers)

    @classmethod
    def figures(cls, measurements: Mapping[str, Any]) -> Iterator[Figure]:
        if seen := first_image(measurements).get("seen_by_model"):
            yield Figure(
                id="seen_by_model.probability",
                title="What the model itself sees in the finished image",
                kind="bars",
                along=seen["styles"],
                along_title="style",
                names=("probability",),
                rows=[[value] for value in seen["probability"]],
                measure="probability",
                percent=True,
                shows="under which style's prompt the model predicts the image's noise best, as a probability per "
                "style.",
                does_not_show="what a person sees; and a style that the model never learned cannot win.",
            )


@dataclass(frozen=True)
class StyleJudgement:
    """How well each style's prompt explains each image."""

    styles: tuple[str, ...]
    errors: torch.Tensor  # (images, styles): mean squared error of the predicted noise
    probabilities: torch.Tensor  # (images, styles): rows sum to 1
    votes: torch.Tensor  # (images, styles): share of the draws in which the style's error is the smallest


def classify_styles(
    model: ImageModel,
    latents: torch.Tensor,
    subject: str | None,
    styles: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> StyleJudgement:
    """Judge by noise-prediction error which style each image is in.

    Args:
        model: The model that made them, or any other of its kind.
        latents: Finished latents, (images, 4, h, w).
        subject: What the images show; None where nothing was named.
        styles: The styles to choose between.
        draws: How many pairs of timestep and noise, the same for all images and styles.
        seed: Seeds the noise.

    Source: Li et al. 2023, "Your Diffusion Model is Secretly a Zero-Shot Classifier", equation 6:
        p(c | x) is proportional to exp(-E ||eps - eps_c(x_t)||^2) for equal priors. Their exponent is a sum over
        pixels, which makes every probability 0 or 1; ours is the mean, divided by TEMPERATURE.
    """
    pipeline = model.pipeline
    n_timesteps = len(pipeline.scheduler.alphas_cumprod)
    ends = (T_LOW * n_timesteps, T_HIGH * n_timesteps)
    timesteps = torch.linspace(*ends, draws).round().long()
    generator = torch.Generator("cpu").manual_seed(seed)
    noise = torch.stack([torch.randn(latents.shape[1:], generator=generator) for _ in timesteps])
    with model.lock, torch.no_grad():
        prompts = [f"{subject}, {style}" if subject else style for style in styles]
        embeds = torch.stack([pipeline.encode_prompt(text, model.device, 1, False)[0][0] for text in prompts])
        noised = torch.stack(
            [
                add_noise(latents.float().cpu(), of_draw, alpha_at(pipeline.scheduler, t))
                for of_draw, t in zip(noise, timesteps, strict=True)
            ]
        )  # (draws, images, 4, h, w); in the rows that the UNet is asked, each image has its styles side by side
        shape = (draws, len(latents), len(styles))
        draw, image, style = (place.flatten() for place in torch.meshgrid(*map(torch.arange, shape), indexing="ij"))
        predicted = [
            pipeline.unet(
                noised[draw[part], image[part]].to(model.device, model.dtype),
                timesteps[draw[part]].to(model.device),
                encoder_hidden_states=embeds[style[part]],
            ).sample.float().cpu()
            for part in torch.arange(len(draw)).split(_rows_per_call(latents))
        ]  # fmt: skip
    errors = (torch.cat(predicted) - noise[draw]).pow(2).mean((1, 2, 3)).view(shape).transpose(0, 1)
    mean = errors.mean(1)
    votes = torch.nn.functional.one_hot(errors.argmin(-1), len(styles)).float().mean(1)
    return StyleJudgement(tuple(styles), mean, (-mean / TEMPERATURE).softmax(-1), votes)


def _rows_per_call(latents: torch.Tensor) -> int:
    return max(1, min(ROWS_PER_CALL, CELLS_PER_CALL // latents[0, 0].numel()))
