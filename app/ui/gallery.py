"""All that was rendered in this home: found by words, method and style, opened, compared, used again or deleted.

It reads the queue's jobs; what a run measured it takes from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from app.conversation.render_jobs import RenderJob
from app.conversation.render_queue import RenderQueue
from app.ui.comparison import COMPARE, SHEETS
from app.ui.components import browser_component
from app.ui.dialogs import close_dialog, open_dialog, open_one
from app.ui.pictures import picture_url
from app.ui.step_player import IMAGE
from tools.blend.methods import DEFAULT_METHOD

MOUNT = browser_component("gallery")
GALLERY = "gallery"
COMPARED = "gallery compared"
SHOWN = 48


@dataclass(frozen=True)
class Kept:
    """One run as the gallery shows it."""

    job: RenderJob
    picture: Path
    title: str
    method: str
    styles: tuple[str, ...]

    @property
    def is_picture(self) -> bool:
        return self.picture.name == IMAGE

    @property
    def artifact(self) -> dict[str, Any]:
        return (self.job.result or {}).get("artifact") or {}

    @property
    def words(self) -> str:
        return " ".join((self.title, self.method, str(self.artifact.get("verdict") or ""))).lower()


def kept_runs(queue: RenderQueue) -> list[Kept]:
    """What was rendered and is still there, the newest first."""
    runs = []
    for job in queue.finished():
        folder, arguments = queue.folder / job.id, job.arguments
        picture = next((folder / name for name in (IMAGE, *SHEETS) if (folder / name).is_file()), None)
        if picture is None:
            continue
        styles = [style for style in arguments.get("styles") or [] if style.get("weight", 1.0) > 0]
        total = sum(style.get("weight", 1.0) for style in styles) or 1.0
        named = " + ".join(f"{style.get('weight', 1.0) / total:.0%} {style['text']}" for style in styles)
        what = str(arguments.get("experiment") or "").replace("_", " ")
        tool = job.tool.replace("_", " ")
        subject = arguments.get("subject") or tool
        title = f"{what}: {' and '.join(s['text'] for s in styles)}" if what else f"{subject}: {named}"
        usual = DEFAULT_METHOD if "styles" in arguments else tool
        method = (what and f"experiment {what}") or str(arguments.get("method") or usual)
        runs.append(Kept(job, picture, title.strip(": "), method, tuple(style["text"] for style in styles)))
    return runs


def fitting(runs: Sequence[Kept], words: str, methods: Sequence[str], styles: Sequence[str]) -> list[Kept]:
    """The runs that hold all the words, by one of the methods and with all of the styles; none named allows any."""
    wanted = words.lower().split()
    return [
        run
        for run in runs
        if all(word in run.words for word in wanted)
        and (not methods or run.method in methods)
        and set(styles) <= set(run.styles)
    ]


@st.dialog("Gallery", width="large", on_dismiss=close_dialog)
def show_gallery(
    queue: RenderQueue, open_conversation: Callable[[str | None], None], use_reference: Callable[[str], None]
) -> None:
    """Draw the gallery.

    Args:
        open_conversation: Shows the conversation that a run belongs to.
        use_reference: Proposes a render that takes keys and values from this run's picture.
    """
    if open_one() != (GALLERY,):
        st.rerun()  # a click in here closed it or opened another; only the whole page can take it away
    runs = kept_runs(queue)
    left, middle, right = st.columns(3)
    words = left.text_input("Search", key="gallery words")
    methods = middle.multiselect("Method", sorted({run.method for run in runs}), key="gallery methods")
    styles = right.multiselect("Style", sorted({style for run in runs for style in run.styles}), key="gallery styles")
    found = fitting(runs, words, methods, styles)
    compared = st.session_state.get(COMPARED)
    if compared in [run.job.id for run in runs]:
        st.caption("Choose a second one to compare it with.")
    by_id = {run.job.id: run for run in runs}

    def chosen(event: str) -> Kept | None:
        return by_id.get(st.session_state["gallery cards"].get(event) or "")

    def opened() -> None:
        if run := chosen("open"):
            open_conversation(run.job.conversation_id)

    def compare() -> None:
        if run := chosen("compare"):
            first = by_id.get(st.session_state.pop(COMPARED, None) or "")
            if first is None:
                st.session_state[COMPARED] = run.job.id
            elif first != run:
                earlier, later = sorted((first, run), key=lambda one: one.job.created_at)
                open_dialog(COMPARE, earlier.artifact, later.artifact)

    def referred() -> None:
        if (run := chosen("reference")) and run.is_picture:
            close_dialog()
            use_reference(run.job.id)

    def deleted() -> None:
        if run := chosen("delete"):
            queue.delete(run.job.id)

    MOUNT(
        key="gallery cards",
        data={"cards": [card_of(run, run.job.id == compared) for run in found[:SHOWN]]},
        on_open_change=opened,
        on_compare_change=compare,
        on_reference_change=referred,
        on_delete_change=deleted,
    )
    if len(found) > SHOWN:
        st.caption(f"and {len(found) - SHOWN} more; name a style or a word to find one")


def card_of(run: Kept, is_compared: bool) -> dict[str, Any]:
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.job.created_at))
    seed = run.job.arguments.get("seed", 0)
    return {
        "id": run.job.id,
        "picture": picture_url(run.picture),
        "alt": f"From the gallery: {run.title}",
        "title": run.title,
        "line": f"{run.method} · seed {seed} · {when}",
        "compared": is_compared,
        "isPicture": run.is_picture,
    }
