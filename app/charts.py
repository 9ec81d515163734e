"""What was measured in a run, as figures that one can read: each with what it shows and what it does not.

Reads `measurements.json` and `measurements.npz` as `tools/trace/run.py` documents them; draws what is there, nothing
else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

PALETTE = ("#5b4b8a", "#d98e3f", "#3f8f8b", "#b6526b", "#8a8577", "#c9c2b2")
MARKS = ("start", "end", "padding")
HEIGHT_PX = 300
OVERLAY_PX = 256
HEAT_COLOURS = np.array([[36, 26, 66], [120, 62, 130], [217, 104, 92], [252, 200, 120], [255, 250, 225]], np.float64)


@dataclass(frozen=True)
class Figure:
    """One chart; the two texts go on after "Shows" and "Does not show"."""

    title: str
    chart: alt.Chart
    shows: str
    does_not_show: str


@dataclass(frozen=True)
class HeatMap:
    """Where a phrase's attention lay, over the image."""

    phrase: str
    overlay: Image.Image
    peak_share: float


def figures_of(measurements: dict[str, Any]) -> Iterator[Figure]:
    """Yield the figures of a run's first image; nothing where nothing was traced."""
    image = (measurements.get("images") or [{}])[0]
    styles = image.get("styles", [])
    if attention := image.get("attention"):
        yield from _attention(attention, styles)
    if noise := image.get("noise"):
        yield Figure(
            "Each style's part in the predicted noise",
            _lines(noise["contribution_by_step"], styles, "length of the style's part"),
            "how strongly each style pulled the prediction at each step, after its share and the guidance.",
            "whether the pulls agree: two styles can pull hard in the same direction, or cancel each other.",
        )
        if noise.get("pairs"):
            pairs = [f"{styles[a]} and {styles[b]}" for a, b in noise["pairs"]]
            yield Figure(
                "Do the styles pull the same way?",
                _lines(noise["cosine_by_step"], pairs, "cosine"),
                "the cosine between the styles' directions: 1 is the same way, 0 is unrelated, -1 is opposite.",
                "how hard either pulls; the figure before this one does.",
            )
    if split := image.get("embedding_split"):
        yield Figure(
            "Each style's part in what cross-attention added",
            _lines(split["output_share_by_step"], styles, "share", percent=True),
            "the exact split of the blended embedding's effect: keys and values are linear in it.",
            "what later layers made of it.",
        )
    if (rulers := image.get("ruling_style_by_step")) is not None:
        yield Figure(
            "Which style ruled when",
            _rulers([styles[ruler] for ruler in rulers], styles),
            "the style that the prediction was made with at each step.",
            "how much of it is left in the image: early steps settle the layout, late ones the texture.",
        )
    if seen := image.get("seen_by_model"):
        yield Figure(
            "What the model itself sees in the finished image",
            _bars(seen["styles"], seen["probability"], "probability"),
            "under which style's prompt the model predicts the image's noise best, as a probability per style.",
            "what a person sees; and a style that the model never learned cannot win.",
        )
    if left_out := image.get("left_out"):
        yield Figure(
            "How far the image moves without a style",
            _bars([one["left_out"] for one in left_out], [1 - one["ssim"] for one in left_out], "1 - SSIM"),
            "the same seed with that style left out: 0 is the same image, 1 has nothing in common with it.",
            "which part of the image moved.",
        )


def heat_maps(folder: Path, measurements: dict[str, Any]) -> list[HeatMap]:
    """Lay the heat maps of subject and styles over the image, all on one scale; empty where none were kept."""
    attention = (measurements.get("images") or [{}])[0].get("attention")
    arrays, picture = folder / "measurements.npz", folder / "image.png"
    if not attention or not arrays.is_file() or not picture.is_file():
        return []
    with np.load(arrays) as kept:
        if "heat_maps_0" not in kept:
            return []
        maps = kept["heat_maps_0"]  # (phrases, height, width)
    image = Image.open(picture).convert("L").resize((OVERLAY_PX, OVERLAY_PX), Image.Resampling.BICUBIC)
    shown = [n for n, phrase in enumerate(attention["phrases"]) if phrase not in (*MARKS, "other words")]
    peak = float(max(maps[n].max() for n in shown)) or 1.0
    return [HeatMap(attention["phrases"][n], _overlay(image, maps[n] / peak), peak) for n in shown]


def colour_bar() -> Image.Image:
    """The heat maps' scale, from nothing to the peak."""
    return Image.fromarray(_coloured(np.linspace(0, 1, OVERLAY_PX)[None].repeat(14, 0)))


