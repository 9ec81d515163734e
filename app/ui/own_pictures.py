"""A person's own pictures beside the drawn artists: whose style is nearest, and what would leave if they joined.

They are read here, on the machine that serves the page; nothing is kept and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from app.markup import escape
from app.ui.pictures import webp_url
from app.ui.strip import MOUNT

THUMBNAIL_PX = 96
NEAREST = 5
MAX_UPLOAD_MB = 20


@st.fragment
def show_own_pictures(key: str, folder: Path) -> None:
    """Take pictures, find the nearest to each, and show exactly what would leave."""
    with st.expander(
        "Add my pictures", icon=":material/add_photo_alternate:", key=f"own-{key}", on_change="rerun"
    ) as one:
        if not one.open:
            return
        uploads = st.file_uploader(
            "PNG or JPEG; they stay on this machine and are not kept",
            type=["png", "jpg", "jpeg"],
            accept_multiple_files=True,
            max_upload_size=MAX_UPLOAD_MB,
            key=f"own uploads {key}",
        )
        if not uploads:
            return
        pictures, refused = read_uploads([(one.name, one.getvalue()) for one in uploads])
        for line in refused:
            st.warning(escape(line))
        if not pictures:
            return
        statistics = show_nearest_artists(key, folder, list(pictures.values()))
        if st.toggle("Show exactly what would leave", key=f"leave {key}"):
            show_what_would_leave(statistics)


def read_uploads(uploads: Sequence[tuple[str, bytes]]) -> tuple[dict[bytes, Image.Image], list[str]]:
    """Uploads as pictures, those with the same pixels once, and a line for each that cannot be read."""
    from tools.blend.references import ReferenceError, read_upload

    pictures, refused = {}, []
    for name, data in uploads:
        try:
            picture = read_upload(data)
            pictures[picture.tobytes()] = picture
        except ReferenceError as error:
            refused.append(f"{name}: {error}")
    return pictures, refused


def show_nearest_artists(key: str, folder: Path, pictures: Sequence[Image.Image]) -> Any:
    """For each picture the drawn works nearest to it, and the nearest of the other pictures; returns its statistics."""
    from tools.style_search.encoder import load_encoder, statistics_of

    encoder = load_encoder(folder / "encoder.safetensors")
    statistics = statistics_of(encoder, pictures)
    vectors = encoder.project(statistics).numpy()
    with np.load(folder / "gallery.npz") as held:
        gallery, artists, tiles = held["vectors"].astype(np.float32), held["artists"], held["tiles"]
    for number, (picture, vector) in enumerate(zip(pictures, vectors, strict=True)):
        scores = gallery @ vector
        first = np.argsort(-scores, kind="stable")[:NEAREST]
        rows = [{"picture": webp_url(_small(picture)), "label": "yours", "alt": "Your picture", "mark": ""}]
        others = [(float(vectors[at] @ vector), at) for at in range(len(pictures)) if at != number]
        if others:
            nearest = max(others)
            rank = 1 + int((scores > nearest[0]).sum())
            label = f"yours too, rank {rank} of {len(gallery) + 1}"
            shown = webp_url(_small(pictures[nearest[1]]))
            rows.append({"picture": shown, "label": label, "alt": "The nearest of your others", "mark": ""})
        rows += [
            {
                "picture": webp_url(tiles[at]),
                "label": f"{rank}, artist {artists[at] + 1}",
                "alt": f"Rank {rank}, by drawn artist {artists[at] + 1}",
                "mark": "",
            }
            for rank, at in enumerate(first.tolist(), 1)
        ]
        line = f"Nearest to your picture {number + 1}, among {len(gallery)} works"
        MOUNT(key=f"own-{key}-{number}", data={"label": line, "pictures": rows, "line": line, "verdict": ""})
    return statistics


def show_what_would_leave(statistics: Any) -> None:
    """Every tensor that joining would share, with its values' beginning; or why nothing could be."""
    from tools.style_search.representation import RepresentationError, fit_gaussian

    try:
        gaussian = fit_gaussian(statistics)
    except RepresentationError as error:
        st.caption(f"Nothing yet: {escape(str(error))}.")
        return
    rows = [
        {
            "tensor": name,
            "shape": " × ".join(map(str, value.shape)),
            "bytes": value.numel() * value.element_size(),
            "begins with": ", ".join(f"{one:.3f}" for one in value.flatten()[:4].tolist()),
        }
        for name, value in gaussian.tensors().items()
    ]
    st.table(rows)
    total = sum(int(str(row["bytes"])) for row in rows)
    st.caption(f"{total:,} bytes, whatever the number of pictures; with them only the name that you choose.")


def _small(picture: Image.Image) -> np.ndarray:
    copy = picture.copy()
    copy.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    return np.asarray(copy)
