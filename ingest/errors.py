"""What cannot be used of a corpus, or is used in another way than it is written, told with its place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class CorpusError(ValueError):
    """Something in the corpus cannot be used; the message says where, why, and what to do."""

    def __init__(self, file: Path | str, problem: str, line: int | None = None) -> None:
        place = f"{file}:{line}" if line else str(file)
        super().__init__(f"{place}: {problem}")
        self.file = Path(file)
        self.line = line


@dataclass(frozen=True)
class CorpusNote:
    """What was indexed all the same, and how."""

    file: Path
    said: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.said}" if self.line else f"{self.file}: {self.said}"