def _attention(attention: dict[str, Any], styles: Sequence[str]) -> Iterator[Figure]:
    phrases = attention["phrases"]
    named = [n for n, phrase in enumerate(phrases) if phrase == "subject" or phrase in styles]
    names = [phrases[n] for n in named]
    marks = sum(share for phrase, share in zip(phrases, attention["share"], strict=True) if phrase in MARKS)
    yield Figure(
        "Attention on each phrase, step by step",
        _lines([[row[n] for n in named] for row in attention["share_by_step"]], names, "share", percent=True),
        "the share of cross-attention that each phrase got at each step, over all layers and positions. "
        f"Start, end and padding tokens, not drawn, got {marks:.0%}.",
        "that attention caused anything: it says where the model looked, not what it did with it.",
    )
    yield Figure(
        "Which layers listened to which phrase",
        _table([[row[n] for n in named] for row in attention["share_by_layer"]], attention["layers"], names),
        "the share of attention on each phrase in each cross-attention layer, over all steps.",
        "how much a layer matters for the image; a layer can look long and change little.",
    )


def _lines(rows: Sequence[Sequence[float]], names: Sequence[str], measure: str, percent: bool = False) -> alt.Chart:
    """Rows of (steps, names) as one line per name."""
    data = pd.DataFrame(
        [
            {"step": step, "of": name, "value": value}
            for step, row in enumerate(rows, 1)
            for name, value in zip(names, row, strict=True)
        ]
    )
    axis = alt.Axis(format=".0%" if percent else "~g")
    return (
        alt.Chart(data)
        .mark_line(point=len(rows) <= 30, strokeWidth=2.5)
        .encode(
            x=alt.X("step:Q", title="step", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("value:Q", title=measure, axis=axis),
            color=alt.Color("of:N", title=None, sort=list(names), scale=_scale(names), legend=_legend()),
            tooltip=["step:Q", "of:N", alt.Tooltip("value:Q", title=measure, format=".1%" if percent else ".3g")],
        )
        .properties(height=HEIGHT_PX)
    )


def _table(rows: Sequence[Sequence[float]], layers: Sequence[str], names: Sequence[str]) -> alt.Chart:
    data = pd.DataFrame(
        [
            {"layer": layer, "phrase": name, "share": value}
            for layer, row in zip(layers, rows, strict=True)
            for name, value in zip(names, row, strict=True)
        ]
    )
    return (
        alt.Chart(data)
        .mark_rect(cornerRadius=3)
        .encode(
            x=alt.X("phrase:N", sort=list(names), title=None, axis=alt.Axis(labelAngle=0, labelLimit=110)),
            y=alt.Y("layer:N", sort=list(layers), title=None, axis=alt.Axis(labelLimit=170)),
            color=alt.Color(
                "share:Q", title="share", scale=alt.Scale(scheme="purples"), legend=alt.Legend(format=".1%")
            ),
            tooltip=["layer:N", "phrase:N", alt.Tooltip("share:Q", format=".2%")],
        )
        .properties(height=26 * len(layers) + 60)
    )


def _rulers(by_step: Sequence[str], styles: Sequence[str]) -> alt.Chart:
    data = pd.DataFrame([{"step": step, "style": style} for step, style in enumerate(by_step, 1)])
    return (
        alt.Chart(data)
        .mark_rect(cornerRadius=3)
        .encode(
            x=alt.X("step:O", title="step", axis=alt.Axis(labelAngle=0)),
            color=alt.Color("style:N", title=None, sort=list(styles), scale=_scale(styles), legend=_legend()),
            tooltip=["step:O", "style:N"],
        )
        .properties(height=150)
    )


def _bars(names: Sequence[str], values: Sequence[float], measure: str) -> alt.Chart:
    data = pd.DataFrame({"of": list(names), "value": list(values)})
    return (
        alt.Chart(data)
        .mark_bar(cornerRadiusEnd=4)
        .encode(
            x=alt.X("value:Q", title=measure, scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("of:N", sort=list(names), title=None, axis=alt.Axis(labelLimit=170)),
            color=alt.Color("of:N", sort=list(names), scale=_scale(names), legend=None),
            tooltip=["of:N", alt.Tooltip("value:Q", title=measure, format=".3f")],
        )
        .properties(height=40 * len(names) + 80)
    )


def _scale(names: Sequence[str]) -> alt.Scale:
    return alt.Scale(domain=list(names), range=list(PALETTE[: len(names)]))


def _legend() -> alt.Legend:
    return alt.Legend(orient="bottom", columns=1, labelLimit=300)


def _overlay(image: Image.Image, heat: NDArray[np.float32]) -> Image.Image:
    """Colour the image by heat (height, width) in 0..1; its own light and dark stay to be seen."""
    small = Image.fromarray((np.clip(heat, 0, 1) * 255).astype(np.uint8))
    wide = np.asarray(small.resize(image.size, Image.Resampling.BICUBIC), np.float64) / 255
    light = 0.35 + 0.65 * np.asarray(image, np.float64)[..., None] / 255
    return Image.fromarray((_coloured(wide) * light).astype(np.uint8))


def _coloured(heat: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Map 0..1 to colours, (..., 3)."""
    stops = np.linspace(0, 1, len(HEAT_COLOURS))
    channels = [np.interp(heat, stops, HEAT_COLOURS[:, channel]) for channel in range(3)]
    return np.stack(channels, -1).astype(np.uint8)
