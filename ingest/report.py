"""What a run of the index changed."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.errors import CorpusError, CorpusNote


@dataclass(frozen=True)
class SyncReport:
    """What a run changed, in documents (``embedded``: in texts that went through the embedder)."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    embedded: int = 0
    rejected: tuple[CorpusError, ...] = ()
    notes: tuple[CorpusNote, ...] = ()

    @property
    def changed(self) -> int:
        """How many documents are not what they were."""
        return self.added + self.updated + self.removed
