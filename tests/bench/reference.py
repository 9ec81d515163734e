"""python -m tests.bench.reference: what a reference costs over a plain batch of as many images, in time and memory.

A plain batch holds the reference's prompt (or, for a stored picture, the subject again) and the targets. Memory is the
peak of a process of its own for each case.
"""

import argparse
import multiprocessing
import resource
import sys
from collections.abc import Callable
from typing import Any

import torch
from PIL import Image

from tests.bench.blend import RESULTS, compare
from tests.evals.results import write_results
from tools.blend.references import Reference
from tools.blend.results import BlendRequest, WeightedStyle, blend
from tools.blend.style_prompting import StylePrompting
from tools.models import ImageModel, load_image_model

SUBJECT, OTHER, STYLE = "a red house in a meadow", "a blue boat at night", "watercolor"
NAME = "0" * 32
CASES = (("drawn", 1, False), ("drawn", 4, False), ("picture", 1, False), ("picture", 4, False), ("drawn", 1, True))


def main() -> int:
    """Run the bench, print the table, and keep the figures with the day."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.reference", description=__doc__)
    parser.add_argument("--image-model", default="embedded")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    model = load_image_model(options.image_model)
    print(f"{'':<64}{'ours':>10}{'against':>10}{'ratio':>10}{'fastest':>10}{'CPU':>10}", flush=True)
    rows = []
    for kind, targets, traced in CASES:
        what = f"{kind}, {targets} target{'s' * (targets > 1)}, {'traced' if traced else 'untraced'} (want 1.15)"
        ours, against = with_reference(model, kind, targets, traced), plain(model, targets, traced)
        row = compare(what, ours, against, options.repeats)
        if not traced:
            row |= memory(options.image_model, kind, targets)
            print(f"    peak memory {row['ours_mb']:.0f} MB / {row['against_mb']:.0f} MB = {row['memory_ratio']:.2f}")
        rows.append(row)
    machine = {"device": str(model.device), "dtype": str(model.dtype), "threads": torch.get_num_threads()}
    found = {**machine, "model": {"name": model.name, "sha256": model.sha256}, "rows": rows}
    write_results(f"reference-{model.kind}", found, RESULTS)
    return 0


def with_reference(model: ImageModel, kind: str, targets: int, traced: bool) -> Callable[[], object]:
    """A render of one reference and some targets."""
    reference = Reference(prompt=f"{OTHER}, {STYLE}", seed=99) if kind == "drawn" else Reference(image=NAME, seed=99)
    prompting = StylePrompting(pictures={NAME: Image.effect_noise((128, 128), 80).convert("RGB")})
    guidance = model.default_guidance
    requests = [
        BlendRequest(SUBJECT, (), "reference", guidance_scale=guidance, seed=seed, references=(reference,))
        for seed in range(targets)
    ]
    return lambda: blend(requests, model, trace=traced, prompting=prompting)


def plain(model: ImageModel, targets: int, traced: bool) -> Callable[[], object]:
    """A plain render of as many images as reference and targets are together."""
    guidance, style = model.default_guidance, (WeightedStyle(STYLE, 1.0),)
    requests = [
        BlendRequest(subject, style, "prompt", guidance_scale=guidance, seed=seed)
        for seed, subject in enumerate([OTHER, *[SUBJECT] * targets])
    ]
    return lambda: blend(requests, model, trace=traced)


def memory(name: str, kind: str, targets: int) -> dict[str, Any]:
    """Peak memory of each in a process of its own, in MB."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, maxtasksperchild=1) as pool:
        ours = pool.apply(_peak_mb, (name, kind, targets))
        against = pool.apply(_peak_mb, (name, None, targets))
    return {"ours_mb": ours, "against_mb": against, "memory_ratio": ours / against}


def _peak_mb(name: str, kind: str | None, targets: int) -> float:
    model = load_image_model(name)
    (with_reference(model, kind, targets, False) if kind else plain(model, targets, False))()
    scale = 1e6 if sys.platform == "darwin" else 1e3  # macOS counts bytes, Linux kilobytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


if __name__ == "__main__":
    sys.exit(main())
