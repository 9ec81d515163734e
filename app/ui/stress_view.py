"""A picture under other styles: the findings of a run.

Widgets only. What was measured is read from the run's folder; strength and classifier are chosen in the browser,
and nothing is run again for that.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from app.markup import escape, typeset
from app.ui.components import browser_component
from app.ui.downloads import Download, as_json, show_downloads
from app.ui.experiment_view import show_findings
from app.ui.heat_maps import HEAT_COLOURS
from app.ui.pictures import picture_url, webp_url

MOUNT = browser_component("stress")
MAPS = "maps.npz"


def show_stress(key: str, result: dict[str, Any]) -> None:
    """A finished run: verdict, picture and maps, styles in a row with a slider, and what it rests on."""
    folder = Path(result["folder"])
    if not (folder / MAPS).is_file():
        st.caption("The files of this run were deleted.")
        return
    line = f"Found out by restyling · {result['picture']['name']}"
    shown = {"line": line, "verdict": typeset(result["verdict"]), "about": result["about"]}
    MOUNT(key=f"stress-{key}", data={**shown, **stress_data(folder, result)})
    for note in result["notes"]:
        st.caption(escape(note))
    show_findings(key, result, lambda: show_record(key, result, folder))


def stress_data(folder: Path, result: dict[str, Any]) -> dict[str, Any]:
    """What the component shows of a run.

    Returns:
        `alphas`, from 0; `styles` with the picture of each and its frames, one an alpha; `classifiers` with their
        answers, an entry an alpha for each style, and their maps as rows of 64 numbers; `colours` of the maps.
    """
    pictures = _pictures(folder / MAPS, (folder / MAPS).stat().st_mtime_ns)
    alphas, order = alphas_of(result["asked"]["alphas"])
    names = result["asked"]["styles"]
    styles = [
        {
            "name": name,
            "picture": _style_url(folder / f"style-{number}.png"),
            "frames": [pictures["first"] if at is None else pictures["restyled"][number][at] for at in order],
        }
        for number, name in enumerate(names)
    ]
    with np.load(folder / MAPS) as kept:
        classifiers = [
            classifier_data(name, told, kept, order, len(names)) for name, told in result["classifiers"].items()
        ]
    return {
        "question": result["asked"]["question"],
        "picture": pictures["first"],
        "object_share": result["picture"]["object_share"],
        "alphas": alphas,
        "styles": styles,
        "classifiers": classifiers,
        "colours": HEAT_COLOURS.astype(int).tolist(),
    }


def alphas_of(given: list[float]) -> tuple[list[float], list[int | None]]:
    """The strengths from 0 up, and the column of each in what was measured; None is the picture itself."""
    columns = sorted(range(len(given)), key=lambda column: given[column])
    if 0.0 in given:
        return [given[column] for column in columns], list(columns)
    return [0.0, *(given[column] for column in columns)], [None, *columns]


def classifier_data(
    name: str, told: dict[str, Any], kept: Any, order: list[int | None], n_styles: int
) -> dict[str, Any]:
    """One classifier's answers and maps, by style and strength."""
    from tools.style_augmentation.classifiers import CLASSIFIERS

    first, weighted = told["first"], kept[f"{name}.weighted"].reshape(-1, 64)
    n_alphas = (len(weighted) - 1) // n_styles

    def cells(style: int) -> list[dict[str, Any]]:
        on = told["restyled_evidence_on_object"]
        return [
            {
                "answer": first["answer"] if at is None else told["given"][style][at],
                "probability": first["probability"] if at is None else told["probability"][style][at],
                "kept": first["probability"] if at is None else told["first_kept"][style][at],
                "flipped": at is not None and told["flipped"][style][at],
                "on_object": told["evidence_on_object"] if at is None else on and on[style][at],
                "map": _rounded(weighted[0 if at is None else 1 + style * n_alphas + at]),
            }
            for at in order
        ]

    maps = {part: kept[f"{name}.{part}"].ravel() for part in ("shift", "spread", "wsam")}
    peak = float(maps["wsam"].max())
    return {
        "name": name,
        "about": CLASSIFIERS.get(name, ""),
        "first": first,
        "on_object": told["evidence_on_object"],
        "map": _rounded(weighted[0]),
        "cells": [cells(style) for style in range(n_styles)],
        "changed": sum(map(sum, told["flipped"])),
        "of": n_styles * n_alphas,
        "peak": round(peak, 4),
        **{part: _rounded(values / peak if peak else values) for part, values in maps.items()},
    }


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 3) for value in values]


@lru_cache(maxsize=16)
def _pictures(file: Path, changed: int) -> dict[str, Any]:
    with np.load(file) as kept:
        restyled = [[webp_url(picture) for picture in row] for row in kept["pictures"]]
    return {"first": _style_url(file.parent / "picture.png"), "restyled": restyled}


def _style_url(file: Path) -> str:
    return picture_url(file) if file.is_file() else ""


def show_record(key: str, result: dict[str, Any], folder: Path) -> None:
    """The pictures, the maps and the record, to take away, and the record to read."""
    downloads: list[Download] = [
        ("Pictures", (folder / "strip.png").read_bytes(), ".png", "image/png"),
        ("Maps", (folder / "wsam.png").read_bytes(), "-maps.png", "image/png"),
        as_json("Record", result["record"]),
    ]
    show_downloads(key, result["run_id"], downloads)
    st.json({name: value for name, value in result["record"].items() if name != "probabilities"}, expanded=1)
