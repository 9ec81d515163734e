"""Two finished runs side by side: their pictures, their verdicts, and what was asked differently.

Widgets only. It reads records and artifacts as they were kept, so a run of an experiment can stand beside a render.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from app.markup import escape, typeset
from app.ui.dialogs import close_dialog, open_dialog

COMPARE = "compare"
IMAGE, SHEETS = "image.png", ("figure.png", "strip.png")
NAMES = {
    "subject": "subject",
    "styles": "styles",
    "method": "method",
    "num_inference_steps": "steps",
    "guidance_scale": "guidance",
    "seed": "seed",
    "negative_prompt": "negative prompt",
    "references": "references",
}
"""What of a request is told, and by which name."""


def show_compare_button(key: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    label, icon = "Compare with the run before", ":material/compare:"
    st.button(
        label, key=f"compare {key}", icon=icon, type="tertiary", on_click=open_dialog, args=(COMPARE, before, after)
    )


@st.dialog("Two runs side by side", width="large", on_dismiss=close_dialog)
def show_comparison(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Lay a run beside an earlier one."""
    for column, title, run in zip(st.columns(2), ("Before", "Now"), (before, after), strict=True):
        with column:
            st.markdown(f"**{title}**")
            folder = Path(run["folder"])
            picture = next((folder / name for name in (IMAGE, *SHEETS) if (folder / name).is_file()), None)
            if picture is None:
                st.caption("The files of this run were deleted.")
            else:
                st.image(picture.read_bytes(), width="stretch", output_format="PNG", alt=f"{title}: {summary(run)}")
            st.caption(escape(summary(run)))
            if verdict := run.get("verdict"):
                st.markdown(escape(typeset(verdict)))
    changed = changes(before, after)
    st.markdown("**What changed**")
    if changed:
        rows = {"before": [was for was, _ in changed.values()], "now": [now for _, now in changed.values()]}
        st.table({"": list(changed), **rows})
    else:
        st.caption("Nothing: both were asked the same.")


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What was asked of two runs where it differs, in words: by name, before and now."""
    first, second = told(before), told(after)
    differing = [name for name in {**first, **second} if first.get(name) != second.get(name)]
    return {name: (first.get(name, ""), second.get(name, "")) for name in differing}


def told(run: Mapping[str, Any]) -> dict[str, str]:
    """What was asked of a run, in words; of an experiment, its name and its first picture's request."""
    record = run.get("record", {})
    request: Mapping[str, Any] = next(iter(record.get("requests") or ()), {})
    found = {"experiment": str(run["experiment"])} if "experiment" in run else {}
    for field, name in NAMES.items():
        if (value := request.get(field)) not in (None, "", [], ()):
            found[name] = _styles(request) if field == "styles" else _in_words(value)
    return found


def summary(run: Mapping[str, Any]) -> str:
    """One line on a run."""
    asked = told(run)
    return ", ".join(asked[name] for name in ("experiment", "subject", "styles", "method") if name in asked)


def _styles(request: Mapping[str, Any]) -> str:
    shares = request.get("shares") or [style.get("weight", 0.0) for style in request["styles"]]
    return " + ".join(f"{share:.0%} {style['text']}" for style, share in zip(request["styles"], shares, strict=True))


def _in_words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(str(one.get("prompt") or "a picture") if isinstance(one, dict) else str(one) for one in value)
    return str(value)
