"""Facts and figures: what was measured, in sentences and as data to draw.

A fact names the figure that shows it in a field of its own, never inside its text. It knows nothing about what is
measured, nor how a figure is drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Fact:
    """One thing that was measured, in plain words."""

    topic: str  # what it is about, in one word: attention, noise, flip
    text: str
    figure: str  # the id of the figure that shows it
    numbers: Mapping[str, float] = field(default_factory=dict)  # the numbers in the text, by name

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "numbers": dict(self.numbers)}


@dataclass(frozen=True)
class Mark:
    """A stretch of a figure's x axis with a word to it."""

    start: float
    end: float
    label: str


@dataclass(frozen=True)
class Figure:
    """One chart, as data. `shows` and `does_not_show` go on after those words.

    Args:
        id: What facts call it by.
        title: What it asks or shows, in one line.
        kind: `lines` over numbers, `bars` by category, a `table` whose cells are coloured by their values, or `turns`,
            where each place on the x axis belongs to the one name that has a value there.
        along: Of each row, where it stands on the x axis: numbers for `lines`, else names.
        along_title: What the x axis is, with its unit.
        names: Of each column.
        rows: (along, names) values; None where there is none.
        measure: What a value is, with its unit.
        percent: Whether values are shares, to be written as percentages.
        marks: Stretches of the x axis to be pointed out.
    """

    id: str
    title: str
    kind: Literal["lines", "bars", "table", "turns"]
    along: Sequence[float] | Sequence[str]
    along_title: str
    names: Sequence[str]
    rows: Sequence[Sequence[float | None]]
    measure: str
    shows: str
    does_not_show: str
    percent: bool = False
    marks: Sequence[Mark] = ()

    def __post_init__(self) -> None:
        if len(self.along) != len(self.rows) or any(len(row) != len(self.names) for row in self.rows):
            raise ValueError(f"figure {self.id}: {len(self.along)} x {len(self.names)} values are needed")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def listed(names: Sequence[str], shares: Sequence[float]) -> str:
    """Say shares by name: 25.0% "watercolor", 75.0% "oil painting"."""
    return ", ".join(f'{share:.1%} "{name}"' for name, share in zip(names, shares, strict=True))
