"""The options of `python -m tools`: which there are, and what their texts stand for.

A style and its weight are read here; what is done with them is up to the commands (`__main__.py`).
"""

import argparse
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ingest.command import Parser
from tools.blend.limits import DEFAULT_STEPS, MAX_GUIDANCE, MAX_POINTS, MAX_SIZE_PX, MAX_STEPS, MIN_SIZE_PX
from tools.blend.methods import DEFAULT_METHOD, METHODS
from tools.blend.requests import WeightedStyle
from tools.experiments.experiments import EXPERIMENTS
from tools.style_augmentation.command import add_stress
from tools.style_search.commands import add_style_search


def parser_of(runs: Mapping[str, Callable[[argparse.Namespace], int]]) -> Parser:
    """The options of every command; `runs` says by the command's name what runs it, as `options.run`."""
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
    one.set_defaults(run=runs["blend"])
    many = commands.add_parser("sweep", help="the same seed at N weights from one style to another")
    many.add_argument("--from", dest="from_style", required=True, metavar="TEXT", help="the style at weight 0")
    many.add_argument("--to", dest="to_style", required=True, metavar="TEXT", help="the style at weight 1")
    many.add_argument("--points", type=int, default=9, metavar="N", help=f"2 to {MAX_POINTS} (default 9)")
    many.set_defaults(run=runs["sweep"])
    stressed = add_stress(commands)
    stressed.set_defaults(run=runs["stress"])
    experiments = _add_experiments(commands)
    add_style_search(commands, runs)
    for command in experiments:
        command.set_defaults(run=runs["experiment"])
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
    for command in (one, many, *experiments, stressed):
        command.add_argument("--out", required=True, metavar="DIR", help="the folder to write into")
    again = commands.add_parser("replay", help="render a record again and compare the pixels")
    again.add_argument("record", metavar="record.json", help="a record, or a PNG that carries one")
    again.set_defaults(run=runs["replay"])
    for command in (one, many, *experiments, again):
        command.add_argument("--image-model", metavar="X", help="embedded, a hub id, a folder or a .safetensors file")
    for command in (one, many, *experiments, again, stressed):
        command.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def weighted_style(text: str) -> WeightedStyle:
    """A style from `TEXT=W`.

    Raises:
        ValueError: If it gives no weight that is a number, with what to write instead.
    """
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
        return weighted_style(text) if "=" in text else WeightedStyle(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("--style ")) from None


def _pair(kind: str, text: str) -> tuple[str, str]:
    return kind, text
