"""How surely one text follows from another: the NLI cross-encoder that UNDERTONE_NLI names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.vectors import EmbedderUnavailable, load_cross_encoder


class Entailment:
    """A cross-encoder that says how surely one text follows from another; loaded when it is first asked."""

    def __init__(self, name: str) -> None:
        self.name = name

    def scores(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """Return, for each (premise, hypothesis), the probability 0..1 that the hypothesis follows."""
        if not pairs:
            return np.zeros(0, np.float32)
        logits = np.asarray(self._model.predict(list(pairs), show_progress_bar=False, activation_fn=_unchanged))
        if logits.ndim == 1 or logits.shape[1] == 1:
            return (1 / (1 + np.exp(-logits.reshape(-1)))).astype(np.float32)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        labels = self._model.model.config.id2label
        follows = next(
            (i for i, label in labels.items() if "entail" in label.lower() and "not" not in label.lower()), None
        )
        if follows is None:
            raise EmbedderUnavailable(
                f"{self.name!r} has no label for entailment, only {', '.join(map(str, labels.values()))}; "
                "name an NLI cross-encoder in UNDERTONE_NLI, or leave it unset"
            )
        return (odds[:, int(follows)] / odds.sum(axis=1)).astype(np.float32)

    @cached_property
    def _model(self) -> Any:
        return load_cross_encoder(self.name, f"the NLI model {self.name!r}", "UNDERTONE_NLI")


def _unchanged(logits: Any) -> Any:
    return logits


@lru_cache(maxsize=1)
def load_entailment(name: str) -> Entailment:
    """Return the NLI cross-encoder of that name; nothing is loaded before it is asked.

    Args:
        name: A sentence-transformers CrossEncoder's name or folder.
    """
    return Entailment(name)
