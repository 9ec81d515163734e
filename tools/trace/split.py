"""Each style's exact part in a layer's output, where the styles are blended in the embedding.

Keys and values are linear in the embedding. With z = sum_i w_i z_i a layer's output is sum_i w_i A (z_i W_v) W_o (and
its bias), and its logits are sum_i w_i q (z_i W_k)^T: a sum of one part per style, split here without approximation.
The attention A itself depends on all of z: the split says what each style adds under the attention they share.
"""

from collections.abc import Sequence
from typing import Any

import torch

from tools.conditioning import Conditioning


class EmbeddingSplit:
    """Splits each layer's output and logits into the styles' parts, step by step."""

    measures = ("output_share", "output_cosine", "logit_share", "logit_cosine")

    def __init__(self, conditionings: Sequence[Conditioning], layers: Sequence[str]) -> None:
        self.conditionings = conditionings
        self.n_layers = len(layers)
        self.n_styles = max(len(c.styles) for c in conditionings)
        self.steps: list[torch.Tensor] = []  # per step: (measures, layers, images, styles)
        self._projected: dict[tuple[int, int], tuple[torch.Tensor, torch.Tensor]] = {}

    def begin_step(self, device: torch.device) -> None:
        shape = (len(self.measures), self.n_layers, len(self.conditionings), self.n_styles)
        self.steps.append(torch.full(shape, float("nan"), device=device))

    def bytes_per_step(self) -> int:
        return sum(t.numel() * t.element_size() for t in self.steps[-1:])

    def observe(
        self,
        layer: int,
        module: Any,
        entries: Sequence[tuple[int, int, float]],
        steps: Sequence[int],
        query: torch.Tensor,
        probabilities: torch.Tensor,
    ) -> None:
        """Split one layer's output for every row whose embedding is a mean of several.

        Args:
            layer: Index of the layer.
            module: The attention layer.
            entries: (image, branch, share) of each row.
            steps: Which steps these are.
            query: (steps, rows, heads, positions, channels).
            probabilities: (steps, rows, heads, positions, tokens).
        """
        for row, (image, branch, _) in enumerate(entries):
            parts = self.conditionings[image].branches[branch].parts
            if not parts:
                continue
            weights = torch.tensor([weight for weight, _ in parts], device=query.device)
            keys, values = self._project(layer, image, module, parts)
            outputs = split_output(module, probabilities[:, row, None], values, weights).flatten(2)
            grams = (outputs @ outputs.transpose(1, 2), logit_products(query[:, row], keys, weights))
            for i, gram in enumerate(grams):  # (steps, styles, styles): lengths and cosines are both in it
                lengths = gram.diagonal(dim1=1, dim2=2).clamp(min=1e-24).sqrt()
                whole = gram.sum((1, 2)).clamp(min=1e-24).sqrt()
                shares = lengths / lengths.sum(1, keepdim=True)
                cosines = gram.sum(2) / (lengths * whole[:, None])
                for step, share, cosine in zip(steps, shares, cosines, strict=True):
                    self.steps[step][2 * i, layer, image, : len(parts)] = share
                    self.steps[step][2 * i + 1, layer, image, : len(parts)] = cosine

    def table(self, image: int) -> dict[str, torch.Tensor]:
        """One image's measures, each (steps, layers, styles)."""
        stacked = torch.stack(self.steps)[:, :, :, image, : len(self.conditionings[image].styles)].cpu()
        return {name: stacked[:, i] for i, name in enumerate(self.measures)}

    def _project(
        self, layer: int, image: int, module: Any, parts: Sequence[tuple[float, torch.Tensor]]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Each style's own keys and values, (styles, heads, tokens, channels); they are the same at every step."""
        if (layer, image) not in self._projected:
            embeds = torch.stack([embeds for _, embeds in parts])
            both = []
            for projection in (module.to_k, module.to_v):
                # as a product, not a call: the layer's own projections are being listened to
                projected = embeds.float() @ projection.weight.float().T
                if projection.bias is not None:
                    projected = projected + projection.bias.float()
                styles, tokens, features = projected.shape
                both.append(projected.view(styles, tokens, module.heads, features // module.heads).transpose(1, 2))
            self._projected[layer, image] = (both[0], both[1])
        return self._projected[layer, image]


def split_output(module: Any, probabilities: torch.Tensor, values: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return each style's part of a layer's output: (..., styles, positions, features). With the bias they add up.

    Args:
        module: The attention layer, for its output projection.
        probabilities: The attention of one row, (..., heads, positions, tokens).
        values: Each style's values, (styles, heads, tokens, channels).
        weights: Each style's weight in the embedding, (styles,).
    """
    attended = probabilities @ values  # (..., styles, heads, positions, channels)
    merged = attended.transpose(-3, -2).flatten(-2)
    return weights[:, None, None] * (merged @ module.to_out[0].weight.float().T)


def logit_products(query: torch.Tensor, keys: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the inner products of the styles' parts of the logits, w_i q k_i^T: (steps, styles, styles).

    The sum over positions and tokens of (q k_i^T)(q k_j^T) is that of (q^T q)(k_i^T k_j): small matrices both. The
    logits' common scale is left out, as only ratios are taken of it.

    Args:
        query: (steps, heads, positions, channels).
        keys: (styles, heads, tokens, channels).
        weights: (styles,).
    """
    of_queries = query.transpose(-1, -2) @ query
    weighted = weights[:, None, None, None] * keys
    of_keys = torch.einsum("ihtc,jhtd->ijhcd", weighted, weighted)
    return torch.einsum("shcd,ijhcd->sij", of_queries, of_keys)
