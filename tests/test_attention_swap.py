"""Swapped self-attention against its definition, worked out independently in float64."""

import numpy as np
import pytest
import torch
from diffusers.models.attention_processor import Attention, AttnProcessor, AttnProcessor2_0
from torch import nn

from tests.tiny import tiny_pipeline
from tools.blend.attention_swap import KeyValueSwap, SwapRow, chosen_layers, late_layers

NAME = "up_blocks.3.attentions.0.transformer_blocks.0.attn1"
SD15_LAYERS = [("up_blocks.3", 320, 1024), ("mid_block", 1280, 64)]  # features and positions, at 256 and 512 px


def layer(features, processor):
    """SD1.5's self-attention: 8 heads, no bias but in the projection out."""
    torch.manual_seed(0)
    attention = Attention(features, heads=8, dim_head=features // 8, processor=processor())
    unet = nn.Module()
    here = unet
    for part in NAME.split(".")[:-1]:
        child = nn.Module()
        here.add_module(part, child)
        here = child
    here.add_module("attn1", attention)
    return unet.eval(), attention.eval()


def by_definition(attention, x, sources):
    """softmax(q_i k_j^T / sqrt(d)) v_j W + b in float64: row i takes key and value from row sources[i] of `x`."""
    x = x.double().numpy()
    weights = {n: getattr(attention, n).weight.detach().double().numpy() for n in ("to_q", "to_k", "to_v")}
    out, bias = (p.detach().double().numpy() for p in (attention.to_out[0].weight, attention.to_out[0].bias))
    width = x.shape[-1] // attention.heads
    rows = []
    for row, source in enumerate(sources):
        q, k, v = x[row] @ weights["to_q"].T, x[source] @ weights["to_k"].T, x[source] @ weights["to_v"].T
        heads = []
        for head in range(attention.heads):
            part = slice(head * width, (head + 1) * width)
            logits = q[:, part] @ k[:, part].T / np.sqrt(width)
            weight = np.exp(logits - logits.max(-1, keepdims=True))
            heads.append(weight / weight.sum(-1, keepdims=True) @ v[:, part])
        rows.append(np.concatenate(heads, -1) @ out.T + bias)
    return np.stack(rows)


def rows_of(n_references):
    """[references, target, bystander] without the prompt, and again with it."""
    half = [SwapRow(0, gives=n) for n in range(n_references)] + [SwapRow(0, takes=True), SwapRow(0)]
    return half + [SwapRow(1, gives=row.gives, takes=row.takes, measured=row.takes) for row in half]


@pytest.mark.parametrize("processor", [AttnProcessor, AttnProcessor2_0])
@pytest.mark.parametrize(("block", "features", "positions"), SD15_LAYERS)
def test_swapped_attention_is_its_definition(processor, block, features, positions):
    unet, attention = layer(features, processor)
    x = torch.randn(6, positions, features)
    swap = KeyValueSwap(unet, [NAME], [1.0])
    with torch.no_grad(), swap:
        swap.begin_call(rows_of(1))
        found = attention(x).numpy()
    expected = by_definition(attention, x, [0, 0, 2, 3, 3, 5])
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()
    own = by_definition(attention, x[4:5], [0])[0]
    far = np.linalg.norm(expected[4] - own) / np.linalg.norm(own)
    assert float(swap.moved[NAME][0]) == pytest.approx(far, rel=1e-4)


def test_two_references_mix_their_outputs_by_their_shares():
    unet, attention = layer(320, AttnProcessor2_0)
    x = torch.randn(8, 256, 320)
    swap = KeyValueSwap(unet, [NAME], [0.3, 0.7])
    with torch.no_grad(), swap:
        swap.begin_call(rows_of(2))
        found = attention(x).numpy()
    first, second = (
        by_definition(attention, x, sources) for sources in ([0, 1, 0, 3, 4, 5, 4, 7], [0, 1, 1, 3, 4, 5, 5, 7])
    )
    expected = 0.3 * first + 0.7 * second
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_emphasis_leaves_a_row_without_the_prompt_a_share_of_its_own_output():
    unet, attention = layer(320, AttnProcessor2_0)
    x = torch.randn(6, 64, 320)
    swap = KeyValueSwap(unet, [NAME], [1.0], emphasis=0.4)
    with torch.no_grad(), swap:
        swap.begin_call(rows_of(1))
        found = attention(x).numpy()
    swapped, own = (by_definition(attention, x, sources) for sources in ([0, 0, 2, 3, 3, 5], range(6)))
    expected = swapped.copy()
    expected[1] = 0.6 * swapped[1] + 0.4 * own[1]  # the target without the prompt; with it, nothing changes
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_rows_that_do_not_take_are_untouched_to_the_bit():
    unet, attention = layer(320, AttnProcessor2_0)
    x = torch.randn(6, 64, 320)
    swap = KeyValueSwap(unet, [NAME], [1.0])
    with torch.no_grad():
        plain = attention(x)
        with swap:
            swap.begin_call(rows_of(1))
            swapped = attention(x)
        assert torch.equal(attention(x), plain)
    others = [0, 2, 3, 5]
    assert torch.equal(swapped[others], plain[others])
    assert (swapped[[1, 4]] != plain[[1, 4]]).any()


def test_layers_are_found_by_whole_components_of_their_names():
    unet = tiny_pipeline().unet
    assert chosen_layers(unet, ("mid_block",)) == ("mid_block.attentions.0.transformer_blocks.0.attn1",)
    names = chosen_layers(unet, ("up_blocks.1", "mid_block"))
    assert [name.split(".attentions")[0] for name in names] == ["up_blocks.1", "up_blocks.1", "mid_block"]
    assert chosen_layers(unet, (names[0],)) == names[:1]
    assert len(chosen_layers(unet, late_layers(unet).blocks)) == 2  # of a three-level UNet
    with pytest.raises(ValueError, match="no self-attention"):
        chosen_layers(unet, ("up_block",))


def test_sd15s_late_layers_are_the_middle_and_the_last_three():
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(8, 8, 8, 8), layers_per_block=2, cross_attention_dim=8, norm_num_groups=4,
        attention_head_dim=2,
    )  # fmt: skip
    assert [name.split(".transformer")[0] for name in chosen_layers(unet, late_layers(unet).blocks)] == [
        *(f"up_blocks.3.attentions.{i}" for i in range(3)),
        "mid_block.attentions.0",
    ]
