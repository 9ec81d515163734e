"""What a trace is told of the passes through the UNet: whose each token is, and what each row of a call stands for.

Whoever renders fills these in. They know nothing about prompts, methods of blending or requests.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

OTHER_PHRASES = ("other words", "start", "end", "padding")
"""The phrases behind the subject and the styles: every token of a prompt belongs to one."""

Row = tuple[int, int, float]
"""One conditional row of a UNet call: (image, its pass, the pass's share of the image's prediction)."""
Entry = Row | None
"""One row of a UNet call; None for one without a style."""


@dataclass(frozen=True)
class TracedPass:
    """One conditional pass."""

    roles: torch.Tensor  # (tokens, phrases) float32; a row sums to 1
    parts: tuple[tuple[float, torch.Tensor], ...] = ()  # of a mean of embeddings: (share, embeddings) of each style


@dataclass(frozen=True)
class TracedImage:
    """One image of the batch."""

    styles: tuple[str, ...]
    shares: tuple[float, ...]  # of the styles, their sum is 1
    phrases: tuple[str, ...]  # the columns of every pass's roles
    tokens: tuple[tuple[str, ...], ...]  # of each phrase, as the tokenizer cut them
    passes: tuple[TracedPass, ...]
    negative_prompt: str = ""


def token_roles(roles: torch.Tensor, tokens: Sequence[Sequence[str]]) -> torch.Tensor:
    """Say for every position of a pass which of the phrases' tokens stands there.

    Args:
        roles: (positions, phrases), as of a pass; in a mean of prompts a position can stand for several in part.
        tokens: Of each phrase, as the tokenizer cut them.

    Returns:
        (positions, tokens of all phrases): a phrase's columns sum to its column of `roles` where it was cut alike
        there, and are 0 where the pass does not name it.
    """
    found = roles.new_zeros(len(roles), sum(map(len, tokens)))
    begin = 0
    for phrase, cut in enumerate(tokens):
        positions = roles[:, phrase].nonzero().flatten()
        if len(positions) == len(cut):
            for place, position in enumerate(positions):
                found[position, begin + place] = roles[position, phrase]
        begin += len(cut)
    return found


@dataclass(frozen=True)
class StepPrediction:
    """What the UNet predicted at one step, for all images of the batch."""

    timestep: int
    latents: torch.Tensor  # (images, 4, h, w), what it saw
    without: torch.Tensor | None  # (images, 4, h, w), the unconditional predictions; None without guidance
    rows: Sequence[Row]  # of each of the next
    noise: torch.Tensor  # (rows, 4, h, w), the conditional predictions
    predicted: torch.Tensor  # (images, 4, h, w), the conditional prediction that the pipeline gets
