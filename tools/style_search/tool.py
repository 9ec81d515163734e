"""The tools `search_style`, which finds pictures by style, and `align_styles`, which runs the method on drawn artists.

torch takes seconds to import: it is, when something is run.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from langchain_core.tools import ToolException
from pydantic import BaseModel, Field

from tools.specs import Ran, Shows, StageCall, ToolContext, ToolSpec
from tools.style_search.artists import DRAW_ARTISTS, FIND_WORK

if TYPE_CHECKING:
    from tools.style_search.search import Gallery

RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
IMAGE = "image.png"
MAX_TOP = 48
MOST_AT_ONCE = 200
"""Renders that are embedded for one call: the newest; those before them when they are asked for again."""


class StyleArguments(BaseModel):
    picture: str | None = Field(
        default=None,
        description="The id of a finished render or of an uploaded picture; leave it out for the newest render.",
    )
    among: Literal["renders", "references"] = Field(
        default="renders", description="Where to look: among finished renders, or among uploaded pictures."
    )
    top: int = Field(default=6, ge=1, le=MAX_TOP, description="How many to find.")


class AlignArguments(BaseModel):
    seed: int = Field(default=0, ge=0, le=100_000, description="Other artists for another seed.")
    noise: float = Field(default=0.0, ge=0, le=1, description="Noise on what artists share; 0 adds none.")


def search_style(arguments: StyleArguments, context: ToolContext) -> Ran:
    """Find the pictures nearest in style.

    Returns:
        The ranks in sentences, and the artifact: picture, file, among, of (how many pictures), found ({id, file, rank,
        percentile} each).
    """
    from tools.style_search.encoder import load_encoder
    from tools.style_search.search import nearest, vector_of
    from tools.style_search.works import open_picture

    renders = context.folder.parent
    try:
        encoder = load_encoder()
        file = _picture(arguments.picture, renders)
        gallery = _gallery(arguments.among, renders)
        found = [
            one
            for one in nearest(vector_of(open_picture(file), encoder), gallery, arguments.top + 1)
            if one.file.resolve() != file.resolve()
        ][: arguments.top]
    except (ValueError, OSError) as error:
        raise ToolException(f"Nothing was searched: {error}") from error
    if not found:
        raise ToolException(f"There is no other picture among the {arguments.among} yet: render one, or upload one.")
    rows: list[dict[str, Any]] = [
        {"id": _id(one.file), "file": str(one.file), "rank": rank, "percentile": one.percentile}
        for rank, one in enumerate(found, 1)
    ]
    lines = [f"Nearest in style to {_id(file)}, among {len(gallery.files)} pictures:"]
    lines += [f"{row['rank']}. {row['id']}{placed(row['percentile'])}" for row in rows]
    artifact = {"picture": _id(file), "file": str(file), "among": arguments.among, "of": len(gallery.files)}
    return "\n".join(lines), {**artifact, "found": rows}


def placed(percentile: float | None) -> str:
    """Where a nearness stands among the gallery's pairs, in words; never as a likeness in percent."""
    return "" if percentile is None else f", nearer than {percentile:.0f} of 100 pairs of them"


def _picture(name: str | None, renders: Path) -> Path:
    """A render or an upload by its id; the newest render for none."""
    from tools.blend.references import ID_PATTERN, REFERENCES_FOLDER
    from tools.style_search.search import renders_in

    if name is None:
        newest = renders_in(renders)
        if not newest:
            raise ValueError("nothing was rendered yet; render something, or name a picture")
        return newest[0]
    if ID_PATTERN.fullmatch(name):
        file = renders.parent / REFERENCES_FOLDER / f"{name}.png"
    elif RUN_ID.fullmatch(name):
        file = renders / name / IMAGE
    else:
        raise ValueError(f"{name!r} is no picture's id")
    if not file.is_file():
        raise ValueError(f"there is no picture {name!r} any more; choose another")
    return file


def _gallery(among: str, renders: Path) -> Gallery:
    from tools.blend.references import REFERENCES_FOLDER
    from tools.style_search.encoder import load_encoder
    from tools.style_search.search import cache_of, gallery_of, renders_in

    if among == "renders":
        return gallery_of(renders_in(renders), load_encoder(), most=MOST_AT_ONCE)
    folder = renders.parent / REFERENCES_FOLDER
    return gallery_of(sorted(folder.glob("*.png")), load_encoder(), cache_of(folder, renders.parent))


def _id(file: Path) -> str:
    return file.parent.name if file.name == IMAGE else file.stem


def align_styles(arguments: AlignArguments, context: ToolContext) -> Ran:
    """Run the method on drawn artists and keep what came of it in the context's folder.

    Returns:
        The verdict and the facts, in sentences, and the artifact: what federation.json holds, run_id, folder.
    """
    from tools.style_search.encoder import load_encoder
    from tools.style_search.public import load_public
    from tools.style_search.report import demonstrate

    def on_step(done: int, total: int) -> None:
        if context.on_step:
            context.on_step(done, total, lambda: _blank())

    try:
        found = demonstrate(load_encoder(), load_public(), arguments.seed, arguments.noise, context.folder, on_step)
    except (ValueError, OSError) as error:
        raise ToolException(f"Nothing was aligned: {error}") from error
    facts = "\n".join(f"- {fact['text']}" for fact in found["facts"])
    text = "\n".join((found["verdict"], "Measured in this run:", facts))
    return text, {"run_id": context.folder.name, "folder": str(context.folder), **found}


def _blank() -> Any:
    from PIL import Image

    return Image.new("RGB", (8, 8), "white")


def align_command(arguments: Mapping[str, Any]) -> str:
    """The command that runs the method on the same drawn artists."""
    call = AlignArguments.model_validate(arguments)
    words = ["python", "-m", "tools", "federate", "--seed", str(call.seed), "--noise", f"{call.noise:g}"]
    return shlex.join([*words, "--out", "federation"])


SEARCH_STYLE = ToolSpec(
    name="search_style",
    description="Find the pictures that look most like one: the nearest in style among renders or uploaded pictures.",
    arguments=StyleArguments,
    run=search_style,
    status=lambda arguments: f"Looking for the style of {arguments.get('picture') or 'the newest render'}",
    view="style",
)

ALIGN_STYLES = ToolSpec(
    name="align_styles",
    description="Show how artists learn one style space without sharing a picture: drawn artists, precision before and "
    "after, and what left each of them.",
    arguments=AlignArguments,
    run=align_styles,
    status=lambda arguments: "Aligning the styles of drawn artists",
    view="federation",
    needs_approval=True,
    verb="Run",
    command=align_command,
    weights=tuple(sorted((Path(__file__).parent / "weights").glob("*.safetensors"))),
    shows=Shows(
        like=(
            "Artists train local models and share model parameters rather than their pictures.",
            "Artists learn an abstract representation of their style and align it with the server's.",
            "Pictures can be searched by artistic style without exposing any of them.",
            "The models of artists with different styles drift apart when their parameters are averaged.",
            "Pictures with similar styles are pulled closer together and different ones are kept apart.",
        ),
        words=(("artist", "artwork"), ("style",), ("shar", "server", "model", "retriev", "closer", "represent")),
        example={"seed": 0, "noise": 0.0},
        stages={
            "input": StageCall(tool=DRAW_ARTISTS.name),
            "model": StageCall(),
            "output": StageCall(tool=FIND_WORK.name),
        },
    ),
)
