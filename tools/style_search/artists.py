"""The tools `draw_artists` and `find_work`: what goes into the alignment of drawn artists, and what comes of it.

torch takes seconds to import: it is, when something is run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from langchain_core.tools import ToolException
from pydantic import BaseModel, Field

from tools.specs import Ran, ToolContext, ToolSpec

GALLERY = "gallery.npz"
NEAREST = 5


class ArtistsArguments(BaseModel):
    seed: int = Field(default=0, ge=0, le=100_000, description="Other artists for another seed.")


class WorkArguments(ArtistsArguments):
    noise: float = Field(default=0.0, ge=0, le=1, description="Noise on what the artists shared.")
    work: int = Field(default=0, ge=0, description="The number of the test picture that is looked for.")


def draw_artists(arguments: ArtistsArguments, context: ToolContext) -> Ran:
    """Have the artists draw some of the test's scenes, and keep the wall of pictures in the context's folder.

    Returns:
        A sentence, and the artifact: run_id, folder, figure, caption.
    """
    from tools.style_search.demonstration import POOL, SEEN, UNSEEN
    from tools.style_search.hands import draw_scenes, sample_hands, works_of
    from tools.style_search.report import FIGURE, WALL_WORKS, save_wall

    plain = draw_scenes(0, POOL + WALL_WORKS)
    hands = sample_hands(SEEN + UNSEEN, arguments.seed)[:SEEN]
    save_wall([works_of(hand, plain, range(POOL, POOL + WALL_WORKS)) for hand in hands], context.folder)
    said = f"Works of the {SEEN} artists, {WALL_WORKS} each: every one draws the same scenes in a style of their own."
    return said, {"run_id": context.folder.name, "folder": str(context.folder), "figure": FIGURE, "caption": said}


def find_work(arguments: WorkArguments, context: ToolContext) -> Ran:
    """Find the pictures nearest to one, by the encoder as it was before the alignment and as it is after.

    Returns:
        The verdict, and the artifact: run_id, folder, rows ({"line", "pictures": [{"file", "label", "alt"}]} each),
        verdict.
    """
    import numpy as np

    gallery = next((one / GALLERY for one in reversed(context.upstream) if (one / GALLERY).is_file()), None)
    if gallery is None:
        raise ToolException("Nothing was aligned yet: run the stage “model” first.")
    with np.load(gallery) as held:
        artists, tiles = held["artists"], held["tiles"]
        spaces = {"Before": held["before"].astype(np.float32), "Aligned": held["vectors"].astype(np.float32)}
    work = arguments.work % len(artists)
    found = {when: _nearest(vectors, work) for when, vectors in spaces.items()}
    rows = [_row(when, [work, *places], artists, tiles, context.folder) for when, places in found.items()]
    same = [sum(artists[place] == artists[work] for place in places) for places in found.values()]
    whole = [
        float(np.mean([np.mean(artists[_nearest(vectors, at)] == artists[at]) for at in range(len(artists))]))
        for vectors in spaces.values()
    ]
    verdict = (
        f"Of the {NEAREST} pictures nearest to this one, {same[1]} are by the same artist once styles are aligned, "
        f"{same[0]} before; over all {len(artists)} pictures it is {whole[1]:.0%}, after {whole[0]:.0%}."
    )
    return verdict, {
        "run_id": context.folder.name,
        "folder": str(context.folder),
        "rows": rows,
        "verdict": verdict,
    }


def _nearest(vectors: Any, work: int) -> list[int]:
    scores = vectors @ vectors[work]
    scores[work] = -2.0  # a cosine is never that low: it does not find itself
    return [int(place) for place in scores.argsort(kind="stable")[::-1][:NEAREST]]


def _row(when: str, places: list[int], artists: Any, tiles: Any, folder: Path) -> dict[str, Any]:
    """The picture and those nearest to it, as files in a folder."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for rank, place in enumerate(places):
        file = f"{place:03}.png"
        Image.fromarray(tiles[place]).save(folder / file)
        label = f"{'looked for' if rank == 0 else rank}, artist {artists[place] + 1}"
        pictures.append({"file": file, "label": label, "alt": f"{when}: {label}"})
    return {"line": f"{when}: the nearest in style", "pictures": pictures}


DRAW_ARTISTS = ToolSpec(
    name="draw_artists",
    description="Show the drawn artists whose styles `align_styles` aligns: the same scenes by every hand.",
    arguments=ArtistsArguments,
    run=draw_artists,
    status=lambda arguments: "Drawing by 24 hands",
    view="pictures",
)

FIND_WORK = ToolSpec(
    name="find_work",
    description="After `align_styles`: find the pictures nearest in style to one, before the alignment and after it.",
    arguments=WorkArguments,
    run=find_work,
    status=lambda arguments: "Looking for works by the same artist",
    view="pictures",
)
