"""What may pass between an artist and the server: tensors whose names, shapes and dtypes are listed, and nothing more.

Both sides check: the artist before sending, the server after receiving. It knows nothing of what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from tools.style_search.encoder import HIDDEN, STATISTICS, VECTOR
from tools.style_search.representation import SHAPES

MAX_ARTISTS = 10_000
HEAD: dict[str, tuple[int, ...]] = {
    "0.weight": (HIDDEN, STATISTICS), "0.bias": (HIDDEN,), "2.weight": (VECTOR, HIDDEN), "2.bias": (VECTOR,),
}  # fmt: skip
SETTINGS = "settings"
TO_ARTIST: dict[str, tuple[int | None, ...]] = {**HEAD, "vectors": (None, VECTOR), SETTINGS: (None,)}
"""None stands for a number of artists or of settings; nothing that an artist sends has such a side."""
FROM_ARTIST: dict[str, tuple[int | None, ...]] = {**HEAD, **SHAPES, "prototype": (VECTOR,)}


class ChannelError(ValueError):
    """Something that may not pass."""


def pack(tensors: Mapping[str, torch.Tensor], allowed: Mapping[str, tuple[int | None, ...]]) -> bytes:
    """Check and write tensors.

    Raises:
        ChannelError: One of them is not allowed.
    """
    _check(tensors, allowed)
    return save({name: value.contiguous() for name, value in tensors.items()})


def unpack(message: bytes, allowed: Mapping[str, tuple[int | None, ...]]) -> dict[str, torch.Tensor]:
    """Read and check tensors.

    Raises:
        ChannelError: It is no such message, or holds what is not allowed.
    """
    try:
        length = int.from_bytes(message[:8], "little")
        if b"__metadata__" in message[8 : 8 + length]:
            raise ChannelError("a message carries text beside its tensors")
        tensors: dict[str, torch.Tensor] = load(message)
    except (SafetensorError, ValueError, TypeError) as error:
        raise error if isinstance(error, ChannelError) else ChannelError("a message cannot be read") from error
    _check(tensors, allowed)
    return tensors


def _check(tensors: Mapping[str, torch.Tensor], allowed: Mapping[str, tuple[int | None, ...]]) -> None:
    for name, value in tensors.items():
        if name not in allowed:
            raise ChannelError(f"{name!r} may not pass")
        wanted = allowed[name]
        fits = len(wanted) == value.dim() and all(
            side <= MAX_ARTISTS if want is None else side == want
            for side, want in zip(value.shape, wanted, strict=True)
        )
        if not fits or value.dtype != torch.float32:
            raise ChannelError(f"{name!r} is {tuple(value.shape)} {value.dtype}, which may not pass")
        if not bool(torch.isfinite(value).all()):
            raise ChannelError(f"{name!r} holds values that are no numbers")
