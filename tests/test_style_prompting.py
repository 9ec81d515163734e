"""The laws of Visual Style Prompting, on a tiny random pipeline: they hold for any weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import EulerDiscreteScheduler, HeunDiscreteScheduler, PNDMScheduler
from PIL import Image

import tools.blend.denoiser
from tests.tiny import SIZE_PX, exact_model, tiny_model, tiny_pipeline
from tools.blend.references import Reference, ReferenceError
from tools.blend.results import BlendRequest, WeightedStyle, blend
from tools.blend.style_prompting import StylePrompting, StyleReferences
from tools.experiments.explained import explain
from tools.models import wrap_pipeline

STEPS = 6
NAME = "0" * 32
WATERCOLOR = Reference(prompt="a blue boat at sea, watercolor")
PICTURE = Reference(image=NAME)


def picture(seed=0, size=(SIZE_PX, SIZE_PX)):
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def request(*references, **changes):
    given = {"num_inference_steps": STEPS, "method": "reference", "guidance_scale": 5.0, **changes}
    return BlendRequest(given.pop("subject", "a red house"), given.pop("styles", ()), references=references, **given)


def render(*args, model=None, **how):
    pictures = {NAME: picture(), "1" * 32: picture(1)}
    return blend(*args, model or tiny_model(), prompting=StylePrompting(pictures=pictures, **how))


def latents(result, part="latents"):
    return result.arrays[part]


@pytest.fixture
def swap_off(monkeypatch):
    """Hand the targets nothing, whatever else stays."""
    ours = StyleReferences.begin_call

    def begin_call(self, rows):
        ours(self, rows)
        self.swap.begin_call([replace(row, takes=False) for row in self.swap._rows])

    return lambda: monkeypatch.setattr(StyleReferences, "begin_call", begin_call)


def test_the_reference_stream_is_the_same_to_the_bit_with_and_without_the_swap(swap_off):
    on = render(request(WATERCOLOR))
    swap_off()
    off = render(request(WATERCOLOR), calibrated=(0, 0))
    np.testing.assert_array_equal(latents(on, "latents_reference"), latents(off, "latents_reference"))
    assert (latents(on) != latents(off)).any()


def test_a_target_with_the_references_own_prompt_and_noise_is_the_reference():
    """Swapping equal keys and values is a no-op; the guidance is the reference's own throughout."""
    same = Reference(prompt="a red house", seed=3)
    result = render(request(same, seed=3), guidance=5.0, first_guidance=5.0, calibrated=(0, 0), compare=True)
    np.testing.assert_array_equal(latents(result), latents(result, "latents_without"))
    np.testing.assert_allclose(latents(result), latents(result, "latents_reference"), atol=1e-4)


def test_what_is_compared_is_the_plain_render_of_the_same_prompt_and_seed():
    styles = (WeightedStyle("oil painting", 1.0), WeightedStyle("pixel art", 2.0))
    result = render(request(WATERCOLOR, styles=styles, seed=4), compare=True)
    plain = blend(request(styles=styles, seed=4, method="prompt"), tiny_model())
    np.testing.assert_array_equal(latents(result, "latents_without"), latents(plain))
    np.testing.assert_array_equal(np.asarray(result.beside["without_reference.png"]), np.asarray(plain.images[0]))
    alone = render(request(WATERCOLOR, styles=styles, seed=4))
    np.testing.assert_array_equal(latents(alone), latents(result))


def test_a_drawn_reference_is_the_plain_render_of_its_prompt_at_its_own_guidance():
    one = Reference(prompt="a blue boat, watercolor", seed=9)
    result = render(request(one), guidance=7.0, first_guidance=7.0, model=exact_model())
    stock = exact_model().pipeline("a blue boat, watercolor", num_inference_steps=STEPS, guidance_scale=7.0,
                                  generator=torch.Generator().manual_seed(9)).images[0]  # fmt: skip
    assert np.abs(np.asarray(stock, dtype=int) - np.asarray(result.beside["reference.png"], dtype=int)).max() <= 1


