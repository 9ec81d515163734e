"""python -m tests.bench.experiments: how long each experiment takes at its default size on the image model in use.

Wall seconds are told with the load that the machine had, CPU seconds beside them: what else runs disturbs those less.
Each is run once untimed before, in a small size, so that nothing is imported or compiled while the clock runs.
"""

import argparse
import os
import sys
import time
from typing import Any

import torch

from tests.bench.blend import RESULTS, SUBJECT, processor
from tests.evals.results import write_results
from tools.experiments.experiments import EXPERIMENTS, run_experiment
from tools.models import ModelUnavailable, load_image_model

STYLES = [{"text": "photographic style"}, {"text": "digital illustration"}]
WANTED_S = 10.0
"""How long an experiment may take on two cores that do nothing else."""


def main() -> int:
    """Run the bench, print its table, and keep the figures with the day."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.experiments", description=__doc__)
    parser.add_argument("--image-model", default="embedded")
    parser.add_argument("--threads", type=int, help="torch threads (default: torch's own choice)")
    parser.add_argument("--only", nargs="+", choices=EXPERIMENTS, default=list(EXPERIMENTS), help="these alone")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    try:
        model = load_image_model(options.image_model)
    except ModelUnavailable as error:
        print(f"python -m tests.bench.experiments: {error}", file=sys.stderr)
        return 2
    print(f"{'experiment (want 10 s)':<24}{'pictures':>10}{'wall':>10}{'CPU':>10}{'load':>8}", flush=True)
    rows: list[dict[str, Any]] = []
    for name in options.only:
        run_experiment(name, {"styles": STYLES, "subject": SUBJECT, "steps": 1}, model)
        load = os.getloadavg()[0]
        wall, cpu = time.perf_counter(), time.process_time()
        result = run_experiment(name, {"styles": STYLES, "subject": SUBJECT}, model)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        row = {"experiment": name, "pictures": len(result.renders), "wall_s": wall, "cpu_s": cpu, "load_average": load}
        rows.append(row)
        print(f"{name:<24}{row['pictures']:>10}{wall:>8.2f} s{cpu:>8.2f} s{load:>8.1f}", flush=True)
    write_results(
        f"experiments-{model.kind}",
        {
            "command": "python -m tests.bench.experiments",
            "processor": processor(),
            "device": str(model.device),
            "dtype": str(model.dtype),
            "threads": torch.get_num_threads(),
            "model": {"name": model.name, "sha256": model.sha256},
            "wanted_s": WANTED_S,
            "experiments": rows,
        },
        RESULTS,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
