"""That the model's parameters did not move: a SHA-256 over them, before and after."""

import hashlib
from functools import lru_cache

import torch

from tools.models import ImageModel


def parameters_sha256(model: ImageModel) -> str:
    """SHA-256 over every parameter of the UNet and the text encoder, by name, as they lie in memory."""
    digest = hashlib.sha256()
    for component in (model.pipeline.text_encoder, model.pipeline.unet):
        for name, parameter in component.named_parameters():
            digest.update(name.encode())
            digest.update(parameter.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


@lru_cache(maxsize=4)
def first_parameters_sha256(model: ImageModel) -> str:
    """The checksum at this process's first traced render: every later one is held against it."""
    return parameters_sha256(model)
