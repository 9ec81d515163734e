"""The judges' training: on drawn scenes and on their reconstructions by the autoencoder, never on renders."""

from pathlib import Path

import numpy as np
import torch

from tools.studio.beginning import begin_judges
from tools.studio.compression import load_latents, load_vae, to_pictures, to_signal
from tools.studio.drawings import Pictures, pictures, scene_of
from tools.studio.fitting import Fit, Log, Workers, compute_dtype
from tools.studio.judges import (
    BESIDE,
    COLOURLESS,
    LEFT,
    NOTHING,
    Judges,
    disturb,
    labels_of,
    questions_loss,
    save_judges,
)
from tools.studio.recipe import Ledger, Recipe, Schedule, rate
from tools.studio.scenes import SIZE_PX
from tools.studio.vocabulary import DRAWN

LABELS = labels_of(DRAWN)
HELD_OUT_REBUILT = 60


def answers_of(recipe: Recipe, count: int, held_out: bool) -> dict[str, np.ndarray]:
    """Right answers by question, (scenes, styles) int64, -1 where a question has none.

    Of two things, neither is *the* object: object and colour are asked of pictures of one, which stands on the left of
    pictures of two, and what stands beside it of all.
    """
    shape = (count, len(DRAWN.styles))
    answers = {name: np.full(shape, -1, np.int64) for name in LABELS}
    answers["style"][:] = np.arange(len(DRAWN.styles))
    for number in range(count):
        scene = scene_of(recipe, number, held_out)
        answers["setting"][number] = LABELS["setting"].index(scene.setting)
        if BESIDE in LABELS:
            answers[BESIDE][number] = LABELS[BESIDE].index(scene.beside or NOTHING)
        if scene.beside is not None:
            answers[LEFT][number] = LABELS[LEFT].index(scene.object)
        else:
            for name in ("object", "colour"):
                answers[name][number] = LABELS[name].index(getattr(scene, name))
    for style in COLOURLESS:
        answers["colour"][:, DRAWN.styles.index(style)] = -1
    return answers


@torch.no_grad()
def rebuilt(work: Path, workers: Workers, numbers: range, held_out: bool) -> Pictures:
    """Some scenes after the autoencoder: (len(numbers), styles, SIZE_PX, SIZE_PX, 3) uint8."""
    dtype = compute_dtype(workers.device)
    vae = load_vae(work).to(workers.device, dtype)
    latents = load_latents(work, held_out)[numbers.start : numbers.stop : numbers.step]
    out = np.empty((*latents.shape[:2], SIZE_PX, SIZE_PX, 3), np.uint8)
    for number, each in enumerate(latents):
        out[number] = to_pictures(vae.decode(torch.from_numpy(each).to(workers.device, dtype)).sample)
    return out


@torch.no_grad()
def accuracy(judges: Judges, images: Pictures, answers: dict[str, np.ndarray], workers: Workers) -> dict[str, float]:
    """Share of right answers by question over (scenes, styles, ...) pictures, unasked ones left out."""
    right: dict[str, list[np.ndarray]] = {name: [] for name in judges.labels}
    for number in range(len(images)):
        logits = judges(to_signal(images[number], workers.device))
        for name, values in logits.items():
            asked = answers[name][number] >= 0
            right[name].append((values.argmax(-1).cpu().numpy() == answers[name][number])[asked])
    return {name: round(float(np.concatenate(values).mean()), 4) for name, values in right.items()}


def train_judges(workers: Workers, recipe: Recipe, work: Path) -> None:
    """Train the judges; continue from `work/judges.pt` if there; leave `work/judges.safetensors`."""
    ledger, log = Ledger(work), Log(work / "train.log")
    torch.manual_seed(recipe.seed)
    judges = Judges(recipe.judges_channels, LABELS)
    begin_judges(judges, work)
    twin = Judges(recipe.judges_channels, LABELS).to(workers.device)
    fit = Fit(judges, workers, recipe.judges_lr, weight_decay=0.02, ema_decay=0.99)
    kept = fit.resume(work / "judges.pt")
    drawn = pictures(work, recipe)
    mine = range(workers.rank, min(recipe.judges_rebuilt_scenes, len(drawn)), workers.count)
    again = rebuilt(work, workers, mine, held_out=False)
    answers = answers_of(recipe, len(drawn), held_out=False)
    rng = np.random.default_rng((recipe.seed, 3, workers.rank, fit.step))
    torch_rng = torch.Generator().manual_seed(1_000_003 * (fit.step + 1) + workers.rank)
    schedule = Schedule(recipe, recipe.stage_seconds("judges", ledger.seconds), kept.get("seconds", 0.0), capped=False)
    progress, saved_s = 0.0, schedule.elapsed_s
    while progress < 1:
        styles = rng.integers(len(DRAWN.styles), size=recipe.judges_batch)
        images, asked = [], []
        for style in styles:
            if rng.random() < 0.4:
                at = int(rng.integers(len(mine)))
                images.append(again[at, style])
                asked.append(mine[at])
            else:
                asked.append(int(rng.integers(len(drawn))))
                images.append(drawn[asked[-1], style])
        true = to_signal(np.stack(images), workers.device)
        given = {name: torch.from_numpy(table[asked, styles]).to(workers.device) for name, table in answers.items()}
        signal = disturb(true, torch_rng).to(compute_dtype(workers.device))
        loss = questions_loss(judges(signal), given)
        lr = rate(recipe.judges_lr, progress, warm=0.05, cool=0.5)
        value, progress = fit.update(loss, lr, schedule.progress(fit.step + 1))
        fit.samples += len(true) * workers.count
        if workers.rank == 0 and (schedule.elapsed_s - saved_s > recipe.checkpoint_s / 2 or progress >= 1):
            saved_s = schedule.elapsed_s
            log(f"judges {progress:.3f} step {fit.step} samples {fit.samples} loss {value:.4f}")
            fit.save(work / "judges.pt", seconds=schedule.elapsed_s)
    if workers.rank == 0:
        found = finish_judges(fit.load_average(twin), recipe, work, workers, log)
        ledger.write("judges", schedule.elapsed_s, steps=fit.step, samples=fit.samples, done=True, **found)


def finish_judges(judges: Judges, recipe: Recipe, work: Path, workers: Workers, log: Log) -> dict[str, object]:
    """Score the judges on held-out scenes, as drawn and as rebuilt by the autoencoder, and save them."""
    held_out = pictures(work, recipe, held_out=True)
    answers = answers_of(recipe, len(held_out), held_out=True)
    drawn = accuracy(judges, held_out, answers, workers)
    some = range(min(HELD_OUT_REBUILT, len(held_out)))
    again = accuracy(judges, rebuilt(work, workers, some, held_out=True), answers, workers)
    log(f"judges held-out accuracy: drawn {drawn}, rebuilt by the autoencoder {again}")
    save_judges(judges, work / "judges.safetensors", drawn)
    return {"accuracy_drawn": drawn, "accuracy_rebuilt": again}
