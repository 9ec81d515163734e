"""Stable Diffusion 1.5's components at a size that two CPU cores can train, and the words they know.

Knows nothing about training, apart from the whitening that is folded into a finished autoencoder.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDPMScheduler, DPMSolverMultistepScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from tools.studio.recipe import Recipe

START, END = "<|startoftext|>", "<|endoftext|>"
NOISE = {
    "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "prediction_type": "epsilon",
}  # fmt: skip


def byte_pairs(words: Iterable[str]) -> list[tuple[str, str]]:
    """Merges that make every one of `words` a single token, most frequent pair first.

    Merging until no pair is left in any word, and applying the merges in the same order, gives each word one token.
    """
    spelled = [[*word[:-1], word[-1] + "</w>"] for word in sorted(set(words))]
    merges: list[tuple[str, str]] = []
    while pairs := Counter(pair for word in spelled for pair in pairwise(word)):
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for word in spelled:
            at = 0
            while at < len(word) - 1:
                if (word[at], word[at + 1]) == best:
                    word[at : at + 2] = ["".join(best)]
                at += 1
    return merges


def build_tokenizer(words: Iterable[str], recipe: Recipe) -> CLIPTokenizer:
    """A CLIP tokenizer to which each of `words` is one token and any other text is pieces or bytes."""
    letters = sorted(ByteLevel.alphabet())
    merges = byte_pairs(word for phrase in words for word in re.findall(r"[a-z]+", phrase.lower()))
    pieces = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in merges), START, END]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=recipe.context_tokens)


def save_tokenizer(tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Save a tokenizer as one file for today's loaders and as `vocab.json` and `merges.txt` for the older ones."""
    tokenizer.save_pretrained(folder)
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")


def build_text_encoder(tokenizer: CLIPTokenizer, recipe: Recipe) -> CLIPTextModel:
    """A small CLIP text encoder for `tokenizer`: causal, so padding never changes the words before it."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=recipe.text_width,
            intermediate_size=4 * recipe.text_width,
            num_hidden_layers=recipe.text_layers,
            num_attention_heads=recipe.text_heads,
            max_position_embeddings=recipe.context_tokens,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def build_unet(recipe: Recipe, latent_size: int) -> UNet2DConditionModel:
    """A UNet with self- and cross-attention at every resolution, on the classic attention processor.

    On a CPU the fused attention's backward pass takes twice as long as the classic one's.
    """
    levels = len(recipe.unet_channels)
    unet = UNet2DConditionModel(
        sample_size=latent_size,
        block_out_channels=recipe.unet_channels,
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D",) * levels,
        up_block_types=("CrossAttnUpBlock2D",) * levels,
        cross_attention_dim=recipe.text_width,
        attention_head_dim=recipe.unet_heads,
        norm_num_groups=recipe.unet_groups,
    )
    unet.set_attn_processor(AttnProcessor())
    return unet


def build_vae(recipe: Recipe, size_px: int, channels: tuple[int, ...] | None = None) -> AutoencoderKL:
    """An autoencoder to 4 channels, whose posterior starts narrow, halving the picture between its levels.

    A posterior as wide as its mean hides the picture for the first hundreds of steps.

    Args:
        recipe: Its groups, and its channels where none are given.
        size_px: The pictures' side.
        channels: Of each level, from the picture to the latents.
    """
    channels = channels or recipe.vae_channels
    levels = len(channels)
    vae = AutoencoderKL(
        block_out_channels=channels,
        layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        latent_channels=4,
        norm_num_groups=recipe.vae_groups,
        sample_size=size_px,
        scaling_factor=1.0,
    )
    quant = vae.quant_conv
    with torch.no_grad():
        quant.weight[4:] = 0
        quant.bias[4:] = -5
    return vae


def fold_whitening(vae: AutoencoderKL, mean: torch.Tensor, covariance: torch.Tensor) -> None:
    """Give the latents zero mean and unit covariance without changing a decoded pixel, in place.

    The ZCA matrix W = C^(-1/2) goes into the encoder's last 1x1 convolution and its inverse into the decoder's first.
    Log-variances are shifted by the log of each channel's scale, which is exact for a diagonal W.

    Args:
        vae: An autoencoder with 4 latent channels and scaling factor 1.
        mean: (4,) mean of the latents, float64.
        covariance: (4, 4) covariance of the latents over pictures and places, float64.
    """
    values, vectors = torch.linalg.eigh(covariance)
    whiten = vectors @ torch.diag(values.rsqrt()) @ vectors.T
    restore = vectors @ torch.diag(values.sqrt()) @ vectors.T
    quant, post = vae.quant_conv, vae.post_quant_conv
    with torch.no_grad():
        weight, bias = quant.weight.double(), quant.bias.double()
        means = whiten @ weight[:4, :, 0, 0]
        quant.weight[:4] = means[:, :, None, None].to(quant.weight)
        quant.bias[:4] = (whiten @ (bias[:4] - mean)).to(quant.bias)
        quant.bias[4:] += (2 * whiten.diagonal().log()).to(quant.bias)
        weight = post.weight.double()[:, :, 0, 0]
        post.bias += (weight @ mean).to(post.bias)
        post.weight.copy_((weight @ restore)[:, :, None, None])


def training_noise() -> DDPMScheduler:
    """The forward process that the UNet learns to undo: Stable Diffusion 1.5's betas."""
    return DDPMScheduler(**NOISE)


def sampler() -> DPMSolverMultistepScheduler:
    """The solver that a render uses."""
    return DPMSolverMultistepScheduler(**NOISE, algorithm_type="dpmsolver++", use_karras_sigmas=True)
