"""Each style's exact part in a layer's output, where the styles are blended in the embedding.

Keys and values are linear in the embedding. With z = sum_i w_i z_i a layer's output is sum_i w_i A (z_i W_v) W_o (and
its bias), and its logits are sum_i w_i q (z_i W_k)^T: a sum of one part per style, split here without approximation.
The attention A itself depends on all of z: the split says what each style adds under the attention they share.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import linear

from tools.trace.heads import split_heads
from tools.trace.passes import TracedImage


@dataclass
class StyleParts:
    """A blended embedding's parts as one layer projects them; they are the same at every step."""

    weights: torch.Tensor  # (styles,)
    keys: torch.Tensor  # (styles, heads, tokens, channels)
    values: torch.Tensor  # (heads, tokens, styles * channels)


class SplitParts:
    """Splits each layer's output and logits into the styles' parts, step by step."""

    measures = ("output_share", "output_cosine", "logit_share", "logit_cosine")

    def __init__(self, images: Sequence[TracedImage], n_layers: int) -> None:
        self.images = images
        self.n_layers = n_layers
        self._found: dict[int, list[tuple[int, Sequence[int], torch.Tensor]]] = defaultdict(list)
        """By image: layer, steps, and (steps, measures, styles)."""
        self._parts: dict[tuple[int, int], StyleParts] = {}

    def bytes_per_step(self) -> int:
        parts = sum(len(one.parts) for image in self.images for one in image.passes)
        return 4 * len(self.measures) * self.n_layers * parts

    def parts(self, layer: int, module: Any, image: int, number: int) -> StyleParts | None:
        """A layer's projections of the embeddings that a pass's embedding is the mean of; None where it is none."""
        embeds = self.images[image].passes[number].parts
        if embeds and (layer, image) not in self._parts:
            self._parts[layer, image] = project_parts(module, embeds)
        return self._parts[layer, image] if embeds else None

    def observe(
        self,
        layer: int,
        module: Any,
        image: int,
        steps: Sequence[int],
        query: torch.Tensor,
        attended: torch.Tensor,
        parts: StyleParts,
    ) -> None:
        """Split one layer's output and logits for one image.

        Args:
            layer: Index of the layer.
            module: The attention layer.
            image: Index of the image.
            steps: Which steps these are.
            query: (heads, steps * positions, channels).
            attended: Attention over the parts' values, (heads, steps * positions, styles * channels).
            parts: What `parts` gave.
        """
        by_step = (len(steps), -1)
        outputs = split_output(module, attended, parts.weights).unflatten(1, by_step).transpose(0, 1).flatten(2)
        queries = query.unflatten(1, by_step).transpose(0, 1)  # (steps, heads, positions, channels)
        measured = []
        for gram in (outputs @ outputs.transpose(1, 2), logit_products(queries, parts.keys, parts.weights)):
            # (steps, styles, styles): lengths and cosines are both in it
            lengths = gram.diagonal(dim1=1, dim2=2).clamp(min=1e-24).sqrt()
            whole = gram.sum((1, 2)).clamp(min=1e-24).sqrt()
            measured += [lengths / lengths.sum(1, keepdim=True), gram.sum(2) / (lengths * whole[:, None])]
        self._found[image].append((layer, steps, torch.stack(measured, 1)))

    def table(self, image: int, n_steps: int) -> dict[str, torch.Tensor]:
        """One image's measures, each (steps, layers, styles)."""
        n_styles = len(self.images[image].styles)
        whole = torch.full((n_steps, self.n_layers, len(self.measures), n_styles), float("nan"))
        for layer, steps, found in self._found[image]:
            whole[list(steps), layer] = found.cpu()
        return {name: whole[:, :, i] for i, name in enumerate(self.measures)}


def project_parts(module: Any, parts: Sequence[tuple[float, torch.Tensor]]) -> StyleParts:
    """Project (weight, embeddings) of each style by an attention layer's own matrices."""
    embeds = torch.stack([embeds for _, embeds in parts]).float()
    # as products, not calls: the layer's own projections are being listened to
    keys, values = (
        split_heads(linear(embeds, p.weight.float(), None if p.bias is None else p.bias.float()), module.heads)
        for p in (module.to_k, module.to_v)
    )
    weights = torch.tensor([weight for weight, _ in parts], device=embeds.device)
    return StyleParts(weights, keys, values.permute(1, 2, 0, 3).flatten(2))


def split_output(module: Any, attended: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return each style's part of a layer's output: (styles, positions, features). With the bias they add up.

    Args:
        module: The attention layer, for its output projection.
        attended: Attention over each style's values, side by side: (heads, positions, styles * channels).
        weights: Each style's weight in the embedding, (styles,).
    """
    by_style = attended.unflatten(-1, (len(weights), -1)).permute(2, 1, 0, 3)  # (styles, positions, heads, channels)
    return weights[:, None, None] * linear(by_style.flatten(2), module.to_out[0].weight.float())


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
