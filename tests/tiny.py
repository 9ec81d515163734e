"""A tiny, randomly initialised SD1.x pipeline: the same components as the real ones, made in a second.

It draws nothing one would recognise; it is for laws that hold for any weights. It needs no network and no files.
"""

from functools import lru_cache
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from tools.models import ImageModel, wrap_pipeline

WORDS = (
    "a an the of in at on and with red green blue yellow house ball boat tree cat cube meadow snow sea sunset night "
    "photographic style digital illustration watercolor pencil sketch pixel art oil painting , . -"
)
SIZE_PX = 64


def tiny_tokenizer() -> CLIPTokenizer:
    """Make a byte-level CLIP tokenizer in which every word of WORDS is one token."""
    alphabet = [chr(code) for code in range(33, 127)]
    pieces = ["<|startoftext|>", "<|endoftext|>", *alphabet, *(c + "</w>" for c in alphabet)]
    seed = CLIPTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[], model_max_length=77)
    return seed.train_new_from_iterator([WORDS] * 4, vocab_size=1000, show_progress=False)


def tiny_pipeline(seed: int = 0) -> StableDiffusionPipeline:
    """Make a pipeline of 64 px with cross-attention at latent sizes 8, 4 and 2."""
    torch.manual_seed(seed)
    tokenizer = tiny_tokenizer()
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=77,
            projection_dim=32,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    unet = UNet2DConditionModel(
        sample_size=SIZE_PX // 8,
        block_out_channels=(16, 32, 32),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D",) * 3,
        up_block_types=("CrossAttnUpBlock2D",) * 3,
        cross_attention_dim=32,
        attention_head_dim=2,
        norm_num_groups=8,
    )
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 16, 16),
        layers_per_block=1,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=4,
        sample_size=SIZE_PX,
    )
    # random embeddings of the usual scale (0.02) hardly tell words apart; louder ones make every word count
    for parameter in text_encoder.parameters():
        parameter.data.mul_(3.0)
    for name, parameter in unet.named_parameters():
        if "attn2.to_" in name and name.endswith("weight"):
            parameter.data.mul_(3.0)
    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    return StableDiffusionPipeline(
        vae=vae.eval(),
        text_encoder=text_encoder.eval(),
        tokenizer=tokenizer,
        unet=unet.eval(),
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


@lru_cache
def tiny_model() -> ImageModel:
    """The tiny pipeline as an ImageModel, made once per test run."""
    torch.set_num_threads(1)  # layers this small only lose time to a second thread
    return wrap_pipeline(tiny_pipeline(), name="tiny", kind="folder", sha256="0" * 64)


@lru_cache
def tiny_folder(root: Path) -> Path:
    """Save the tiny pipeline under `root` as a diffusers folder and return its path."""
    folder = root / "tiny-model"
    tiny_pipeline().save_pretrained(folder, safe_serialization=True)
    return folder


@lru_cache(maxsize=1)
def exact_model() -> ImageModel:
    """The tiny model in float64, one of its own: for two ways to the same pixels whose sums are ordered differently.

    An untrained model enlarges float32's rounding at every step, by how much is the CPU's to say.
    """
    model = tiny_model.__wrapped__()
    model.pipeline.to(torch.float64)
    return model
