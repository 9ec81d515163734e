"""The loss that builds a style space: pictures of one style closer together, those of others apart.

Source: Khosla et al. 2020, Supervised Contrastive Learning, equation 2 (the sum over positives outside the logarithm).
"""

import torch

TEMPERATURE = 0.1


def contrastive_loss(
    vectors: torch.Tensor, labels: torch.Tensor, anchors: torch.Tensor | None = None, temperature: float = TEMPERATURE
) -> torch.Tensor:
    """Supervised contrastive loss, averaged over the anchors that have a positive.

    Args:
        vectors: (N, D), each of length 1.
        labels: (N) integers; those of one label are each other's positives, all others negatives. A negative label has
            no positives.
        anchors: (N) bool, from whose side the loss is taken; None for all.
    """
    logits = vectors @ vectors.T / temperature
    itself = torch.eye(len(vectors), dtype=torch.bool)
    logits = logits.masked_fill(itself, float("-inf"))
    positive = (labels[:, None] == labels[None, :]) & (labels[:, None] >= 0) & ~itself
    counted = positive.sum(1)
    log_share = logits - logits.logsumexp(1, keepdim=True)
    each = -log_share.masked_fill(~positive, 0.0).sum(1) / counted.clamp(min=1)
    taken = counted > 0 if anchors is None else (counted > 0) & anchors
    return each[taken].mean() if bool(taken.any()) else vectors.sum() * 0.0
