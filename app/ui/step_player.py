"""A finished render between each of its styles alone, step by step: pictures, attention, and where it lay.

Reads a run's folder and its measurements as `tools/trace/schema.py` documents them; shows what is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.ui.charts import MARKS
from app.ui.components import browser_component
from app.ui.pictures import heat_url, picture_url, sheet_url

MOUNT = browser_component("step_player")
IMAGE = "image.png"
END_OF_WORD = "</w>"  # what CLIP's tokenizer ends a word with


def show_step_player(
    key: str, folder: Path, measurements: dict[str, Any], told: dict[str, str], unknown_words: Sequence[str] = ()
) -> None:
    """Draw a render with its steps.

    Args:
        key: Stable across reruns and different for each render.
        folder: The run's folder.
        measurements: The run's measurements.
        told: What is said of it: `line` (what was rendered), `verdict`, `alt` (what the picture shows).
        unknown_words: Words of the prompt that the model never learned.
    """
    image = (measurements.get("images") or [{}])[0]
    chips = chips_of(image.get("attention") or {}, unknown_words)
    MOUNT(key=key, data={**told, **player_data(folder, measurements, told["alt"]), "chips": chips})


def player_data(folder: Path, measurements: dict[str, Any], alt: str) -> dict[str, Any]:
    """What the component shows of a run.

    Returns:
        `frames`, the pictures side by side, the render between the styles alone; `sheet`, the steps that are shown and
        how a sheet of them is laid out; `shares`, of attention by step; `phrases` that have heat maps, `peaks` of each.
    """
    images = measurements.get("images") or [{}]
    sheet = sheet_of(measurements)
    files = sheet.pop("files")
    frames: list[dict[str, Any]] = []
    for place, (name, label) in arranged(images[0]):
        if (folder / name).is_file():
            steps = folder / Path(files[place]).name if place < len(files) and files[place] else None
            frames.append(
                {
                    "label": label,
                    "main": place == 0,
                    "alt": f"Rendered image: {alt}" if place == 0 else f"Rendered for comparison: {label}",
                    "picture": picture_url(folder / name),
                    "sheet": sheet_url(steps) if steps and steps.is_file() else None,
                    "place": place,
                }
            )
    maps, peaks = heat_of(folder, images, [frame["place"] for frame in frames])
    for frame in frames:
        frame["maps"] = maps.get(frame.pop("place"), {})
    return {
        "frames": frames,
        "sheet": sheet,
        "shares": shares_of(images[0], sheet["numbers"]),
        "phrases": list(peaks),
        "peaks": peaks,
    }


def arranged(image: dict[str, Any]) -> list[tuple[int, tuple[str, str]]]:
    """The pictures from left to right as (place in the batch, (file, label)): the render, between two styles alone."""
    beside = enumerate(image.get("alone") or (), 1)
    alone = [(place, (Path(one["file"]).name, f"{one['style']} alone")) for place, one in beside]
    mine = (0, (IMAGE, "your blend" if alone else "your picture"))
    return [alone[0], mine, *alone[1:]] if alone else [mine]


def sheet_of(measurements: dict[str, Any]) -> dict[str, Any]:
    """How a run's sheets of steps lie, and the number of the step that each of their frames shows, from 1."""
    n_steps = len(measurements.get("timesteps") or ()) or 1
    kept = measurements.get("steps")
    if not kept:
        return {"columns": 0, "files": [], "numbers": list(range(1, n_steps + 1)), "ratio": 1.0}
    numbers = [step + 1 for step in kept["steps"]]
    ratio = kept["size_px"] / (kept.get("height_px") or kept["size_px"])
    return {"columns": kept["columns"], "files": list(kept["files"]), "numbers": numbers, "ratio": ratio}


def shares_of(image: dict[str, Any], numbers: Sequence[int]) -> dict[str, Any] | None:
    """Each style's share of the attention at the steps of these numbers; None where it was not measured."""
    attention, styles = image.get("attention"), image.get("styles") or []
    if not attention or not attention.get("share_by_step"):
        return None
    phrases = attention["phrases"]
    drawn = [n for n, phrase in enumerate(phrases) if phrase in styles] or [phrases.index("subject")]
    padding = phrases.index("padding") if "padding" in phrases else None
    rows = [attention["share_by_step"][number - 1] for number in numbers]
    return {
        "names": [phrases[n] for n in drawn],
        "rows": [[row[n] for n in drawn] for row in rows],
        "padding": None if padding is None else [row[padding] for row in rows],
    }


def chips_of(attention: dict[str, Any], unknown_words: Sequence[str]) -> list[dict[str, Any]]:
    """The prompt as the tokenizer cut it, by phrase: the phrase's share of attention, and each token's own.

    Runs of earlier versions kept no token's share.
    """
    chips = []
    shares = zip(attention.get("phrases", ()), attention.get("share", ()), attention.get("tokens", ()), strict=False)
    of_tokens = attention.get("token_share") or ()
    for number, (phrase, share, tokens) in enumerate(shares):
        if words := words_of(tokens, unknown_words):
            own = iter(of_tokens[number] if number < len(of_tokens) and any(of_tokens[number]) else ())
            for word in words:
                word["shares"] = [one for _, one in zip(word["pieces"], own, strict=False)]
            chips.append({"phrase": phrase, "share": share, "words": words})
    return chips


def words_of(tokens: Sequence[str], unknown_words: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Tokens as the words that they are pieces of: {"pieces", "unknown"} each."""
    unknown = {word.lower() for word in unknown_words}
    words: list[list[str]] = [[]]
    for token in tokens:
        words[-1].append(token.removesuffix(END_OF_WORD))
        if token.endswith(END_OF_WORD):
            words.append([])
    return [{"pieces": word, "unknown": "".join(word).lower() in unknown} for word in words if word]


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
