"""That the model's parameters did not move: a SHA-256 over them, before and after."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import torch

from tools.models import ImageModel


def parameters_sha256(model: ImageModel) -> str:
    """SHA-256 over the names and SHA-256 sums of all parameters of text encoder and UNet, as they lie in memory."""
    components = (model.pipeline.text_encoder, model.pipeline.unet)
    named = [pair for component in components for pair in component.named_parameters()]
    n_parts = min(8, os.cpu_count() or 1)  # each parameter has a sum of its own, so that every core can work on some
    with ThreadPoolExecutor(n_parts) as pool:
        sums = pool.map(_sums, [[parameter for _, parameter in named[part::n_parts]] for part in range(n_parts)])
    by_part = list(sums)
    digest = hashlib.sha256()
    for index, (name, _) in enumerate(named):
        digest.update(f"{by_part[index % n_parts][index // n_parts]}  {name}\n".encode())
    return digest.hexdigest()


@lru_cache(maxsize=4)
def first_parameters_sha256(model: ImageModel) -> str:
    """The checksum at this process's first traced render: every later one is held against it."""
    return parameters_sha256(model)


def _sums(parameters: Sequence[torch.Tensor]) -> list[str]:
    # hashing holds no lock of Python's while it works on a large array
    as_bytes = (p.detach().cpu().contiguous().flatten().view(torch.uint8).numpy() for p in parameters)
    return [hashlib.sha256(array).hexdigest() for array in as_bytes]
