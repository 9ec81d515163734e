"""python -m tools: blend styles, sweep, run an experiment, restyle and classify, run a record again.

Exit status: 0 done, 1 it ran and the answer is no (the pixels differ), 2 unusable input, with one line on stderr.
"""

if __name__ == "__main__":
    from ingest.command import stop_quietly

    stop_quietly()

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from tqdm import tqdm

from app.settings import read_settings, usable_path
from ingest.command import leave
from ingest.files import read_regular
from tools.blend.record import compare, read_record
from tools.blend.references import (
    MAX_UPLOAD_BYTES,
    REFERENCES_FOLDER,
    Reference,
    ReferenceError,
    find_references,
    load_references,
    store_reference,
)
from tools.blend.results import BlendRequest, BlendResult, OnStep, WeightedStyle, blend
from tools.blend.style_prompting import StylePrompting
from tools.experiments.experiments import (
    EXPERIMENTS,
    KIND,
    read_arguments,
    replay_experiment,
    run_experiment,
    save_experiment,
)
from tools.experiments.explained import explain, save_explained
from tools.experiments.flip import save_sweep, sweep, sweep_requests
from tools.models import ImageModel, ModelUnavailable, load_image_model
from tools.options import parser_of, weighted_style
from tools.style_augmentation.command import asked_for
from tools.style_augmentation.kept import KIND as STRESS
from tools.style_augmentation.kept import replay, save
from tools.style_augmentation.stress import stress
from tools.style_search.commands import style_runs


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parser_of(RUNS).parse_args(arguments)
    try:
        return int(options.run(options))
    except BrokenPipeError:
        raise
    except (ValueError, ModelUnavailable, OSError) as error:
        print(f"python -m tools {options.command}: {error}", file=sys.stderr)
        return 2
    except torch.OutOfMemoryError:
        cure = "render fewer points or a smaller --size"
        print(f"python -m tools {options.command}: the device has too little memory; {cure}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"python -m tools {options.command}: stopped", file=sys.stderr)
        return 130


def _run_blend(options: argparse.Namespace) -> int:
    styles = tuple(weighted_style(text) for text in options.style)
    home = read_settings().home / REFERENCES_FOLDER
    references = tuple(_reference(kind, text, home) for kind, text in options.references)
    request = _request(options, styles, options.guidance or 0.0, references)  # told before a model is opened
    out = _usable_folder(options.out)
    model = _open_model(options)
    request = _request(options, styles, _guidance(options, model), references)
    prompting = StylePrompting(pictures=load_references(references, home), compare=options.explain)
    render = explain if options.explain else blend
    result = render(request, model, on_step=_progress_bar(request.num_inference_steps), prompting=prompting)
    paths = save_explained(result, out)
    verdict = result.measurements["images"][0].get("verdict")
    return _print_rendered(options, result, "\n".join(filter(None, (result.sentence(), verdict))), paths)


def _run_sweep(options: argparse.Namespace) -> int:
    ends = (WeightedStyle(options.from_style, 1.0), WeightedStyle(options.to_style, 1.0))
    sweep_requests(_request(options, ends, options.guidance or 0.0), options.points)
    out = _usable_folder(options.out)
    model = _open_model(options)
    request = _request(options, ends, _guidance(options, model))
    result = sweep(request, options.points, model, on_step=_progress_bar(request.num_inference_steps))
    paths = save_sweep(result, out)
    sentence = (
        f'Rendered "{request.subject}" at {options.points} weights from "{options.from_style}" to '
        f'"{options.to_style}" by the method {request.method}, in {result.measurements["timing"]["render_s"]:.1f} s.'
    )
    if result.unknown_words:
        sentence += f" The model does not know: {', '.join(result.unknown_words)}."
    sentence = " ".join((sentence, *result.notes))
    return _print_rendered(options, result, sentence, paths)


def _run_experiment(options: argparse.Namespace) -> int:
    given = {name: getattr(options, name) for name in EXPERIMENTS[options.name].arguments.model_fields}
    arguments = read_arguments(options.name, {name: value for name, value in given.items() if value is not None})
    out = _usable_folder(options.out)
    result = run_experiment(options.name, arguments, _open_model(options), on_step=_progress_bar(arguments.steps))
    paths = save_experiment(result, out)
    findings = result.findings
    said = [findings.verdict, *(f"- {fact.text}" for fact in findings.facts), result.basis_sentence()]
    if result.unknown_words:
        said.append(f"The model does not know: {', '.join(result.unknown_words)}.")
    said += result.notes
    _print(options, "\n".join(said), {"status": "rendered", **result.to_json(), "record": result.record}, paths)
    return 0


def _print_rendered(options: argparse.Namespace, result: BlendResult, sentence: str, paths: dict[str, Path]) -> int:
    """Say what was rendered, as `blend` and `sweep` both do."""
    printed = {
        "status": "rendered",
        "sentence": sentence,
        "record": result.record,
        "measurements": result.measurements,
        "unknown_words": list(result.unknown_words),
        "notes": list(result.notes),
    }
    _print(options, sentence, printed, paths)
    return 0


def _run_replay(options: argparse.Namespace) -> int:
    path = usable_path(options.record, "record.json")
    record = read_record(path)
    if record.get("kind") == STRESS:
        return _print_stress_replay(options, record, path)
    requests = [BlendRequest.from_json(request) for request in record["requests"]]
    if isinstance(record.get("threads"), int) and 0 < record["threads"] <= (os.cpu_count() or 1):
        torch.set_num_threads(record["threads"])  # sums over other threads round otherwise
    dtype = getattr(torch, str(record.get("dtype")), None)
    model = load_image_model(
        options.image_model or record["model"]["name"], dtype=dtype if isinstance(dtype, torch.dtype) else None
    )
    how = record.get("reference", {})
    folders = (path.parent, read_settings().home / REFERENCES_FOLDER)
    references = list(dict.fromkeys(one for request in requests for one in request.references))
    prompting = StylePrompting.from_json(how, find_references(references, how, folders))
    bar = _progress_bar(requests[0].num_inference_steps)
    if record.get("kind") == KIND:
        images: Sequence[Image.Image] = replay_experiment(record, model, prompting, bar)
    else:
        images = blend(requests, model, on_step=bar, prompting=prompting).images
    found = compare(record, images, model, path.parent)
    _print(
        options,
        found.sentence(),
        {
            "status": "same" if found.same else "differs",
            "sentence": found.sentence(),
            "max_difference_of_255": found.max_difference,
            "differing_share": found.differing_share,
            "changed": list(found.changed),
        },
        {},
    )
    return 0 if found.same else 1


def _run_stress(options: argparse.Namespace) -> int:
    request, subject, styles = asked_for(options, usable_path)  # told before anything is written
    out = _usable_folder(options.out)
    found, paths = save(stress(request, subject, styles), out)
    said = [found["verdict"], *(f"- {fact['text']}" for fact in found["facts"]), *found["notes"], found["about"]]
    _print(options, "\n".join(said), {"status": "done", **found}, paths)
    return 0


def _print_stress_replay(options: argparse.Namespace, record: dict[str, Any], path: Path) -> int:
    found = replay(record, path.parent)
    data = {"status": "same" if found.same else "differs", "sentence": found.sentence(), "changed": list(found.changed)}
    _print(options, found.sentence(), data, {})
    return 0 if found.same else 1


def _reference(kind: str, text: str, folder: Path) -> Reference:
    """A reference from `FILE`, `FILE=W`, `TEXT` or `TEXT=W`; a file is kept in `folder`."""
    name, weight = text, 1.0
    before, equals, after = text.rpartition("=")
    if equals and not before.strip():
        raise ReferenceError(f"a reference {text!r} names nothing; write what it is, and its weight as in NAME=0.5")
    with suppress(ValueError):  # otherwise the equals sign belongs to the name
        name, weight = (before, float(after)) if before else (text, 1.0)
    if kind == "prompt":
        return Reference(prompt=name, weight=weight)
    try:
        file = usable_path(name, "--reference")
        return Reference(
            image=store_reference(read_regular(file, MAX_UPLOAD_BYTES), folder),
            weight=weight,
        )
    except OSError as error:
        raise ReferenceError(f"--reference {name} cannot be read: {error.strerror}") from error
    except ReferenceError as error:
        raise ReferenceError(f"--reference {name}: {error}") from error


def _request(
    options: argparse.Namespace,
    styles: tuple[WeightedStyle, ...],
    guidance: float,
    references: tuple[Reference, ...] = (),
) -> BlendRequest:
    return BlendRequest(
        subject=options.subject,
        styles=styles,
        method=options.method,
        num_inference_steps=options.steps,
        guidance_scale=guidance,
        seed=options.seed,
        height_px=options.size,
        width_px=options.size,
        negative_prompt=options.negative_prompt,
        references=references,
    )


def _guidance(options: argparse.Namespace, model: ImageModel) -> float:
    return model.default_guidance if options.guidance is None else float(options.guidance)


def _open_model(options: argparse.Namespace) -> ImageModel:
    return load_image_model(read_settings(image_model=options.image_model).image_model)


def _usable_folder(name: str) -> Path:
    """Make the output folder before the render, not after: what cannot be written is then not rendered."""
    out = usable_path(name, "--out")
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out {out} is a file; give a folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".undertone"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ValueError(f"--out {out} cannot be written: {error.strerror}") from error
    return out


def _progress_bar(steps: int) -> OnStep:
    bar = tqdm(total=steps, unit="step", disable=None, leave=False, file=sys.stderr)

    def step_done(step: int, total: int, _: Any) -> None:
        bar.total = total
        bar.update(step - bar.n)
        if step == total:
            bar.close()

    return step_done


def _print(options: argparse.Namespace, sentence: str, data: dict[str, Any], paths: dict[str, Path]) -> None:
    if options.json:
        lines = [json.dumps({**data, "files": {k: str(v) for k, v in paths.items()}}, ensure_ascii=False)]
    else:
        lines = [sentence, *map(str, paths.values())]
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:  # nobody reads the answer, and what was rendered is there nonetheless
        print(sentence, *(f"Written: {path.parent}" for path in list(paths.values())[:1]), file=sys.stderr)
        raise


RUNS = {
    "blend": _run_blend,
    "sweep": _run_sweep,
    "experiment": _run_experiment,
    "stress": _run_stress,
    "replay": _run_replay,
}
RUNS |= style_runs(read_settings, usable_path)


if __name__ == "__main__":
    leave(main)
