"""Write a pipeline as the single .safetensors file that checkpoints are traded in: the original CompVis names.

The reverse of what diffusers does when it reads one; for tests only.
"""

import re
from pathlib import Path

from safetensors.torch import save_file

UNET_OUTER = {"conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
              "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2"}  # fmt: skip
UNET_RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1",
               "norm2": "out_layers.0", "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}  # fmt: skip
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def write_single_file(pipeline, path: Path) -> None:
    layers = pipeline.unet.config.layers_per_block
    ups = len(pipeline.vae.config.up_block_types)
    tensors = {"model.diffusion_model." + _unet(k, layers): v for k, v in pipeline.unet.state_dict().items()}
    tensors |= {"first_stage_model." + _vae(k, ups): v for k, v in pipeline.vae.state_dict().items()}
    for name, value in pipeline.text_encoder.state_dict().items():
        tensors["cond_stage_model.transformer.text_model." + name.removeprefix("text_model.")] = value
    save_file({k: v.contiguous() for k, v in tensors.items()}, path, metadata={"format": "pt"})


def _unet(name: str, layers: int) -> str:
    outer, _, leaf = name.rpartition(".")
    if outer in UNET_OUTER:
        return f"{UNET_OUTER[outer]}.{leaf}"
    found = re.fullmatch(r"(down|up|mid)_block(?:s\.(\d+))?\.(resnets|attentions|\w+samplers)\.(\d+)\.(.+)", name)
    assert found, name
    side, block, part, index, rest = found.groups()
    if part == "resnets":
        inner, _, leaf = rest.rpartition(".")
        rest = f"{UNET_RESNET[inner]}.{leaf}"
    if side == "mid":
        return f"middle_block.{2 * int(index) if part == 'resnets' else 1}.{rest}"
    first = int(block) * (layers + 1)
    if side == "down":
        if part == "downsamplers":
            return f"input_blocks.{first + 1 + layers}.0.op.{leaf}"
        return f"input_blocks.{first + 1 + int(index)}.{0 if part == 'resnets' else 1}.{rest}"
    if part == "upsamplers":
        return f"output_blocks.{first + layers}.2.conv.{leaf}"
    return f"output_blocks.{first + int(index)}.{0 if part == 'resnets' else 1}.{rest}"


def _vae(name: str, ups: int) -> str:
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    if "mid_block.attentions.0." in name:
        for ours, theirs in VAE_ATTENTION.items():
            name = name.replace(f"mid_block.attentions.0.{ours}.", f"mid.attn_1.{theirs}.")
    name = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets", lambda m: f"up.{ups - 1 - int(m[1])}.block", name)
    return re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda m: f"up.{ups - 1 - int(m[1])}.upsample", name)
