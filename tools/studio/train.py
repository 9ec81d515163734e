"""Make the embedded image model from nothing: `python -m tools.studio.train`.

Draws scenes, trains the autoencoder, encodes the scenes, trains text encoder and UNet, trains the judges, exports, and
gives the export an autoencoder for pictures twice as large.
Each stage keeps a checkpoint in the work folder, so the same command continues a run that was cut off. With `--from`
the networks begin where an earlier edition ended. This file knows the order of the stages and what the finished folder
holds; each stage's own module knows how.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import sys
from dataclasses import asdict, fields
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers import StableDiffusionPipeline

from tools.studio.beginning import EARLIER, keep_earlier
from tools.studio.checksums import write_checksums
from tools.studio.compression import encode_scenes, load_vae, train_vae
from tools.studio.decoding import enlarge
from tools.studio.diffusion import Denoiser, load_tokenizer, train_diffusion
from tools.studio.drawings import draw
from tools.studio.fitting import Fit, Log, Workers, process_count, run_together
from tools.studio.judging import train_judges
from tools.studio.networks import sampler, save_tokenizer
from tools.studio.recipe import Ledger, Recipe
from tools.studio.vocabulary import DRAWN, WEIGHTS

STAGES = (
    ("vae", train_vae), ("latents", encode_scenes), ("diffusion", train_diffusion), ("judges", train_judges),
)  # fmt: skip
HELD_OUT_LOSS = "held_out_loss.json"


def train(recipe: Recipe, work: Path, out: Path, command: str = "", earlier: Path | None = None) -> None:
    """Run every stage that is not done yet, then export, then enlarge the pictures.

    Args:
        recipe: Sizes, rates and budget.
        work: Folder of drawings, latents, checkpoints, sheets and `train.log`.
        out: Folder that becomes the model.
        command: The command line, for the record.
        earlier: The edition to begin from, as `keep_earlier` takes it; none to begin from nothing.
    """
    work.mkdir(parents=True, exist_ok=True)
    if earlier is not None:
        keep_earlier(earlier, work)
    log = Log(work / "train.log")
    log(f"train {command or 'from Python'}: {recipe}")
    count = process_count(recipe.processes)
    draw(recipe, work, log)
    for stage, run in STAGES:
        if Ledger(work).done(stage):
            continue
        began = datetime.datetime.now()
        run_together(run, count, work, recipe, work)
        taken_s = (datetime.datetime.now() - began).total_seconds()
        ledger = Ledger(work)
        ledger.write(stage, ledger.seconds.get(stage, taken_s), done=True)
        log(f"{stage} done, {taken_s:.0f} s in this run")
    export(recipe, work, out, command)
    enlarge(out, recipe, work, command)


def export(recipe: Recipe, work: Path, out: Path, command: str = "") -> None:
    """Write the model folder from the latest checkpoints, in half precision, with its checksums and its record.

    Raises:
        FileNotFoundError: The autoencoder or the UNet has no checkpoint yet.
    """
    for needed in (work / "vae", work / "diffusion.pt"):
        if not needed.exists():
            raise FileNotFoundError(f"{needed} is not there yet: train first")
    tokenizer = load_tokenizer(work, recipe)
    model = Denoiser(tokenizer, recipe)
    fit = Fit(Denoiser(tokenizer, recipe), Workers(0, 1), recipe.unet_lr, 0.0, recipe.ema_decay)
    fit.resume(work / "diffusion.pt")
    fit.load_average(model).eval().half()
    pipeline = StableDiffusionPipeline(
        vae=load_vae(work).half(), text_encoder=model.text_encoder, tokenizer=tokenizer, unet=model.unet,
        scheduler=sampler(), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
    if out.exists():
        shutil.rmtree(out)
    pipeline.save_pretrained(out, safe_serialization=True)
    save_tokenizer(tokenizer, out / "tokenizer")
    judges = work / "judges.safetensors"
    if judges.exists():
        shutil.copy(judges, out / judges.name)
    (out / "training.json").write_text(json.dumps(record(recipe, work, command), indent=1) + "\n")
    write_checksums(out)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    Log(work / "train.log")(f"exported to {out}: {size / 1e6:.2f} MB")


def record(recipe: Recipe, work: Path, command: str) -> dict[str, object]:
    """What was trained on what, for how long, with what result."""
    ledger = Ledger(work)
    held_out, earlier = work / HELD_OUT_LOSS, work / EARLIER / "training.json"
    return {
        "command": command,
        "begun_from": json.loads(earlier.read_text())["command"] if earlier.exists() else None,
        "finished": datetime.date.today().isoformat(),
        "recipe": recipe.as_dict(),
        **asdict(DRAWN),
        "seconds": ledger.seconds,
        "stages": ledger.facts,
        "held_out_loss": json.loads(held_out.read_text()) if held_out.exists() else None,
        "versions": {
            "python": platform.python_version(), "torch": torch.__version__, "diffusers": diffusers.__version__,
            "transformers": transformers.__version__,
        },
        "machine": f"{platform.machine()}, {os.cpu_count()} cores"
        + (f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""),
    }  # fmt: skip


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    defaults = {field.name: field.default for field in fields(Recipe)}
    parser = argparse.ArgumentParser(prog="python -m tools.studio.train", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=defaults["minutes"], help="budget of the whole run")
    parser.add_argument("--until", metavar="HH:MM", help="end the diffusion stage at this time at the latest")
    parser.add_argument("--work", type=Path, default=Path(".undertone/studio"), help="checkpoints, drawings, log")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the finished model goes")
    parser.add_argument("--from", dest="earlier", type=Path, metavar="FOLDER", help="an edition to begin from")
    parser.add_argument("--scenes", type=int, default=defaults["scenes"], help="scenes to draw, each in every style")
    parser.add_argument("--seed", type=int, default=defaults["seed"])
    parser.add_argument("--steps", type=int, help="end every stage after this many steps instead")
    parser.add_argument("--export-only", action="store_true", help="export the latest checkpoints and train nothing")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Train or export; exit status 0, or 2 with one line on stderr for unusable input."""
    flags = parse(arguments)
    command = " ".join(["python -m tools.studio.train", *arguments])
    try:
        recipe = Recipe(
            minutes=flags.minutes, until=flags.until, seed=flags.seed, steps=flags.steps, scenes=flags.scenes
        )
        recipe = recipe.continued() if flags.earlier else recipe
        if flags.export_only:
            export(recipe, flags.work, flags.out, command)
        else:
            train(recipe, flags.work, flags.out, command, flags.earlier)
    except (ValueError, FileNotFoundError) as error:
        print(f"tools.studio.train: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
