"""What a finished render left in the conversation: its image, its downloads, and what was measured in it.

Widgets only; the figures come from `charts.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import streamlit as st

from app.charts import colour_bar, figures_of, heat_maps
from app.marking import escape

IMAGE_WIDTH_PX = 384
HEAT_MAP_WIDTH_PX = 192


def show_render(key: str, render: dict[str, Any]) -> None:
    """A finished render: the image, its record, and both to take away."""
    folder = Path(render["folder"])
    image = folder / "image.png"
    record = render.get("record", {})
    if not image.is_file():
        st.caption("The files of this render were deleted.")
        return
    description = describe(record)
    st.badge("Measured in this run", icon=":material/science:", color="violet")
    with st.container(width=IMAGE_WIDTH_PX):  # a container, unlike an image, gives way to a narrow window
        st.image(
            image.read_bytes(),
            width="stretch",
            output_format="PNG",
            caption=escape(description),
            alt=f"Rendered image: {description}",
        )
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Image",
            image.read_bytes(),
            f"{render['run_id']}.png",
            "image/png",
            key=f"image {key}",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Record",
            json.dumps(record, indent=1, ensure_ascii=False),
            f"{render['run_id']}.json",
            "application/json",
            key=f"record {key}",
            on_click="ignore",
            icon=":material/download:",
        )
    if unknown := render.get("unknown_words"):
        st.caption(f"Words that this image model does not know: {escape(', '.join(unknown))}")
    show_measurements(folder, render.get("measurements", {}))
    with st.expander("Record: everything needed to make the same pixels again", icon=":material/receipt_long:"):
        st.json(record, expanded=1)


def show_measurements(folder: Path, measurements: dict[str, Any]) -> None:
    """What happened inside the model in this run; nothing where it was not traced."""
    figures = list(figures_of(measurements))
    if not figures:
        return
    with st.expander("Under the hood: what was measured in this run", icon=":material/monitoring:"):
        show_weights(measurements)
        for figure in figures:
            st.markdown(f"**{escape(figure.title)}**")
            st.altair_chart(figure.chart, alt=f"{figure.title}: {figure.shows}")
            st.caption(f"Shows {escape(figure.shows)}  \nDoes not show {escape(figure.does_not_show)}")
        maps = heat_maps(folder, measurements)
        if maps:
            st.markdown("**Where the attention on each phrase lay**")
            with st.container(horizontal=True, gap="small"):
                for found in maps:
                    alt = f"Heat map of the attention on “{found.phrase}” over the rendered image"
                    st.image(found.overlay, width=HEAT_MAP_WIDTH_PX, caption=escape(found.phrase), alt=alt)
            peak = maps[0].peak_share
            st.image(colour_bar(), width=HEAT_MAP_WIDTH_PX, alt=f"Colour bar from 0 to {peak:.1%} of the attention")
            st.caption(
                f"Shows on one scale for all phrases where their attention lay: dark is none, light is {peak:.1%} of "
                "it.  \nDoes not show why the model looked there, nor what it drew because of it."
            )


def show_weights(measurements: dict[str, Any]) -> None:
    """The three meanings of "weights", kept apart."""
    image = (measurements.get("images") or [{}])[0]
    shares = " + ".join(
        f"{share:.0%} {escape(style)}"
        for style, share in zip(image.get("styles", []), image.get("shares", []), strict=False)
    )
    st.markdown("**Three things are called weights**")
    parameters = measurements.get("parameters")
    if parameters:
        before, after = parameters["sha256_before"][:12], parameters["sha256_after"][:12]
        same = "the same" if parameters["unchanged"] else "NOT the same"
        st.markdown(f"1. The model's **parameters**: {same} before and after, SHA-256 `{before}…` and `{after}…`.")
    st.markdown("2. **Attention weights**: made anew at every layer and step; the figures below show these.")
    st.markdown(f"3. The **blend's weights**, which you set: {shares}.")


def describe(record: dict[str, Any]) -> str:
    """One line that says what an image shows and how it was made."""
    request = record.get("request") or (record.get("requests") or [{}])[0]
    styles = request.get("styles", [])
    shares = request.get("shares") or [style.get("weight", 0.0) for style in styles]
    named = " + ".join(f"{share:.0%} {style['text']}" for share, style in zip(shares, styles, strict=False))
    method, seed = request.get("method", ""), request.get("seed", "")
    return f"{request.get('subject', '')}: {named} ({method}, seed {seed})"
