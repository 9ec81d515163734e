"""The laws of the measurements, on a tiny random pipeline."""

from dataclasses import replace
from fnmatch import fnmatch

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel

import tools.trace.attention
from tests.bench.memory import SD15_UNET
from tests.tiny import tiny_model, tiny_pipeline
from tools.blend import BlendRequest, WeightedStyle, blend
from tools.conditioning import METHODS, OTHER_PHRASES, Branch, Conditioning, make_conditioning
from tools.models import wrap_pipeline
from tools.passes import blended_passes
from tools.sweep import sweep
from tools.trace.afterwards import explain
from tools.trace.attention import AttentionTrace, UnhookedLayer, cross_attention_layers, layer_size
from tools.trace.classifier import classify_styles
from tools.trace.parameters import parameters_sha256
from tools.trace.schema import SCHEMA
from tools.trace.split import attend, logit_products, project_parts, split_heads, split_output
from tools.trace.summary import facts_of

PHOTO, ILLUSTRATION = "photographic style", "digital illustration"
STEPS = 4


def request(method="composable", weights=(1.0, 3.0), **changes):
    styles = (WeightedStyle(PHOTO, weights[0]), WeightedStyle(ILLUSTRATION, weights[1]))
    return BlendRequest("a red house", styles, method, **{"num_inference_steps": STEPS, **changes})


@pytest.fixture(scope="module", params=METHODS)
def traced(request):
    batch = [BlendRequest("a red house", (WeightedStyle(PHOTO, 1 - w), WeightedStyle(ILLUSTRATION, w)), request.param,
                          num_inference_steps=STEPS, seed=3) for w in (0.0, 0.75)]  # fmt: skip
    return request.param, batch, blend(batch, tiny_model())


def test_tracing_changes_no_pixel(traced):
    _, batch, result = traced
    untraced = blend(batch, tiny_model(), trace=False)
    assert untraced.record["pixels_sha256"] == result.record["pixels_sha256"]
    np.testing.assert_array_equal(untraced.arrays["latents"], result.arrays["latents"])


def test_shares_of_attention_sum_to_one_at_every_step_and_layer(traced):
    _, _, result = traced
    layers = result.measurements["images"][0]["attention"]["layers"]
    assert len(layers) == 10 and len(set(layers)) == 10
    for image, phrases in ((0, 6), (1, 7)):
        table = result.arrays[f"attention_share_{image}"]
        assert table.shape == (STEPS, 10, phrases)
        np.testing.assert_allclose(table.sum(-1), 1, atol=1e-5)
        maps = result.arrays[f"heat_maps_{image}"]
        assert maps.shape == (phrases, 8, 8) and (maps >= 0).all()
        # bicubic scaling with its clamp at 0 moves a little
        np.testing.assert_allclose(maps.sum(0), 1, atol=0.05)


