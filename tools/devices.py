"""On which device an image model runs, and in which dtype. Knows no model."""

import re
from pathlib import Path

import torch

LARGE_BYTES = 200_000_000
"""Checkpoints above this run in half precision; below it, half precision gains nothing on any device we measured."""


def choose_device() -> torch.device:
    """Choose the fastest device that is there."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def choose_dtype(device: torch.device, weight_bytes: int) -> torch.dtype:
    """Choose the dtype to load with: half precision where the checkpoint is large and the device is fast at it."""
    if weight_bytes < LARGE_BYTES:
        return torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "mps":
        return torch.float16
    return torch.bfloat16 if cpu_has_fast_bfloat16() else torch.float32


def cpu_has_fast_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Say whether the CPU multiplies bfloat16 in hardware (AMX or AVX512-BF16); only Linux tells."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return re.search(r"\b(amx_bf16|avx512_bf16)\b", text) is not None
