"""What the UNet is asked at each step, in place of what the stock pipeline would ask it.

For each image the UNet runs as many conditional passes as the method of blending needs, weighted into the one noise
prediction that the pipeline expects. With eps_c = sum_i p_i eps_i and sum_i p_i = 1, stock guidance
eps_u + g (eps_c - eps_u) is eps_u + g sum_i p_i (eps_i - eps_u): composable diffusion needs no loop of its own.
It knows nothing about how a conditioning was made from words, nor about what becomes of the noise.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch

from tools.blend.conditioning import Conditioning
from tools.blend.style_prompting import StyleReferences
from tools.hooks import ForwardHooks
from tools.models import ImageModel
from tools.noising import alpha_at, predict_original
from tools.trace.passes import Entry, StepPrediction
from tools.trace.run import BlendTrace

MAX_LATENT_CELLS = 16 * 64 * 64
"""Latent cells in one UNet call: sixteen passes at 512 px, four at 1024. It bounds memory."""


class Passes:
    """What the UNet is asked in place of each of the pipeline's calls."""

    def __init__(
        self,
        model: ImageModel,
        conditionings: Sequence[Conditioning],
        trace: BlendTrace | None = None,
        references: StyleReferences | None = None,
    ) -> None:
        self.model = model
        self.trace = trace
        self.references = references
        self.conditionings = conditionings  # of all items; the first few may be pictures, which the pipeline lacks
        self.n_pictures = references.n_pictures if references else 0
        self.forward = model.pipeline.unet.forward
        self.step = 0
        self.last: tuple[torch.Tensor, torch.Tensor | None, torch.Tensor] | None = None

    def __call__(
        self, sample: torch.Tensor, timestep: torch.Tensor, encoder_hidden_states: torch.Tensor, **kwargs: Any
    ) -> tuple[torch.Tensor]:
        """Predict the noise for [unconditional x n, conditional x n], or for [conditional x n] without guidance."""
        n = len(self.conditionings) - self.n_pictures
        latents = sample[-n:]
        if self.references is not None:
            latents = self.references.add_pictures(latents, timestep)
        unconditional = list(range(len(latents))) if sample.shape[0] == 2 * n else []
        total = self.model.pipeline.num_timesteps
        rows = [
            (image, branch, share)
            for image, conditioning in enumerate(self.conditionings)
            for branch, share in enumerate(conditioning.branch_shares(min(self.step, total - 1), total))
            if share > 0
        ]
        if self.trace is not None:
            self.trace.begin_step(timestep)
        entries: list[Entry] = [*(None for _ in unconditional), *rows]
        embeds = [self.conditionings[i].negative_prompt_embeds for i in unconditional]
        embeds += [self.conditionings[i].branches[branch].prompt_embeds for i, branch, _ in rows]
        items = unconditional + [i for i, _, _ in rows]
        noise = self._predict(
            latents[items], timestep, torch.stack(embeds), list(zip(items, entries, strict=True)), kwargs
        )
        without = noise[: len(unconditional)] if unconditional else None
        styled = noise[len(unconditional) :]
        predicted = torch.zeros_like(latents)
        for (image, _, share), noise_row in zip(rows, styled, strict=True):
            predicted[image] += share * noise_row
        if self.references is not None:
            predicted = self.references.steer(latents, timestep, self.step, without, predicted)
        if self.trace is not None:
            self.trace.end_step(StepPrediction(int(timestep), latents, without, rows, styled, predicted))
        self.last = (latents, without, predicted)
        self.step += 1
        known = [predicted] if without is None else [without, predicted]
        return (torch.cat([noise[self.n_pictures :] for noise in known]),)

    def _predict(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        embeds: torch.Tensor,
        asked: list[tuple[int, Entry]],
        kwargs: dict[str, Any],
    ) -> torch.Tensor:
        """Run the UNet on rows of any number, in calls that fit into memory and are never of a single row.

        Args:
            latents: (rows, 4, h, w).
            timestep: The step's timestep.
            embeds: (rows, tokens, features).
            asked: Of each row, its item and what it stands for.
            kwargs: What else the pipeline gives the UNet.
        """
        rows = len(latents)
        if rows == 1:  # a convolution over one row takes another path than over several, with other rounding
            latents, embeds, asked = latents.repeat(2, 1, 1, 1), embeds.repeat(2, 1, 1), [*asked, (asked[0][0], None)]
        n_calls = math.ceil(rows * latents[0, 0].numel() / MAX_LATENT_CELLS)
        n_calls = max(1, min(n_calls, len(latents) // 2))
        noise = []
        for part in torch.arange(len(latents)).tensor_split(n_calls):
            first, last = int(part[0]), int(part[-1]) + 1
            if self.trace is not None:
                self.trace.begin_call([entry for _, entry in asked[first:last]])
            if self.references is not None:
                self.references.begin_call([(item, int(entry is not None)) for item, entry in asked[first:last]])
            noise.append(
                self.forward(latents[first:last], timestep, encoder_hidden_states=embeds[first:last], **kwargs)[0]
            )
        return torch.cat(noise)[:rows]

    def predicted_original(self, timestep: torch.Tensor, guidance_scale: float) -> torch.Tensor:
        """Estimate the first image's finished latents."""
        assert self.last is not None
        shown = self.n_pictures + (self.references.first_target if self.references else 0)
        latents, without, predicted = (None if x is None else x[shown : shown + 1].float() for x in self.last)
        assert latents is not None and predicted is not None
        noise = predicted if without is None else without + guidance_scale * (predicted - without)
        return predict_original(latents, noise, alpha_at(self.model.pipeline.scheduler, timestep))


@contextmanager
def blended_passes(
    model: ImageModel,
    conditionings: Sequence[Conditioning],
    trace: BlendTrace | None = None,
    references: StyleReferences | None = None,
) -> Iterator[Passes]:
    """Put the passes in the place of the UNet's forward, and take them away again whatever happens."""
    unet = model.pipeline.unet
    passes = Passes(model, conditionings, trace, references)
    # every row is at the same timestep: embedding it once, not per row, keeps an image from depending on its batch
    one_row = ForwardHooks([(unet.time_proj, lambda _module, _args, output: output[:1])])
    unet.forward = passes
    try:
        with one_row, trace or nullcontext(), references.swap if references else nullcontext():
            yield passes
    finally:
        del unet.forward
