"""What a finished render left in the conversation: images, downloads, and what was measured.

Widgets only; the figures come from `charts.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import streamlit as st

from app.markup import escape, file_name
from app.ui.charts import TITLES, Figure, figures_of
from app.ui.heat_maps import colour_bar, heat_maps

IMAGE_WIDTH_PX = 384
HEAT_MAP_WIDTH_PX = 192
BAR_WIDTH_PX = 112


def show_result(key: str, render: dict[str, Any]) -> None:
    """A finished render: its verdict, its images, its record, both to take away, and what was measured."""
    folder = Path(render["folder"])
    picture = folder / "image.png"
    if not picture.is_file():
        st.caption("The files of this render were deleted.")
        return
    st.badge("Measured in this run", icon=":material/science:", color="violet")
    if verdict := render.get("verdict"):
        st.markdown(f"#### {escape(verdict)}")
    if "reference" in render.get("measurements", {}):
        show_swap(folder, render["measurements"]["reference"])
    show_image(picture, describe(render.get("record", {})))
    show_downloads(key, render, picture)
    if unknown := render.get("unknown_words"):
        st.caption(f"Words that this image model does not know: {escape(', '.join(unknown))}")
    show_measurements(folder, render.get("measurements", {}))
    with st.expander("Record: everything needed to make the same pixels again", icon=":material/receipt_long:"):
        st.json(render.get("record", {}), expanded=1)


def show_image(picture: Path, description: str) -> None:
    with st.container(width=IMAGE_WIDTH_PX):  # a container, unlike an image, gives way to a narrow window
        st.image(
            picture.read_bytes(),
            width="stretch",
            output_format="PNG",
            caption=escape(description),
            alt=f"Rendered image: {description}",
        )


def show_swap(folder: Path, reference: dict[str, Any]) -> None:
    """The reference, and the same seed with the swap on and off, side by side."""
    named = [(one["file"], "the reference") for one in reference["references"]]
    named += [("image.png", "swap on"), ("without_reference.png", "swap off")]
    there = [(folder / Path(name).name, what) for name, what in named]
    st.markdown(f"**{TITLES['reference.without']}**")
    with st.container(horizontal=True, gap="small", key=f"swap-{folder.name}"):
        for file, what in there:
            if file.is_file():
                st.image(
                    file.read_bytes(),
                    width=HEAT_MAP_WIDTH_PX,
                    output_format="PNG",
                    caption=what,
                    alt=f"Compared: {what}",
                )


def show_downloads(key: str, render: dict[str, Any], picture: Path) -> None:
    record = json.dumps(render.get("record", {}), indent=1, ensure_ascii=False)
    downloads = [
        ("Image", picture.read_bytes(), ".png", "image/png"),
        ("Record", record, ".json", "application/json"),
    ]
    with st.container(horizontal=True, gap="small"):
        for label, data, suffix, mime in downloads:
            st.download_button(
                label,
                data,
                f"{file_name(render['run_id'])}{suffix}",
                mime,
                key=f"{label} {key}",
                on_click="ignore",
                icon=":material/download:",
            )


def show_figures(figures: Iterable[Figure]) -> None:
    for figure in figures:
        st.markdown(f"**{escape(figure.title)}**")
        st.altair_chart(figure.chart, alt=f"{figure.title}: {figure.shows}")
        st.caption(f"Shows {escape(figure.shows)}  \nDoes not show {escape(figure.does_not_show)}")


def show_measurements(folder: Path, measurements: dict[str, Any]) -> None:
    """What happened inside the model in this run; nothing where it was not traced."""
    figures = list(figures_of(measurements))
    if not figures:
        return
    with st.expander("Under the hood: what was measured in this run", icon=":material/monitoring:"):
        show_weights(measurements)
        show_figures(figures)
        maps = heat_maps(folder, measurements)
        if maps:
            st.markdown("**Where the attention on each phrase lay**")
            with st.container(horizontal=True, gap="small"):
                for found in maps:
                    alt = f"Heat map of the attention on “{found.phrase}” over the rendered image"
                    st.image(found.overlay, width=HEAT_MAP_WIDTH_PX, caption=escape(found.phrase), alt=alt)
            peak = maps[0].peak_share
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.caption("0 %", width="content")
                st.image(colour_bar(), width=BAR_WIDTH_PX, alt=f"Colour bar from 0 to {peak:.1%} of the attention")
                st.caption(f"{peak:.1%} of the attention", width="content")
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
    st.markdown(f"**{TITLES['parameters']}**")
    parameters = measurements.get("parameters")
    if parameters:
        before, after = parameters["sha256_before"][:12], parameters["sha256_after"][:12]
        same = "the same" if parameters["unchanged"] else "NOT the same"
        st.markdown(f"1. The model's **parameters**: {same} before and after, SHA-256 `{before}…` and `{after}…`.")
    st.markdown("2. **Attention weights**: made anew at every layer and step; the figures below show these.")
    if shares:
        st.markdown(f"3. The **blend's weights**, which you set: {shares}.")


def describe(record: dict[str, Any]) -> str:
    """One line that says what an image shows and how it was made."""
    request = record.get("request") or (record.get("requests") or [{}])[0]
    styles = request.get("styles", [])
    shares = request.get("shares") or [style.get("weight", 0.0) for style in styles]
    named = " + ".join(f"{share:.0%} {style['text']}" for share, style in zip(shares, styles, strict=False))
    if references := request.get("references"):
        drawn = [one.get("prompt") or "a given picture" for one in references]
        words = [style["text"] for style in styles]
        named = " + ".join([*words, *(f"keys and values of {picture}" for picture in drawn)])
    method, seed = request.get("method", ""), request.get("seed", "")
    return f"{request.get('subject', '')}: {named} ({method}, seed {seed})"
