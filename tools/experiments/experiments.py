"""Every experiment, and how one is run: planned, rendered, measured, read, and kept so that it can be made again.

Adding one is a file with a subclass of Experiment and a line in EXPERIMENTS. It knows nothing about any of them.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_origin

import numpy as np
from PIL import Image
from pydantic import ValidationError

from tools.blend.notes import notes_of_all
from tools.blend.prompts import unknown_words
from tools.blend.record import make_record, save_png
from tools.blend.requests import BlendRequest
from tools.blend.results import OnStep
from tools.blend.style_prompting import StylePrompting
from tools.experiments.base import Experiment, ExperimentArguments, Plan, Render
from tools.experiments.flip import Flip
from tools.experiments.guidance import Guidance
from tools.experiments.leave_one_out import LeaveOneOut
from tools.experiments.methods import Methods
from tools.experiments.order import Order
from tools.experiments.reference import ReferenceSwap
from tools.experiments.renders import Batches, of_one_image
from tools.experiments.results import ExperimentResult, basis_sentence, unknown_sentence
from tools.experiments.seeds import Seeds
from tools.experiments.timing import Timing
from tools.experiments.weaken import Weaken
from tools.experiments.where import Where
from tools.models import ImageModel
from tools.trace.measures import SCHEMA

EXPERIMENTS: dict[str, Experiment[Any]] = {
    experiment.name: experiment
    for experiment in (
        Flip(),
        LeaveOneOut(),
        Order(),
        Methods(),
        Timing(),
        Seeds(),
        Guidance(),
        Where(),
        Weaken(),
        ReferenceSwap(),
    )
}
KIND = "experiment"
"""What a record says it is of."""


def has_own_method(name: str) -> bool:
    """Whether an experiment blends by a method of its own, so that one that was said does not count."""
    return name in EXPERIMENTS and get_origin(EXPERIMENTS[name].arguments.model_fields["method"].annotation) is Literal


def read_arguments(name: str, given: Mapping[str, Any]) -> ExperimentArguments:
    """Check what an experiment is told.

    Raises:
        ValueError: If there is no such experiment, or its arguments cannot be used; one line.
    """
    if name not in EXPERIMENTS:
        raise ValueError(f"there is no experiment {name!r}. Choose one of: {', '.join(EXPERIMENTS)}.")
    try:
        arguments = EXPERIMENTS[name].arguments.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise ValueError(f"{where + ': ' if where else ''}{reason}.") from error
    EXPERIMENTS[name].plan(arguments)  # what does not go together is told before a model is opened
    return arguments


def run_experiment(
    name: str, arguments: ExperimentArguments | Mapping[str, Any], model: ImageModel, on_step: OnStep | None = None
) -> ExperimentResult:
    """Run an experiment.

    Args:
        name: One of EXPERIMENTS.
        arguments: Its arguments, or their JSON.
        model: What renders and is asked about.
        on_step: As in `blend`, over all of the experiment's batches.

    Raises:
        ValueError: If they cannot be used, in one line.
        BlendCancelled: If `on_step` raised it.
    """
    started = time.perf_counter()
    if not isinstance(arguments, ExperimentArguments):
        arguments = read_arguments(name, arguments)
    if arguments.guidance is None:
        arguments = arguments.model_copy(update={"guidance": model.default_guidance})
    experiment = EXPERIMENTS[name]
    prompting = experiment.prompting(arguments)
    batches = Batches(model, on_step, prompting, experiment.traced, experiment.max_rounds)
    renders: dict[str, Render] = {}
    plan = experiment.plan(arguments)
    for _ in range(experiment.max_rounds + 1):
        if not plan:
            break
        renders |= _rendered(experiment, arguments, plan, batches)
        plan = experiment.refine(arguments, renders)
    measured = experiment.measure(arguments, renders)
    findings = experiment.read(measured)
    requests = [one.request for one in renders.values()]
    unknown = unknown_words(model, [text for request in requests for text in request.texts])
    basis = {
        "seeds": sorted({request.seed for request in requests}),
        "pictures": len(requests),
        "model": model.name,
        "steps": sorted({request.num_inference_steps for request in requests}),
    }
    return ExperimentResult(
        name=name,
        question=experiment.question,
        arguments=arguments.model_dump(mode="json"),
        renders=renders,
        measured=measured,
        findings=findings,
        basis=basis,
        record=_record(name, arguments, renders, batches),
        figure=experiment.draw(
            arguments, renders, findings, f"{basis_sentence(basis)} {unknown_sentence(unknown)}".strip()
        ),
        unknown_words=unknown,
        notes=notes_of_all({label: one.request for label, one in renders.items()}),
        seconds=time.perf_counter() - started,
    )


def replay_experiment(
    record: Mapping[str, Any], model: ImageModel, prompting: StylePrompting, on_step: OnStep | None = None
) -> list[Image.Image]:
    """Render the pictures of an experiment's record again, in the batches in which they were rendered.

    Raises:
        ValueError: If the record's batches are not those of its requests.
    """
    requests = [BlendRequest.from_json(request) for request in record["requests"]]
    order = record.get("batches")
    whole = isinstance(order, list) and all(isinstance(numbers, list) and numbers for numbers in order)
    if not whole or sorted(n for numbers in order for n in numbers) != list(range(len(requests))):  # type: ignore[union-attr]
        raise ValueError('not a record of an experiment: "batches" must name each of its requests once')
    return Batches(model, on_step, prompting, trace=False).again(requests, order)  # type: ignore[arg-type]


def save_experiment(result: ExperimentResult, out: Path) -> dict[str, Path]:
    """Write the pictures, figure.png, findings.json, record.json and the measurements into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    names, renders = result.files(), list(result.renders.values())
    record = {**result.record, "files": names}
    for number, (name, one) in enumerate(zip(names, renders, strict=True)):
        save_png(one.image, out / name, record, number)
        for file, picture in one.beside.items():
            save_png(picture, out / file)
    paths = {name: out / f"{name}.{ending}" for name, ending in
             (("figure", "png"), ("findings", "json"), ("record", "json"), ("measurements", "json"))}  # fmt: skip
    paths["arrays"] = out / "measurements.npz"
    save_png(result.figure, paths["figure"], record)
    measurements = {
        "format": 1,
        "timing": {"render_s": round(result.seconds, 4)},
        **(renders[0].batch if renders else {}),
        "images": [
            {"label": label, **one.measured, "observed": dict(one.observed)} for label, one in result.renders.items()
        ],
        "experiment": {"name": result.name, **result.measured},
    }
    measurements["schema"] = {**measurements.get("schema", SCHEMA), **_schema(EXPERIMENTS[result.name])}
    for name, data in (("findings", result.to_json()), ("record", record), ("measurements", measurements)):
        paths[name].write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    arrays = {f"{name}_{number}": array for number, one in enumerate(renders) for name, array in one.arrays.items()}
    latents = {f"latents_{number}": one.latents for number, one in enumerate(renders)}
    np.savez_compressed(paths["arrays"], **arrays, **latents)  # type: ignore[arg-type]
    return paths


