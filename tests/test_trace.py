"""The laws of the measurements, on a tiny random pipeline."""

from fnmatch import fnmatch

import numpy as np
import pytest
import torch

import tools.trace.attention
from tests.tiny import tiny_model, tiny_pipeline
from tools.blend.conditioning import OTHER_PHRASES, make_conditioning
from tools.blend.methods import STYLE_METHODS as METHODS
from tools.blend.results import BlendRequest, WeightedStyle, blend
from tools.experiments.explained import explain
from tools.experiments.flip import sweep
from tools.models import wrap_pipeline
from tools.trace.attention import cross_attention_layers
from tools.trace.classifier import classify_styles
from tools.trace.embedding_split import logit_products, project_parts, split_output
from tools.trace.heads import attend, split_heads
from tools.trace.measures import SCHEMA, facts_of
from tools.trace.parameters import parameters_sha256
from tools.trace.passes import token_roles

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


def test_a_phrases_tokens_share_what_the_phrase_has(traced):
    _, _, result = traced
    for image in result.measurements["images"]:
        attention = image["attention"]
        for phrase, tokens, share, own in zip(
            *(attention[name] for name in ("phrases", "tokens", "share", "token_share")), strict=True
        ):
            assert len(own) == len(tokens)
            if tokens:
                assert sum(own) == pytest.approx(share, abs=1e-4), phrase
        assert len(set(attention["token_share"][0])) > 1, "each has its own"


def test_a_token_stands_where_its_phrase_does():
    roles = torch.tensor([[0.0, 0, 1], [1, 0, 0], [0.25, 0.75, 0], [0, 0.5, 0.5]])
    found = token_roles(roles, (("a", "house"), ("ink", "wash"), ()))
    assert found.tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [0, 0.25, 0.75, 0], [0, 0, 0, 0.5]]
    assert token_roles(roles, (("house",), ("ink", "wash"), ())).sum(0).tolist() == [0, 0.75, 0.5], "cut otherwise"


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


def documented(where, value, schema):
    """Whether a value of measurements.json, and all below it, is described."""
    if any(fnmatch(where, name) for name in schema):
        return set()
    if isinstance(value, dict):
        return set().union(*(documented(f"{where}.{key}".lstrip("."), below, schema) for key, below in value.items()))
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return set().union(*(documented(where, below, schema) for below in value))
    return {where}


@pytest.mark.parametrize("method", METHODS)
def test_the_schema_describes_all_that_is_measured(method):
    model = tiny_model()
    for result in (explain(request(method), model), sweep(request(method), 3, model)):
        measured = {key: value for key, value in result.measurements.items() if key != "schema"}
        described = result.measurements["schema"]
        assert SCHEMA.items() <= described.items()
        assert documented("", measured, described) == set()
        assert documented("npz", result.arrays, described) == set()


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
            assert torch.allclose(parts.sum(0) + module.to_out[0].bias, real, rtol=1e-4, atol=1e-5), name


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


@pytest.mark.parametrize("method", METHODS)
def test_counterfactuals_measure_how_far_the_image_moves(method):
    model = tiny_model()
    result = explain(request(method, weights=(1.0, 3.0)), model)
    measured = result.measurements["images"][0]
    assert [one["left_out"] for one in measured["left_out"]] == [PHOTO, ILLUSTRATION]
    alone = blend(request(method, weights=(0.0, 1.0)), model).arrays["latents"][0]
    mixed = result.arrays["latents"][0]
    expected = np.linalg.norm(mixed - alone) / np.linalg.norm(mixed)
    assert measured["left_out"][0]["latent"] == pytest.approx(float(expected), rel=1e-3)
    assert all(one["pixel"] > 0 and one["ssim"] < 1 for one in measured["left_out"])
    assert sum(measured["seen_by_model"]["probability"]) == pytest.approx(1, abs=1e-5)
    one_style = explain(request(method, weights=(1.0, 0.0)), model)
    assert len(one_style.images) == 1 and "verdict" not in one_style.measurements["images"][0]


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