def test_the_first_steps_of_a_drawn_reference_have_a_guidance_of_their_own():
    flat = render(request(WATERCOLOR), first_guidance=7.0)
    assert (latents(flat, "latents_reference") != latents(render(request(WATERCOLOR)), "latents_reference")).any()
    none = render(request(WATERCOLOR), first_guidance=20.0, first_steps=0)
    np.testing.assert_array_equal(latents(flat, "latents_reference"), latents(none, "latents_reference"))


@pytest.mark.parametrize("emphasis", [0.0, 1.0])
def test_guidance_halves_do_not_mix(monkeypatch, emphasis):
    """A row takes from the reference's row of its own half; at full emphasis a row without the prompt keeps its own."""
    calls = []
    ours = StyleReferences.begin_call
    model = tiny_model()
    module = model.pipeline.unet.get_submodule("up_blocks.2.attentions.0.transformer_blocks.0.attn1")

    def begin_call(self, rows):
        ours(self, rows)
        calls.append(list(rows))

    monkeypatch.setattr(StyleReferences, "begin_call", begin_call)
    seen = []
    processor = module.processor

    def watching(attention, hidden, *args, **kwargs):
        seen.append((attention.to_k(hidden), attention.to_v(hidden)))
        return processor(attention, hidden, *args, **kwargs)

    module.processor = watching
    try:
        how = StylePrompting(("up_blocks.2",), emphasis=emphasis)
        blend(request(WATERCOLOR, num_inference_steps=1), model, trace=False, prompting=how)
    finally:
        module.processor = processor
    (rows,) = calls  # [(item, half)]: reference and target without the prompt, then with it
    assert rows == [(0, 0), (1, 0), (0, 1), (1, 1)]
    for found in seen[0]:
        assert torch.equal(found[0], found[1]) is (emphasis == 0)
        assert torch.equal(found[2], found[3])
        assert not torch.equal(found[0], found[2])


@pytest.mark.parametrize("one", [WATERCOLOR, PICTURE])
def test_a_target_does_not_depend_on_its_batch(one):
    one = replace(one, seed=5)
    together = render([request(one, seed=0), request(one, seed=1)], model=exact_model())
    alone = render(request(one, seed=1), model=exact_model())
    assert np.abs(latents(together)[1] - latents(alone)[0]).max() <= 1e-6 * np.abs(latents(alone)).max()


@pytest.mark.parametrize("one", [WATERCOLOR, PICTURE])
def test_calls_that_fit_into_memory_change_nothing(one, monkeypatch):
    one = replace(one, seed=5)
    batch = [request(one, seed=seed) for seed in range(4)]
    whole = latents(render(batch, model=exact_model()))
    monkeypatch.setattr(tools.blend.denoiser, "MAX_LATENT_CELLS", 3 * 64)
    parts = latents(render(batch, model=exact_model()))
    assert np.abs(whole - parts).max() <= 1e-6 * np.abs(whole).max()


@pytest.mark.parametrize("one", [WATERCOLOR, PICTURE])
def test_a_seeded_run_gives_the_same_pixels_again(one):
    first, second = render(request(one)), render(request(one))
    assert first.record["pixels_sha256"] == second.record["pixels_sha256"]
    other = render(request(replace(one, seed=77)))
    assert (latents(other) != latents(first)).any()


def test_a_picture_is_noised_anew_at_every_step_and_never_inverted():
    model = tiny_model()
    model.pipeline.scheduler.set_timesteps(STEPS)
    found = StyleReferences(model, [request(PICTURE)], StylePrompting(pictures={NAME: picture()}))
    own = torch.zeros(1, 4, 8, 8)
    first, second = (found.add_pictures(own, torch.tensor(501)) for _ in range(2))
    assert first.shape == (2, 4, 8, 8) and (first[1] == 0).all()
    assert (first[0] != second[0]).any()
    alpha = float(model.pipeline.scheduler.alphas_cumprod[501])
    clean = found._pictures[0]
    for noised in (first[0], second[0]):
        noise = (noised - alpha**0.5 * clean) / (1 - alpha) ** 0.5
        assert abs(float(noise.mean())) < 0.3 and 0.8 < float(noise.std()) < 1.2


