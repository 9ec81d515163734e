"""What was measured in a run, as figures that one can read: each with what it shows and what it does not.

Reads `measurements.json` and `measurements.npz` as `tools/trace/run.py` documents them; draws what is there, nothing
else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

MARKS = ("start", "end", "padding")
HEIGHT_PX = 300
DENSEST_CELL = 0.5
INK_ON_LIGHT, INK_ON_DARK = "#26233a", "#ece9f4"
LYING_TITLE: dict[str, Any] = {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "end", "titleX": 0, "titleY": -14}
"""A y axis' title lies above it, where a narrow chart has room for it."""


TITLES = {
    "attention.share_by_step": "Attention on each phrase, step by step",
    "attention.share_by_layer": "Which layers listened to which phrase",
    "noise.contribution_by_step": "Each style's part in the predicted noise",
    "noise.cosine_by_step": "Do the styles pull the same way?",
    "embedding_split.output_share_by_step": "Each style's part in what cross-attention added",
    "ruling_style_by_step": "Which style ruled when",
    "seen_by_model.probability": "What the model itself sees in the finished image",
    "left_out": "How far the image moves without a style",
    "attention.share": "Attention on each phrase, step by step",
    "noise.contribution_share": "Each style's part in the predicted noise",
    "parameters": "Three things are called weights",
    "shares": "Three things are called weights",
    "reference.layers": "Which layers were swapped, and how far that moved them",
    "reference.moved": "Which layers were swapped, and how far that moved them",
    "reference.without": "The same seed with the swap on and off",
    "reference.judged": "The same seed with the swap on and off",
}
"""Which figure shows what stands at a place of measurements.json."""


@dataclass(frozen=True)
class Figure:
    """One chart; the two texts go on after "Shows" and "Does not show"."""

    title: str
    chart: alt.Chart | alt.LayerChart
    shows: str
    does_not_show: str


@dataclass(frozen=True)
class Along:
    """What a line chart runs along; without points, the numbers from 1."""

    title: str
    axis: alt.Axis
    points: Sequence[float] = ()


STEPS = Along("denoising step", alt.Axis(tickMinStep=1))


def figures_of(measurements: dict[str, Any]) -> Iterator[Figure]:
    """Yield the figures of a run's first image; nothing where nothing was traced."""
    image = (measurements.get("images") or [{}])[0]
    styles = image.get("styles", [])
    if reference := measurements.get("reference"):
        layers = [short_layer(layer) for layer in reference["layers"]]
        yield Figure(
            TITLES["reference.moved"],
            _bars(
                layers, reference["moved"], "moved, as a share of the output's length", format="~%", are_styles=False
            ),
            "the self-attention layers that took the reference's keys and values, and how far each one's output moved "
            "by it, mean over steps.",
            "what the move drew; the two pictures above do.",
        )
    if attention := image.get("attention"):
        yield from _attention(attention, styles)
    if noise := image.get("noise"):
        yield Figure(
            TITLES["noise.contribution_by_step"],
            line_chart(noise["contribution_by_step"], styles, "length of the style's part (latent noise)"),
            "how strongly each style pulled the prediction at each step, after its share and the guidance.",
            "whether the pulls agree: two styles can pull hard in the same direction, or cancel each other.",
        )
        if noise.get("pairs"):
            pairs = [f"{styles[a]} and {styles[b]}" for a, b in noise["pairs"]]
            yield Figure(
                TITLES["noise.cosine_by_step"],
                line_chart(noise["cosine_by_step"], pairs, "cosine"),
                "the cosine between the styles' directions: 1 is the same way, 0 is unrelated, -1 is opposite.",
                "how hard either pulls; the figure before this one does.",
            )
    if split := image.get("embedding_split"):
        yield Figure(
            TITLES["embedding_split.output_share_by_step"],
            line_chart(split["output_share_by_step"], styles, "share", percent=True),
            "the exact split of the blended embedding's effect: keys and values are linear in it.",
            "what later layers made of it.",
        )
    if (rulers := image.get("ruling_style_by_step")) is not None:
        yield Figure(
            TITLES["ruling_style_by_step"],
            _rulers([styles[ruler] for ruler in rulers], styles),
            "the style that the prediction was made with at each step.",
            "how much of it is left in the image: early steps settle the layout, late ones the texture.",
        )
    if seen := image.get("seen_by_model"):
        yield Figure(
            TITLES["seen_by_model.probability"],
            _bars(seen["styles"], seen["probability"], "probability", format="~%"),
            "under which style's prompt the model predicts the image's noise best, as a probability per style.",
            "what a person sees; and a style that the model never learned cannot win.",
        )
    if left_out := image.get("left_out"):
        yield Figure(
            TITLES["left_out"],
            _bars([one["left_out"] for one in left_out], [1 - one["ssim"] for one in left_out], "1 - SSIM"),
            "the same seed with that style left out: 0 is the same image, 1 has nothing in common with it.",
            "which part of the image moved.",
        )