def test_an_image_is_traced_alike_alone_and_in_a_batch(traced):
    _, batch, result = traced
    alone = blend(batch[1], tiny_model())
    np.testing.assert_allclose(
        alone.arrays["attention_share_0"], result.arrays["attention_share_1"], rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("waiting_bytes", [0, 8192, 40_000])
def test_how_long_queries_wait_changes_no_measure(traced, monkeypatch, waiting_bytes):
    _, batch, result = traced
    monkeypatch.setattr(tools.trace.attention, "WAITING_BYTES", waiting_bytes)
    again = blend(batch, tiny_model())
    peak = again.measurements["images"][0]["attention"]["waiting_bytes_peak"]
    assert peak <= 10 * waiting_bytes * 2 and (peak == 0) == (waiting_bytes == 0)
    for name, array in result.arrays.items():
        np.testing.assert_allclose(again.arrays[name], array, rtol=1e-4, atol=1e-5)


def test_json_holds_what_the_method_has(traced):
    method, _, result = traced
    alone, both = result.measurements["images"]
    assert both["attention"]["phrases"] == ["subject", PHOTO, ILLUSTRATION, *OTHER_PHRASES]
    assert alone["attention"]["phrases"] == ["subject", PHOTO, *OTHER_PHRASES]
    assert len(result.measurements["timesteps"]) == STEPS
    assert ("noise" in both) == (method == "composable") and "noise" not in alone
    assert ("embedding_split" in both) == (method == "embedding") and "embedding_split" not in alone
    ruled = {"schedule": [0, 1, 1, 1], "alternate": [1, 0, 1, 1]}.get(method)
    assert both["ruling_style_by_step"] == ruled and alone["ruling_style_by_step"] is None
    if ruled:  # what does not rule is not looked at
        column = np.array(both["attention"]["share_by_step"])[:, 1]
        assert ((column > 0) == (np.array(ruled) == 0)).all()


def test_the_parameters_do_not_move_and_it_would_be_seen(traced):
    parameters = traced[2].measurements["parameters"]
    assert parameters["unchanged"] and parameters["sha256_before"] == parameters["sha256_after"]
    model = wrap_pipeline(tiny_pipeline(), "tiny", "folder", "0" * 64)
    before = parameters_sha256(model)
    with torch.no_grad():
        model.pipeline.unet.conv_out.bias[0] += 1e-3
    assert parameters_sha256(model) != before


def documented(where, value):
    """Whether a value of measurements.json, and all below it, is described."""
    if any(fnmatch(where, name) for name in SCHEMA):
        return set()
    if isinstance(value, dict):
        return set().union(*(documented(f"{where}.{key}".lstrip("."), below) for key, below in value.items()))
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return set().union(*(documented(where, below) for below in value))
    return {where}


@pytest.mark.parametrize("method", METHODS)
def test_the_schema_describes_all_that_is_measured(method):
    model = tiny_model()
    for result in (explain(blend(request(method), model), model), sweep(request(method), 3, model)):
        measured = {key: value for key, value in result.measurements.items() if key != "schema"}
        assert result.measurements["schema"] == SCHEMA
        assert documented("", measured) == set()
        assert documented("npz", result.arrays) == set()


def test_facts_are_sentences_about_the_measurements(traced):
    _, batch, _ = traced
    facts = facts_of(blend(batch[1], tiny_model()).measurements)
    assert {"attention", "steps", "layers", "parameters"} <= {fact.topic for fact in facts}
    said = " ".join(fact.text for fact in facts)
    assert PHOTO in said and "parameters are the same before and after" in said


def test_the_parts_of_a_blended_embedding_sum_to_each_layers_real_output():
    """z = sum w_i z_i, so the layer's output is sum w_i A (z_i W_v) W_o + bias."""
    model = tiny_model()
    both = make_conditioning(model, "a red house", [(PHOTO, 0.3), (ILLUSTRATION, 0.7)], "embedding").branches[0]
    torch.manual_seed(0)
    with torch.no_grad():
        for name, module in cross_attention_layers(model.pipeline.unet):
            hidden = torch.randn(1, 16, module.to_q.in_features)
            real = module(hidden, encoder_hidden_states=both.prompt_embeds[None])[0]

            styles = project_parts(module, both.parts)
            query, key = (
                split_heads(x, module.heads) for x in (module.to_q(hidden[0]), module.to_k(both.prompt_embeds))
            )
            parts = split_output(module, attend(query, key, styles.values, module.scale), styles.weights)
            assert torch.allclose(parts.sum(0) + module.to_out[0].bias, real, atol=1e-5), name


def test_the_parts_of_the_logits_have_the_lengths_and_angles_of_the_logits():
    torch.manual_seed(0)
    query, keys, weights = torch.randn(3, 2, 16, 8), torch.randn(2, 2, 77, 8), torch.tensor([0.3, 0.7])
    parts = torch.stack([w * (query @ k.transpose(-1, -2)) for w, k in zip(weights, keys, strict=True)], 1).flatten(2)
    assert torch.allclose(logit_products(query, keys, weights), parts @ parts.transpose(1, 2), rtol=1e-3)


def test_split_shares_sum_to_one_and_follow_the_weights():
    arrays = blend(request("embedding"), tiny_model()).arrays
    for measure in ("output_share", "logit_share"):
        table = arrays[f"split_{measure}_0"]
        assert table.shape == (STEPS, 10, 2)
        np.testing.assert_allclose(table.sum(-1), 1, atol=1e-5)
        assert (table[:, :, 1] > table[:, :, 0]).all()  # 3 to 1, and the tiny model's styles are equally loud
    assert (np.abs(arrays["split_output_cosine_0"]) <= 1 + 1e-6).all()


def test_noise_contributions_are_those_of_the_formula():
    model, guidance = tiny_model(), 5.0
    conditioning = make_conditioning(model, "a red house", [(PHOTO, 0.25), (ILLUSTRATION, 0.75)], "composable")
    unet, t = model.pipeline.unet, torch.tensor(981)
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        without = unet(latents, t, conditioning.negative_prompt_embeds[None]).sample
        pulls = [unet(latents, t, branch.prompt_embeds[None]).sample - without for branch in conditioning.branches]
    expected = [guidance * share * float(pull.norm()) for share, pull in zip((0.25, 0.75), pulls, strict=True)]
    cosine = float(torch.cosine_similarity(pulls[0].flatten(), pulls[1].flatten(), dim=0))
    # the same noise and the same first timestep as a render of seed 0
    result = blend(request(guidance_scale=guidance, num_inference_steps=50), model)
    measured = result.measurements["images"][0]["noise"]
    assert result.measurements["timesteps"][0] == 981
    assert measured["contribution_by_step"][0] == pytest.approx(expected, rel=1e-3)
    assert measured["cosine_by_step"][0] == pytest.approx([cosine], abs=1e-3)
    assert measured["pairs"] == [[0, 1]] and sum(measured["contribution_share"]) == pytest.approx(1, abs=1e-5)
    assert "noise" not in blend(request(guidance_scale=1.0), model).measurements["images"][0]


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
    conditioning = replace(whole, phrases=(*words, "rest"), branches=(branch,))
    with AttentionTrace(model.pipeline.unet, [conditioning]) as attention:
        Spy.listen(attention, model, conditioning, seed)
    attention.finish()
    ours = attention.heat_maps(0, (8, 8))
    for column, word in enumerate(words):
        correlation = np.corrcoef(ours[column].flatten(), theirs[word].flatten())[0, 1]
        assert correlation >= 0.99, (word, correlation)


class Spy:
    """Runs the pipeline with a trace of attention alone."""

    @staticmethod
    def listen(attention, model, conditioning, seed):
        class Only:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                return None

            def begin_step(self, _timestep):
                attention.begin_step()

            def begin_call(self, entries):
                attention.begin_call(entries)

            def end_step(self, *_):
                return None

        with blended_passes(model, [conditioning], Only()), torch.no_grad():
            model.pipeline(
                prompt_embeds=conditioning.branches[0].prompt_embeds[None],
                negative_prompt_embeds=conditioning.negative_prompt_embeds[None],
                num_inference_steps=STEPS,
                generator=torch.Generator().manual_seed(seed),
            )


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
    branch = Branch("text", torch.randn(77, 32), roles)
    conditioning = Conditioning("prompt", ("a", "b"), (0.5, 0.5), tuple("0123456"), (branch,), torch.zeros(77, 32))
    with AttentionTrace(unet, [conditioning]) as attention, torch.no_grad():
        for _ in range(2):
            attention.begin_step()
            attention.begin_call([None, (0, 0, 1.0)])
            unet(torch.randn(2, 4, 64, 64), 500, torch.stack([torch.zeros(77, 32), branch.prompt_embeds]))
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


@pytest.mark.parametrize("method", METHODS)
def test_counterfactuals_measure_how_far_the_image_moves(method):
    model = tiny_model()
    result = explain(blend(request(method, weights=(1.0, 3.0)), model), model)
    measured = result.measurements["images"][0]
    assert [one["left_out"] for one in measured["left_out"]] == [PHOTO, ILLUSTRATION]
    alone = blend(request(method, weights=(0.0, 1.0)), model).arrays["latents"][0]
    mixed = result.arrays["latents"][0]
    expected = np.linalg.norm(mixed - alone) / np.linalg.norm(mixed)
    assert measured["left_out"][0]["latent"] == pytest.approx(float(expected), rel=1e-3)
    assert all(one["pixel"] > 0 and one["ssim"] < 1 for one in measured["left_out"])
    assert sum(measured["seen_by_model"]["probability"]) == pytest.approx(1, abs=1e-5)
    one_style = blend(request(method, weights=(1.0, 0.0)), model)
    assert explain(one_style, model) is one_style


def test_the_diffusion_classifier_is_seeded_and_prefers_the_prompt_that_predicts_the_noise(monkeypatch):
    model = tiny_model()
    latents = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    first = classify_styles(model, latents, "a red house", [PHOTO, ILLUSTRATION], draws=4)
    again = classify_styles(model, latents, "a red house", [PHOTO, ILLUSTRATION], draws=4)
    assert torch.equal(first.errors, again.errors)
    torch.testing.assert_close(first.probabilities.sum(1), torch.ones(2))
    swapped = classify_styles(model, latents, "a red house", [ILLUSTRATION, PHOTO], draws=4)
    torch.testing.assert_close(first.errors, swapped.errors.flip(1), rtol=1e-4, atol=1e-5)
    assert (first.probabilities.argmax(1) == first.errors.argmin(1)).all()
    torch.testing.assert_close(first.votes.sum(1), torch.ones(2))
