"""One style space without sharing a picture: the form of a run, and what came of it.

Widgets only. Everything that is shown was measured in the run; a person's own pictures are read here, on the machine
that serves the page, and go nowhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

from app.conversation.render_queue import RenderQueue
from app.markup import escape, typeset
from app.ui.figures import figure_of
from app.ui.own_pictures import show_own_pictures
from app.ui.picture_source import start_with
from app.ui.pictures import picture_url, webp_url
from app.ui.proposal_card import Card, show_start
from app.ui.results import show_figures

MAX_NOISE, NOISE_STEP = 0.3, 0.01
MAP_PX = 300
PALETTE = "category20"


def show_federation_form(queue: RenderQueue, card: Card) -> None:
    """Draw a proposed run: its seed and noise, its button, and what became of the last click."""
    call_id, job = card.proposal.call_id, card.job
    wanted = job.arguments if job else card.proposal.arguments
    start_with(f"seed {call_id}", int(wanted.get("seed") or 0))
    start_with(f"noise {call_id}", float(wanted.get("noise") or 0.0))
    with st.container(border=True, key=f"card-{call_id}"):
        st.markdown("**One style space, and no picture shared**")
        st.caption("24 drawn artists, in a process of their own, align their styles with a server: a minute or two.")
        left, right = st.columns(2)
        left.number_input("Seed", 0, 100_000, key=f"seed {call_id}", help="Other artists for another seed")
        right.slider(
            "Noise on what is shared",
            0.0,
            MAX_NOISE,
            step=NOISE_STEP,
            key=f"noise {call_id}",
            help="It hides which works an artist trained on, at a price in precision: both are measured",
        )
        show_start(queue, card, "hub", start_federation)


def start_federation(queue: RenderQueue, card: Card) -> None:
    """Queue the run as its form is set. For callbacks."""
    state, call_id = st.session_state, card.proposal.call_id
    arguments = {"seed": state[f"seed {call_id}"], "noise": round(state[f"noise {call_id}"], 2)}
    queue.submit(card.conversation_id, call_id, card.proposal.tool, arguments)


def show_federation(key: str, result: dict[str, Any]) -> None:
    """A finished run: verdict, bars, the hands, the map before and after, and what left each artist."""
    folder = Path(result["folder"])
    if not (folder / "figure.png").is_file():
        st.caption("The files of this run were deleted.")
        return
    st.markdown(f"**{escape(typeset(result['verdict']))}**")
    st.caption(escape(result["about"]))
    show_figures([figure_of(bars_of(result))])
    st.image(
        picture_url(folder / "figure.png"),
        caption="Works of the 24 artists, four each: none of these was trained on, and none was shared",
        alt="A wall of small pictures by 24 drawn artists",
    )
    show_details(key, result, folder)
    show_own_pictures(key, folder)


def bars_of(result: dict[str, Any]) -> dict[str, Any]:
    """The bars as a figure's data."""
    return {
        "id": "precision",
        "title": "Is the nearest picture by the same artist?",
        "kind": "bars",
        "along": [bar["name"] for bar in result["bars"]],
        "names": ["artists that took part", "artists that did not"],
        "rows": [[bar["seen"]["precision"], bar["unseen"]["precision"]] for bar in result["bars"]],
        "measure": "share of pictures",
        "percent": True,
        "shows": "for how many test pictures the nearest of all others is by the same artist, each artist having drawn "
        "the same twelve scenes.",
        "does_not_show": "how well it would go with real artists: these hands are drawn.",
    }


@st.fragment  # it draws itself only, and only what is open
def show_details(key: str, result: dict[str, Any], folder: Path) -> None:
    """The map, and what left each artist: closed at first."""
    with st.expander(
        "The map of styles, and what left each artist",
        icon=":material/monitoring:",
        key=f"details-{key}",
        on_change="rerun",
    ) as opened:
        if not opened.open:
            return
        st.markdown("**Where the test pictures lie, before and after; point at one to see it**")
        st.altair_chart(map_of(result, folder / "gallery.npz"), key=f"map-{key}")
        st.markdown("**What left each artist, in one round**")
        show_left(result["left"])
        for fact in result["facts"]:
            st.markdown(f"- {escape(typeset(fact['text']))}")


def show_left(rows: list[dict[str, Any]]) -> None:
    """A table of tensors; nothing else left."""
    table = [
        {
            "tensor": row["tensor"],
            "what": row["what"],
            "shape": " × ".join(map(str, row["shape"])),
            "bytes": row["bytes"],
        }
        for row in rows
    ]
    st.table(pd.DataFrame(table).set_index("tensor"))
    st.caption(f"{sum(row['bytes'] for row in rows):,} bytes. No picture, no name of a file, no number of works.")


def map_of(result: dict[str, Any], gallery: Path) -> alt.FacetChart:
    """Two maps side by side: artists as colours."""
    tiles = tiles_of(gallery)
    rows = [
        {
            "x": point[when][0],
            "y": point[when][1],
            "when": when,
            "artist": f"{point['artist'] + 1}, {result['hands'][point['artist']]}",
            "image": tile,
        }
        for point, tile in zip(result["map"], tiles, strict=True)
        for when in ("before", "after")
    ]
    plain = alt.Axis(labels=False, ticks=False, title=None, grid=False)
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_circle(size=55, opacity=0.85)
        .encode(
            x=alt.X("x:Q", axis=plain),
            y=alt.Y("y:Q", axis=plain),
            color=alt.Color("artist:N", scale=alt.Scale(scheme=PALETTE), legend=None),
            tooltip=["image:N", "artist:N"],
        )
        .properties(width=MAP_PX, height=MAP_PX)
    )
    return chart.facet(column=alt.Column("when:N", sort=["before", "after"], title=None)).resolve_scale(
        x="independent", y="independent"
    )


def tiles_of(gallery: Path) -> list[str]:
    """The test pictures one by one, as they travel in the page."""
    with np.load(gallery) as held:
        return [webp_url(tile) for tile in held["tiles"]]
