"""How an eval shows and keeps its figures: a table on the terminal, dated JSON in `tests/evals/results/`."""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Table:
    """A titled table of text cells."""

    title: str
    columns: tuple[str, ...]

    def show(self, rows: Sequence[Sequence[str]]) -> None:
        """Print it, columns aligned."""
        cells = [self.columns, *rows]
        widths = [max(len(str(row[i])) for row in cells) for i in range(len(self.columns))]
        print(f"\n{self.title}")
        for row in cells:
            print(
                "  " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip(),
                flush=True,
            )


def write_results(name: str, figures: dict[str, Any], folder: Path = FOLDER, *, is_whole: bool = True) -> Path:
    """Keep an eval's figures with the day, its command and the machine's kind.

    Args:
        is_whole: False where a part alone was measured: it is kept beside the day's whole record and never in its
            place, and parts measured earlier that day stay.
    """
    folder.mkdir(exist_ok=True)
    today = datetime.date.today().isoformat()
    path = folder / f"{today}-{name}{'' if is_whole else '-part'}.json"
    earlier = json.loads(path.read_text("utf-8")) if path.exists() else {}
    said = {
        "date": today,
        "command": f"python -m tests.evals.{name.replace('-quick', ' --quick')}".removesuffix(".evals"),
    }
    kept = {**earlier, **said, "python": platform.python_version(), "machine": platform.machine(), **figures}
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {path.relative_to(FOLDER.parent.parent.parent)}")
    return path
