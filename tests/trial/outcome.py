"""What came of a trial: a row of its table. Knows nothing of what is tried."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Row:
    """One kind of fault, tried many times."""

    kind: str
    what: str
    tries: int = 0
    held: int = 0
    told: list[str] = field(default_factory=list)  # what did not hold, one line each

    def attempt(self, name: str, check: Callable[[], object]) -> None:
        """Run one try; it holds where nothing is raised."""
        self.tries += 1
        try:
            check()
        except Exception as error:  # every try counts, and the next one follows
            at = traceback.extract_tb(error.__traceback__)[-1]
            self.told.append(
                f"{name}: {type(error).__name__} {' '.join(str(error).split())[:200]} ({at.name}:{at.lineno})"
            )
        else:
            self.held += 1
