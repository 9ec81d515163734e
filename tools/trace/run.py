"""One blend's trace: what the passes report to it, and the measurements that come of it.

What they mean, in which units, says `schema.py`.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import numpy as np
import torch

from tools.blend.conditioning import Conditioning, ruling_styles
from tools.models import ImageModel
from tools.trace.attention import AttentionTrace, Entry
from tools.trace.noise import NoiseTrace
from tools.trace.parameters import first_parameters_sha256, parameters_sha256
from tools.trace.schema import SCHEMA


class BlendTrace:
    """Watches one call of the pipeline."""

    def __init__(self, model: ImageModel, conditionings: Sequence[Conditioning], guidance_scale: float) -> None:
        self.model = model
        self.conditionings = conditionings
        self.checksum_before = first_parameters_sha256(model)
        self.attention = AttentionTrace(model.pipeline.unet, conditionings)
        self.noise = NoiseTrace(conditionings, guidance_scale)
        self.timesteps: list[int] = []

    def __enter__(self) -> "BlendTrace":
        self.attention.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.attention.__exit__(kind, error, traceback)

    def begin_step(self, timestep: torch.Tensor) -> None:
        self.timesteps.append(int(timestep))
        self.attention.begin_step()

    def begin_call(self, entries: Sequence[Entry]) -> None:
        self.attention.begin_call(entries)

    def end_step(
        self, without: torch.Tensor | None, entries: Sequence[tuple[int, int, float]], noise: torch.Tensor
    ) -> None:
        self.noise.observe(without, entries, noise)

    def measure(
        self, latents: torch.Tensor, items: Sequence[int]
    ) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, np.ndarray]]:
        """Return what concerns the run, what concerns each image, and the arrays.

        Args:
            latents: Finished latents, (n, 4, h, w); only their size counts.
            items: Which conditionings are the images that were asked for; others belong to references.

        Raises:
            UnhookedLayer: If a cross-attention layer was not heard.
        """
        with ThreadPoolExecutor(1) as beside:  # a checksum keeps one core busy, and holds no lock of Python's
            checksum = beside.submit(parameters_sha256, self.model)
            self.attention.finish()
        after = checksum.result()
        run = {
            "schema": SCHEMA,
            "timesteps": self.timesteps,
            "parameters": {
                "sha256_before": self.checksum_before,
                "sha256_after": after,
                "unchanged": after == self.checksum_before,
            },
        }
        images: list[dict[str, Any]] = []
        arrays: dict[str, np.ndarray] = {}
        for image, item in enumerate(items):
            size = (latents.shape[2], latents.shape[3])
            measured, found = self._measure_image(item, self.conditionings[item], size)
            images.append(measured)
            arrays.update({f"{name}_{image}": array for name, array in found.items()})
        return run, images, arrays

    def _measure_image(
        self, image: int, conditioning: Conditioning, latent_size: tuple[int, int]
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        table = self.attention.share_table(image)
        maps = self.attention.heat_maps(image, latent_size)
        per_step, fixed = self.attention.kept_bytes()
        measured: dict[str, Any] = {
            "attention": {
                "phrases": list(conditioning.phrases),
                "layers": [layer.name for layer in self.attention.layers],
                "share_by_step": _rounded(table.mean(1)),
                "share_by_layer": _rounded(table.mean(0)),
                "share": _rounded(table.mean((0, 1))),
                "heat_map_peak": round(float(maps.max()), 6),
                "kept_bytes_per_step": per_step,
                "kept_bytes_fixed": fixed,
                "waiting_bytes_peak": self.attention.waiting_bytes_peak,
            },
            "ruling_style_by_step": None,
        }
        arrays = {"attention_share": table.numpy(), "heat_maps": maps.numpy()}
        if conditioning.method in ("schedule", "alternate") and len(conditioning.branches) > 1:
            rulers = ruling_styles(conditioning.method, conditioning.shares, len(self.timesteps))
            measured["ruling_style_by_step"] = list(rulers)
        if self.attention.splits is not None and any(branch.parts for branch in conditioning.branches):
            split = self.attention.splits.table(image, len(self.timesteps))
            measured["embedding_split"] = {f"{name}_by_step": _rounded(t.mean(1)) for name, t in split.items()}
            arrays.update({f"split_{name}": t.numpy() for name, t in split.items()})
        pulls = self.noise.table(image)
        if pulls is not None:
            contributions, cosines = pulls
            n = len(conditioning.styles)
            measured["noise"] = {
                "contribution_by_step": _rounded(contributions),
                "contribution_share": _rounded(contributions.sum(0) / contributions.sum()),
                "pairs": [[a, b] for a in range(n) for b in range(a + 1, n)],
                "cosine_by_step": _rounded(cosines),
            }
        return measured, arrays


def _rounded(values: torch.Tensor) -> Any:
    """As nested lists, to six decimals: finer than float32 attention is worth."""
    return np.round(values.double().numpy(), 6).tolist()
