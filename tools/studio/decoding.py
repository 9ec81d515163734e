"""Pictures at their own size: an autoencoder one level deeper than the one whose latents the UNet learned.

The decoder makes a picture of PICTURE_PX out of the latents of one of SIZE_PX. L1 alone blurs what latents do not
settle; a discriminator (`critic.py`) makes the decoder decide. It judges renders beside reconstructions, since renders
are what people see. The encoder learns last, to find the same latents in the larger picture.

`python -m tools.studio.decoding` does this for the model in `tools/studio/weights`, and `make train` does it last.
Nothing here changes the UNet or the text encoder.
"""

import argparse
import json
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image
from torch import nn
from torch.nn import functional as F

from tools.studio.beginning import EARLIER, earlier_vae
from tools.studio.checksums import write_checksums
from tools.studio.compression import LATENT_PX, decibels, picture_loss, to_pictures
from tools.studio.critic import Discriminator, Sharpness
from tools.studio.fitting import Fit, Log, Workers, process_count, run_together
from tools.studio.networks import build_vae
from tools.studio.pairs import Examples, draw_pairs, sample_renders
from tools.studio.recipe import Ledger, Recipe, Schedule, rate
from tools.studio.scenes import PICTURE_PX
from tools.studio.vocabulary import WEIGHTS, trained_vocabulary

ROUGHNESS = 0.05
"""Deviation of the noise that a drawing's latents, of variance 1, get: a render's are never quite a drawing's."""
HEARD_AT, HEARD = (0.02, 0.08, 0.70, 0.85), (0.0, 1.0, 1.0, 0.5)
"""How much the discriminator is heard, by shares of the decoder's training: it begins textures, and L1 clears them."""


class Half(nn.Module):
    """One half of an autoencoder, with the 1x1 convolution that belongs to it."""

    def __init__(self, vae: AutoencoderKL, which: str) -> None:
        super().__init__()
        self.which = which
        self.body = vae.decoder if which == "decoder" else vae.encoder
        self.quant = vae.post_quant_conv if which == "decoder" else vae.quant_conv

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """Latents (N, 4, h, w) to a signal, or a signal to the latents' means."""
        made: torch.Tensor = self.body(self.quant(given)) if self.which == "decoder" else self.quant(self.body(given))
        return made if self.which == "decoder" else made[:, :4]


def first_deep(work: Path, recipe: Recipe) -> AutoencoderKL:
    """The autoencoder of the large pictures that training begins with: an earlier edition's or the small one's."""
    return earlier_vae(work, recipe.picture_channels) or deepen(_small_vae(work), recipe)


def deepen(vae: AutoencoderKL, recipe: Recipe) -> AutoencoderKL:
    """An autoencoder with one level more next to the picture, and the others as in `vae`."""
    deep = build_vae(recipe, PICTURE_PX, recipe.picture_channels)
    known, state = vae.state_dict(), deep.state_dict()
    for name in state:
        source = name
        if name.startswith("encoder.down_blocks."):
            level, rest = name.removeprefix("encoder.down_blocks.").split(".", 1)
            source = f"encoder.down_blocks.{int(level) - 1}.{rest}"
        if source in known and known[source].shape == state[name].shape:
            state[name] = known[source].clone()
    deep.load_state_dict(state)
    return deep


