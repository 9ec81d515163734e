"""What a decoder can draw where latents are flat, and what a deeper one costs: `python -m tests.evals.decoder`.

A decoder of convolutions and nearest upsampling knows where it is by the zero padding at the borders alone.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import torch
from diffusers import AutoencoderKL

from tests.evals.results import Table
from tools.models import load_image_model
from tools.studio.compression import STRIDE_PX, to_signal
from tools.studio.networks import build_vae
from tools.studio.recipe import Recipe
from tools.studio.scenes import STYLES, draw_styles, sample_scene

SCENE_SEED = 21_000_000
MIDDLE_CELLS = 4
SIDES_CELLS = (16, 48)
"""A render's own side; and one whose middle lies beyond the reach of every border."""
CHANNELS = ((32, 32, 96, 128), (16, 32, 32, 96, 128), (32, 32, 32, 96, 128))


@torch.no_grad()
def flat_textures(vae: AutoencoderKL, side_cells: int) -> dict[str, float]:
    """Decode each style's mean latent, repeated in every cell.

    Args:
        vae: The autoencoder, float32.
        side_cells: Side of the latents.

    Returns:
        By style, standard deviation over the middle cells' pixels, in grey levels, mean over channels.
    """
    means = vae.encode(to_signal(draw_styles(sample_scene(SCENE_SEED)), vae.device)).latent_dist.mean.mean((2, 3))
    flat = means[:, :, None, None].repeat(1, 1, side_cells, side_cells)
    start, side = (side_cells - MIDDLE_CELLS) // 2 * STRIDE_PX, MIDDLE_CELLS * STRIDE_PX
    middle = vae.decode(flat).sample[:, :, start : start + side, start : start + side]
    return dict(zip(STYLES, (middle.std((2, 3)).mean(1) * 127.5).tolist(), strict=True))


@torch.no_grad()
def decode_seconds(repeats: int = 5) -> dict[tuple[int, ...], float]:
    """CPU seconds on one thread to decode 16 x 16 cells by untrained decoders, taking turns; the median."""
    torch.set_num_threads(1)
    vaes = {channels: build_vae(Recipe(vae_channels=channels), 16 * 2 ** (len(channels) - 1)) for channels in CHANNELS}
    taken: dict[tuple[int, ...], list[float]] = {channels: [] for channels in vaes}
    latents = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    for _ in range(repeats + 1):  # the first turn warms up
        for channels, vae in vaes.items():
            began = time.process_time()
            vae.decode(latents)
            taken[channels].append(time.process_time() - began)
    return {channels: statistics.median(values[1:]) for channels, values in taken.items()}


def main() -> None:
    vae = load_image_model("embedded", dtype=torch.float32).pipeline.vae
    found = [flat_textures(vae, side) for side in SIDES_CELLS]
    Table("deviation where latents are flat, grey levels", ("style", *(f"{n} x {n} cells" for n in SIDES_CELLS))).show(
        [(style, *(f"{np.round(by[style], 3):.3f}" for by in found)) for style in STYLES]
    )
    Table("CPU seconds to decode 16 x 16 cells, one thread", ("channels", "picture", "seconds")).show(
        [(str(c), f"{16 * 2 ** (len(c) - 1)} px", f"{value:.2f}") for c, value in decode_seconds().items()]
    )


if __name__ == "__main__":
    main()
