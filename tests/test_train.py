"""The training recipe on tiny networks: every stage runs, resumes, exports and renders."""

import dataclasses
import datetime
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from safetensors.torch import load_file
from transformers import CLIPTextModel, CLIPTokenizer

from tools.studio import beginning, decoding, pairs
from tools.studio import train as train_module
from tools.studio.captions import DRAWN_PHRASES, phrases_for
from tools.studio.diffusion import Denoiser, snr_weights, spread_times
from tools.studio.fitting import Fit, Workers, orthogonal
from tools.studio.judges import judge, load_judges
from tools.studio.networks import (
    build_text_encoder,
    build_tokenizer,
    build_vae,
    fold_whitening,
    save_tokenizer,
    training_noise,
)
from tools.studio.recipe import Ledger, Recipe, Schedule, rate
from tools.studio.vocabulary import DRAWN, trained_vocabulary

TINY = Recipe(
    steps=20, processes=1, scenes=3, held_out_scenes=4, vae_channels=(8, 8, 16, 16), vae_batch_crops=2,
    vae_batch_images=1, text_width=16, text_layers=1, text_heads=2, unet_channels=(16, 16, 32), unet_groups=8,
    images_per_batch=2, judges_channels=(8, 8, 16, 16), judges_batch=4, judges_rebuilt_scenes=2, picture_scenes=2,
    picture_renders=12, picture_channels=(8, 8, 8, 16, 16), picture_batch=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A work folder and a model folder after twenty steps of every stage."""
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("studio")
    train_module.train(TINY, root / "work", root / "weights", "a test")
    return root / "work", root / "weights"


def test_the_exported_pipeline_renders(trained: tuple[Path, Path]) -> None:
    pipeline = StableDiffusionPipeline.from_pretrained(trained[1], safety_checker=None, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    images = pipeline("a red house, photographic style", num_inference_steps=2, output_type="np").images
    assert images.shape == (1, 256, 256, 3)
    assert np.isfinite(images).all()
    assert pipeline.vae_scale_factor == 16
    assert pipeline.vae.config.scaling_factor == 1.0


def test_the_exported_folder_is_half_precision_and_summed(trained: tuple[Path, Path]) -> None:
    folder = trained[1]
    listed = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {"SHA256SUMS"}
    assert set(listed) == present
    assert all(hashlib.sha256((folder / name).read_bytes()).hexdigest() == hexes for name, hexes in listed.items())
    for weights in folder.rglob("*.safetensors"):
        assert all(tensor.dtype == torch.float16 for tensor in load_file(weights).values()), weights
    record = json.loads((folder / "training.json").read_text())
    assert record["stages"]["diffusion"]["steps"] == 20
    assert {"loss", "samples"} <= set(record["stages"]["diffusion"])
    assert "psnr_db" in record["stages"]["vae"]
    assert record["pictures"]["stages"]["decoder"]["steps"] == record["pictures"]["stages"]["encoder"]["steps"] == 20
    assert set(record["stages"]["judges"]["accuracy_drawn"]) == {
        "style", "object", "colour", "setting", "left", "beside",
    }  # fmt: skip


def test_judges_give_probabilities_in_label_order(trained: tuple[Path, Path]) -> None:
    path = trained[1] / "judges.safetensors"
    assert path.stat().st_size < 1_000_000
    images = np.random.default_rng(0).integers(0, 256, (3, 128, 128, 3), np.uint8)
    answers = judge(images, path)
    for name, labels in load_judges(path).labels.items():
        assert answers[name].shape == (3, len(labels))
        assert np.allclose(answers[name].sum(-1), 1, atol=1e-5)
    assert np.allclose(judge(images[1:2], path)["style"], answers["style"][1:2], atol=1e-5)
    doubled = images.repeat(2, axis=1).repeat(2, axis=2)
    assert (judge(doubled, path)["object"] == answers["object"]).all(), (
        "larger pictures are averaged to the judges' size"
    )
    with pytest.raises(ValueError, match="multiple of 128"):
        judge(images[:, :100, :100], path)
    with pytest.raises(ValueError, match="uint8"):
        judge(images.astype(np.float32), path)  # type: ignore[arg-type]


def test_a_finished_run_trains_nothing_again(trained: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    work, out = trained
    before = (out / "unet" / "diffusion_pytorch_model.safetensors").read_bytes()

    def refuse(*_: object) -> None:
        raise AssertionError("a finished stage ran again")

    monkeypatch.setattr(train_module, "run_together", refuse)
    train_module.train(TINY, work, out, "again")
    assert (out / "unet" / "diffusion_pytorch_model.safetensors").read_bytes() == before


def test_a_trained_model_says_itself_what_it_knows(trained: tuple[Path, Path]) -> None:
    vocabulary = trained_vocabulary(trained[1])
    assert vocabulary == DRAWN
    assert phrases_for(trained[1], vocabulary) == DRAWN_PHRASES, "its tokenizer knows every word of every caption"
    assert load_judges(trained[1] / "judges.safetensors").labels["beside"] == (*DRAWN.objects, "nothing")


def test_a_model_is_enlarged_with_what_it_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"styles": ["watercolor"], "objects": ["cat"], "colours": ["red"], "settings": ["snow"]}
    (tmp_path / "model" / "vae").mkdir(parents=True)
    (tmp_path / "model" / "training.json").write_text(json.dumps(known))
    (tmp_path / "model" / "vae" / "config.json").write_text(json.dumps({"block_out_channels": [8, 8, 16, 16]}))
    build_vae(TINY, 128).save_pretrained(tmp_path / "model" / "vae")
    (tmp_path / "work").mkdir()
    recipe = dataclasses.replace(TINY, picture_scenes=1)
    monkeypatch.setattr(pairs, "HELD_OUT", 1)

    class Stop(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stop

    monkeypatch.setattr(decoding, "sample_renders", stop)
    with pytest.raises(Stop):
        decoding.enlarge(tmp_path / "model", recipe, tmp_path / "work", "a test")
    assert np.load(tmp_path / "work" / "pictures.npy").shape == (2, 1, 256, 256, 3)


def test_a_sheet_shows_every_style(trained: tuple[Path, Path]) -> None:
    sheet = Image.open(next((trained[0] / "sheets").glob("*.png")))
    assert sheet.size == (4 * 128, len(DRAWN.styles) * 128)


def test_export_before_training_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train_module.main(["--export-only", "--work", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "train first" in capsys.readouterr().err
    assert train_module.main(["--until", "noon", "--work", str(tmp_path)]) == 2


def test_every_training_word_is_one_token() -> None:
    tokenizer = build_tokenizer(DRAWN_PHRASES.words(), Recipe())
    for word in DRAWN_PHRASES.words():
        assert len(tokenizer.tokenize(word)) == 1, word
    for stranger in ("zeppelin", "naïve", "雪", "🙂"):
        ids = tokenizer(stranger).input_ids
        assert len(ids) > 3
        assert tokenizer.decode(ids, skip_special_tokens=True).strip() == stranger


def test_tokenizer_survives_its_files(tmp_path: Path) -> None:
    tokenizer = build_tokenizer(DRAWN_PHRASES.words(), Recipe())
    save_tokenizer(tokenizer, tmp_path)
    (tmp_path / "tokenizer.json").rename(tmp_path / "set_aside")
    older = type(tokenizer).from_pretrained(tmp_path)
    (tmp_path / "set_aside").rename(tmp_path / "tokenizer.json")
    again = type(tokenizer).from_pretrained(tmp_path)
    prompt = "a purple mountain at sunset, digital illustration of zeppelins"
    assert again(prompt, padding="max_length").input_ids == tokenizer(prompt, padding="max_length").input_ids
    assert older(prompt).input_ids == tokenizer(prompt).input_ids
    assert again.model_max_length == 77


def test_padding_does_not_change_the_words_before_it() -> None:
    tokenizer = build_tokenizer(DRAWN_PHRASES.words(), Recipe())
    encoder = build_text_encoder(tokenizer, Recipe()).eval()
    short = tokenizer("a red car", return_tensors="pt").input_ids
    long = tokenizer("a red car", padding="max_length", return_tensors="pt").input_ids
    with torch.no_grad():
        a, b = encoder(short).last_hidden_state, encoder(long).last_hidden_state
    assert long.shape == (1, 77)
    assert torch.allclose(a, b[:, : short.shape[1]], atol=1e-5)


def test_whitening_changes_the_latents_and_no_pixel() -> None:
    torch.manual_seed(0)
    vae = build_vae(TINY, 128).double().eval()
    with torch.no_grad():
        vae.quant_conv.weight[:4] *= torch.tensor([1.0, 3.0, 0.3, 2.0])[:, None, None, None]
        vae.quant_conv.bias[:4] += torch.tensor([1.0, -2.0, 0.5, 0.0])
        images = torch.rand(4, 3, 128, 128, dtype=torch.float64) * 2 - 1
        before = vae.decode(vae.encode(images).latent_dist.mean).sample
        flat = vae.encode(images).latent_dist.mean.permute(0, 2, 3, 1).reshape(-1, 4)
        fold_whitening(vae, flat.mean(0), torch.cov(flat.T))
        latents = vae.encode(images).latent_dist.mean
        after = vae.decode(latents).sample
    white = latents.permute(0, 2, 3, 1).reshape(-1, 4)
    assert torch.allclose(before, after, atol=1e-6)
    assert torch.allclose(white.mean(0), torch.zeros(4, dtype=torch.float64), atol=1e-6)
    assert torch.allclose(torch.cov(white.T), torch.eye(4, dtype=torch.float64), atol=1e-6)


def test_orthogonal_brings_singular_values_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((16, 90), (90, 16)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
        assert values.min() > 0.5 and values.max() < 1.3


def test_fit_learns_and_resumes(tmp_path: Path) -> None:
    def fresh() -> tuple[torch.nn.Module, Fit]:
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
        return net, Fit(net, Workers(0, 1), 1e-2, 0.0, 0.99)

    def advance(net: torch.nn.Module, fit: Fit, steps: int) -> float:
        value = 0.0
        for _ in range(steps):
            rng = torch.Generator().manual_seed(fit.step)
            x = torch.randn(64, 16, generator=rng).to(fit.flat)
            loss = (net(x).float() - x[:, :1].float()).square().mean()
            value, _ = fit.update(loss, 1e-2, 0.0)
        return value

    net, fit = fresh()
    first = advance(net, fit, 1)
    advance(net, fit, 19)
    fit.save(tmp_path / "kept.pt", seconds=3.0)
    last = advance(net, fit, 20)
    assert last < first / 2
    again_net, again = fresh()
    assert again.resume(tmp_path / "kept.pt")["seconds"] == 3.0
    assert advance(again_net, again, 20) == last
    assert torch.equal(again.master, fit.master)


def test_timesteps_are_spread_and_far_apart_within_a_caption() -> None:
    times = spread_times(24, 12, torch.Generator().manual_seed(0))
    assert times.shape == (24,) and times.min() >= 0 and times.max() < 1000
    assert len(set((times // 42).tolist())) >= 22
    gaps = (times.view(12, 2).diff(dim=1).abs() - 500).abs()
    assert gaps.max() <= 1


def test_snr_weights_never_raise_a_timestep() -> None:
    weights = snr_weights(training_noise().alphas_cumprod, 5.0)
    assert weights.max() <= 1 and weights.min() > 0
    assert weights[-1] == 1 and weights[0] < 0.05


def test_schedule_counts_steps_or_seconds() -> None:
    assert Schedule(Recipe(steps=20), 1.0, 0.0).progress(5) == 0.25
    assert 0.5 <= Schedule(Recipe(), 100.0, 50.0).progress(5) < 0.6
    assert rate(1.0, 0.5, 0.1, 0.3) == 1.0
    assert rate(1.0, 0.05, 0.1, 0.3) == pytest.approx(0.5)
    assert rate(1.0, 1.0, 0.1, 0.3) == pytest.approx(0.01)


def test_until_is_a_time_of_day() -> None:
    recipe = Recipe(until="08:05")
    assert recipe.seconds_until(datetime.datetime(2026, 1, 1, 8, 0)) == 300
    assert recipe.seconds_until(datetime.datetime(2026, 1, 1, 8, 6)) == -60
    assert recipe.seconds_until(datetime.datetime(2026, 1, 1, 23, 0)) == 9 * 3600 + 300


def test_diffusion_gets_what_the_others_leave(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.write("draw", 300, done=True)
    ledger.write("vae", 1200)
    recipe = Recipe(minutes=100)
    after = recipe.judges_share + recipe.decoder_share + recipe.encoder_share
    assert recipe.stage_seconds("diffusion", Ledger(tmp_path).seconds) == 6000 * (1 - after) - 1500
    assert Ledger(tmp_path).done("draw") and not Ledger(tmp_path).done("vae")


def test_a_run_that_begins_from_an_edition_keeps_its_words_and_networks(
    trained: tuple[Path, Path], tmp_path: Path
) -> None:
    work, edition = trained
    shutil.copytree(edition, tmp_path / "edition")
    shutil.copytree(work / "small_vae", tmp_path / "edition" / "small_vae")
    beginning.keep_earlier(tmp_path / "edition", tmp_path)
    small = beginning.earlier_vae(tmp_path, TINY.vae_channels)
    large = decoding.first_deep(tmp_path, TINY)
    kept = AutoencoderKL.from_pretrained(edition / "vae", torch_dtype=torch.float32)
    assert torch.equal(small.quant_conv.weight, decoding._small_vae(work).quant_conv.weight)
    assert torch.equal(large.decoder.conv_out.weight, kept.decoder.conv_out.weight)
    assert beginning.earlier_vae(tmp_path, (8, 8, 8, 16)) is None, "an autoencoder of other channels begins anew"
    shutil.rmtree(tmp_path / "earlier" / "vae")
    shutil.copytree(work / "small_vae", tmp_path / "small_vae")
    deepened = decoding.first_deep(tmp_path, TINY)
    assert torch.equal(deepened.quant_conv.weight, small.quant_conv.weight), "without a large one the small is deepened"

    wider = build_tokenizer((*DRAWN_PHRASES.words(), "aardvark"), TINY)
    model = Denoiser(wider, TINY)
    assert not beginning.begin_denoiser(model.text_encoder, model.unet, wider, tmp_path / "elsewhere")
    fresh = model.text_encoder.get_input_embeddings().weight.detach().clone()
    assert beginning.begin_denoiser(model.text_encoder, model.unet, wider, tmp_path)
    unet = UNet2DConditionModel.from_pretrained(edition / "unet", torch_dtype=torch.float32)
    assert all(torch.equal(value, unet.state_dict()[name]) for name, value in model.unet.state_dict().items())
    theirs = CLIPTokenizer.from_pretrained(edition / "tokenizer").get_vocab()
    known = CLIPTextModel.from_pretrained(edition / "text_encoder", dtype=torch.float32).get_input_embeddings().weight
    now = model.text_encoder.get_input_embeddings().weight
    for word in ("cat</w>", "watercolor</w>", "<|endoftext|>"):
        assert torch.equal(now[wider.get_vocab()[word]], known[theirs[word]])
    new = wider.get_vocab()["aardvark</w>"]
    assert "aardvark</w>" not in theirs and torch.equal(now[new], fresh[new])

    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="whole model"):
        beginning.keep_earlier(tmp_path / "empty", tmp_path)
