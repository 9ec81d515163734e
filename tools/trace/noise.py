"""Each style's part in the noise prediction of `composable`: how strongly it pulls, and in whose direction."""

from collections.abc import Sequence
from itertools import combinations

import torch

from tools.conditioning import Conditioning


class NoiseTrace:
    """Collects, step by step, ||g p_i (eps_i - eps_u)|| of each style and the cosines between the styles' pulls."""

    def __init__(self, conditionings: Sequence[Conditioning], guidance_scale: float) -> None:
        self.conditionings = conditionings
        self.guidance_scale = guidance_scale
        self.contributions: list[list[list[float]]] = [[] for _ in conditionings]  # image -> step -> style
        self.cosines: list[list[list[float]]] = [[] for _ in conditionings]  # image -> step -> pair of styles

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
            rows = [i for i, entry in enumerate(entries) if entry[0] == image]
            if conditioning.method != "composable" or len(rows) < 2:
                continue
            shares = torch.tensor([entries[i][2] for i in rows], device=noise.device)
            pulls = (noise[rows] - without[image]).float().flatten(1)
            lengths = pulls.norm(dim=1)
            unit = pulls / lengths[:, None].clamp(min=1e-12)
            cosines = unit @ unit.T
            self.contributions[image].append((self.guidance_scale * shares * lengths).tolist())
            self.cosines[image].append([float(cosines[a, b]) for a, b in combinations(range(len(rows)), 2)])