def _rendered(
    experiment: Experiment[Any], arguments: ExperimentArguments, plan: Plan, batches: Batches
) -> dict[str, Render]:
    """Render a plan and let the experiment observe it."""
    found = []
    for request, (result, place) in zip(plan.values(), batches.render(list(plan.values())), strict=True):
        measured, arrays = of_one_image(result, place)
        of_all = {
            name: result.measurements[name] for name in result.measurements.keys() - {"images", "timing", "format"}
        }
        number = next(n for n, known in enumerate(batches.results) if known is result)
        beside = {_of_batch(name, number): picture for name, picture in result.beside.items()}
        latents = result.arrays["latents"][place]
        found.append(Render(request, result.images[place], latents, measured, arrays, of_all, beside, {}))
    observed = experiment.observe(arguments, found, batches.model)
    return {label: replace(one, observed=seen) for label, one, seen in zip(plan, found, observed, strict=True)}


def _schema(experiment: Experiment[Any]) -> dict[str, str]:
    """What an experiment adds to measurements.json."""
    return {
        "images.label": "what the picture is called in the experiment, as in findings.json",
        "images.observed.*": "what the experiment saw in the picture; its own numbers below are made of it",
        "experiment.name": "which experiment it is",
        **{f"experiment.{place}": meaning for place, meaning in experiment.schema.items()},
        "npz.latents_*": "(4, height, width) float32, the finished latents of image *",
    }


def _record(
    name: str, arguments: ExperimentArguments, renders: Mapping[str, Render], batches: Batches
) -> dict[str, Any]:
    images = [one.image for one in renders.values()]
    record = make_record([one.request.to_json() for one in renders.values()], images, batches.model, KIND)
    kept: dict[str, Any] = {
        **record,
        "experiment": {"name": name, "arguments": arguments.model_dump(mode="json")},
        "batches": batches.order,
    }
    pictures = {
        picture: _of_batch(file, number)
        for number, result in enumerate(batches.results)
        for picture, file in result.record.get("reference", {}).get("pictures", {}).items()
    }
    if any(one.request.references for one in renders.values()):
        settled = next(result.record["reference"] for result in batches.results if "reference" in result.record)
        kept["reference"] = {**settled, "pictures": pictures}
    return kept


def _of_batch(file: str, number: int) -> str:
    return f"batch-{number:02d}-{file}"
