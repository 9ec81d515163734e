"""python -m tests.bench.blend: what tracing costs and keeps, and what a sweep saves, on the image model in use.

Each figure is a ratio of two things timed in turns in one process, so that a busy machine slows both alike; seconds
and ratios are medians over the turns. Beside them stand the ratio of the two fastest runs, which what else the machine
does disturbs least, and the ratio of CPU seconds.
"""

import argparse
import io
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tests.bench import daam
from tests.bench.memory import kept_rows
from tests.evals.results import write_results
from tools.blend.methods import STYLE_METHODS as METHODS
from tools.blend.results import BlendRequest, BlendResult, WeightedStyle, blend
from tools.experiments.explained import explain
from tools.experiments.flip import measure_curves, sweep_requests
from tools.models import ImageModel, ModelUnavailable, load_image_model

RESULTS = Path(__file__).with_name("results")
STYLES = (WeightedStyle("photographic style", 1.0), WeightedStyle("digital illustration", 1.0))
SUBJECT = "a red house in a meadow"
POINTS = 9
PARTS = ("trace", "steps", "daam", "sweep", "memory")
Row = dict[str, Any]


def main() -> int:
    """Run the bench, print its tables, and keep the figures with the day."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.blend", description=__doc__)
    parser.add_argument("--image-model", default="embedded")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, help="torch threads (default: torch's own choice)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="run these parts alone")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        model = load_image_model(options.image_model)
    except ModelUnavailable as error:
        print(f"python -m tests.bench.blend: {error}", file=sys.stderr)
        return 2
    load_before = os.getloadavg()[0]
    if set(options.only) - {"memory"}:
        print(f"{'':<64}{'ours':>10}{'against':>10}{'ratio':>10}{'fastest':>10}{'CPU':>10}", flush=True)
    runs: dict[str, Callable[[], Sequence[Row]]] = {
        "trace": lambda: [traced_over_untraced(model, method, options.repeats) for method in METHODS],
        "steps": lambda: step_rows(model, max(1, options.repeats // 2)),
        "daam": lambda: daam_rows(model, options.repeats),
        "sweep": lambda: sweep_rows(model, max(1, options.repeats // 2)),
        "memory": lambda: kept_rows(model),
    }
    found = {part: runs[part]() for part in PARTS if part in options.only}
    write_results(
        f"blend-{model.kind}",
        {
            "command": "python -m tests.bench.blend",
            "processor": processor(),
            "load_average_before": load_before,
            "device": str(model.device),
            "dtype": str(model.dtype),
            "threads": torch.get_num_threads(),
            "model": {"name": model.name, "sha256": model.sha256},
            **found,
        },
        RESULTS,
    )
    return 0


def traced_over_untraced(model: ImageModel, method: str, repeats: int) -> Row:
    """The same request with and without a trace: 20 steps, one image."""
    request = BlendRequest(SUBJECT, STYLES, method, guidance_scale=model.default_guidance)
    pixels: dict[bool, list[str]] = {}

    def render(trace: bool) -> None:
        pixels[trace] = blend(request, model, trace=trace).record["pixels_sha256"]

    row = compare(f"{method}: traced / untraced (want 1.10)", lambda: render(True), lambda: render(False), repeats)
    if pixels[True] != pixels[False]:
        raise RuntimeError(f"tracing changed the pixels of {method}")
    return {**row, "same_pixels": True}


def step_rows(model: ImageModel, repeats: int) -> list[Row]:
    """A blend and its two styles alone, 20 steps, with and without the picture at each step; and how far off it is."""
    request = BlendRequest(SUBJECT, STYLES, guidance_scale=model.default_guidance)
    batch = [request, *(replace(request, styles=(style,)) for style in STYLES)]
    kept = blend(batch, model, trace=("steps",))
    n_bytes = [len(encoded(kept.beside[name])) for name in kept.measurements["steps"]["files"]]
    print(f"a sheet of {len(kept.measurements['timesteps'])} steps is {max(n_bytes) / 1e3:.0f} kB at most, as a PNG")
    off = statistics.mean(last_frame_off(kept, number) for number in range(len(batch)))
    print(f"the last frame is off the finished picture by {off:.2%} of the range on average")
    row = compare(
        "a batch of 3 with its steps / without",
        lambda: blend(batch, model, trace=("steps",)),
        lambda: blend(batch, model),
        repeats,
    )
    return [{**row, "largest_sheet_bytes": max(n_bytes), "last_frame_off": off}]


def last_frame_off(result: BlendResult, number: int) -> float:
    """Mean distance of the last frame of a sheet from the finished picture at its size, as a part of the range."""
    layout = result.measurements["steps"]
    size = layout["size_px"], layout["height_px"]
    y, x = divmod(len(layout["timesteps"]) - 1, layout["columns"])
    box = (x * size[0], y * size[1], (x + 1) * size[0], (y + 1) * size[1])
    frame = np.asarray(result.beside[layout["files"][number]].crop(box), float)
    finished = np.asarray(result.images[number].resize(size, Image.Resampling.BOX), float)
    return float(np.abs(frame - finished).mean() / 255)


def encoded(picture: Image.Image) -> bytes:
    """A picture as a PNG file."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def sweep_rows(model: ImageModel, repeats: int) -> list[Row]:
    """A sweep of nine points, 20 steps, against nine calls of the stock pipeline, and what is measured after it."""
    request = BlendRequest(SUBJECT, STYLES, guidance_scale=model.default_guidance)
    prompt = f"{SUBJECT}, {STYLES[0].text}, {STYLES[1].text}"

    def sweep(method: str = "composable") -> BlendResult:
        requests = sweep_requests(replace(request, method=method), POINTS)
        return blend(requests, model, trace=False, kind="sweep")

    def stock(**arguments: Any) -> Any:
        return model.pipeline(prompt, generator=torch.Generator("cpu").manual_seed(0), **arguments)

    like = {"num_inference_steps": request.num_inference_steps, "guidance_scale": request.guidance_scale}
    rendered = blend(sweep_requests(request, POINTS), model, kind="sweep")
    other = replace(model, kind="folder")  # whose styles no judges know
    return [
        compare("sweep of 9 / 9 stock calls at defaults, 50 steps (want 0.30)", sweep, stock, repeats, POINTS),
        compare("sweep of 9 / 9 stock calls of 20 steps", sweep, lambda: stock(**like), repeats, POINTS),
        compare(
            "sweep of 9 by `prompt` / 9 stock calls of 20 steps",
            lambda: sweep("prompt"),
            lambda: stock(**like),
            repeats,
            POINTS,
        ),
        compare(
            "the sweep's curves by the diffusion classifier / the sweep",
            lambda: measure_curves(rendered, other),
            sweep,
            1,
        ),
        compare(
            "--explain / one stock call of 20 steps", lambda: explain(request, model), lambda: stock(**like), repeats
        ),
    ]


