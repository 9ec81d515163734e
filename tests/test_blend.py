"""The laws of a blend, on a tiny random pipeline: they hold for any weights."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import (
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    PNDMScheduler,
)

import tools.blend.denoiser
from tests.tiny import SIZE_PX, exact_model, tiny_model, tiny_pipeline
from tools.blend.conditioning import make_conditioning
from tools.blend.denoiser import blended_passes
from tools.blend.methods import STYLE_METHODS as METHODS
from tools.blend.results import BlendCancelled, BlendRequest, WeightedStyle, blend, save
from tools.models import wrap_pipeline

PHOTO, ILLUSTRATION = "photographic style", "digital illustration"
STEPS = 4


def request(*styles, **changes):
    styles = tuple(WeightedStyle(*style) for style in styles or ((PHOTO, 1.0), (ILLUSTRATION, 1.0)))
    return BlendRequest("a red house", styles, **{"num_inference_steps": STEPS, **changes})


def pixels(*args, **kwargs):
    return [np.asarray(image) for image in blend(*args, tiny_model(), **kwargs).images]


def assert_same(first, second):
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("method", METHODS)
def test_all_weight_on_the_first_style_is_the_first_style_alone(method):
    both = pixels(request((PHOTO, 1.0), (ILLUSTRATION, 0.0), method=method))
    assert_same(both, pixels(request((PHOTO, 1.0), method=method)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weights", [(0.3, 0.7), (5, 1)])
def test_identical_styles_at_any_weights_are_that_style_alone(method, weights):
    both = pixels(request((PHOTO, weights[0]), (PHOTO.upper(), weights[1]), method=method))
    assert_same(both, pixels(request((PHOTO, 1.0), method=method)))


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_equals_its_images_one_by_one(method):
    batch = [
        request((PHOTO, 1 - w), (ILLUSTRATION, w), method=method, seed=seed) for seed, w in enumerate((0, 0.3, 0.5, 1))
    ]
    together, apart = blend(batch, exact_model()), [blend(one, exact_model()) for one in batch]
    latents = np.concatenate([one.arrays["latents"] for one in apart])
    assert np.abs(latents - together.arrays["latents"]).max() <= 1e-6 * np.abs(latents).max()
    for one, image in zip(apart, together.images, strict=True):
        difference = np.abs(np.asarray(one.images[0], dtype=int) - np.asarray(image, dtype=int))
        assert difference.max() <= 1


def test_a_step_embeds_its_time_once_whatever_the_batch():
    """This is what keeps an image from depending on its batch: a product of few rows rounds by their number."""
    seen = []
    model = tiny_model()
    hook = model.pipeline.unet.time_embedding.register_forward_hook(lambda _m, args, _out: seen.append(len(args[0])))
    try:
        blend([request(seed=0), request(seed=1)], model)
    finally:
        hook.remove()
    assert set(seen) == {1}


@pytest.mark.parametrize("method", METHODS)
def test_methods_and_weights_make_a_difference(method):
    first, second = pixels([request((PHOTO, 1), (ILLUSTRATION, w), method=method) for w in (1.0, 0.1)])
    assert (first != second).any()


@pytest.mark.parametrize("method", METHODS)
def test_one_style_is_the_stock_pipeline(method):
    prompt, generator = f"a red house, {PHOTO}", torch.Generator().manual_seed(3)
    stock = exact_model().pipeline(prompt, num_inference_steps=STEPS, generator=generator).images[0]
    ours = blend(request((PHOTO, 2.0), method=method, seed=3), exact_model()).images[0]
    assert np.abs(np.asarray(ours, dtype=int) - np.asarray(stock, dtype=int)).max() <= 1


def test_equal_weights_in_one_prompt_are_the_stock_pipeline_too():
    prompt, generator = f"a red house, {PHOTO}, {ILLUSTRATION}", torch.Generator().manual_seed(0)
    stock = exact_model().pipeline(prompt, num_inference_steps=STEPS, generator=generator).images[0]
    ours = blend(request(method="prompt"), exact_model()).images[0]
    assert np.abs(np.asarray(ours, dtype=int) - np.asarray(stock, dtype=int)).max() <= 1


def test_composable_is_the_formula_of_liu_et_al():
    """eps = eps_u + g sum_i p_i (eps_i - eps_u), against a UNet asked one prompt at a time.

    In float64: guidance makes float32's rounding, which a batch shifts, as large as 2e-3.
    """
    model, guidance, shares = tiny_model.__wrapped__(), 5.0, (0.2, 0.8)  # one of its own: the others keep float32
    model.pipeline.to(torch.float64)
    unet = model.pipeline.unet
    conditioning = make_conditioning(model, "a red house", [(PHOTO, 0.2), (ILLUSTRATION, 0.8)], "composable")
    latents, t = torch.randn(1, 4, 8, 8, dtype=torch.float64), torch.tensor(501)
    with torch.no_grad():
        model.pipeline.scheduler.set_timesteps(STEPS)
        model.pipeline._num_timesteps = STEPS
        without = unet(latents, t, conditioning.negative_prompt_embeds[None]).sample
        expected = without.clone()
        for share, branch in zip(shares, conditioning.branches, strict=True):
            expected += guidance * share * (unet(latents, t, branch.prompt_embeds[None]).sample - without)
        with blended_passes(model, [conditioning]):
            (both,) = unet(torch.cat([latents] * 2), t, torch.zeros(2, 77, 32).double(), return_dict=False)
    ours = both[:1] + guidance * (both[1:] - both[:1])
    assert torch.allclose(ours, expected, atol=1e-9)


@pytest.mark.parametrize(
    "scheduler", [DPMSolverMultistepScheduler, PNDMScheduler, EulerDiscreteScheduler, HeunDiscreteScheduler]
)
@pytest.mark.parametrize("method", ["composable", "alternate"])
def test_a_checkpoints_own_scheduler_may_be_any(scheduler, method):
    """Some take a step more than asked (PNDM, SD1.5's own), some two calls a step (Heun), some scale their input."""
    pipeline = tiny_pipeline()
    pipeline.scheduler = scheduler.from_config(pipeline.scheduler.config)
    model = wrap_pipeline(pipeline.to(torch.float64), "tiny", "folder", "0" * 64)
    seen = []
    batch = [request((PHOTO, 1), (ILLUSTRATION, 1), method=method, seed=seed) for seed in (0, 1)]
    result = blend(batch, model, on_step=lambda step, total, preview: seen.append((step, total, preview().size)))
    assert [step for step, _, _ in seen] == list(range(1, seen[-1][1] + 1))
    assert len(result.measurements["timesteps"]) == seen[-1][1]
    alone = blend(batch[1], model)
    assert np.abs(np.asarray(alone.images[0], dtype=int) - np.asarray(result.images[1], dtype=int)).max() <= 1
    if method == "alternate":
        assert set(result.measurements["images"][0]["ruling_style_by_step"]) == {0, 1}


def test_memory_bounded_calls_change_nothing(monkeypatch):
    batch = [request(seed=seed) for seed in range(3)]
    whole = blend(batch, exact_model()).arrays["latents"]
    monkeypatch.setattr(tools.blend.denoiser, "MAX_LATENT_CELLS", 4 * 64)
    parts = blend(batch, exact_model()).arrays["latents"]
    assert np.abs(whole - parts).max() <= 1e-6 * np.abs(whole).max()


@pytest.mark.parametrize("guidance", [0.0, 1.0, 1.5])
def test_guidance_may_be_off(guidance):
    alone = pixels(request(guidance_scale=guidance, seed=1))
    assert_same(alone[0], pixels([request(guidance_scale=guidance, seed=s) for s in (0, 1)])[1])


def test_sizes_in_steps_of_eight():
    image = blend(request(width_px=72, height_px=104, num_inference_steps=1), tiny_model()).images[0]
    assert image.size == (72, 104)
    assert blend(request(num_inference_steps=1), tiny_model()).images[0].size == (SIZE_PX, SIZE_PX)


def test_a_size_between_two_latents_is_refused_with_the_models_own_step(monkeypatch):
    monkeypatch.setattr(tiny_model().pipeline, "vae_scale_factor", 16)
    with pytest.raises(ValueError, match="width of 72 px is not a multiple of 16"):
        blend(request(width_px=72, height_px=96), tiny_model())


def test_steps_are_reported_with_a_preview():
    seen = []
    blend(request(), tiny_model(), on_step=lambda step, total, preview: seen.append((step, total, preview().size)))
    assert seen == [(i, STEPS, (SIZE_PX, SIZE_PX)) for i in range(1, STEPS + 1)]


def test_the_last_preview_is_the_image():
    last = []
    image = blend(request(), tiny_model(), on_step=lambda *args: last.append(args[2]())).images[0]
    # the last step of DDIM leaves a trace of noise that the preview has already taken out
    assert np.abs(np.asarray(image, dtype=int) - np.asarray(last[-1], dtype=int)).mean() < 8


def test_a_cancelled_render_leaves_the_model_as_it_was():
    before = pixels(request())

    def stop(step, total, preview):
        raise BlendCancelled

    with pytest.raises(BlendCancelled):
        blend(request(), tiny_model(), on_step=stop)
    assert "forward" not in vars(tiny_model().pipeline.unet)
    assert_same(before, pixels(request()))


def test_one_render_at_a_time_uses_the_model():
    running, most = 0, 0

    def step(*_):
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.01)
        running -= 1

    threads = [threading.Thread(target=blend, args=(request(), tiny_model()), kwargs={"on_step": step}) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_what_the_safety_checker_withholds_is_said(monkeypatch):
    model = wrap_pipeline(tiny_pipeline(), "tiny", "folder", "0" * 64)
    monkeypatch.setattr(model.pipeline, "run_safety_checker", lambda image, *_: (image * 0, [True]))
    result = blend(request(num_inference_steps=1), model)
    assert result.measurements["images"][0]["withheld_by_safety_checker"] is True
    assert "safety checker withheld" in result.sentence()


def test_unknown_words_are_said():
    result = blend(replace(request(num_inference_steps=1), subject="a red zebra"), tiny_model())
    assert result.unknown_words == ("zebra",)
    assert "does not know: zebra" in result.sentence()


def test_weights_are_shares():
    assert request((PHOTO, 2.0), (ILLUSTRATION, 6.0)).shares == (0.25, 0.75)
    assert request((PHOTO, 1e308), (ILLUSTRATION, 1e308)).shares == (0.5, 0.5)


def test_a_request_survives_json():
    one = request(method="alternate", negative_prompt="grey", width_px=128)
    assert BlendRequest.from_json(one.to_json()) == one


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"num_inference_steps": 0}, "steps must be between 1 and 150"),
        ({"num_inference_steps": 151}, "steps must be between 1 and 150"),
        ({"num_inference_steps": 2.5}, "whole number"),
        ({"num_inference_steps": True}, "whole number"),
        ({"guidance_scale": -1}, "guidance must be between 0 and 30"),
        ({"guidance_scale": 31}, "guidance must be between 0 and 30"),
        ({"guidance_scale": float("nan")}, "guidance must be between 0 and 30"),
        ({"guidance_scale": "7"}, "must be a number"),
        ({"seed": -1}, "the seed must be between 0"),
        ({"seed": 2**53}, "the seed must be between 0"),
        ({"width_px": 56}, "between 64 and 1024"),
        ({"height_px": 1032}, "between 64 and 1024"),
        ({"height_px": 100}, "not a multiple of 8"),
        ({"method": "magic"}, "no method 'magic'. Choose one of: composable"),
        ({"subject": "  "}, "the subject is empty"),
        ({"subject": "a\nb"}, "line break or control character"),
        ({"subject": "a\x00b"}, "line break or control character"),
        ({"subject": "a <|endoftext|> b"}, "marker of the tokenizer"),
        ({"subject": 3}, "must be text"),
        ({"negative_prompt": "a\tb"}, "control character"),
        ({"styles": ()}, "0 styles were given; give 1 to 4"),
        ({"styles": tuple(WeightedStyle(c, 1) for c in "abcde")}, "5 styles were given"),
        ({"styles": (WeightedStyle("", 1),)}, "a style is empty"),
        ({"styles": (WeightedStyle("ink", -1),)}, "give 0 or a positive number"),
        ({"styles": (WeightedStyle("ink", float("inf")),)}, "give 0 or a positive number"),
        ({"styles": (WeightedStyle("ink", float("nan")),)}, "give 0 or a positive number"),
        ({"styles": (WeightedStyle("ink", 0), WeightedStyle("oil", 0))}, "every weight is 0"),
        ({"styles": (WeightedStyle("ink", "1"),)}, "is not a number"),
    ],
)
def test_limits_are_said_in_one_line(change, said):
    with pytest.raises(ValueError, match=said) as error:
        replace(request(), **change)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("data", [{}, {"subject": "a"}, {"subject": "a", "styles": [{"text": "b"}]}, [], None])
def test_json_that_is_no_request_is_refused(data):
    with pytest.raises(ValueError, match="not a blend request"):
        BlendRequest.from_json(data)


def test_a_batch_has_one_number_of_steps():
    with pytest.raises(ValueError, match="one number of steps"):
        blend([request(), request(num_inference_steps=2)], tiny_model())
    with pytest.raises(ValueError, match="empty"):
        blend([], tiny_model())


def test_saving_writes_image_record_and_measurements(tmp_path):
    paths = save(blend(request(num_inference_steps=1), tiny_model()), tmp_path / "new" / "folder")
    assert [p.name for p in paths.values()][:3] == ["image.png", "record.json", "measurements.json"]
    assert all(p.is_file() for p in paths.values())
