"""The corpora that a conversation searches beside its own, opened once and joined with it.

What a conversation searches travels with its questions (`conversation/sources.py`). One that cannot be used is left
out, with a line that says so: the others answer all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.corpora.homes import NoSuchCorpus, called, check_corpus, home_of
from ingest.index import Index, IndexRefused
from ingest.joined import JoinedIndex
from ingest.queries import StoredQueries

if TYPE_CHECKING:
    from app.application import Shared

KEPT = 8
"""Joined corpora kept open: a searcher of each holds some megabytes."""


@dataclass(frozen=True)
class Sourced:
    """What a conversation searches.

    Args:
        lacking: A line on each corpus that was wanted and is left out.
    """

    shared: Shared
    lacking: tuple[str, ...] = ()


class Sources:
    """What one corpus was joined with."""

    def __init__(self) -> None:
        self._indexes: dict[tuple[str, int], Index] = {}
        self._joined: dict[tuple[tuple[str, StoredQueries], ...], Shared] = {}  # the one used last comes last
        self._lock = threading.Lock()

    def join(self, shared: Shared, names: Collection[str]) -> Sourced:
        """Join a corpus with others, in the order of their names, so that their documents are always called the same.

        Args:
            shared: The conversation's own corpus.
            names: The others; an empty name is the first corpus.
        """
        own = shared.settings.corpus_name
        assert isinstance(shared.index, StoredQueries), "it is joined already"
        parts, lacking = {own: shared.index}, []
        with self._lock:
            for name in sorted({*names} - {own}):
                try:
                    parts[name] = self._open(shared, name)
                except (NoSuchCorpus, IndexRefused) as error:
                    lacking.append(f"{called(name)} is not searched: {error}")
            if len(parts) == 1:
                return Sourced(shared, tuple(lacking))
            key = tuple(parts.items())
            joined = self._joined.pop(key, None) or shared.joined(JoinedIndex(parts))
            self._joined[key] = joined
            for old in list(self._joined)[:-KEPT]:
                del self._joined[old]
        return Sourced(joined, tuple(lacking))

    def _open(self, shared: Shared, name: str) -> Index:
        """Open another corpus's index, once for as long as its folder is the same.

        Raises:
            NoSuchCorpus: It is not there any more.
            IndexRefused: It cannot be read, or not together with the conversation's own.
        """
        check_corpus(shared.settings, name)
        home = home_of(shared.settings, name)
        place = name, home.stat().st_ino
        if place not in self._indexes:
            index = Index(home, shared.index.embedder, shared.settings.chroma_url)
            if index.is_begun:
                index.sample(1, 1)  # damaged vectors are told now, and not in the middle of an answer
            self._indexes[place] = index
        return self._indexes[place]
