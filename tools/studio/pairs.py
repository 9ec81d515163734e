"""What the larger decoder and encoder learn from: drawings with the latents of smaller ones, and renders.

Knows nothing about how they learn.
"""

import multiprocessing
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from torch.nn import functional as F

from tools.studio.captions import caption, phrases_for
from tools.studio.compression import LATENT_PX, to_signal
from tools.studio.fitting import Log
from tools.studio.recipe import Recipe
from tools.studio.scenes import PICTURE_PX, SIZE_PX, Scene, draw_styles, sample_scene
from tools.studio.vocabulary import Vocabulary, trained_vocabulary

GUIDANCES = (3.0, 5.0, 7.0)
HELD_OUT = 48
DRAWN_SEED, RENDERED_SEED = 500_000, 900_000
"""From here on scenes are drawn, and captions written: of none of them has the UNet seen a drawing."""
PART, BATCH = 256, 16
"""Renders that one process makes, and that are made at once."""


def _draw(job: tuple[Scene, tuple[str, ...]]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    scene, styles = job
    return draw_styles(scene, PICTURE_PX, styles), draw_styles(scene, SIZE_PX, styles)


@torch.no_grad()
def draw_pairs(vae: AutoencoderKL, vocabulary: Vocabulary, recipe: Recipe, work: Path, log: Log) -> None:
    """Draw scenes at PICTURE_PX, with the latents of the same scenes at SIZE_PX: `pictures.npy`, `picture_latents.npy`.

    The last HELD_OUT scenes are not for training.
    """
    if (work / "picture_latents.npy").exists():
        return
    count = recipe.picture_scenes + HELD_OUT
    styles = vocabulary.styles
    jobs = [(sample_scene(DRAWN_SEED + number, vocabulary), styles) for number in range(count)]
    shape = (count, len(styles), PICTURE_PX, PICTURE_PX, 3)
    pictures = np.lib.format.open_memmap(work / "pictures.npy", mode="w+", dtype=np.uint8, shape=shape)
    latents = np.empty((count, len(styles), 4, LATENT_PX, LATENT_PX), np.float32)
    fork = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    with multiprocessing.get_context(fork).Pool(os.cpu_count()) as pool:
        for number, (large, small) in enumerate(pool.imap(_draw, jobs, chunksize=4)):
            pictures[number] = large
            latents[number] = vae.encode(to_signal(small, vae.device)).latent_dist.mean.numpy()
    pictures.flush()
    np.save(work / "picture_latents.npy", latents)
    log(f"drew {count} scenes at {PICTURE_PX} px")


def _sample(job: tuple[Path, int, int]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """The latents of `count` renders of one part, and the numbers of their styles."""
    folder, part, count = job
    torch.set_num_threads(1)
    pipeline = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    vocabulary = trained_vocabulary(folder)
    phrases = phrases_for(folder, vocabulary)
    rng = np.random.default_rng(part)
    made, styles = [], []
    for batch in range(-(-count // BATCH)):
        chosen = [int(rng.integers(len(vocabulary.styles))) for _ in range(min(BATCH, count - batch * BATCH))]
        first = RENDERED_SEED + 1000 * part + batch * BATCH
        prompts = [
            caption(sample_scene(first + n, vocabulary), vocabulary.styles[style], rng, phrases)
            for n, style in enumerate(chosen)
        ]
        guidance, noise = float(rng.choice(GUIDANCES)), torch.Generator().manual_seed(100 * part + batch)
        output = pipeline(
            prompts, guidance_scale=guidance, num_inference_steps=20, generator=noise, output_type="latent"
        )
        made.append(output.images.numpy())
        styles += chosen
    return np.concatenate(made), np.array(styles)


def sample_renders(folder: Path, recipe: Recipe, work: Path, log: Log) -> None:
    """Render without decoding: `rendered.npz` holds the latents of renders and the numbers of their styles."""
    if (work / "rendered.npz").exists():
        return
    starts = range(0, recipe.picture_renders, PART)
    jobs = [(folder, part, min(PART, recipe.picture_renders - start)) for part, start in enumerate(starts)]
    with multiprocessing.get_context("spawn").Pool(min(len(jobs), os.cpu_count() or 1)) as pool:
        latents, styles = zip(*pool.map(_sample, jobs, 1), strict=True)
    np.savez(work / "rendered.npz", latents=np.concatenate(latents), styles=np.concatenate(styles))
    log(f"rendered {sum(map(len, latents))} latents")


class Examples:
    """Pictures with their latents, and renders' latents with what the small decoder makes of them, on one device."""

    def __init__(self, vae: AutoencoderKL, recipe: Recipe, work: Path, rank: int, device: torch.device) -> None:
        self.device = device
        self.pictures = np.load(work / "pictures.npy", mmap_mode="r")
        self.latents = torch.from_numpy(np.load(work / "picture_latents.npy")).to(device)
        rendered = np.load(work / "rendered.npz")
        self.rendered, self.styles = (torch.from_numpy(rendered[name]).to(device) for name in ("latents", "styles"))
        with torch.no_grad():
            halves = [F.avg_pool2d(vae.to(device).decode(part).sample, 2) for part in self.rendered.split(16)]
        self.seen = torch.cat(halves)  # (renders, 3, SIZE_PX / 2, SIZE_PX / 2)
        self.rng = np.random.default_rng((recipe.seed, 6, rank))

    def drawn(self, count: int, cells: int = LATENT_PX) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Crops of drawings, `cells` latents wide: signals (N, 3, S, S), latents (N, 4, cells, cells), styles (N,)."""
        scenes = self.rng.integers(len(self.pictures) - HELD_OUT, size=count)
        styles = self.rng.integers(self.pictures.shape[1], size=count)
        signals, latents = [], []
        for scene, style in zip(scenes, styles, strict=True):
            top, left = self.rng.integers(LATENT_PX - cells + 1, size=2)
            signals.append(_window(self.pictures[scene, style], top, left, cells, PICTURE_PX // LATENT_PX))
            latents.append(self.latents[scene, style, :, top : top + cells, left : left + cells])
        signal = to_signal(np.stack(signals), self.device)
        return signal, torch.stack(latents), torch.from_numpy(styles).to(self.device)

    def renders(self, count: int, cells: int = LATENT_PX) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Crops of renders: latents (N, 4, cells, cells), what is seen of them at a quarter of the side, and styles."""
        latents, seen = [], []
        numbers = self.rng.integers(len(self.rendered), size=count)
        for number in numbers:
            top, left = self.rng.integers(LATENT_PX - cells + 1, size=2)
            latents.append(self.rendered[number, :, top : top + cells, left : left + cells])
            unit = self.seen.shape[-1] // LATENT_PX
            seen.append(_window(self.seen[number].permute(1, 2, 0), top, left, cells, unit).permute(2, 0, 1))
        return torch.stack(latents), torch.stack(seen), self.styles[numbers]

    def held_out(self) -> tuple[torch.Tensor, torch.Tensor]:
        """A scene in each style in turn, of those that are never trained on: signals and latents."""
        styles = np.arange(HELD_OUT) % self.pictures.shape[1]
        scenes = len(self.pictures) - HELD_OUT + np.arange(HELD_OUT)
        return to_signal(self.pictures[scenes, styles], self.device), self.latents[scenes, styles]


def _window(picture: Any, top: int, left: int, cells: int, unit: int) -> Any:
    """The part of a picture, (S, S, 3), that lies under `cells` latents of `unit` pixels each way."""
    return picture[top * unit : (top + cells) * unit, left * unit : (left + cells) * unit]
