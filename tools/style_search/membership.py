"""Whether a picture was among an artist's works, guessed from what the artist shared: how much that gives away.

The attack knows the picture, the encoder and what was shared, and takes the density of the one at the other.

Source: Yeom et al. 2018, Privacy Risk in Machine Learning (the threshold on a fit), measured by its ROC curve.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from tools.style_search.representation import StyleGaussian


def auc(positive: torch.Tensor, negative: torch.Tensor) -> float:
    """Probability that a positive's score exceeds a negative's; ties count half."""
    difference = positive[:, None] - negative[None, :]
    return float(((difference > 0).double() + 0.5 * (difference == 0).double()).mean())


def membership(
    styles: Sequence[StyleGaussian], works: Sequence[torch.Tensor], others: Sequence[torch.Tensor]
) -> tuple[float, float]:
    """How well an attacker tells an artist's works from other works of the same hand.

    Args:
        styles: What each artist shared.
        works: (works, STATISTICS) each, the members.
        others: (works, STATISTICS) each, by the same hand and not among them.

    Returns:
        Area under the ROC curve, the mean over artists and the worst; .5 is a guess.
    """
    found = [
        auc(style.log_density(inside), style.log_density(outside))
        for style, inside, outside in zip(styles, works, others, strict=True)
    ]
    return float(np.mean(found)), float(np.max(found))
