"""Pictures in one row that scrolls sideways, each with a line below it.

It knows nothing of what they show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.markup import typeset
from app.ui.components import browser_component
from app.ui.pictures import picture_url

MOUNT = browser_component("strip")


@dataclass(frozen=True)
class Shown:
    """A picture of a strip.

    Args:
        label: The line below it.
        alt: What it shows, for who cannot see it.
        mark: A word that sets it apart from the others.
    """

    file: Path
    label: str
    alt: str
    mark: str = ""


def show_strip(key: str, label: str, pictures: Sequence[Shown], line: str = "", verdict: str = "") -> None:
    """Draw a strip; pictures whose file is gone are left out.

    Args:
        key: Stable across reruns and different for each strip.
        label: What the strip shows, for who cannot see it.
        line: A quiet line above it.
        verdict: What the pictures say.
    """
    drawn = [
        {"picture": picture_url(one.file), "label": one.label, "alt": one.alt, "mark": one.mark}
        for one in pictures
        if one.file.is_file()
    ]
    MOUNT(key=key, data={"label": label, "pictures": drawn, "line": line, "verdict": typeset(verdict)})
