"""Attention over heads, written out: what a layer computes, for whatever values one wants to know."""

import torch


def split_heads(projected: torch.Tensor, n_heads: int) -> torch.Tensor:
    """(..., positions, heads * channels) -> (..., heads, positions, channels) float32."""
    return projected.float().unflatten(-1, (n_heads, -1)).transpose(-3, -2)


def attend(query: torch.Tensor, key: torch.Tensor, values: torch.Tensor, scale: float) -> torch.Tensor:
    """Return softmax(scale q k^T) v, (heads, positions, features), whatever `values` stand for.

    Args:
        query: (heads, positions, channels).
        key: (heads, tokens, channels).
        values: (heads, tokens, features), as many as one likes.
        scale: What the logits are multiplied by.
    """
    return torch.bmm(torch.bmm(query, key.transpose(1, 2) * scale).softmax(-1), values)
