"""A long day: a thousand answers and two hundred renders in one process, whose memory must not grow with them."""

from __future__ import annotations

import gc
import random
from pathlib import Path

from app.application import open_undertone
from app.settings import read_settings
from tests.trial.outcome import Row

QUESTIONS = (
    "How does Visual Style Prompting keep the style of a reference?",
    "What is FedStyle about?",
    "Which of these needs no fine-tuning?",
    "How long do I have to boil an egg?",
    "What does WSAM show, and for which networks?",
)
SETTLED = 50
MAX_GROWTH = 0.05


def run(seed: int, home: Path, *, quick: bool = False) -> list[Row]:
    return [] if quick else [answers(seed, home, 1_000), renders(seed, 200)]


def memory_mb() -> float:
    """What this process holds in memory, in MB (Linux)."""
    gc.collect()
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


def grown(row: Row, before: float, after: float) -> Row:
    row.told.append(f"{before:.0f} MB after the first {SETTLED}, {after:.0f} MB after all")
    if after > before * (1 + MAX_GROWTH):
        row.held -= 1
        row.told.append(f"grew by {after / before - 1:.1%}")
    return row


def answers(seed: int, home: Path, count: int) -> Row:
    row = Row(
        "load", f"{count:,} answers: each is given, memory grows by at most {MAX_GROWTH:.0%} after the first {SETTLED}"
    )
    chance = random.Random(seed)
    undertone = open_undertone(read_settings({}, home=home / "load"), keep=True)
    before = 0.0
    for n in range(count):
        row.attempt(f"answer {n}", lambda n=n: undertone.answer(chance.choice(QUESTIONS), f"c{n // 4}"))  # type: ignore[misc]
        if n + 1 == SETTLED:
            before = memory_mb()
    return grown(row, before, memory_mb())


def renders(seed: int, count: int) -> Row:
    from tools.blend.results import BlendRequest, WeightedStyle, blend
    from tools.models import load_image_model

    row = Row(
        "load", f"{count} renders: each is made, memory grows by at most {MAX_GROWTH:.0%} after the first {SETTLED}"
    )
    model = load_image_model("embedded")
    before = 0.0
    for n in range(count):
        styles = (WeightedStyle("watercolor", 1.0), WeightedStyle("pixel art", 1.0 + n))
        request = BlendRequest("a red house", styles, num_inference_steps=2, seed=seed + n)
        row.attempt(f"render {n}", lambda request=request: blend(request, model))  # type: ignore[misc]
        if n + 1 == SETTLED:
            before = memory_mb()
    return grown(row, before, memory_mb())
