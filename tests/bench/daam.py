"""DAAM 0.2.0 on the image model in use: what its tracing costs, and whether our heat maps agree with its own.

It is no dependency: its releases ended, and it would bring spacy, matplotlib and pycocotools, none of which its tracing
needs. Where `import daam` works it is timed; INSTALL says how to make it work without touching the environment.
"""

import importlib.util
import sys
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import torch

from tools.blend.results import BlendRequest, WeightedStyle, blend
from tools.models import ImageModel

INSTALL = "pip install --no-deps --target /tmp/daam daam==0.2.0, then PYTHONPATH=/tmp/daam make bench"
UNUSED = ("spacy", "spacy.tokens", "matplotlib", "matplotlib.pyplot")
"""What DAAM imports beside what a trace needs."""


def import_daam() -> ModuleType | None:
    """Import DAAM, with stand-ins for what it imports and does not need here; None where it is not installed."""
    if importlib.util.find_spec("daam") is None:
        return None
    missing = [name for name in UNUSED if importlib.util.find_spec(name.partition(".")[0]) is None]
    sys.modules.update({name: MagicMock() for name in missing})
    try:
        return importlib.import_module("daam")
    finally:
        for name in missing:
            del sys.modules[name]


def daam_heat_maps(daam: Any, model: ImageModel, request: BlendRequest) -> tuple[torch.Tensor, Any]:
    """Render a request of one style by the stock pipeline under DAAM's trace: its maps (tokens, h, w), the image."""
    cells = int(model.pipeline.unet.config.sample_size) ** 2
    with daam.trace(model.pipeline) as tracer:
        # DAAM takes every model for one of 512 or 768 px; told the latents' true size, it scales all maps to that
        for hooker in (tracer, *tracer.module):
            hooker.latent_hw = cells
        image = stock(model, request)
        maps = tracer.compute_global_heat_map().heat_maps
    for name in ("check_inputs", "run_safety_checker"):  # it leaves these on the pipeline
        vars(model.pipeline).pop(name, None)
    return maps, image


def stock(model: ImageModel, request: BlendRequest) -> Any:
    """Render a request of one style by the stock pipeline alone."""
    return model.pipeline(
        f"{request.subject}, {request.styles[0].text}",
        num_inference_steps=request.num_inference_steps,
        guidance_scale=request.guidance_scale,
        generator=torch.Generator("cpu").manual_seed(request.seed),
    ).images[0]


def agreement(daam: Any, model: ImageModel, subject: str, style: str) -> dict[str, float]:
    """Correlation of our heat maps with DAAM's own: of the subject and of the style, in one plain prompt."""
    request = BlendRequest(subject, (WeightedStyle(style, 1.0),), "prompt", guidance_scale=model.default_guidance)
    theirs, _ = daam_heat_maps(daam, model, request)
    ours = blend(request, model).arrays["heat_maps_0"]
    found = {}
    for column, words, before in ((0, subject, ""), (1, style, f"{subject}, ")):
        # the start token comes first; ours is the sum over a phrase's tokens and theirs the mean: a matter of scale
        start = 1 + len(model.pipeline.tokenizer.tokenize(before))
        tokens = slice(start, start + len(model.pipeline.tokenizer.tokenize(words)))
        found[words] = float(np.corrcoef(ours[column].flatten(), theirs[tokens].mean(0).numpy().flatten())[0, 1])
    return found