def test_of_a_picture_the_conditional_prediction_alone_counts():
    found = StyleReferences(tiny_model(), [request(PICTURE)], StylePrompting(pictures={NAME: picture()}))
    x, u, c = (torch.randn(2, 4, 8, 8) for _ in range(3))
    steered = found.steer(x, torch.tensor(501), 0, u, c)
    assert torch.allclose(u[0] + 5.0 * (steered[0] - u[0]), c[0], atol=1e-5)
    assert torch.equal(steered[1], c[1])


@pytest.mark.parametrize(("timestep", "inside"), [(100, False), (101, True), (149, True), (150, False), (501, False)])
@pytest.mark.parametrize("guidance", [5.0, 1.0])
def test_colours_are_calibrated_only_inside_the_window(timestep, inside, guidance):
    """Inside it each channel of the target's predicted original has the reference's mean and standard deviation."""
    model = tiny_model()
    found = StyleReferences(model, [request(WATERCOLOR, guidance_scale=guidance)], StylePrompting())
    x, u, c = (torch.randn(2, 4, 8, 8) for _ in range(3))
    without = u if guidance > 1 else None
    steered = found.steer(x, torch.tensor(timestep), 9, without, c)
    alpha = float(model.pipeline.scheduler.alphas_cumprod[timestep])
    guided = steered if without is None else u + guidance * (steered - u)
    original = (x - (1 - alpha) ** 0.5 * guided) / alpha**0.5
    same = [torch.allclose(measure(original[0]), measure(original[1]), atol=1e-4) for measure in (_mean, _spread)]
    assert same == [inside, inside]
    assert torch.equal(steered[1], c[1]) is not inside
    assert found.calibrated_steps == ([9] if inside else [])


def _mean(x):
    return x.mean((1, 2))


def _spread(x):
    return x.std((1, 2))


def test_a_reference_of_all_the_weight_is_that_reference_alone():
    other = Reference(prompt="a green tree, pixel art", seed=8)
    one = replace(WATERCOLOR, seed=5)
    alone = render(request(one))
    both = render(request(one, replace(other, weight=0.0)))
    np.testing.assert_array_equal(latents(alone), latents(both))
    twice = render(request(one, one))
    assert np.abs(latents(alone) - latents(twice)).max() <= 1e-3 * np.abs(latents(alone)).max()


def test_a_picture_and_a_prompt_can_be_references_together():
    result = render(request(WATERCOLOR, replace(PICTURE, weight=3.0)), compare=True)
    used = result.measurements["reference"]["references"]
    assert [(one["prompt"], one["image"], one["share"]) for one in used] == [
        (None, NAME, 0.75),
        (WATERCOLOR.prompt, None, 0.25),
    ]
    assert set(result.beside) == {"reference.png", "reference-2.png", "without_reference.png"}
    np.testing.assert_array_equal(np.asarray(result.beside["reference.png"]), np.asarray(picture()))
    assert 'from 25% "a blue boat at sea, watercolor" and 75% the picture 00000000' in result.sentence()


@pytest.mark.parametrize(
    ("scheduler", "one"),
    [(PNDMScheduler, WATERCOLOR), (EulerDiscreteScheduler, PICTURE), (HeunDiscreteScheduler, WATERCOLOR)],
)
def test_a_checkpoints_own_scheduler_may_be_any(scheduler, one):
    pipeline = tiny_pipeline()
    pipeline.scheduler = scheduler.from_config(pipeline.scheduler.config)
    model = wrap_pipeline(pipeline, "tiny", "folder", "0" * 64)
    how = StylePrompting(pictures={NAME: picture()}, compare=True)
    result = blend(request(one), model, prompting=how)
    assert np.isfinite(latents(result)).all()
    assert (latents(result) != latents(result, "latents_without")).any()


@pytest.mark.parametrize("guidance", [0.0, 1.0])
@pytest.mark.parametrize("one", [WATERCOLOR, PICTURE])
def test_guidance_may_be_off(guidance, one):
    result = render(request(one, guidance_scale=guidance), compare=True)
    assert (latents(result) != latents(result, "latents_without")).any()