def _attention(attention: dict[str, Any], styles: Sequence[str]) -> Iterator[Figure]:
    phrases = attention["phrases"]
    named = [n for n, phrase in enumerate(phrases) if phrase == "subject" or phrase in styles]
    drawn = [n for n in named if phrases[n] in styles] or named  # the subject's line would flatten the styles'
    names = [phrases[n] for n in drawn]
    of = dict(zip(phrases, attention["share"], strict=True))
    marks = sum(of[phrase] for phrase in MARKS)
    rows = [[row[n] for n in drawn] for row in attention["share_by_step"]]
    yield Figure(
        TITLES["attention.share_by_step"],
        line_chart(rows, names, "share of attention", percent=True),
        "the share of cross-attention that each phrase got at each step, over all layers and positions. "
        f"Of all of it, {of['subject']:.0%} went to the subject and {marks:.0%} to start, end and padding tokens.",
        "that attention caused anything: it says where the model looked, not what it did with it.",
    )
    yield Figure(
        TITLES["attention.share_by_layer"],
        _table(
            [[row[n] for n in named] for row in attention["share_by_layer"]],
            attention["layers"],
            [phrases[n] for n in named],
        ),
        "the share of attention on each phrase in each cross-attention layer, over all steps; the layers in the order "
        "in which they work.",
        "how much a layer matters for the image; a layer can look long and change little.",
    )


def line_chart(
    rows: Sequence[Sequence[float]], names: Sequence[str], measure: str, percent: bool = False, along: Along = STEPS
) -> alt.Chart:
    """Rows of (points, names) as one line per name.

    Args:
        measure: The y axis' title, with its unit.
        percent: Whether the values are shares.
        along: The x axis.
    """
    data = pd.DataFrame(
        [
            {"x": x, "of": name, "value": value}
            for x, row in zip(along.points or range(1, len(rows) + 1), rows, strict=True)
            for name, value in zip(names, row, strict=True)
        ]
    )
    axis = alt.Axis(format="~%" if percent else "~g", tickCount=5, **LYING_TITLE)
    return (
        alt.Chart(data)
        .mark_line(point=alt.OverlayMarkDef(size=28) if len(rows) <= 30 else False, strokeWidth=2.5)
        .encode(
            x=alt.X("x:Q", title=along.title, axis=along.axis, scale=alt.Scale(nice=False, zero=False)),
            y=alt.Y("value:Q", title=measure, axis=axis),
            color=_colour("of", names),
            tooltip=[
                alt.Tooltip("x:Q", title=along.title, format=along.axis.format or ""),
                alt.Tooltip("of:N", title="of"),
                alt.Tooltip("value:Q", title=measure, format=".1%" if percent else ".3g"),
            ],
        )
        .properties(height=HEIGHT_PX)
    )


