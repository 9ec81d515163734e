"""What cannot be used of a corpus, told with its place and the cure."""

from __future__ import annotations

from pathlib import Path


class CorpusError(ValueError):
    """Something in the corpus cannot be used; the message says where, why, and what to do."""

    def __init__(self, file: Path | str, problem: str, line: int | None = None) -> None:
        place = f"{file}:{line}" if line else str(file)
        super().__init__(f"{place}: {problem}")
        self.file = Path(file)
        self.line = line
