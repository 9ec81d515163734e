"""What a finished render left in the conversation: images, downloads, and what was measured.

Widgets only; the figures come from `figures.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import streamlit as st

from app.markup import escape
from app.ui.charts import TITLES, Figure
from app.ui.downloads import Download, as_json, show_downloads
from app.ui.figures import figures_of
from app.ui.proposal_card import show_unknown_words
from app.ui.step_player import IMAGE, show_step_player
from app.ui.strip import Shown, show_strip
from app.ui.style_view import show_nearest

OTHERS, WEIGHTS, RECORD = "Figures", "Weights", "Record"
KINDS = {
    "Evidence": ("seen_by_model.probability", "left_out", "attention.map_correlation"),
    "Steps": (
        "attention.share_by_step",
        "noise.contribution_by_step",
        "noise.cosine_by_step",
        "embedding_split.output_share_by_step",
        "ruling_style_by_step",
    ),
    "Layers": ("attention.share_by_layer", "reference.moved"),
}
"""Which tab shows which figures, by their ids; one that none names stands in a tab of its own."""


def show_result(key: str, render: dict[str, Any]) -> None:
    """A finished render: verdict and pictures first; what was measured and the record open behind tabs."""
    folder = Path(render["folder"])
    if not (folder / IMAGE).is_file():
        st.caption("The files of this render were deleted.")
        return
    record, measurements = render.get("record", {}), render.get("measurements", {})
    told = {"line": line_of(record), "verdict": render.get("verdict") or "", "alt": describe(record)}
    unknown = render.get("unknown_words") or ()
    show_step_player(f"player-{key}", folder, measurements, told, unknown)
    if "reference" in measurements:
        show_swap(key, folder, measurements["reference"])
    show_unknown_words(unknown)
    show_measured(key, render, folder / IMAGE)
    show_nearest(key, folder)


@st.fragment  # it draws itself only, and only what is open
def show_measured(key: str, render: dict[str, Any], picture: Path) -> None:
    """What was measured, by kind, and the record: closed at first."""
    with st.expander(
        "Under the hood: what was measured in this run",
        icon=":material/monitoring:",
        key=f"measured-{key}",
        on_change="rerun",
    ) as opened:
        if opened.open:
            show_tabs(key, render, picture)


def show_tabs(key: str, render: dict[str, Any], picture: Path) -> None:
    measurements = render.get("measurements", {})
    figures = figures_of(measurements)
    shown = {kind: [figure for figure in figures if figure.id in ids] for kind, ids in KINDS.items()}
    shown[OTHERS] = [figure for figure in figures if not any(figure in found for found in shown.values())]
    names = [kind for kind, found in shown.items() if found]
    names += [WEIGHTS] if measurements.get("parameters") else []
    for name, tab in zip(
        [*names, RECORD], st.tabs([*names, RECORD], key=f"tabs-{key}", on_change="rerun"), strict=True
    ):
        if not tab.open:
            continue
        with tab:
            if name == WEIGHTS:
                show_weights(measurements)
            elif name == RECORD:
                image: Download = ("Image", picture.read_bytes(), ".png", "image/png")
                show_downloads(key, render["run_id"], [image, as_json("Record", render.get("record", {}))])
                st.json(render.get("record", {}), expanded=1)
            else:
                show_figures(shown[name])


def line_of(record: dict[str, Any]) -> str:
    """One line on a run: what, in which shares, by which method, from which seed."""
    request = record.get("request") or (record.get("requests") or [{}])[0]
    shares = request.get("shares") or [style.get("weight", 0.0) for style in request.get("styles", [])]
    parts = [
        "Measured in this run",
        str(request.get("subject") or ""),
        " / ".join(f"{100 * share:.3g}" for share in shares) if len(shares) > 1 else "",
        str(request.get("method", "")),
        f"seed {request['seed']}" if "seed" in request else "",
    ]
    return " · ".join(part for part in parts if part)


def show_swap(key: str, folder: Path, reference: dict[str, Any]) -> None:
    """The reference, and the same seed with the swap on and off, side by side."""
    named = [(one["file"], "the reference") for one in reference["references"]]
    named += [(IMAGE, "swap on"), ("without_reference.png", "swap off")]
    st.markdown(f"**{TITLES['reference.without']}**")
    pictures = [Shown(folder / Path(name).name, what, f"Compared: {what}") for name, what in named]
    show_strip(f"swap-{key}", TITLES["reference.without"], pictures)


def show_figures(figures: Iterable[Figure]) -> None:
    for figure in figures:
        st.markdown(f"**{escape(figure.title)}**")
        st.altair_chart(figure.chart, alt=f"{figure.title}: {figure.shows}")
        st.caption(f"Shows {escape(figure.shows)}  \nDoes not show {escape(figure.does_not_show)}")


def show_weights(measurements: dict[str, Any]) -> None:
    """The three meanings of "weights", kept apart."""
    image = (measurements.get("images") or [{}])[0]
    shares = " + ".join(
        f"{share:.0%} {escape(style)}"
        for style, share in zip(image.get("styles", []), image.get("shares", []), strict=False)
    )
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
