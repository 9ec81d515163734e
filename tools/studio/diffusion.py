"""The joint training of the text encoder and the UNet on the latents, and the sheets that show how it goes.

Knows nothing about how scenes are drawn or what the latents mean.
"""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from tools.studio.beginning import begin_denoiser
from tools.studio.captions import DRAWN_PHRASES, caption
from tools.studio.compression import LATENT_PX, load_latents, load_vae
from tools.studio.drawings import Pictures, scene_of
from tools.studio.fitting import Fit, Log, Workers, compute_dtype
from tools.studio.networks import (
    build_text_encoder,
    build_tokenizer,
    build_unet,
    sampler,
    save_tokenizer,
    training_noise,
)
from tools.studio.phrases import SETTING_WAYS
from tools.studio.recipe import Ledger, Recipe, Schedule, rate
from tools.studio.vocabulary import DRAWN

SHEET_SCENES = 4


class Denoiser(nn.Module):
    """The two networks that are trained together, as one module with one forward pass."""

    def __init__(self, tokenizer: CLIPTokenizer, recipe: Recipe) -> None:
        super().__init__()
        self.text_encoder: CLIPTextModel = build_text_encoder(tokenizer, recipe)
        self.unet: UNet2DConditionModel = build_unet(recipe, LATENT_PX)

    def forward(self, noisy: torch.Tensor, times: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Predict the noise.

        Args:
            noisy: (k * N, 4, h, w) noised latents, k draws of noise per caption, caption by caption.
            times: (k * N,) integer timesteps.
            tokens: (N, 77) padded prompt tokens: the text encoder runs once per caption.
        """
        words = self.text_encoder(tokens).last_hidden_state
        words = words.repeat_interleave(len(noisy) // len(tokens), dim=0)
        predicted: torch.Tensor = self.unet(noisy, times, words, return_dict=False)[0]
        return predicted


def spread_times(count: int, groups: int, rng: torch.Generator) -> torch.Tensor:
    """Timesteps evenly spread over 0..999, shuffled between captions, far apart within one.

    Args:
        count: How many timesteps.
        groups: How many captions share them; each gets `count // groups` that lie an equal way apart.
        rng: Source of the offset and of the order.
    """
    each = count // groups
    first = torch.randperm(groups, generator=rng) / count
    steps = torch.arange(each) / each
    phase = (first[:, None] + steps[None, :]).flatten() + torch.rand((), generator=rng)
    return ((phase % 1.0) * 1000).long().clamp(max=999)


def snr_weights(alphas_cumprod: torch.Tensor, limit: float) -> torch.Tensor:
    """Loss weight of each timestep for epsilon prediction: min(SNR, limit) / SNR.

    Source: Hang et al. 2023, "Efficient diffusion training via min-SNR weighting", section 3.4.
    """
    snr = alphas_cumprod / (1 - alphas_cumprod)
    return snr.clamp(max=limit) / snr


class Batches:
    """Random latents with fresh captions, noise and timesteps."""

    def __init__(self, workers: Workers, recipe: Recipe, work: Path, tokenizer: CLIPTokenizer, start: int) -> None:
        self.recipe, self.tokenizer = recipe, tokenizer
        self.device, self.dtype = workers.device, compute_dtype(workers.device)
        self.latents = load_latents(work)
        self.scenes = [scene_of(recipe, number, held_out=False) for number in range(len(self.latents))]
        self.rng = np.random.default_rng((recipe.seed, 2, workers.rank, start))
        self.torch_rng = torch.Generator().manual_seed(1_000_003 * (start + 1) + workers.rank)
        self.noise = training_noise()
        self.weights = snr_weights(self.noise.alphas_cumprod, recipe.min_snr).to(self.device)

    def tokens(self, captions: list[str]) -> torch.Tensor:
        """Captions as the stock pipeline tokenizes prompts: (N, 77) int64."""
        ids = self.tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt").input_ids
        return ids.to(self.device)

    def next(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Noised latents, timesteps, prompt tokens, and the noise to predict."""
        recipe, count = self.recipe, self.recipe.images_per_batch
        numbers = self.rng.integers(len(self.latents), size=count)
        styles = self.rng.integers(len(DRAWN.styles), size=count)
        captions = [
            "" if self.rng.random() < recipe.caption_dropout else caption(self.scenes[n], DRAWN.styles[s], self.rng)
            for n, s in zip(numbers, styles, strict=True)
        ]
        clean = torch.from_numpy(self.latents[numbers, styles]).float().repeat_interleave(recipe.noises_per_image, 0)
        times = spread_times(len(clean), count, self.torch_rng)
        noise = torch.randn(clean.shape, generator=self.torch_rng)
        noisy = self.noise.add_noise(clean, noise, times)
        return noisy.to(self.device, self.dtype), times.to(self.device), self.tokens(captions), noise.to(self.device)


class HeldOut:
    """Held-out latents with fixed captions, noise and timesteps: losses of different runs compare."""

    def __init__(self, batches: Batches, recipe: Recipe, work: Path, count: int = 192) -> None:
        latents = load_latents(work, held_out=True)
        rng = np.random.default_rng(7)
        torch_rng = torch.Generator().manual_seed(7)
        numbers = np.arange(count) % len(latents)
        styles = np.arange(count) % len(DRAWN.styles)
        captions = [
            caption(scene_of(recipe, int(n), held_out=True), DRAWN.styles[s], rng)
            for n, s in zip(numbers, styles, strict=True)
        ]
        clean = torch.from_numpy(latents[numbers, styles]).float()
        self.times = (torch.arange(count) * 389 % 1000).to(batches.device)
        self.noise = torch.randn(clean.shape, generator=torch_rng).to(batches.device)
        self.noisy = batches.noise.add_noise(clean.to(batches.device), self.noise, self.times).to(batches.dtype)
        self.tokens = batches.tokens(captions)
        self.weights = batches.weights

    @torch.no_grad()
    def loss(self, model: Denoiser) -> float:
        """Min-SNR-weighted mean squared error on the held-out latents."""
        total = 0.0
        for at in range(0, len(self.noisy), 32):
            part = slice(at, at + 32)
            predicted = model(self.noisy[part], self.times[part], self.tokens[part])
            total += float(weighted_error(predicted, self.noise[part], self.weights[self.times[part]]).sum())
        return total / len(self.noisy)


def weighted_error(predicted: torch.Tensor, noise: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """(N,) squared error of each sample, weighted by its timestep's weight."""
    return weights * (predicted.float() - noise).square().mean(dim=(1, 2, 3))


def load_tokenizer(work: Path, recipe: Recipe) -> CLIPTokenizer:
    """The tokenizer of this training run: made once, then read."""
    path = work / "tokenizer"
    if not path.exists():
        save_tokenizer(build_tokenizer(DRAWN_PHRASES.words(), recipe), path)
    loaded: CLIPTokenizer = CLIPTokenizer.from_pretrained(path)
    return loaded


def train_diffusion(workers: Workers, recipe: Recipe, work: Path) -> None:
    """Train the text encoder and the UNet jointly; continue from `work/diffusion.pt` if there."""
    ledger, log = Ledger(work), Log(work / "train.log")
    tokenizer = load_tokenizer(work, recipe)
    torch.manual_seed(recipe.seed)
    model = Denoiser(tokenizer, recipe).train()
    if begin_denoiser(model.text_encoder, model.unet, tokenizer, work):
        log("diffusion: begins from the earlier edition")
    twin = Denoiser(tokenizer, recipe).eval()
    fit = Fit(model, workers, recipe.unet_lr, weight_decay=0.01, ema_decay=recipe.ema_decay)
    twin.to(workers.device, compute_dtype(workers.device))
    kept = fit.resume(work / "diffusion.pt")
    batches = Batches(workers, recipe, work, tokenizer, fit.step)
    held_out = HeldOut(batches, recipe, work)
    schedule = Schedule(recipe, recipe.stage_seconds("diffusion", ledger.seconds), kept.get("seconds", 0.0))
    if workers.rank == 0:
        size = sum(p.numel() for p in model.parameters()) / 1e6
        log(f"diffusion: {len(tokenizer)} tokens, {size:.2f} M parameters, {schedule.budget_s / 60:.1f} min in all")
    progress, mean_loss = 0.0, float(kept.get("loss", 1.0))
    saved_s = sheet_s = schedule.elapsed_s
    logged = (schedule.elapsed_s, fit.samples)
    while progress < 1:
        noisy, times, tokens, noise = batches.next()
        loss = weighted_error(model(noisy, times, tokens), noise, batches.weights[times]).mean()
        lr = rate(recipe.unet_lr, progress, warm=0.03, cool=0.30)
        value, progress = fit.update(loss, lr, schedule.progress(fit.step + 1))
        fit.samples += len(noisy) * workers.count
        mean_loss += 0.01 * (value - mean_loss) if fit.step > 100 else 0.1 * (value - mean_loss)
        now_s = progress * schedule.budget_s if recipe.steps is None else schedule.elapsed_s
        if now_s - saved_s > recipe.checkpoint_s or progress >= 1:
            saved_s = now_s
            if workers.rank == 0:
                speed = (fit.samples - logged[1]) / max(1e-3, schedule.elapsed_s - logged[0])
                log(f"diffusion {progress:.3f} step {fit.step} samples {fit.samples} loss {mean_loss:.4f} "
                    f"{speed:.1f} samples/s (lr {lr:.1e})")  # fmt: skip
                fit.save(work / "diffusion.pt", seconds=schedule.elapsed_s, loss=mean_loss)
                ledger.write("diffusion", schedule.elapsed_s, steps=fit.step, samples=fit.samples,
                             loss=round(mean_loss, 4), done=progress >= 1)  # fmt: skip
                logged = (schedule.elapsed_s, fit.samples)
        if now_s - sheet_s > recipe.sheet_s or progress >= 1:
            sheet_s = now_s
            fit.load_average(twin)
            if workers.rank == workers.count - 1:
                value = held_out.loss(twin)
                log(f"diffusion {progress:.3f} held-out loss {value:.4f}")
                (work / "held_out_loss.json").write_text(json.dumps({"step": fit.step, "loss": round(value, 4)}))
            if workers.rank == 0:
                path = work / "sheets" / f"{fit.step:06d}.png"
                write_sheet(path, twin, tokenizer, recipe, work)
                log(f"diffusion sheet {path}")
            logged = (schedule.elapsed_s, fit.samples)
    workers.average(torch.zeros(1))


def sheet_prompts(recipe: Recipe) -> list[str]:
    """Captions of a few held-out scenes in every style, style by style."""
    scenes = [scene_of(recipe, number, held_out=True) for number in range(SHEET_SCENES)]
    shown = [
        f"a {scene.colour} {scene.object}"
        + (f" beside a {scene.beside_colour} {scene.beside}" if scene.beside else "")
        + f" {SETTING_WAYS[scene.setting][0]}"
        for scene in scenes
    ]
    return [f"{each}, {style}" for style in DRAWN.styles for each in shown]


def write_sheet(path: Path, model: Denoiser, tokenizer: CLIPTokenizer, recipe: Recipe, work: Path) -> None:
    """Render the sheet's prompts with the averaged weights: one row per style, one column per held-out scene."""
    vae = load_vae(work).to(model.unet.device, model.unet.dtype)
    pipeline = StableDiffusionPipeline(
        vae=vae, text_encoder=model.text_encoder, tokenizer=tokenizer, unet=model.unet, scheduler=sampler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipeline.set_progress_bar_config(disable=True)
    prompts = sheet_prompts(recipe)
    generators = [torch.Generator("cpu").manual_seed(number % SHEET_SCENES) for number in range(len(prompts))]
    steps = 16 if recipe.steps is None else 2
    images = pipeline(prompts, num_inference_steps=steps, guidance_scale=5.0, generator=generators, output_type="np")
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(tile((images.images * 255).round().astype(np.uint8), SHEET_SCENES)).save(path)


def tile(images: Pictures, columns: int) -> npt.NDArray[np.uint8]:
    """(N, H, W, 3) pictures as one, row by row."""
    rows = [np.concatenate(list(images[at : at + columns]), axis=1) for at in range(0, len(images), columns)]
    return np.concatenate(rows, axis=0)
