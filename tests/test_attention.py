"""The laws of listening to attention: DAAM's maps, layers by name, bounded memory; on tiny and SD1.5-shaped UNets."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel

from tests.bench.memory import SD15_UNET
from tests.tiny import tiny_model, tiny_pipeline
from tools.blend.conditioning import make_conditioning
from tools.blend.denoiser import blended_passes
from tools.blend.results import BlendRequest, WeightedStyle, blend
from tools.experiments.flip import sweep
from tools.models import wrap_pipeline
from tools.trace.attention import AttentionTrace, UnhookedLayer, cross_attention_layers, layer_size
from tools.trace.measures import facts_of
from tools.trace.passes import TracedImage, TracedPass

PHOTO, ILLUSTRATION = "photographic style", "digital illustration"
STEPS = 4


def request(**changes):
    styles = (WeightedStyle(PHOTO, 1.0), WeightedStyle(ILLUSTRATION, 3.0))
    return BlendRequest("a red house", styles, **{"num_inference_steps": STEPS, **changes})


def daam(model, prompt, seed, words):
    """DAAM's aggregation, of its own making: probabilities of every layer but the middle, conditional half, summed
    over steps, scaled up (bicubic), clamped at 0, mean over layers and heads; a word is the mean of its tokens."""
    maps, hooks = {}, []

    def listen(name, module):
        def heard(_module, args, kwargs, _output):
            hidden, embeds = args[0].chunk(2)[1], kwargs["encoder_hidden_states"].chunk(2)[1]
            query = module.head_to_batch_dim(module.to_q(hidden))
            key = module.head_to_batch_dim(module.to_k(embeds))
            probabilities = module.get_attention_scores(query, key)  # (heads, positions, tokens)
            maps[name] = maps.get(name, 0) + probabilities

        return module.register_forward_hook(heard, with_kwargs=True)

    for name, module in cross_attention_layers(model.pipeline.unet):
        if not name.startswith("mid_block"):
            hooks.append(listen(name, module))
    model.pipeline(prompt, num_inference_steps=STEPS, generator=torch.Generator().manual_seed(seed))
    for hook in hooks:
        hook.remove()
    scaled = []
    for found in maps.values():
        side = int(found.shape[1] ** 0.5)
        by_token = found.permute(0, 2, 1).reshape(found.shape[0], -1, side, side)
        scaled.append(torch.nn.functional.interpolate(by_token, size=(8, 8), mode="bicubic").clamp(min=0))
    every = torch.cat(scaled).mean(0)  # (tokens, 8, 8)
    return {word: every[tokens].mean(0) for word, tokens in words.items()}


class AttentionAlone(nullcontext):
    """What the passes report to, with nothing behind it but the attention."""

    def __init__(self, attention):
        super().__init__()
        self.begin_call = attention.begin_call
        self.begin_step = lambda _timestep: attention.begin_step()
        self.end_step = lambda *_: None


def test_heat_maps_agree_with_daam_on_one_plain_prompt():
    model, seed = tiny_model(), 11
    words = {"red": [2], "house": [3], PHOTO: [5, 6]}  # start, a, red, house, the comma, photographic, style
    theirs = daam(model, f"a red house, {PHOTO}", seed, words)
    whole = make_conditioning(model, "a red house", [(PHOTO, 1.0)], "prompt")
    roles = torch.zeros(77, 4)
    for column, tokens in enumerate(words.values()):
        roles[tokens, column] = 1
    roles[roles.sum(1) == 0, 3] = 1
    branch = replace(whole.branches[0], roles=roles)
    conditioning = replace(whole, phrases=(*words, "rest"), tokens=(), branches=(branch,))
    with (
        AttentionTrace(model.pipeline.unet, [conditioning.traced()]) as attention,
        blended_passes(model, [conditioning], AttentionAlone(attention)),
        torch.no_grad(),
    ):
        model.pipeline(
            prompt_embeds=branch.prompt_embeds[None],
            negative_prompt_embeds=conditioning.negative_prompt_embeds[None],
            num_inference_steps=STEPS,
            generator=torch.Generator().manual_seed(seed),
        )
    attention.finish()
    ours = attention.heat_maps(0, (8, 8))
    for column, word in enumerate(words):
        correlation = np.corrcoef(ours[column].flatten(), theirs[word].flatten())[0, 1]
        assert correlation >= 0.99, (word, correlation)


def test_a_layer_that_is_not_hooked_is_named_and_the_render_is_kept():
    model = wrap_pipeline(tiny_pipeline(), "tiny", "folder", "0" * 64)
    deaf = model.pipeline.unet.up_blocks[1].attentions[0].transformer_blocks[0].attn2
    deaf.processor = lambda _attn, hidden_states, **_: hidden_states  # as a fused kernel would: no to_q, no to_k
    result = blend(request(), model)
    assert len(result.images) == 1 and "attention" not in result.measurements["images"][0]
    said = result.measurements["not_traced"]
    assert said.startswith("up_blocks.1.attentions.0.transformer_blocks.0.attn2 was not heard")
    assert facts_of(result.measurements) == ()
    result = sweep(request(), 3, model)
    assert result.measurements["sweep"]["attention_share"] == {PHOTO: None, ILLUSTRATION: None}


def test_a_layer_without_projections_is_named():
    unet = tiny_pipeline().unet
    unet.mid_block.attentions[0].transformer_blocks[0].attn2 = torch.nn.Identity()
    with pytest.raises(UnhookedLayer, match=r"mid_block.attentions.0.transformer_blocks.0.attn2 .* Identity"):
        cross_attention_layers(unet)


def test_every_layer_of_an_sd15_unet_is_found_by_name():
    with torch.device("meta"):
        unet = UNet2DConditionModel(**SD15_UNET)
    found = [name for name, _ in cross_attention_layers(unet)]
    self_attention = [name for name, _ in unet.named_modules() if name.endswith("attn1")]
    assert len(found) == len(set(found)) == 16 and len(self_attention) == 16
    blocks = [f"down_blocks.{block}" for block in (0, 1, 2) for _ in range(2)]
    blocks += ["mid_block", *(f"up_blocks.{block}" for block in (1, 2, 3) for _ in range(3))]
    for name, block in zip(found, blocks, strict=True):
        assert name.startswith(f"{block}.attentions.") and name.endswith(".transformer_blocks.0.attn2")


def test_memory_is_bounded_on_an_sd15_shaped_unet():
    """SD1.5's layers, positions and heads, a quarter of its channels: what is kept depends on none of the latter."""
    thin = {**SD15_UNET, "block_out_channels": (64, 64, 64, 64), "cross_attention_dim": 32, "norm_num_groups": 8}
    unet = UNet2DConditionModel(**thin).eval()
    roles = torch.nn.functional.one_hot(torch.arange(77) % 7, 7).float()
    embeds = torch.randn(77, 32)
    image = TracedImage(("a", "b"), (0.5, 0.5), tuple("0123456"), (), (TracedPass(roles),))
    with AttentionTrace(unet, [image]) as attention, torch.no_grad():
        for _ in range(2):
            attention.begin_step()
            attention.begin_call([None, (0, 0, 1.0)])
            unet(torch.randn(2, 4, 64, 64), 500, torch.stack([torch.zeros(77, 32), embeds]))
    attention.finish()
    assert attention.share_table(0).shape == (2, 16, 7)
    assert attention.heat_maps(0, (64, 64)).shape == (7, 64, 64)
    sides = [64] * 2 + [32] * 2 + [16] * 2 + [8] + [16] * 3 + [32] * 3 + [64] * 3
    assert [layer.maps.shape for layer in attention.layers] == [(1, side * side, 7) for side in sides]
    per_step, fixed = attention.kept_bytes()
    assert per_step == 16 * 7 * 4  # 448 bytes: (layers, phrases) in float32
    assert fixed == (5 * 4096 + 5 * 1024 + 5 * 256 + 64) * 7 * 4  # 0.75 MB, whatever the number of steps


@pytest.mark.parametrize(("positions", "size"), [(81, (9, 9)), (25, (5, 5)), (9, (3, 3)), (64 * 48, (64, 48))])
def test_layer_sizes_round_up(positions, size):
    assert layer_size(positions, *((64, 48) if size == (64, 48) else (9, 9))) == size


def test_odd_sizes_are_traced():
    found = blend(request(width_px=72, height_px=104, num_inference_steps=1), tiny_model())
    assert found.arrays["heat_maps_0"].shape == (7, 13, 9)
