"""What a trace keeps in memory, in bytes: of the image model in use, and of a UNet of SD1.5's true size.

The latter is made from SD1.5's configuration without any weights: what is kept depends on shapes alone.
"""

from typing import Any

import torch
from diffusers import UNet2DConditionModel

from tools.blend.results import BlendRequest, WeightedStyle, blend
from tools.models import ImageModel
from tools.trace.attention import AttentionTrace
from tools.trace.passes import TracedImage, TracedPass

SD15_UNET: dict[str, Any] = {
    "sample_size": 64,
    "block_out_channels": (320, 640, 1280, 1280),
    "layers_per_block": 2,
    "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}
PHRASES = ("subject", "first style", "second style", "other words", "start", "end", "padding")


def kept_rows(model: ImageModel) -> list[dict[str, Any]]:
    """Print and return what is kept for one image of two styles, 20 steps on the model in use and 2 on SD1.5's size."""
    styles = (WeightedStyle("photographic style", 1.0), WeightedStyle("digital illustration", 1.0))
    request = BlendRequest("a red house in a meadow", styles, guidance_scale=model.default_guidance)
    kept = blend(request, model).measurements["images"][0]["attention"]
    found = [
        _row(model.name, kept["kept_bytes_per_step"], kept["kept_bytes_fixed"], kept["waiting_bytes_peak"]),
        _row("SD1.5's UNet", *_kept_by_sd15(steps=2)),
    ]
    for row in found:
        kept, fixed, waiting = (row[f"{name}_bytes"] / 1e6 for name in ("per_step", "fixed", "waiting"))
        print(
            f"{row['what']}: a trace keeps {kept:.4f} MB per step, {fixed:.2f} MB whatever the steps, "
            f"and at most {waiting:.1f} MB that wait to be worked off"
        )
    return found


def _kept_by_sd15(steps: int) -> tuple[int, int, int]:
    with torch.device("meta"):
        unet = UNet2DConditionModel(**SD15_UNET)
    unet = unet.to(torch.bfloat16).to_empty(device="cpu").eval()
    roles = torch.nn.functional.one_hot(torch.arange(77) % len(PHRASES), len(PHRASES)).float()
    embeds = torch.zeros(77, unet.config.cross_attention_dim, dtype=torch.bfloat16)
    image = TracedImage(PHRASES[1:3], (0.5, 0.5), PHRASES, (), (TracedPass(roles), TracedPass(roles)))
    latents = torch.zeros(3, 4, 64, 64, dtype=torch.bfloat16)
    with AttentionTrace(unet, [image]) as attention, torch.no_grad():
        for _ in range(steps):
            attention.begin_step()
            attention.begin_call([None, (0, 0, 0.5), (0, 1, 0.5)])
            unet(latents, 500, torch.stack([embeds] * 3))
    attention.finish()
    return (*attention.kept_bytes(), attention.waiting_bytes_peak)


def _row(what: str, per_step: int, fixed: int, waiting: int) -> dict[str, Any]:
    return {"what": what, "per_step_bytes": per_step, "fixed_bytes": fixed, "waiting_bytes": waiting}
