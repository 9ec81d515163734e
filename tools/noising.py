"""Noised latents: x_t = sqrt(a) x_0 + sqrt(1 - a) eps, solved for whichever of the three is wanted.

`a` is what a timestep leaves of the picture's variance. It knows nothing about models, prompts or guidance.
"""

import math
from typing import Any

import torch


def alpha_at(scheduler: Any, timestep: torch.Tensor | int) -> float:
    """The scheduler's a of a training timestep, 0..1."""
    return float(scheduler.alphas_cumprod[int(timestep)])


def add_noise(original: torch.Tensor, noise: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return x_t of a picture's latents x_0 and noise eps."""
    return math.sqrt(alpha) * original + math.sqrt(1 - alpha) * noise


def predict_original(latents: torch.Tensor, noise: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return the x_0 that latents x_t are left with once a predicted eps is taken away."""
    return (latents - math.sqrt(1 - alpha) * noise) / math.sqrt(alpha)


def noise_between(latents: torch.Tensor, original: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return the eps that lies between latents x_t and a picture's x_0."""
    return (latents - math.sqrt(alpha) * original) / math.sqrt(1 - alpha)