def daam_rows(model: ImageModel, repeats: int) -> list[Row]:
    """One plain prompt under DAAM's trace and under ours, each over the same render without it."""
    request = BlendRequest(SUBJECT, STYLES[:1], "prompt", guidance_scale=model.default_guidance)
    ours = compare(
        "one plain prompt: traced / untraced",
        lambda: blend(request, model),
        lambda: blend(request, model, trace=False),
        repeats,
    )
    library = daam.import_daam()
    if library is None:
        print(f"DAAM is not installed; to compare: {daam.INSTALL}")
        return [ours]
    theirs = compare(
        "one plain prompt: under DAAM 0.2.0 / stock",
        lambda: daam.daam_heat_maps(library, model, request),
        lambda: daam.stock(model, request),
        repeats,
    )
    agreement = daam.agreement(library, model, SUBJECT, STYLES[0].text)
    for words, correlation in agreement.items():
        print(f'our heat map of "{words}" and DAAM\'s: correlation {correlation:.4f} (want .99)')
    return [ours, {**theirs, "correlation_of_heat_maps": agreement}]


def compare(what: str, ours: Callable[[], object], against: Callable[[], object], repeats: int, times: int = 1) -> Row:
    """Time two things in turns, once each beforehand unmeasured, and print the row.

    Args:
        what: What the row is called.
        ours: Run once a turn.
        against: Run once a turn.
        repeats: How many turns.
        times: How many runs of `against` one of `ours` is held against: its seconds are multiplied.
    """
    sides = (ours, against)
    timed: tuple[list[tuple[float, float]], list[tuple[float, float]]] = ([], [])
    for turn in range(repeats + 1):
        for side in (0, 1) if turn % 2 else (1, 0):
            wall, cpu = time.perf_counter(), time.process_time()
            sides[side]()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            scale = times if side else 1
            timed[side].append((scale * (time.perf_counter() - wall), scale * (time.process_time() - cpu)))
    pairs = list(zip(*timed, strict=True))[1:]  # the first turn only warms up
    walls, cpus = ([(a[i], b[i]) for a, b in pairs] for i in (0, 1))
    seconds = [statistics.median(wall[side] for wall in walls) for side in (0, 1)]
    row = {
        "what": what,
        "repeats": repeats,
        "ours_s": seconds[0],
        "against_s": seconds[1],
        "wall_ratio": statistics.median(a / b for a, b in walls),
        "fastest_ratio": min(a for a, _ in walls) / min(b for _, b in walls),
        "cpu_ratio": statistics.median(a / b for a, b in cpus),
    }
    ratios = "".join(f"{row[name]:>10.3f}" for name in ("wall_ratio", "fastest_ratio", "cpu_ratio"))
    print(f"{what:<64}{seconds[0]:>8.2f} s{seconds[1]:>8.2f} s{ratios}", flush=True)
    return row


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"


if __name__ == "__main__":
    sys.exit(main())
