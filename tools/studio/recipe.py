"""Every number of the training recipe, and the clock that turns a budget of minutes into a schedule.

Knows nothing about images, networks or processes: the stages ask it how large, how long and how far.
"""

import dataclasses
import datetime
import json
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Recipe:
    """What to train, on how much, for how long. Channel counts are chosen for two CPU cores.

    Args:
        decoder_kept: How far the larger decoder goes from where its training began to where it ended. Half of the way
            leaves behind strokes where none belong; only where the latents stayed the same does that lie between two
            decoders of one thing.
    """

    minutes: float = 170.0
    until: str | None = None
    seed: int = 0
    steps: int | None = None
    processes: int = 0

    scenes: int = 8000
    held_out_scenes: int = 160
    held_out_seed: int = 10_000_000
    draw_share: float = 0.06

    vae_share: float = 0.17
    vae_channels: tuple[int, ...] = (32, 32, 96, 128)
    vae_groups: int = 8
    vae_lr: float = 3e-3
    vae_crop_px: int = 64
    vae_crop_share: float = 0.66
    vae_batch_crops: int = 10
    vae_batch_images: int = 3

    text_width: int = 128
    text_layers: int = 4
    text_heads: int = 4
    context_tokens: int = 77
    unet_channels: tuple[int, ...] = (64, 96, 160)
    unet_groups: int = 32
    unet_heads: int = 2
    unet_lr: float = 1.5e-3
    images_per_batch: int = 12
    noises_per_image: int = 2
    caption_dropout: float = 0.10
    min_snr: float = 5.0
    ema_decay: float = 0.998

    judges_share: float = 0.03
    judges_channels: tuple[int, ...] = (24, 48, 80, 112)
    judges_lr: float = 2e-3
    judges_batch: int = 32
    judges_rebuilt_scenes: int = 240

    decoder_share: float = 0.28
    encoder_share: float = 0.04
    picture_scenes: int = 1352
    picture_renders: int = 1024
    picture_channels: tuple[int, ...] = (32, 32, 32, 96, 128)
    picture_lr: float = 2e-3
    picture_batch: int = 3
    picture_crop_share: float = 0.85
    discriminator_lr: float = 1e-3
    adversarial: float = 0.25
    decoder_kept: float = 1.0

    checkpoint_s: float = 120.0
    sheet_s: float = 300.0

    def __post_init__(self) -> None:
        if self.until is not None:
            datetime.time.fromisoformat(self.until)

    def continued(self) -> "Recipe":
        """The recipe of a run that begins from an earlier edition: smaller steps, and fewer drawings of each size."""
        return dataclasses.replace(
            self, scenes=min(self.scenes, 5000), vae_lr=self.vae_lr / 2, unet_lr=0.8 * self.unet_lr,
            picture_lr=0.6 * self.picture_lr, draw_share=0.09, vae_share=0.12, judges_share=0.05, decoder_share=0.23,
            encoder_share=0.03, picture_scenes=592, picture_renders=768,
        )  # fmt: skip

    def stage_seconds(self, stage: str, used_s: dict[str, float]) -> float:
        """Seconds that `stage` may take in all, given what the other stages have taken.

        The diffusion stage gets what is left, since samples are what it is short of.
        """
        total_s = self.minutes * 60
        shares = {
            "draw": self.draw_share, "vae": self.vae_share, "judges": self.judges_share,
            "decoder": self.decoder_share, "encoder": self.encoder_share,
        }  # fmt: skip
        if stage in shares:
            return total_s * shares[stage]
        others_s = sum(used_s.get(name, 0.0) for name in ("draw", "vae", "latents"))
        after = self.judges_share + self.decoder_share + self.encoder_share
        return max(60.0, total_s * (1 - after) - others_s)

    def seconds_until(self, now: datetime.datetime | None = None) -> float:
        """Seconds to the wall-clock time `until` (today or tomorrow), infinite without one."""
        if self.until is None:
            return float("inf")
        now = now or datetime.datetime.now()
        end = datetime.datetime.combine(now.date(), datetime.time.fromisoformat(self.until))
        seconds = (end - now).total_seconds()
        return seconds if seconds > -12 * 3600 else seconds + 24 * 3600

    def as_dict(self) -> dict[str, object]:
        """The recipe as plain values for `training.json`."""
        return dataclasses.asdict(self)


class Ledger:
    """Seconds and facts that each stage has used and found so far, kept in `work/ledger.json`."""

    def __init__(self, work: Path) -> None:
        self.path = work / "ledger.json"
        self.seconds: dict[str, float] = {}
        self.facts: dict[str, dict[str, object]] = {}
        if self.path.exists():
            kept = json.loads(self.path.read_text())
            self.seconds, self.facts = kept["seconds"], kept["facts"]

    def write(self, stage: str, seconds: float, **facts: object) -> None:
        """Keep what `stage` has taken in all, in seconds, and what it found."""
        self.seconds[stage] = round(seconds, 1)
        self.facts.setdefault(stage, {}).update(facts)
        half = self.path.with_suffix(".part")
        half.write_text(json.dumps({"seconds": self.seconds, "facts": self.facts}, indent=1))
        half.replace(self.path)

    def done(self, stage: str) -> bool:
        """Whether `stage` has ended, by its budget or by its steps."""
        return bool(self.facts.get(stage, {}).get("done"))


class Schedule:
    """How far a stage is, from 0 to 1: by steps where a number was given, by seconds otherwise."""

    def __init__(self, recipe: Recipe, budget_s: float, used_s: float, capped: bool = True) -> None:
        self.steps = recipe.steps
        self.used_s = used_s
        self.budget_s = max(1.0, budget_s)
        self.began = time.monotonic()
        self.ends_in_s = recipe.seconds_until() if capped else float("inf")

    @property
    def elapsed_s(self) -> float:
        """Seconds spent on the stage, earlier runs included."""
        return self.used_s + time.monotonic() - self.began

    def progress(self, step: int) -> float:
        """Fraction of the stage done before step number `step`."""
        if self.steps is not None:
            return step / self.steps
        budget_s = min(self.budget_s, self.used_s + self.ends_in_s)
        return self.elapsed_s / max(1.0, budget_s)


def rate(peak: float, progress: float, warm: float, cool: float) -> float:
    """Learning rate: linear warm-up over the first `warm`, cosine-free linear cool-down over the last `cool`."""
    if progress < warm:
        return peak * max(0.01, progress / warm)
    if progress > 1 - cool:
        return peak * max(0.01, (1 - progress) / cool)
    return peak
