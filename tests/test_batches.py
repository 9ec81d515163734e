"""Batches alike in length: every text once, and the vectors that the model's own `encode` makes."""

from __future__ import annotations

import numpy as np
import torch

from ingest.batches import BATCH_TOKENS, WIDTH_TOKENS, can_be_batched, embed, padded, plan

WORDS = ["river", "stone", "lamp", "window", "garden", "paper", "copper", "winter", "bridge", "engine"]
TEXTS = [" ".join(WORDS[(i + j) % 10] for j in range(1 + 7 * i % 90)) for i in range(60)] + ["", "lamp"]


def test_each_text_is_in_one_batch_and_no_batch_is_larger_than_its_tokens():
    lengths = [1 + 37 * n % 250 for n in range(400)]
    batches = plan(lengths)
    assert sorted(n for batch in batches for n in batch) == list(range(400))
    for batch in batches:
        width = padded(max(lengths[n] for n in batch))
        assert width == padded(lengths[batch[0]]) and width % WIDTH_TOKENS == 0
        assert len(batch) * width <= BATCH_TOKENS


def test_a_text_longer_than_a_batch_has_one_of_its_own():
    assert plan([BATCH_TOKENS + 1, BATCH_TOKENS * 2]) == [[1], [0]]


def test_the_vectors_are_those_of_the_models_own_encode(embedder):
    model = embedder._model
    assert can_be_batched(model)
    ours, theirs = embed(model, TEXTS), model.encode(TEXTS, convert_to_numpy=True, show_progress_bar=False)
    ours, theirs = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (ours, theirs))
    rounding = 1e-6 if next(model.parameters()).dtype == torch.float32 else 1e-3
    assert (ours * theirs).sum(axis=1).min() > 1 - rounding


def test_a_model_that_puts_a_prompt_before_each_text_is_given_texts(embedder, monkeypatch):
    monkeypatch.setattr(embedder._model, "default_prompt_name", "query")
    assert not can_be_batched(embedder._model)


def test_the_callers_number_of_threads_stays(embedder):
    before = torch.get_num_threads()
    embed(embedder._model, TEXTS)
    assert torch.get_num_threads() == before
