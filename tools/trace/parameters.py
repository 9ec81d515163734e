"""That the model's parameters did not move: a SHA-256 over them, before and after."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, ClassVar

import torch

from tools.models import ImageModel
from tools.trace.facts import Fact
from tools.trace.measure import Measure, Watched


class Parameters(Measure):
    name = "parameters"
    schema: ClassVar[Mapping[str, str]] = {
        "parameters.sha256_before": "SHA-256 over the sums of all parameters of text encoder and UNet, before this "
        "process's first traced render",
        "parameters.sha256_after": "the same, worked out anew after this render",
        "parameters.unchanged": "whether the two are equal",
    }

    def __init__(self, watched: Watched) -> None:
        super().__init__(watched)
        self.before = first_parameters_sha256(watched.model)

    def of_run(self) -> dict[str, Any]:
        after = parameters_sha256(self.watched.model)
        found = {"sha256_before": self.before, "sha256_after": after, "unchanged": after == self.before}
        return {"parameters": found}

    @classmethod
    def facts(cls, measurements: Mapping[str, Any]) -> Iterator[Fact]:
        if parameters := measurements.get("parameters"):
            moved = "the same" if parameters["unchanged"] else "NOT the same"
            text = (
                f"The model's parameters are {moved} before and after: SHA-256 {parameters['sha256_before'][:12]}, "
                f"{parameters['sha256_after'][:12]}."
            )
            yield Fact("parameters", text, "parameters")


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