def test_a_render_is_measured_and_traced():
    shown = []
    styles = (WeightedStyle("oil painting", 1.0),)
    how = StylePrompting(pictures={NAME: picture()}, compare=True)
    traced = blend(request(PICTURE, styles=styles), tiny_model(), prompting=how,
                   on_step=lambda step, total, preview: shown.append(preview()))  # fmt: skip
    untraced = blend(request(PICTURE, styles=styles), tiny_model(), prompting=how, trace=False)
    np.testing.assert_array_equal(latents(traced), latents(untraced))
    measured = traced.measurements["reference"]
    assert len(measured["layers"]) == len(measured["moved"]) > 0
    assert np.shape(measured["moved_by_step"]) == (STEPS, len(measured["layers"]))
    assert np.allclose(np.mean(measured["moved_by_step"], 0), measured["moved"], atol=1e-5)
    assert all(value > 0 for value in measured["moved"])
    assert untraced.measurements["reference"]["moved"] == []
    (image,) = traced.measurements["images"]
    assert image["attention"]["phrases"][:2] == ["subject", "oil painting"]
    assert sum(image["attention"]["share"]) == pytest.approx(1, abs=1e-4)
    assert "attention_share_0" in traced.arrays and "attention_share_1" not in traced.arrays
    # the preview is the target's, not the reference's: at the end it is the image
    assert np.abs(np.asarray(shown[-1], dtype=int) - np.asarray(traced.images[0], dtype=int)).mean() < 8


def test_what_the_swap_changed_is_explained():
    how = StylePrompting(compare=True)
    result = explain(request(WATERCOLOR), tiny_model(), prompting=how)
    away = result.measurements["reference"]["without"]
    assert away["latent"] > 0 and away["ssim"] < 1
    plain = explain(request(WATERCOLOR), tiny_model()).measurements["reference"]
    assert "without" not in plain, "the picture without it was not asked for"


def test_other_layers_can_be_swapped():
    few = render(request(WATERCOLOR), layers=("mid_block",)).measurements["reference"]["layers"]
    assert few == ["mid_block.attentions.0.transformer_blocks.0.attn1"]
    with pytest.raises(ValueError, match="no self-attention that can be swapped in nowhere"):
        render(request(WATERCOLOR), layers=("nowhere",))


def test_the_layers_are_as_they_were_after_a_render():
    unet = tiny_model().pipeline.unet
    render(request(WATERCOLOR))
    assert not any(module._forward_hooks for name, module in unet.named_modules() if "attn1" in name)
    assert "forward" not in vars(unet)


def test_limits_are_said_in_one_line():
    for given, said in [
        (lambda: request(), "0 references were given"),
        (lambda: request(WATERCOLOR, WATERCOLOR, WATERCOLOR), "3 references were given"),
        (lambda: request(WATERCOLOR, method="composable", styles=(WeightedStyle("a", 1),)), "takes no reference"),
        (lambda: request(Reference(prompt=" ")), "a reference's prompt is empty"),
        (lambda: request(Reference(prompt="a", weight=-1)), "the weight of reference 1 is -1"),
        (lambda: request(Reference(prompt="a", weight=0)), "at least one reference a positive weight"),
        (lambda: request(Reference(prompt="a", seed=-1)), "a reference's seed must be between"),
        (lambda: render(request(Reference(prompt="red " * 100))), "it would lose"),
        (lambda: blend([request(WATERCOLOR, seed=1), request(WATERCOLOR, seed=2)], tiny_model()), "the same seeds"),
    ]:
        with pytest.raises(ValueError, match=said) as error:
            given()
        assert "\n" not in str(error.value)
    with pytest.raises(ReferenceError, match="choose the picture again"):
        blend(request(PICTURE), tiny_model())


def test_a_request_with_references_survives_json():
    one = request(WATERCOLOR, replace(PICTURE, weight=2.0), styles=(WeightedStyle("ink", 1),))
    data = one.to_json()
    assert data["reference_shares"] == pytest.approx([1 / 3, 2 / 3])
    assert BlendRequest.from_json(data) == one
    assert one.references[0].seed != one.references[1].seed != one.seed