def loose_loss(made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """L1 on pixels and four times that on means of 4 x 4: what lies where is held to, texture less.

    Args:
        made: (N, 3, S, S) decoded picture, about -1..1.
        true: (N, 3, S, S) drawn picture, -1..1.
    """
    wrong = made - true
    return wrong.abs().mean() + 4 * F.avg_pool2d(wrong, 4).abs().mean()


def train_decoder(workers: Workers, recipe: Recipe, work: Path) -> None:
    """Train the decoder for its share of the minutes; continue from `work/decoder.pt` if there."""
    log, ledger, small = Log(work / "train.log"), Ledger(work), _small_vae(work)
    torch.manual_seed(recipe.seed)
    decoder, twin = (Half(first_deep(work, recipe), "decoder") for _ in range(2))
    twin.to(workers.device)
    count_styles = np.load(work / "pictures.npy", mmap_mode="r").shape[1]
    judge, sharpness = Discriminator(count_styles).to(workers.device), Sharpness(count_styles, workers.device)
    fit = Fit(decoder, workers, recipe.picture_lr, 1e-4, recipe.ema_decay)
    optimizer = torch.optim.Adam(judge.parameters(), lr=recipe.discriminator_lr, betas=(0.0, 0.99))
    kept = fit.resume(work / "decoder.pt")
    if kept:
        judge.load_state_dict(kept["judge"])
        sharpness.weights = kept["weights"]
    examples = Examples(small, recipe, work, workers.rank + 100 * fit.step, workers.device)
    torch.manual_seed(1000 * workers.rank + fit.step)
    schedule = Schedule(recipe, recipe.stage_seconds("decoder", ledger.seconds), kept.get("seconds", 0.0))
    progress, saved_s, mean_loss, fooled = schedule.progress(fit.step), schedule.elapsed_s, 0.0, 2.0
    while progress < 1:
        whole = progress > recipe.picture_crop_share
        cells, count = (LATENT_PX, recipe.picture_batch) if whole else (LATENT_PX // 2, 2 * recipe.picture_batch)
        true, latents, styles = examples.drawn(count, cells)
        latents = latents + ROUGHNESS * torch.randn(latents.shape).to(latents)
        rendered, seen, styles_rendered = examples.renders(max(1, count // 2), cells)
        made = decoder(torch.cat([latents, rendered]).to(fit.dtype)).float()
        styles_made = torch.cat([styles, styles_rendered])
        heard = float(np.interp(progress, HEARD_AT, HEARD))
        loss = (F.avg_pool2d(made[len(true) :], 4) - seen).abs().mean()
        loosely = heard * sharpness.weights[styles].clamp(max=1)  # what is too sharp by itself is held to its pixels
        for share, one, drawn in zip(loosely, made.split(1), true.split(1), strict=False):
            loss = loss + (share * loose_loss(one, drawn) + (1 - share) * picture_loss(one, drawn)) / len(true)
        if heard:
            sharpness.steer(workers, (made, styles_made), (true, styles))
            likely = judge(made, styles_made).mean((1, 2, 3))
            loss = loss - recipe.adversarial * heard * (sharpness.weights[styles_made] * likely).mean()
        value, progress = fit.update(
            loss, rate(recipe.picture_lr, progress, 0.02, 0.4), schedule.progress(fit.step + 1)
        )
        optimizer.zero_grad(set_to_none=True)
        wrong = F.relu(1 - judge(true, styles)).mean() + F.relu(1 + judge(made.detach(), styles_made)).mean()
        wrong.backward()
        for parameter in judge.parameters():
            workers.average(parameter.grad)
        optimizer.step()
        fooled += 0.02 * (float(wrong.detach()) - fooled)
        fit.samples += len(made) * workers.count
        mean_loss = value if mean_loss == 0 else mean_loss + 0.02 * (value - mean_loss)
        if workers.rank == 0 and (schedule.elapsed_s - saved_s > recipe.checkpoint_s or progress >= 1):
            saved_s = schedule.elapsed_s
            found_db = _compare(fit.load_average(twin), examples, work / "decoded.png")
            sharp = " ".join(f"{share:.2f}" for share in sharpness.sharpness.tolist())
            log(
                f"decoder {progress:.3f} step {fit.step} loss {mean_loss:.4f} judge {fooled:.2f} "
                f"PSNR {found_db:.2f} dB, sharp by style {sharp}"
            )
            more = {"judge": judge.state_dict(), "weights": sharpness.weights}
            fit.save(work / "decoder.pt", seconds=saved_s, **more)
            ledger.write("decoder", saved_s, steps=fit.step, samples=fit.samples, psnr_db=round(found_db, 2),
                         done=progress >= 1)  # fmt: skip
    if workers.rank == 0:
        torch.save(fit.load_average(twin).state_dict(), work / "decoder_done.pt")


def train_encoder(workers: Workers, recipe: Recipe, work: Path) -> None:
    """Train the encoder to find, in the large picture, the latents of the small one; then save the whole."""
    log, ledger, small = Log(work / "train.log"), Ledger(work), _small_vae(work)
    torch.manual_seed(recipe.seed)
    deep, last = first_deep(work, recipe), first_deep(work, recipe)
    encoder, twin = Half(deep, "encoder"), Half(last, "encoder")
    twin.to(workers.device)
    fit = Fit(encoder, workers, recipe.picture_lr, 1e-4, recipe.ema_decay, torch.float32)
    examples = Examples(small, recipe, work, workers.rank, workers.device)
    schedule = Schedule(recipe, recipe.stage_seconds("encoder", ledger.seconds), 0.0)
    progress = 0.0
    while progress < 1:
        true, latents, _ = examples.drawn(2 * recipe.picture_batch)
        loss = F.smooth_l1_loss(encoder(true), latents)
        lr = rate(recipe.picture_lr, progress, 0.02, 0.5)
        _, progress = fit.update(loss, lr, schedule.progress(fit.step + 1))
    if workers.rank == 0:
        trained = torch.load(work / "decoder_done.pt", weights_only=True)
        settle(Half(last, "decoder"), trained, recipe.decoder_kept)
        fit.load_average(twin)
        true, latents = examples.held_out()
        with torch.no_grad():
            found = torch.cat([twin(part) for part in true.split(12)])
            off = float((found - latents).square().mean())
        log(f"encoder step {fit.step}: latents off by {off:.3f} of their variance")
        last.save_pretrained(work / "picture_vae")
        ledger.write("encoder", schedule.elapsed_s, steps=fit.step, latents_off=round(off, 4), done=True)


@torch.no_grad()
def settle(begun: nn.Module, trained: dict[str, torch.Tensor], share: float) -> None:
    """Bring a network so far from where training began to where it ended, in place.

    Source: Wortsman et al. 2022, "Robust fine-tuning of zero-shot models": what lies between is better than either.
    """
    state = begun.state_dict()
    begun.load_state_dict({name: state[name].lerp(value.to(state[name]), share) for name, value in trained.items()})


@torch.no_grad()
def _compare(decoder: nn.Module, examples: Examples, path: Path) -> float:
    """PSNR in dB over the held-out drawings; a sheet of drawings above their decodings, and of renders."""
    true, latents = examples.held_out()
    made = torch.cat([decoder(part) for part in latents.split(12)])
    rows = [true[:6], made[:6], true[6:12], made[6:12], *(decoder(part) for part in examples.rendered[:12].split(6))]
    Image.fromarray(np.concatenate([np.concatenate(to_pictures(row), 1) for row in rows])).save(path)
    return float(decibels(made, true).mean())


def _small_vae(work: Path) -> AutoencoderKL:
    vae: AutoencoderKL = AutoencoderKL.from_pretrained(work / "small_vae", torch_dtype=torch.float32)
    return vae.eval()


def enlarge(folder: Path, recipe: Recipe, work: Path, command: str) -> None:
    """Give a finished model the deeper autoencoder, and note in its `training.json` what that took.

    Args:
        folder: The model, whose autoencoder has one level less; or the deeper one already, where `work` holds the small
            one that it was made of (`small_vae`): then it is trained on.
        recipe: Sizes, rates and shares of the minutes.
        work: Folder of drawings, checkpoints and `train.log`.
        command: The command line, for the record.

    Raises:
        FileNotFoundError: There is no model in `folder`.
        ValueError: Its autoencoder makes pictures of another size already.
    """
    small, log = work / "small_vae", Log(work / "train.log")
    if not (folder / "vae" / "config.json").exists():
        raise FileNotFoundError(f"there is no model in {folder}: train first")
    levels = json.loads((folder / "vae" / "config.json").read_text())["block_out_channels"]
    if not small.exists():
        if len(levels) != len(recipe.picture_channels) - 1:
            raise ValueError(f"the autoencoder in {folder} has {len(levels)} levels and is not made deeper")
        shutil.copytree(folder / "vae", small)
    elif len(levels) == len(recipe.picture_channels):  # the deeper one, of the same latents, is trained on
        recipe = replace(recipe, decoder_kept=0.5)
        if not (work / EARLIER / "vae").exists():
            shutil.copytree(folder / "vae", work / EARLIER / "vae")
    draw_pairs(_small_vae(work), trained_vocabulary(folder), recipe, work, log)
    sample_renders(folder, recipe, work, log)
    count = process_count(recipe.processes)
    for stage, run in (("decoder", train_decoder), ("encoder", train_encoder)):
        if not Ledger(work).done(stage):
            run_together(run, count, work, recipe, work)
    AutoencoderKL.from_pretrained(work / "picture_vae").half().save_pretrained(folder / "vae")
    config = json.loads((folder / "vae" / "config.json").read_text())
    config.pop("_name_or_path", None)  # where it lay while it was trained
    (folder / "vae" / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    ledger = Ledger(work)
    made = json.loads((folder / "training.json").read_text())
    made["pictures"] = {
        "command": command, "recipe": asdict(recipe),
        "seconds": {stage: ledger.seconds[stage] for stage in ("decoder", "encoder")},
        "stages": {stage: ledger.facts[stage] for stage in ("decoder", "encoder")},
    }  # fmt: skip
    (folder / "training.json").write_text(json.dumps(made, indent=1) + "\n")
    write_checksums(folder)
    log(f"{folder} makes pictures of {PICTURE_PX} px")


def main(arguments: list[str]) -> int:
    """Train or continue; exit status 0, or 2 with one line on stderr for unusable input."""
    parser = argparse.ArgumentParser(prog="python -m tools.studio.decoding", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="budget of decoder and encoder together")
    parser.add_argument("--model", type=Path, default=WEIGHTS, help="the model whose autoencoder is replaced")
    parser.add_argument("--work", type=Path, default=Path(".undertone/studio"), help="drawings, checkpoints, log")
    flags = parser.parse_args(arguments)
    flags.work.mkdir(parents=True, exist_ok=True)
    recipe = replace(Recipe(minutes=flags.minutes).continued(), decoder_share=0.98, encoder_share=0.02)
    try:
        enlarge(flags.model, recipe, flags.work, " ".join(["python -m tools.studio.decoding", *arguments]))
    except (ValueError, FileNotFoundError) as error:
        print(f"tools.studio.decoding: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
