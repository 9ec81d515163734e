"""The autoencoder's training, its whitening, and the latents of every drawn scene.

Knows nothing about captions or diffusion.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from diffusers import AutoencoderKL
from torch.nn import functional as F

from tools.studio.beginning import earlier_vae
from tools.studio.drawings import Pictures, pictures
from tools.studio.fitting import Fit, Log, Workers, compute_dtype
from tools.studio.networks import build_vae, fold_whitening
from tools.studio.recipe import Ledger, Recipe, Schedule, rate
from tools.studio.scenes import SIZE_PX

STRIDE_PX = 8
LATENT_PX = SIZE_PX // STRIDE_PX


def to_signal(images: Pictures, device: torch.device, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """(N, H, W, 3) uint8 to (N, 3, H, W) in -1..1."""
    return torch.from_numpy(np.array(images)).to(device).permute(0, 3, 1, 2).to(dtype) / 127.5 - 1


def to_pictures(signal: torch.Tensor) -> Pictures:
    """(N, 3, H, W) in -1..1 to (N, H, W, 3) uint8."""
    scaled = ((signal.float().clamp(-1, 1) + 1) * 127.5).round()
    return scaled.permute(0, 2, 3, 1).to("cpu", torch.uint8).numpy()


def picture_loss(made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """L1 on pixels, on edges at three scales, and on colour at a quarter of the size.

    Edges make outlines sharp; the colour term weighs hue, which a brightness-dominated L1 learns last.

    Args:
        made: (N, 3, H, W) decoded picture, about -1..1.
        true: (N, 3, H, W) drawn picture, -1..1.
    """
    wrong = made.float() - true.float()
    loss = wrong.abs().mean()
    for scale, weight in ((1, 0.7), (2, 0.5), (4, 0.5)):
        level = wrong if scale == 1 else F.avg_pool2d(wrong, scale)
        loss = loss + weight * (level.diff(dim=-1).abs().mean() + level.diff(dim=-2).abs().mean()) / 2
    red, green, blue = level.unbind(1)
    opponent = (red - green).abs().mean() + (blue - (red + green) / 2).abs().mean()
    return loss + 0.5 * opponent + 0.5 * level.abs().mean()


def _crops(data: Pictures, rng: np.random.Generator, count: int, size_px: int) -> Pictures:
    """Random crops on the autoencoder's 8-px grid, to which hatching and pixel blocks are aligned."""
    places = (SIZE_PX - size_px) // STRIDE_PX + 1
    out = np.empty((count, size_px, size_px, 3), np.uint8)
    for at in range(count):
        top, left = rng.integers(places, size=2) * STRIDE_PX
        scene, style = rng.integers(len(data)), rng.integers(data.shape[1])
        out[at] = data[scene, style, top : top + size_px, left : left + size_px]
    return out


