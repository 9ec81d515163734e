"""The options of `python -m tools stress`, and what they stand for.

It knows nothing about what is done with them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from ingest.command import Parser
from ingest.files import read_regular
from tools.blend.references import MAX_UPLOAD_BYTES, ReferenceError, read_upload
from tools.studio.scenes import OBJECTS, STYLES
from tools.style_augmentation.classifiers import CLASSIFIERS, JUDGES, OBJECT, QUESTIONS
from tools.style_augmentation.restyling import Picture
from tools.style_augmentation.sources import Subject, drawn_style, drawn_subject, fitted, given_subject, unknown_style
from tools.style_augmentation.stress import DEFAULT_ALPHAS, StressRequest

UsablePath = Callable[[str, str], Path]
"""The path that a person wrote, given what it was written for; raises ValueError where it is none."""


def add_stress(commands: Any) -> Parser:
    """Add the command; returns its parser."""
    what = "restyle a picture, ask classifiers what it shows, map where they look"
    command: Parser = commands.add_parser("stress", help=what, description=what)
    command.add_argument(
        "picture", metavar="PICTURE", help=f"a PNG or JPEG, or what a scene is to be drawn of: {', '.join(OBJECTS)}"
    )
    command.add_argument(
        "--style",
        action="append",
        default=[],
        metavar="X",
        help=f"{', '.join(STYLES)}, or a picture (default: all that are drawn)",
    )
    alphas = ", ".join(f"{alpha:g}" for alpha in DEFAULT_ALPHAS)
    command.add_argument(
        "--alpha", action="append", default=[], type=float, metavar="A", help=f"a strength, 0 to 1 (default {alphas})"
    )
    command.add_argument("--question", default=OBJECT, metavar="Q", help=f"{', '.join(QUESTIONS)} (default {OBJECT})")
    command.add_argument(
        "--classifier", default=JUDGES, metavar="C", help=f"{', '.join(CLASSIFIERS)} (default {JUDGES})"
    )
    command.add_argument(
        "--sigma", type=float, default=0.0, metavar="S", help="noise of the style, 0 is none (default)"
    )
    command.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of a drawn scene and of the noise (default 0)"
    )
    return command


def asked_for(
    options: argparse.Namespace, usable_path: UsablePath
) -> tuple[StressRequest, Subject, dict[str, Picture]]:
    """What the options ask for: the request, the picture, the style pictures by name.

    Raises:
        ValueError: Something cannot be used; in one line that names it.
    """
    names = list(dict.fromkeys(options.style)) or list(STYLES)
    styles: dict[str, Picture] = {}
    notes: tuple[str, ...] = ()
    for name in names:
        picture = drawn_style(name)
        if picture is None:
            file = usable_path(name, "--style")
            if not file.exists():
                raise unknown_style(name)
            picture, did = fitted(_opened(file, "--style"), f"the style picture {file.name}")
            name, notes = file.stem, (*notes, *did)
        styles[name] = picture
    request = StressRequest(
        question=options.question,
        classifier=options.classifier,
        styles=tuple(styles),
        alphas=tuple(options.alpha) or DEFAULT_ALPHAS,
        sigma=options.sigma,
        seed=options.seed,
    )
    subject = _subject(options, usable_path(options.picture, "PICTURE"))
    return request, Subject(subject.picture, subject.name, subject.scene, (*subject.notes, *notes)), styles


def _subject(options: argparse.Namespace, file: Path) -> Subject:
    if not file.exists() and file.parent == Path() and not file.suffix:
        return drawn_subject(options.picture, options.seed)
    return given_subject(_opened(file, "PICTURE"), file.name)


def _opened(file: Path, what: str) -> Image.Image:
    try:
        return read_upload(read_regular(file, MAX_UPLOAD_BYTES))
    except OSError as error:
        raise ValueError(f"{what} {file} cannot be read: {error.strerror}") from error
    except ReferenceError as error:
        raise ValueError(f"{what} {file}: {error}") from error
