"""Each style's part in the noise prediction of `composable`: how strongly it pulls, and in whose direction."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, ClassVar

import torch

from tools.trace.facts import Fact, Figure, listed
from tools.trace.measure import Arrays, Measure, Watched, first_image, mean, rounded, thirds
from tools.trace.passes import StepPrediction


class Noise(Measure):
    """Collects, step by step, ||g p_i (eps_i - eps_u)|| of each style and the cosines between the styles' pulls.

    It is there of every image whose styles each have a pass of their own at every step.
    """

    name = "noise"
    schema: ClassVar[Mapping[str, str]] = {
        "images.noise.contribution_by_step": "(steps, styles) ||g p_i (eps_i - eps_u)|| over all latent cells, where "
        "noise has a standard deviation of 1 in each",
        "images.noise.contribution_share": "(styles) each style's sum over steps, over the styles' sum, 0..1",
        "images.noise.pairs": "(pairs, 2) the styles that a cosine is between, as indices into styles",
        "images.noise.cosine_by_step": "(steps, pairs) cosine between two styles' eps_i - eps_u, -1..1",
    }

    def __init__(self, watched: Watched) -> None:
        super().__init__(watched)
        self.products: list[list[torch.Tensor]] = [[] for _ in watched.images]  # image -> step -> (styles, styles)

    def observe(self, step: StepPrediction) -> None:
        if step.without is None:
            return
        for item in range(len(self.watched.images)):
            rows = [row for row, (image, _, _) in enumerate(step.rows) if image == item]
            if len(rows) > 1:
                pulls = (step.noise[rows] - step.without[item]).float().flatten(1)
                self.products[item].append(pulls @ pulls.T)  # lengths and cosines are both in it

    def of_image(self, item: int) -> tuple[dict[str, Any], Arrays]:
        if not self.products[item]:
            return {}, {}
        contributions, cosines, pairs = self._table(item)
        measured = {
            "contribution_by_step": rounded(contributions),
            "contribution_share": rounded(contributions.sum(0) / contributions.sum()),
            "pairs": [list(pair) for pair in pairs],
            "cosine_by_step": rounded(cosines),
        }
        return {"noise": measured}, {}

    def _table(self, item: int) -> tuple[torch.Tensor, torch.Tensor, list[tuple[int, int]]]:
        """Contributions (steps, styles), cosines (steps, pairs), and the pairs."""
        products = torch.stack(self.products[item]).cpu()
        lengths = products.diagonal(dim1=1, dim2=2).clamp(min=1e-24).sqrt()
        shares = torch.tensor(self.watched.images[item].shares)
        cosines = products / (lengths[:, :, None] * lengths[:, None, :])
        pairs = list(combinations(range(len(shares)), 2))
        contributions = self.watched.guidance_scale * shares * lengths
        return contributions, torch.stack([cosines[:, a, b] for a, b in pairs], 1), pairs

    @classmethod
    def facts(cls, measurements: Mapping[str, Any]) -> Iterator[Fact]:
        image = first_image(measurements)
        if noise := image.get("noise"):
            styles, shares = image["styles"], noise["contribution_share"]
            early, _, late = ([part / sum(row) for part in row] for row in thirds(noise["contribution_by_step"]))
            text = (
                f"Of the pull on the noise prediction, {listed(styles, shares)}; in the first third of the steps "
                f"{listed(styles, early)}, in the last third {listed(styles, late)}."
            )
            yield Fact("noise", text, "noise.contribution_by_step", dict(zip(styles, shares, strict=True)))
            cosine = mean(noise["cosine_by_step"])[0]
            text = (
                f"The first two styles' pulls point the same way by a cosine of {cosine:.2f} (1 is the same direction)."
            )
            yield Fact("noise", text, "noise.cosine_by_step", {"cosine": cosine})

    @classmethod
    def figures(cls, measurements: Mapping[str, Any]) -> Iterator[Figure]:
        image = first_image(measurements)
        if noise := image.get("noise"):
            styles = image["styles"]
            yield Figure(
                id="noise.contribution_by_step",
                title="Each style's part in the predicted noise",
                names=styles,
                measure="length of the style's part (latent noise)",
                shows="how strongly each style pulled the prediction at each step, after its share and the guidance.",
                does_not_show="whether the pulls agree: two styles can pull hard in the same direction, or cancel each "
                "other.",
                **_by_step(noise["contribution_by_step"]),
            )
            yield Figure(
                id="noise.cosine_by_step",
                title="Do the styles pull the same way?",
                names=[f"{styles[a]} and {styles[b]}" for a, b in noise["pairs"]],
                measure="cosine",
                shows="the cosine between the styles' directions: 1 is the same way, 0 is unrelated, -1 is opposite.",
                does_not_show="how hard either pulls; the figure before this one does.",
                **_by_step(noise["cosine_by_step"]),
            )


def _by_step(rows: Sequence[Sequence[float]]) -> dict[str, Any]:
    return {
        "kind": "lines",
        "along": list(range(1, len(rows) + 1)),
        "along_title": "denoising step",
        "rows": rows,
    }
