"""A sweep's curves as figures: what changes between one style and the other, and where.

Reads the `sweep` of a run's measurements as `tools.experiments.flip.measure_curves` documents it; draws what is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import altair as alt
import pandas as pd

from app.ui.charts import TITLES, Along, Figure, line_chart

JUMP_COLOUR = "#b6526b"


def curves_of(sweep: dict[str, Any]) -> Iterator[Figure]:
    """Yield a sweep's figures."""
    start, end = sweep["styles"]
    along = Along(f"weight of “{end}”", alt.Axis(format=".3~p", values=sweep["weights"]), sweep["weights"])
    seen = sweep["style_probability"]
    yield Figure(
        TITLES["sweep.style_probability"],
        line_chart(seen["values"], seen["styles"], "probability", percent=True, along=along),
        f"the probability of each style in each image, by the {seen['by']}.",
        "how a person would judge; what is sure of one style can look like a blend.",
    )
    distances = list(zip(sweep["distance_from_start"], sweep["distance_from_end"], strict=True))
    names = [f"from “{start}” alone", f"from “{end}” alone"]
    jumps = [(sweep["weights"][i] + sweep["weights"][i + 1]) / 2 for i in sweep["jumps"]]
    jumped = f"{len(jumps)} marked" if jumps else "none here"
    yield Figure(
        TITLES["sweep.distance_to_next"],
        _marked(line_chart(distances, names, "distance (1: from end to end)", along=along), jumps),
        "how far each image's latents lie from the first and from the last image. A step of the weight that moves them "
        f"by more than half of the whole way, as a new seed might, is a jump: {jumped}.",
        "what changed in the picture; the images above do.",
    )
    attention = sweep.get("attention_share") or {}
    if all(attention.get(style) for style in (start, end)):
        shares = list(zip(attention[start], attention[end], strict=True))
        yield Figure(
            TITLES["sweep.attention_share"],
            line_chart(shares, [start, end], "share of attention", percent=True, along=along),
            "the share of cross-attention that fell on each style's words at each weight, over all steps and layers.",
            "that attention made the style: it is where the model looked.",
        )


def _marked(chart: alt.Chart, jumps: list[float]) -> alt.Chart | alt.LayerChart:
    """Lay a dashed line with a word over each jump."""
    if not jumps:
        return chart
    at = alt.Chart(pd.DataFrame({"x": jumps, "word": "jump"})).encode(x="x:Q")
    rule = at.mark_rule(color=JUMP_COLOUR, strokeDash=[5, 4], strokeWidth=1.5)
    word = at.mark_text(color=JUMP_COLOUR, align="left", dx=5, fontSize=12).encode(text="word:N", y=alt.value(10))
    return alt.layer(chart, rule, word)
