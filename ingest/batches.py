"""Many texts through an embedder: batches alike in length and in size, one thread each.

A batch that is padded to any width is a new shape, for which matrix products are compiled anew; a batch on several
threads has them wait for each other, by spinning, which on a busy machine takes longer than the work. Knows
sentence-transformers' model as what maps token ids to sentence vectors, whatever its pooling is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH_TOKENS = 4
"""Widths are multiples of this; a word by itself is three tokens or more."""

BATCH_TOKENS = 2048
"""Tokens of a batch, padding counted: what the wider half of a layer makes of them stays near the processor's cache."""


def plan(lengths: Sequence[int]) -> list[list[int]]:
    """Return the texts' numbers in batches, the longest first.

    Args:
        lengths: Of each text, in tokens.
    """
    batches: list[list[int]] = []
    room = 0
    for number in sorted(range(len(lengths)), key=lambda n: -lengths[n]):
        if not room:
            batches.append([])
            room = max(BATCH_TOKENS // padded(lengths[number]), 1)
        batches[-1].append(number)
        room -= 1
    return batches


def padded(length: int) -> int:
    """Return the width, in tokens, of a batch whose longest text has this length."""
    return -(-max(length, 1) // WIDTH_TOKENS) * WIDTH_TOKENS


def can_be_batched(model: Any) -> bool:
    """Say whether token ids are all that a model asks for: one that puts a prompt before each text takes texts."""
    tokenizer: Any = getattr(model, "tokenizer", None)
    return (
        getattr(tokenizer, "is_fast", False)
        and tokenizer.pad_token_id is not None
        and getattr(tokenizer, "padding_side", "right") == "right"
        and not getattr(model, "default_prompt_name", None)
        and type(model[0]).__name__ == "Transformer"
        and bool(model.max_seq_length)
    )


def embed(model: Any, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the sentence vector of each text, (n, d) float32, as the model's own `encode` does.

    Args:
        model: A model that `can_be_batched`.
    """
    import torch

    # no processor does better by several threads in one accelerator's queue
    threads = (os.cpu_count() or 1) if model.device.type == "cpu" else 1
    ids = model.tokenizer(list(texts), truncation=True, max_length=model.max_seq_length, padding=False)["input_ids"]
    batches = plan([len(row) for row in ids])

    def forward(batch: Sequence[int]) -> NDArray[np.float32]:
        width = min(padded(len(ids[batch[0]])), model.max_seq_length)
        tokens = np.full((len(batch), width), model.tokenizer.pad_token_id, np.int64)
        mask = np.zeros((len(batch), width), np.int64)
        for row, number in enumerate(batch):
            tokens[row, : len(ids[number])] = ids[number]
            mask[row, : len(ids[number])] = 1
        features = {"input_ids": torch.from_numpy(tokens), "attention_mask": torch.from_numpy(mask)}
        with torch.inference_mode():
            told = model({name: value.to(model.device) for name, value in features.items()})
        return told["sentence_embedding"].float().cpu().numpy()

    with ThreadPoolExecutor(min(threads, len(batches)), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        found = list(pool.map(forward, batches))
    rows = np.empty((len(ids), found[0].shape[1]), np.float32)
    for batch, vectors in zip(batches, found, strict=True):
        rows[batch] = vectors
    return rows
