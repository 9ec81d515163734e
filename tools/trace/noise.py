"""Each style's part in the noise prediction of `composable`: how strongly it pulls, and in whose direction."""

from collections.abc import Sequence
from itertools import combinations

import torch

from tools.blend.conditioning import Conditioning


class NoiseTrace:
    """Collects, step by step, ||g p_i (eps_i - eps_u)|| of each style and the cosines between the styles' pulls."""

    def __init__(self, conditionings: Sequence[Conditioning], guidance_scale: float) -> None:
        self.conditionings = conditionings
        self.guidance_scale = guidance_scale
        self.products: list[list[torch.Tensor]] = [[] for _ in conditionings]  # image -> step -> (styles, styles)

    def observe(
        self, without: torch.Tensor | None, entries: Sequence[tuple[int, int, float]], noise: torch.Tensor
    ) -> None:
        """Take in one step.

        Args:
            without: The unconditional predictions, (images, 4, h, w); None where there is no guidance.
            entries: (image, branch, share) of each row of `noise`.
            noise: The conditional predictions, (rows, 4, h, w).
        """
        if without is None:
            return
        for image, conditioning in enumerate(self.conditionings):
            if conditioning.method != "composable" or len(conditioning.branches) < 2:
                continue
            rows = [i for i, entry in enumerate(entries) if entry[0] == image]
            pulls = (noise[rows] - without[image]).float().flatten(1)
            self.products[image].append(pulls @ pulls.T)  # lengths and cosines are both in it

    def table(self, image: int) -> tuple[torch.Tensor, torch.Tensor] | None:
        """One image's contributions (steps, styles) and cosines (steps, pairs); None where the method has none."""
        if not self.products[image]:
            return None
        products = torch.stack(self.products[image]).cpu()
        lengths = products.diagonal(dim1=1, dim2=2).clamp(min=1e-24).sqrt()
        shares = torch.tensor(self.conditionings[image].shares)
        cosines = products / (lengths[:, :, None] * lengths[:, None, :])
        pairs = list(combinations(range(len(shares)), 2))
        return self.guidance_scale * shares * lengths, torch.stack([cosines[:, a, b] for a, b in pairs], 1)
