"""python -m tests.bench.blend: what tracing costs, and what a sweep saves, on the image model in use.

Each figure is a ratio of two things timed in turns in one process, so that a busy machine slows both alike; seconds
are medians. CPU seconds stand beside wall seconds: on a busy machine they are the steadier of the two.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch

from tools.blend import BlendRequest, WeightedStyle, blend
from tools.conditioning import METHODS
from tools.models import ImageModel, ModelUnavailable, load_image_model
from tools.sweep import sweep_requests

RESULTS = Path(__file__).with_name("blend.jsonl")
STYLES = (WeightedStyle("photographic style", 1.0), WeightedStyle("digital illustration", 1.0))
SUBJECT = "a red house in a meadow"
POINTS = 9


def main() -> int:
    """Run the bench, print the table, and append a dated line to blend.jsonl."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.blend", description=__doc__)
    parser.add_argument("--image-model", default="embedded")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, help="torch threads (default: torch's own choice)")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        model = load_image_model(options.image_model)
    except ModelUnavailable as error:
        print(f"python -m tests.bench.blend: {error}", file=sys.stderr)
        return 2
    print(f"{'':<44}{'ours':>16}{'against':>16}{'wall ratio':>12}{'CPU ratio':>11}", flush=True)
    rows = [show(traced_over_untraced(model, method, options.repeats)) for method in METHODS]
    rows.append(show(sweep_over_stock(model, max(1, options.repeats // 3))))
    rows.append(show(daam_over_untraced()))
    found = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {platform.processor() or platform.system()}",
        "device": str(model.device),
        "dtype": str(model.dtype),
        "threads": torch.get_num_threads(),
        "model": {"name": model.name, "sha256": model.sha256},
        "rows": rows,
    }
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")
    return 0


def show(row: dict) -> dict:
    """Print a row as soon as it is known."""
    if "skipped" in row:
        print(f"{row['what']:<44}  {row['skipped']}")
    else:
        ours, against = (f"{row[k]['wall_s']:.2f} s" for k in ("ours", "against"))
        ratios = f"{row['wall_ratio']:>12.2f}{row['cpu_ratio']:>11.2f}"
        print(f"{row['what']:<44}{ours:>16}{against:>16}{ratios}", flush=True)
    return row


def traced_over_untraced(model: ImageModel, method: str, repeats: int) -> dict:
    """The same request with and without a trace: 20 steps, one image."""
    request = BlendRequest(SUBJECT, STYLES, method, guidance_scale=model.default_guidance)
    return compare(
        f"{method}: traced / untraced (want 1.10)",
        lambda: blend(request, model),
        lambda: blend(request, model, trace=False),
        repeats,
    )


def sweep_over_stock(model: ImageModel, repeats: int) -> dict:
    """A sweep of nine points, 20 steps, untraced, against nine calls of the stock pipeline at its defaults (50)."""
    request = BlendRequest(SUBJECT, STYLES, guidance_scale=model.default_guidance)
    prompt = f"{SUBJECT}, {STYLES[0].text}, {STYLES[1].text}"

    def stock() -> None:
        for _ in range(POINTS):
            model.pipeline(prompt, generator=torch.Generator("cpu").manual_seed(0))

    return compare(
        f"sweep of {POINTS} / {POINTS} stock calls (want 0.30)",
        lambda: blend(sweep_requests(request, POINTS), model, trace=False, kind="sweep"),
        stock,
        repeats,
    )


def daam_over_untraced() -> dict:
    """DAAM 0.2.0 needs spacy and `--no-deps` beside these versions; it is timed only where someone has done that."""
    try:
        found = version("daam")
    except ImportError:
        found = "not installed"
    return {"what": "DAAM / untraced", "skipped": f"daam {found}: not timed"}


def compare(what: str, ours: Callable[[], object], against: Callable[[], object], repeats: int) -> dict:
    """Time two things in turns, once each beforehand unmeasured."""
    ours()
    against()
    timed: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
    for _ in range(repeats):
        for run, found in ((ours, timed[0]), (against, timed[1])):
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            found.append((time.perf_counter() - wall, time.process_time() - cpu))
    medians = [
        {"wall_s": statistics.median(w for w, _ in found), "cpu_s": statistics.median(c for _, c in found)}
        for found in timed
    ]
    return {
        "what": what,
        "repeats": repeats,
        "ours": medians[0],
        "against": medians[1],
        "wall_ratio": medians[0]["wall_s"] / medians[1]["wall_s"],
        "cpu_ratio": medians[0]["cpu_s"] / medians[1]["cpu_s"],
    }


if __name__ == "__main__":
    sys.exit(main())
