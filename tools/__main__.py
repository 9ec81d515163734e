"""python -m tools: blend styles, sweep from one to another, run an experiment, render a record again.

Exit status: 0 done, 1 it ran and the answer is no (the pixels differ), 2 unusable input, with one line on stderr.
"""

if __name__ == "__main__":
    from ingest.command import stop_quietly

    stop_quietly()

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, get_args, get_origin

import torch
from PIL import Image
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from tqdm import tqdm

from app.settings import read_settings, usable_path
from ingest.command import Parser, leave
from ingest.files import read_regular
from tools.blend.limits import DEFAULT_STEPS, MAX_GUIDANCE, MAX_POINTS, MAX_SIZE_PX, MAX_STEPS, MIN_SIZE_PX
from tools.blend.methods import DEFAULT_METHOD, METHODS
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
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
    styles = tuple(_weighted_style(text) for text in options.style)
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


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m tools", description="Blend styles with an SD1.x image model.")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    one = commands.add_parser("blend", help="render one blend")
    one.add_argument("--style", action="append", default=[], metavar="TEXT=W", help="a style and its weight")
    given: dict[str, Any] = {"dest": "references", "action": "append", "default": []}
    what = "for --method reference, at most two:"
    one.add_argument(
        "--reference", type=partial(_pair, "file"), metavar="FILE[=W]", help=f"{what} a PNG or JPEG", **given
    )
    one.add_argument(
        "--reference-prompt", type=partial(_pair, "prompt"), metavar="TEXT[=W]", help=f"{what} how to draw it", **given
    )
    one.add_argument("--explain", action="store_true", help="also render each style alone, and say which decided")
    one.set_defaults(run=_run_blend)
    many = commands.add_parser("sweep", help="the same seed at N weights from one style to another")
    many.add_argument("--from", dest="from_style", required=True, metavar="TEXT", help="the style at weight 0")
    many.add_argument("--to", dest="to_style", required=True, metavar="TEXT", help="the style at weight 1")
    many.add_argument("--points", type=int, default=9, metavar="N", help=f"2 to {MAX_POINTS} (default 9)")
    many.set_defaults(run=_run_sweep)
    experiments = _add_experiments(commands)
    for command in (one, many):
        command.add_argument("--subject", required=True, metavar="TEXT", help="what to draw")
        command.add_argument(
            "--method", default=DEFAULT_METHOD, help=f"{', '.join(METHODS)} (default {DEFAULT_METHOD})"
        )
        command.add_argument(
            "--steps", type=int, default=DEFAULT_STEPS, metavar="N", help=f"1 to {MAX_STEPS} (default {DEFAULT_STEPS})"
        )
        command.add_argument(
            "--guidance",
            type=float,
            metavar="G",
            help=f"0 to {MAX_GUIDANCE:g}, none at 1 and below (default: the model's)",
        )
        command.add_argument("--seed", type=int, default=0, metavar="N", help="same seed, same noise (default 0)")
        command.add_argument(
            "--size", type=int, metavar="PX", help=f"{MIN_SIZE_PX} to {MAX_SIZE_PX} (default: the model's own)"
        )
        command.add_argument("--negative-prompt", default="", metavar="TEXT", help="what guidance moves away from")
    for command in (one, many, *experiments):
        command.add_argument("--out", required=True, metavar="DIR", help="the folder to write into")
    again = commands.add_parser("replay", help="render a record again and compare the pixels")
    again.add_argument("record", metavar="record.json", help="a record, or a PNG that carries one")
    again.set_defaults(run=_run_replay)
    for command in (one, many, *experiments, again):
        command.add_argument("--image-model", metavar="X", help="embedded, a hub id, a folder or a .safetensors file")
        command.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _add_experiments(commands: Any) -> list[Parser]:
    """A command for each experiment, with an option for each of its arguments."""
    of_name = commands.add_parser("experiment", help="find out something about weights by rendering").add_subparsers(
        dest="name", required=True, parser_class=Parser, metavar="NAME"
    )
    found: list[Parser] = []
    for name, experiment in EXPERIMENTS.items():
        command = of_name.add_parser(name, help=experiment.question, description=experiment.question)
        for field_name, field in experiment.arguments.model_fields.items():
            _add_option(command, field_name, field)
        command.set_defaults(run=_run_experiment)
        found.append(command)
    return found


def _add_option(command: argparse.ArgumentParser, name: str, field: FieldInfo) -> None:
    """An option for one field of an experiment's arguments: a tuple's is given once for each of its members."""
    kinds = get_args(field.annotation) or (field.annotation,)
    kind = _style_choice if WeightedStyle in kinds else next((k for k in (int, float) if k in kinds), str)
    default = "" if field.default in (None, PydanticUndefined, ()) else f" (default {field.default})"
    several = get_origin(field.annotation) is tuple
    given: dict[str, Any] = {"dest": name, "help": f"{field.description}{default}".replace("%", "%%")}
    if several:
        given["action"] = "append"
    option = name.removesuffix("s") if several else name
    command.add_argument(f"--{option.replace('_', '-')}", type=kind, required=field.is_required(), metavar="X", **given)


def _style_choice(text: str) -> WeightedStyle:
    """A style from `TEXT` or `TEXT=W`."""
    try:
        return _weighted_style(text) if "=" in text else WeightedStyle(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("--style ")) from None


def _pair(kind: str, text: str) -> tuple[str, str]:
    return kind, text


def _weighted_style(text: str) -> WeightedStyle:
    style, equals, weight = text.rpartition("=")
    cure = f'write --style "{style or text}=0.5"'
    if not equals:
        raise ValueError(f"--style {text!r} gives no weight; {cure}")
    try:
        return WeightedStyle(style, float(weight))
    except ValueError:
        if re.fullmatch(r"\s*[-+]?\d*,\d+\s*", weight):
            cure = f'write --style "{style}={weight.strip().replace(",", ".")}"'
        raise ValueError(f"--style {text!r}: {weight!r} is not a number; {cure}") from None


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


if __name__ == "__main__":
    leave(main)