def decibels(made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Peak signal-to-noise ratios (N,), in dB, of signals (N, 3, H, W) in -1..1; what was made is cut to that."""
    return -10 * ((made.float().clamp(-1, 1) - true.float()).square().mean(dim=(1, 2, 3)) / 4).log10()


@torch.no_grad()
def psnr(vae: AutoencoderKL, images: Pictures, device: torch.device) -> float:
    """Mean over pictures of the reconstruction's peak signal-to-noise ratio, in dB."""
    found = []
    for start in range(0, len(images), 16):
        true = to_signal(images[start : start + 16], device, vae.dtype)
        made = vae.decode(vae.encode(true).latent_dist.mean).sample
        found.append(decibels(made, true))
    return float(torch.cat(found).mean())


def train_vae(workers: Workers, recipe: Recipe, work: Path) -> None:
    """Train the autoencoder on 64-px crops, then on whole pictures; continue from `work/vae.pt` if there."""
    ledger, log = Ledger(work), Log(work / "train.log")
    torch.manual_seed(recipe.seed)
    vae, twin = (earlier_vae(work, recipe.vae_channels) or build_vae(recipe, SIZE_PX) for _ in range(2))
    fit = Fit(vae, workers, recipe.vae_lr, weight_decay=1e-4, ema_decay=recipe.ema_decay)
    kept = fit.resume(work / "vae.pt")
    rng = np.random.default_rng((recipe.seed, 1, workers.rank, fit.step))
    torch.manual_seed(1000 * workers.rank + fit.step)
    data = pictures(work, recipe)
    held_out = pictures(work, recipe, held_out=True)
    sample = held_out[np.arange(48) % len(held_out), np.arange(48) % held_out.shape[1]]
    schedule = Schedule(recipe, recipe.stage_seconds("vae", ledger.seconds), kept.get("seconds", 0.0))
    dtype = compute_dtype(workers.device)
    progress, mean_loss, saved_s, logged = 0.0, 0.0, schedule.elapsed_s, (schedule.elapsed_s, fit.samples)
    while progress < 1:
        whole = progress > recipe.vae_crop_share
        size_px, count = (SIZE_PX, recipe.vae_batch_images) if whole else (recipe.vae_crop_px, recipe.vae_batch_crops)
        true = to_signal(_crops(data, rng, count, size_px), workers.device, dtype)
        posterior = vae.encode(true).latent_dist
        made = vae.decode(posterior.sample()).sample
        narrow = (posterior.mean.float().square() + posterior.var.float() - posterior.logvar.float()).mean()
        loss = picture_loss(made, true) + 1e-6 * narrow
        lr = rate(recipe.vae_lr, progress, warm=0.02, cool=1 - recipe.vae_crop_share)
        value, progress = fit.update(loss, lr, schedule.progress(fit.step + 1))
        fit.samples += count * workers.count
        mean_loss = value if fit.step == 1 else mean_loss + 0.02 * (value - mean_loss)
        if workers.rank == 0 and (schedule.elapsed_s - saved_s > recipe.checkpoint_s or progress >= 1):
            saved_s = schedule.elapsed_s
            speed = (fit.samples - logged[1]) / max(1e-3, saved_s - logged[0])
            found_db = psnr(fit.load_average(twin).to(dtype), sample, workers.device)
            twin.float()
            log(f"vae {progress:.3f} step {fit.step} loss {mean_loss:.4f} PSNR {found_db:.2f} dB {speed:.1f} samples/s "
                f"(last {size_px} px, lr {lr:.1e}, latent std {float(posterior.mean.float().std()):.2f})")  # fmt: skip
            logged = (schedule.elapsed_s, fit.samples)
            fit.save(work / "vae.pt", seconds=schedule.elapsed_s)
            ledger.write("vae", schedule.elapsed_s, steps=fit.step, samples=fit.samples, psnr_db=round(found_db, 2),
                         loss=round(mean_loss, 4), done=progress >= 1)  # fmt: skip
    if workers.rank == 0:
        finish_vae(fit, twin, recipe, work, log)


@torch.no_grad()
def finish_vae(fit: Fit, vae: AutoencoderKL, recipe: Recipe, work: Path, log: Log) -> None:
    """Whiten the averaged autoencoder's latents and save it in `work/vae`."""
    fit.load_average(vae).to(fit.workers.device)
    data = pictures(work, recipe)
    rng = np.random.default_rng(recipe.seed)
    means = []
    for _ in range(20 if recipe.steps is None else 2):
        true = to_signal(_crops(data, rng, 24, SIZE_PX), fit.workers.device)
        means.append(vae.encode(true).latent_dist.mean.double().permute(0, 2, 3, 1).reshape(-1, 4))
    latents = torch.cat(means)
    mean, covariance = latents.mean(0), torch.cov(latents.T)
    shown = [[round(float(value), 3) for value in values] for values in (mean, covariance.diag())]
    log(f"vae latents before whitening: mean {shown[0]}, variance {shown[1]}")
    fold_whitening(vae, mean, covariance)
    vae.save_pretrained(work / "vae")


def load_vae(work: Path) -> AutoencoderKL:
    """The finished autoencoder, float32."""
    vae: AutoencoderKL = AutoencoderKL.from_pretrained(work / "vae")
    return vae.eval()


@torch.no_grad()
def encode_scenes(workers: Workers, recipe: Recipe, work: Path) -> None:
    """Encode every drawn scene once: `work/latents.npy`, (scenes, styles, 4, 16, 16) float16, and the held-out ones."""
    dtype = compute_dtype(workers.device)
    vae = load_vae(work).to(workers.device, dtype)
    for held_out in (True, False):
        data = pictures(work, recipe, held_out)
        path = latents_path(work, held_out)
        shape = (*data.shape[:2], 4, LATENT_PX, LATENT_PX)
        part = path.with_suffix(f".{workers.rank}.part")
        out = np.lib.format.open_memmap(part, mode="w+", dtype=np.float16, shape=shape)
        for number in range(workers.rank, len(data), workers.count):
            mean = vae.encode(to_signal(data[number], workers.device, dtype)).latent_dist.mean
            out[number] = mean.to("cpu", torch.float16).numpy()
        out.flush()
    workers.average(torch.zeros(1))
    if workers.rank == 0:
        for held_out in (True, False):
            _join(latents_path(work, held_out), workers.count)


def _join(path: Path, count: int) -> None:
    parts = [path.with_suffix(f".{rank}.part") for rank in range(count)]
    whole = np.load(parts[0])
    for rank, part in enumerate(parts):
        whole[rank::count] = np.load(part, mmap_mode="r")[rank::count]
    np.save(path, whole)
    for part in parts:
        part.unlink()


def latents_path(work: Path, held_out: bool) -> Path:
    """Where the latents of the training or held-out scenes lie."""
    return work / ("held_out_latents.npy" if held_out else "latents.npy")


def load_latents(work: Path, held_out: bool = False) -> npt.NDArray[np.float16]:
    """(scenes, styles, 4, 16, 16) float16, in memory."""
    latents: npt.NDArray[np.float16] = np.load(latents_path(work, held_out))
    return latents
