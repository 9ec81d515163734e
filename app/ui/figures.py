"""Figures as data (`tools/trace/facts.py`), drawn as charts: lines over numbers, bars by category, a table, or turns.

It knows nothing about what was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from app.ui.charts import Along, Figure, colour_of, ink, line_chart, scale_of, shaded, short_layer
from tools.trace import measures

ROW_PX = 30
COLUMNS = alt.Axis(orient="top", labelAngle=0, labelLimit=110, labelExpr="split(datum.label, ' ')", labelFlush=False)
"""One word to a line, so that a phrase fits over its column on a phone."""


def figures_of(measurements: Mapping[str, Any]) -> list[Figure]:
    """The figures of a run's first image; nothing where nothing was traced."""
    return [figure_of(figure.to_json()) for figure in measures.figures_of(measurements)]


def figure_of(figure: Mapping[str, Any]) -> Figure:
    """A figure's data with its chart."""
    return Figure(figure["id"], figure["title"], chart_of(figure), figure["shows"], figure["does_not_show"])


def chart_of(figure: Mapping[str, Any]) -> alt.Chart | alt.LayerChart:
    """The chart of a figure: `lines`, `bars`, `table` or `turns`, as its kind says."""
    return {"lines": _lines, "bars": _bars, "table": _table, "turns": _turns}[figure["kind"]](figure)


def _lines(figure: Mapping[str, Any]) -> alt.Chart | alt.LayerChart:
    whole = all(float(x).is_integer() for x in figure["along"])
    axis = alt.Axis(format="~g", tickMinStep=1) if whole else alt.Axis(format="~g")
    along = Along(figure["along_title"], axis, list(figure["along"]))
    chart = line_chart(figure["rows"], figure["names"], figure["measure"], figure["percent"], along)
    marks = figure.get("marks") or ()
    if not marks:
        return chart
    at = pd.DataFrame([{"x": (mark["start"] + mark["end"]) / 2, "word": mark["label"]} for mark in marks])
    base = alt.Chart(at).encode(x="x:Q")
    rule = base.mark_rule(color=ink(), strokeDash=[5, 4], strokeWidth=1.5)
    word = base.mark_text(color=ink(), align="left", dx=5, fontSize=12).encode(text="word:N", y=alt.value(10))
    return alt.layer(chart, rule, word)


def _long(figure: Mapping[str, Any]) -> pd.DataFrame:
    """(along, names) values as one row each; what was not measured is left out."""
    return pd.DataFrame(
        [
            {"along": short_layer(str(along)), "of": name, "value": value}
            for along, row in zip(figure["along"], figure["rows"], strict=True)
            for name, value in zip(figure["names"], row, strict=True)
            if value is not None
        ],
        columns=["along", "of", "value"],
    )


def _bars(figure: Mapping[str, Any]) -> alt.Chart:
    names, order = list(figure["names"]), [short_layer(str(along)) for along in figure["along"]]
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=320) if len(names) > 1 else None
    return (
        alt.Chart(_long(figure))
        .mark_bar(cornerRadiusEnd=4)
        .encode(
            x=alt.X("value:Q", title=figure["measure"], axis=alt.Axis(format=_format(figure), tickCount=5)),
            y=alt.Y("along:N", sort=order, title=None, axis=alt.Axis(labelLimit=170)),
            yOffset=alt.YOffset("of:N", sort=names),
            color=alt.Color("of:N", title=None, sort=names, scale=scale_of(names), legend=legend),
            tooltip=["along:N", "of:N", alt.Tooltip("value:Q", format=_format(figure, fine=True))],
        )
        .properties(height=ROW_PX * len(order) * len(names) + 70)
    )


def _table(figure: Mapping[str, Any]) -> alt.LayerChart:
    data = _long(figure)
    names, order = list(figure["names"]), [short_layer(str(along)) for along in figure["along"]]
    peak = float(data["value"].max()) if len(data) else 1.0
    base = alt.Chart(data).encode(
        x=alt.X("of:N", sort=names, title=None, axis=COLUMNS),
        y=alt.Y("along:N", sort=order, title=None, axis=alt.Axis(labelLimit=170)),
        tooltip=["along:N", "of:N", alt.Tooltip("value:Q", format=_format(figure, fine=True))],
    )
    cells, numbers = shaded(base, "value", peak, _format(figure, fine=True))
    return alt.layer(cells, numbers).properties(height=ROW_PX * len(order) + 70)


def _turns(figure: Mapping[str, Any]) -> alt.Chart:
    """Which of the names had each place on the x axis: those with a value."""
    return (
        alt.Chart(_long(figure))
        .mark_rect(cornerRadius=3)
        .encode(
            x=alt.X(
                "along:O",
                title=figure["along_title"],
                sort=[str(along) for along in figure["along"]],
                axis=alt.Axis(labelAngle=0),
            ),
            color=colour_of("of", figure["names"]),
            tooltip=["along:O", "of:N"],
        )
        .properties(height=150)
    )


def _format(figure: Mapping[str, Any], *, fine: bool = False) -> str:
    if figure["percent"]:
        return ".1%" if fine else "~%"
    return ".3g" if fine else "~g"
