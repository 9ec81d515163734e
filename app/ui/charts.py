"""The pieces that figures are drawn from: lines, shaded cells, colours; and which figure shows what.

It knows nothing about what was measured; `figures.py` draws.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
    "parameters": "Three things are called weights",
    "shares": "Three things are called weights",
    "reference.without": "The same seed with the swap on and off",
}
"""Of what is shown in another way than as a figure, by its place in measurements.json."""
ALSO_SHOWN_BY = {
    "attention.share": "attention.share_by_step",
    "noise.contribution_share": "noise.contribution_by_step",
    "reference.layers": "reference.moved",
}
"""Places of measurements.json without a figure of their own, and the figure that shows them too."""


@dataclass(frozen=True)
class Figure:
    """One chart; the two texts go on after "Shows" and "Does not show"."""

    id: str  # what facts call it by
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
            color=colour_of("of", names),
            tooltip=[
                alt.Tooltip("x:Q", title=along.title, format=along.axis.format or ""),
                alt.Tooltip("of:N", title="of"),
                alt.Tooltip("value:Q", title=measure, format=".1%" if percent else ".3g"),
            ],
        )
        .properties(height=HEIGHT_PX)
    )


def shaded(base: alt.Chart, field: str, peak: float, format: str) -> tuple[alt.Chart, alt.Chart]:
    """Cells whose opacity is their value, with the number in each: both can be read on light and on dark."""
    opacity = alt.Scale(domain=[0, peak or 1.0], range=[0.03, DENSEST_CELL])
    cells = base.mark_rect(cornerRadius=3).encode(opacity=alt.Opacity(f"{field}:Q", scale=opacity, legend=None))
    return cells, base.mark_text(fontSize=11, color=ink()).encode(text=alt.Text(f"{field}:Q", format=format))


def ink() -> str:
    """The colour of words within a chart, which Vega would draw in black on any theme."""
    return INK_ON_DARK if st.context.theme.type == "dark" else INK_ON_LIGHT


def colour_of(field: str, names: Sequence[str]) -> alt.Color:
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
