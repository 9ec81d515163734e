"""Begin a training run where an earlier edition ended, as far as its networks are the same.

Knows nothing about how they learn. Words that the earlier edition did not know begin as they do in any run.
"""

import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

EARLIER = "earlier"
AUTOENCODERS = ("small_vae", "vae")


def keep_earlier(folder: Path, work: Path) -> None:
    """Copy the edition in `folder` to `work`, where the stages look for it, unless it lies there already.

    Args:
        folder: A model, with the autoencoder of the small drawings in `small_vae` where `vae` makes larger pictures.
        work: The run's folder.

    Raises:
        FileNotFoundError: `folder` lacks a part that a run begins from.
    """
    missing = [name for name in ("unet", "text_encoder", "tokenizer") if not (folder / name).is_dir()]
    if missing:
        raise FileNotFoundError(f"{folder} has no {missing[0]}: a run begins from a whole model")
    if not (work / EARLIER).exists():
        shutil.copytree(folder, work / EARLIER)


def earlier_vae(work: Path, channels: tuple[int, ...]) -> AutoencoderKL | None:
    """The earlier edition's autoencoder of these channels, float32; None where there is none.

    Args:
        work: The run's folder.
        channels: Of each level, from the picture to the latents.
    """
    for name in AUTOENCODERS:
        config = work / EARLIER / name / "config.json"
        if config.exists() and tuple(json.loads(config.read_text())["block_out_channels"]) == channels:
            vae: AutoencoderKL = AutoencoderKL.from_pretrained(config.parent, torch_dtype=torch.float32)
            return vae
    return None


def begin_judges(judges: nn.Module, work: Path) -> None:
    """Give judges those of the earlier edition's weights that have the same name and shape, in place."""
    path = work / EARLIER / "judges.safetensors"
    if path.exists():
        state, known = judges.state_dict(), load_file(path)
        same = {name: known[name].float() for name in state if name in known and known[name].shape == state[name].shape}
        judges.load_state_dict(state | same)


@torch.no_grad()
def begin_denoiser(encoder: CLIPTextModel, unet: UNet2DConditionModel, tokenizer: CLIPTokenizer, work: Path) -> bool:
    """Give the networks the earlier edition's weights, in place; a word's vector goes to the same word.

    Returns:
        Whether there is an earlier edition.

    Raises:
        RuntimeError: Its networks have other shapes.
    """
    folder = work / EARLIER
    if not folder.exists():
        return False
    unet.load_state_dict(UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32).state_dict())
    known: CLIPTextModel = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
    theirs = CLIPTokenizer.from_pretrained(folder / "tokenizer").get_vocab()
    name = next(name for name in known.state_dict() if name.endswith("token_embedding.weight"))
    state, vectors = known.state_dict(), encoder.state_dict()[name].clone()
    for word, number in tokenizer.get_vocab().items():
        if word in theirs:
            vectors[number] = state[name][theirs[word]]
    encoder.load_state_dict(state | {name: vectors})
    return True
