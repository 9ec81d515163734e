"""Train the style encoder on the public set: `make train-style`, or `python -m tools.style_search.training`.

The public set is 60 drawn scenes in six plain styles and their reconstructions by the embedded autoencoder, without
which renders would look like a style of their own. No hand's work is among it. A run that was cut off goes on from its
checkpoint.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from tools.devices import cpu_has_fast_bfloat16
from tools.models import load_image_model
from tools.studio.fitting import Log
from tools.studio.vocabulary import BASIC
from tools.style_search.contrast import contrastive_loss
from tools.style_search.encoder import CROP_PX, SIDE_PX, STATISTICS, WEIGHTS, StyleEncoder, save_encoder
from tools.style_search.hands import draw_scenes
from tools.style_search.made_up import MadeUp, apply, make_up
from tools.style_search.public import PUBLIC, PublicSet, fit_head, save_public

STYLES = len(BASIC.styles)
SCENES, FIRST_SCENE = 60, 1000
STEPS, BATCH_STYLES, EACH = 1400, 24, 4
BANK_STYLES, BANK_EACH = 120, 6
HEAD_STEPS = 1500
CHECKPOINT_STEPS = 50
WORK = Path(".undertone") / "style_search"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.style_search.training", description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=WORK, help="where drawings and checkpoints are kept")
    parser.add_argument("--out", type=Path, default=WEIGHTS.parent, help="the folder of the finished weights")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # a second thread gains little on maps this small, and loses all beside another process
    options.work.mkdir(parents=True, exist_ok=True)
    log = Log(options.work / "train.log")
    began = time.monotonic()
    drawn = public_pictures(options.work, log)
    encoder, seconds = train_trunk(drawn, options.steps, options.seed, options.work, log)
    public = public_statistics(encoder, drawn, options.seed)
    loss = fit_head(encoder, public, HEAD_STEPS, options.seed)
    save_encoder(encoder, options.out / WEIGHTS.name)
    save_public(public, options.out / PUBLIC.name)
    facts = {
        "steps": options.steps,
        "seed": options.seed,
        "trunk_seconds": round(seconds),
        "seconds_of_this_run": round(time.monotonic() - began),
        "head_loss": round(loss, 4),
        "parameters": sum(value.numel() for value in encoder.parameters()),
    }
    (options.out / "training.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    log(f"done: {facts}")


def public_pictures(work: Path, log: Log) -> np.ndarray:
    """The public set, (2, scenes, styles, SIDE_PX, SIDE_PX, 3) uint8: as drawn, then as the autoencoder rebuilds it."""
    path = work / "public.npy"
    if path.exists():
        return np.load(path)
    drawn = draw_scenes(FIRST_SCENE, SCENES)
    log(f"drew {SCENES} scenes")
    flat = drawn.reshape(-1, SIDE_PX, SIDE_PX, 3)
    rebuilt = np.concatenate([rebuild(flat[start : start + 12]) for start in range(0, len(flat), 12)])
    both = np.stack([drawn, rebuilt.reshape(drawn.shape)])
    draft = work / "public.draft.npy"
    np.save(draft, both)
    draft.replace(path)
    log(f"rebuilt {len(flat)} pictures")
    return both


@torch.no_grad()
def rebuild(pictures: np.ndarray) -> np.ndarray:
    """Pictures after the embedded image model's autoencoder, which sees them at its own size, (N, S, S, 3) uint8."""
    model = load_image_model("embedded")
    vae: Any = model.pipeline.vae
    signal = torch.from_numpy(pictures.copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
    large = F.interpolate(signal, size=(model.size_px,) * 2, mode="bicubic").clamp(-1, 1)
    made = vae.decode(vae.encode(large.to(vae.device)).latent_dist.mean).sample.cpu()
    made = F.interpolate(made, size=pictures.shape[1:3], mode="area")
    return np.asarray(((made.clamp(-1, 1) + 1) * 127.5).round().permute(0, 2, 3, 1).to(torch.uint8).numpy())


def train_trunk(drawn: np.ndarray, steps: int, seed: int, work: Path, log: Log) -> tuple[StyleEncoder, float]:
    """Train trunk and head together on crops in made-up styles; continue from its checkpoint in `work` if there.

    Returns:
        The encoder, and the seconds that its steps took.
    """
    torch.manual_seed(seed)
    encoder = StyleEncoder()
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=2e-3, weight_decay=0.01)
    kept, step, seconds = work / f"trunk-{seed}-{steps}.pt", 0, 0.0
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        encoder.load_state_dict(state["encoder"])
        optimizer.load_state_dict(state["optimizer"])
        step, seconds = state["step"], state["seconds"]
    half = torch.autocast("cpu", torch.bfloat16) if cpu_has_fast_bfloat16() else nullcontext()
    began = time.monotonic() - seconds
    while step < steps:
        rng = torch.Generator().manual_seed(seed * 1_000_003 + step)
        signal, labels = _batch(drawn, rng)
        with half:
            raw = encoder.raw_statistics(signal)
        deviation, mean = torch.std_mean(raw, dim=0)
        loss = contrastive_loss(encoder.project((raw - mean) / (deviation + 1e-3)), labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / steps))
        optimizer.step()
        step += 1
        if step % CHECKPOINT_STEPS == 0 or step == steps:
            seconds = time.monotonic() - began
            log(f"trunk step {step}/{steps} loss {float(loss.detach()):.3f} {seconds:.0f} s")
            state = {"encoder": encoder.state_dict(), "optimizer": optimizer.state_dict()}
            draft = kept.with_suffix(".draft")
            torch.save({**state, "step": step, "seconds": seconds}, draft)
            draft.replace(kept)
    return encoder.eval(), seconds


