"""A finished render between each of its styles alone, step by step: pictures, attention, and where it lay.

Reads a run's folder and its measurements as `tools/trace/schema.py` documents them; shows what is there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.ui.charts import MARKS
from app.ui.components import browser_component
from app.ui.pictures import heat_url, picture_url, sheet_url

MOUNT = browser_component("step_player")
IMAGE, SHEET, SHEETS = "image.png", "steps", "steps.json"
MAX_FRAMES = 3


def show_step_player(key: str, folder: Path, measurements: dict[str, Any], told: dict[str, str]) -> None:
    """Draw a render with its steps.

    Args:
        key: Stable across reruns and different for each render.
        folder: The run's folder.
        measurements: The run's measurements.
        told: What is said of it: `line` (what was rendered), `verdict`, `alt` (what the picture shows).
    """
    MOUNT(key=key, data={**told, **player_data(folder, measurements, told["alt"])})


def player_data(folder: Path, measurements: dict[str, Any], alt: str) -> dict[str, Any]:
    """What the component shows of a run.

    Returns:
        `frames`, the pictures side by side, the render between the styles alone; `sheet`, how many steps there are and
        how a sheet of them is laid out; `shares`, of attention by step; `phrases` that have heat maps, `peaks` of each.
    """
    images = measurements.get("images") or [{}]
    sheet = read_sheet(folder, measurements)
    frames: list[dict[str, Any]] = []
    for place, (name, label) in arranged(images[0]):
        if (folder / name).is_file():
            steps = folder / f"{SHEET}-{place}.png" if place else folder / f"{SHEET}.png"
            frames.append(
                {
                    "label": label,
                    "main": place == 0,
                    "alt": f"Rendered image: {alt}" if place == 0 else f"Rendered for comparison: {label}",
                    "picture": picture_url(folder / name),
                    "sheet": sheet_url(steps) if sheet["columns"] and steps.is_file() else None,
                    "place": place,
                }
            )
    maps, peaks = heat_of(folder, images, [frame["place"] for frame in frames])
    for frame in frames:
        frame["maps"] = maps.get(frame.pop("place"), {})
    return {"frames": frames, "sheet": sheet, "shares": shares_of(images[0]), "phrases": list(peaks), "peaks": peaks}


def arranged(image: dict[str, Any]) -> list[tuple[int, tuple[str, str]]]:
    """The pictures from left to right as (place in the batch, (file, label)): the render, between two styles alone."""
    beside = enumerate(image.get("alone") or (), 1)
    alone = [(place, (Path(one["file"]).name, f"{one['style']} alone")) for place, one in beside]
    mine = (0, (IMAGE, "your blend" if alone else "your picture"))
    return [alone[0], mine, *alone[1:]] if alone else [mine]


def read_sheet(folder: Path, measurements: dict[str, Any]) -> dict[str, int]:
    """How many steps a run had, and in how many columns its sheets lay them out; no columns where it has no sheets."""
    steps = len(measurements.get("timesteps") or ()) or 1
    try:
        kept = json.loads((folder / SHEETS).read_text("utf-8"))
        return {"steps": len(kept["timesteps"]), "columns": int(kept["columns"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"steps": steps, "columns": 0}


def shares_of(image: dict[str, Any]) -> dict[str, Any] | None:
    """Each style's share of the attention by step; None where it was not measured."""
    attention, styles = image.get("attention"), image.get("styles") or []
    if not attention or not attention.get("share_by_step"):
        return None
    phrases = attention["phrases"]
    drawn = [n for n, phrase in enumerate(phrases) if phrase in styles] or [phrases.index("subject")]
    padding = phrases.index("padding") if "padding" in phrases else None
    rows = attention["share_by_step"]
    return {
        "names": [phrases[n] for n in drawn],
        "rows": [[row[n] for n in drawn] for row in rows],
        "padding": None if padding is None else [row[padding] for row in rows],
    }


def heat_of(
    folder: Path, images: Sequence[dict[str, Any]], places: Sequence[int]
) -> tuple[dict[int, dict[str, str]], dict[str, float]]:
    """Heat maps as pictures, by place in the batch and phrase, and each phrase's peak share, which is its scale."""
    arrays = folder / "measurements.npz"
    if not arrays.is_file():
        return {}, {}
    found: dict[int, dict[str, np.ndarray]] = {}
    with np.load(arrays) as kept:
        for place in places:
            attention = images[place].get("attention") if place < len(images) else None
            if attention and f"heat_maps_{place}" in kept:
                maps = kept[f"heat_maps_{place}"]  # (phrases, height, width)
                named = [n for n, phrase in enumerate(attention["phrases"]) if phrase not in (*MARKS, "other words")]
                found[place] = {attention["phrases"][n]: maps[n] for n in named}
    phrases = list(found.get(0, {}))
    peaks = {phrase: max(float(maps[phrase].max()) for maps in found.values() if phrase in maps) for phrase in phrases}
    drawn = {
        place: {phrase: heat_url(heat / (peaks[phrase] or 1.0)) for phrase, heat in maps.items() if phrase in peaks}
        for place, maps in found.items()
    }
    return drawn, {phrase: round(peak, 6) for phrase, peak in peaks.items()}