def _table(rows: Sequence[Sequence[float]], layers: Sequence[str], names: Sequence[str]) -> alt.LayerChart:
    """Rows of (layers, names) as a heat table with the numbers in it."""
    order = sorted(range(len(layers)), key=lambda n: ("down", "mid", "up").index(layers[n].split("_")[0]))
    rows, layers = [rows[n] for n in order], [short_layer(layers[n]) for n in order]
    data = pd.DataFrame(
        [
            {"layer": layer, "phrase": name, "share": value}
            for layer, row in zip(layers, rows, strict=True)
            for name, value in zip(names, row, strict=True)
        ]
    )
    # one word to a line, so that a phrase fits over its column on a phone
    phrases = alt.Axis(
        orient="top", labelAngle=0, labelLimit=110, labelExpr="split(datum.label, ' ')", labelFlush=False
    )
    base = alt.Chart(data).encode(
        x=alt.X("phrase:N", sort=list(names), title=None, axis=phrases),
        y=alt.Y("layer:N", sort=list(layers), title=None, axis=alt.Axis(labelLimit=170)),
        tooltip=["layer:N", "phrase:N", alt.Tooltip("share:Q", format=".2%")],
    )
    cells, numbers = shaded(base, "share", max(max(row) for row in rows), ".1%")
    return alt.layer(cells, numbers).properties(height=26 * len(layers) + 70)


def shaded(base: alt.Chart, field: str, peak: float, format: str) -> tuple[alt.Chart, alt.Chart]:
    """Cells whose opacity is their value, with the number in each: both can be read on light and on dark."""
    opacity = alt.Scale(domain=[0, peak or 1.0], range=[0.03, DENSEST_CELL])
    cells = base.mark_rect(cornerRadius=3).encode(opacity=alt.Opacity(f"{field}:Q", scale=opacity, legend=None))
    return cells, base.mark_text(fontSize=11, color=ink()).encode(text=alt.Text(f"{field}:Q", format=format))


def ink() -> str:
    """The colour of words within a chart, which Vega would draw in black on any theme."""
    return INK_ON_DARK if st.context.theme.type == "dark" else INK_ON_LIGHT


def _rulers(by_step: Sequence[str], styles: Sequence[str]) -> alt.Chart:
    data = pd.DataFrame([{"step": step, "style": style} for step, style in enumerate(by_step, 1)])
    return (
        alt.Chart(data)
        .mark_rect(cornerRadius=3)
        .encode(
            x=alt.X("step:O", title="step", axis=alt.Axis(labelAngle=0)),
            color=_colour("style", styles),
            tooltip=["step:O", "style:N"],
        )
        .properties(height=150)
    )


def _bars(
    names: Sequence[str], values: Sequence[float], measure: str, format: str = "~g", are_styles: bool = True
) -> alt.Chart:
    """A bar per name: of styles, each in its own colour and from 0 to 1."""
    data = pd.DataFrame({"of": list(names), "value": list(values)})
    axis = alt.Axis(tickCount=5, format=format)
    return (
        alt.Chart(data)
        .mark_bar(cornerRadiusEnd=4)
        .encode(
            x=alt.X(
                "value:Q",
                title=measure,
                scale=alt.Scale(domain=[0, 1]) if are_styles else alt.Scale(),
                axis=axis,
            ),
            y=alt.Y("of:N", sort=list(names), title=None, axis=alt.Axis(labelLimit=170)),
            color=alt.Color("of:N", sort=list(names), scale=scale_of(names), legend=None)
            if are_styles
            else alt.Undefined,
            tooltip=["of:N", alt.Tooltip("value:Q", title=measure, format=".1%" if "%" in format else ".3f")],
        )
        .properties(height=36 * len(names) + 70)
    )


def _colour(field: str, names: Sequence[str]) -> alt.Color:
    """One colour per name, and a legend close below the chart where there is more than one."""
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=320, padding=0, offset=4, rowPadding=2)
    scale = scale_of(names)
    return alt.Color(f"{field}:N", title=None, sort=list(names), scale=scale, legend=legend if len(names) > 1 else None)


def scale_of(names: Sequence[str]) -> alt.Scale:
    """A colour per name, from the theme."""
    return alt.Scale(domain=list(names))


def short_layer(name: str) -> str:
    """A layer's name for an axis: "up 1.0" is the first attention of the second block on the way up."""
    found = re.match(r"(down|up)_blocks\.(\d+)\.attentions\.(\d+)|(mid)_block\.attentions\.(\d+)", name)
    if not found:
        return name
    return f"{found[1]} {found[2]}.{found[3]}" if found[1] else f"middle {found[5]}"