def _batch(drawn: np.ndarray, rng: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Crops of different scenes, EACH in each of BATCH_STYLES styles: (N, 3, CROP_PX, CROP_PX); and their styles."""
    count = BATCH_STYLES * EACH
    which = torch.arange(BATCH_STYLES).repeat_interleave(EACH)
    plain = torch.randint(STYLES, (BATCH_STYLES,), generator=rng)[which]
    scenes = torch.stack([torch.randperm(SCENES, generator=rng)[:EACH] for _ in range(BATCH_STYLES)]).flatten()
    rebuilt = torch.randint(2, (count,), generator=rng)
    tops, lefts = (torch.randint(0, SIDE_PX - CROP_PX + 1, (count,), generator=rng).tolist() for _ in range(2))
    whole = drawn[rebuilt.numpy(), scenes.numpy(), plain.numpy()]
    crops = [p[top : top + CROP_PX, left : left + CROP_PX] for p, top, left in zip(whole, tops, lefts, strict=True)]
    pictures = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255
    styles = make_up(BATCH_STYLES, rng)
    unchanged = _unchanged(styles)
    labels = torch.where(unchanged[which], plain, which + STYLES)  # plain styles are one class wherever they occur
    return apply(styles, which, pictures, rng), labels


def _unchanged(styles: MadeUp) -> torch.Tensor:
    return styles.mixing.abs().amax((1, 2)) == 0


@torch.no_grad()
def public_statistics(encoder: StyleEncoder, drawn: np.ndarray, seed: int) -> PublicSet:
    """The statistics of the public pictures, plain and in made-up styles; the plain ones settle the scale."""
    rng = torch.Generator().manual_seed(seed + 77)
    flat = torch.from_numpy(drawn.reshape(-1, SIDE_PX, SIDE_PX, 3))
    plain = torch.arange(STYLES).repeat(2 * SCENES)
    raw = _raw(encoder, flat.permute(0, 3, 1, 2).float() / 127.5 - 1)
    styles = make_up(BANK_STYLES, rng)
    which = torch.arange(BANK_STYLES).repeat_interleave(BANK_EACH)
    base = torch.randint(STYLES, (BANK_STYLES,), generator=rng)[which]
    scene = torch.stack([torch.randperm(2 * SCENES, generator=rng)[:BANK_EACH] for _ in range(BANK_STYLES)]).flatten()
    pictures = flat[scene * STYLES + base].permute(0, 3, 1, 2).float() / 255
    made = _raw(encoder, apply(styles, which, pictures, rng))
    encoder.centre.copy_(raw.mean(0))
    encoder.spread.copy_(raw.std(0) + 1e-3)
    statistics = (torch.cat([raw, made]) - encoder.centre) / encoder.spread
    labels = torch.cat([plain, torch.where(_unchanged(styles)[which], base, which + STYLES)])
    return PublicSet(statistics.to(torch.float16).float(), labels)


def _raw(encoder: StyleEncoder, signal: torch.Tensor) -> torch.Tensor:
    """Mean statistics over the five crops of (N, 3, SIDE_PX, SIDE_PX) pictures."""
    last = SIDE_PX - CROP_PX
    places = ((0, 0), (0, last), (last, 0), (last, last), (last // 2, last // 2))
    parts = []
    for some in signal.split(32):
        crops = [some[:, :, top : top + CROP_PX, left : left + CROP_PX] for top, left in places]
        found = encoder.raw_statistics(torch.cat(crops))
        parts.append(found.view(len(places), len(some), STATISTICS).mean(0))
    return torch.cat(parts)


if __name__ == "__main__":
    main()
