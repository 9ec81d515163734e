"""Several indexes, asked as if they were one: each question goes to all of them, and what they answer is merged.

What is found is what one index of all their documents finds: words are weighed by the lengths of all documents, and
what is drawn at random is drawn of all. An id that stands in several parts for one text is one document; for another
text the later part's id takes the part's name on, so that each citation leads to the text that it was taken from.

Knows the parts as `StoredQueries`; changes none of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from ingest.documents import Document
from ingest.passages import Passage, passage_id
from ingest.queries import IndexQueries, StoredQueries, stacked
from ingest.refusals import IndexRefused
from ingest.term_weights import weighed_anew

FIRST = "first"
"""What a part without a name is called."""


@dataclass(frozen=True, eq=False)
class _Part:
    """One index, as it stood when the parts were last looked at.

    Args:
        names: What each of its documents is called among all parts, by its own id; those that an earlier part holds as
            well are left out.
        doubles: The own ids of those.
    """

    index: StoredQueries
    names: Mapping[str, str]
    doubles: frozenset[str]

    @cached_property
    def ids(self) -> dict[str, str]:
        """Each document's own id, by what it is called among all."""
        return {name: i for i, name in self.names.items()}

    @cached_property
    def lengths(self) -> dict[str, int]:
        return self.index.lengths()

    @cached_property
    def mean_length(self) -> float:
        return sum(self.lengths.values()) / max(len(self.lengths), 1)

    def named(self, passage: Passage) -> Passage:
        return _renamed(passage, self.names[passage.document_id])

    def own(self, passage: Passage) -> Passage:
        return _renamed(passage, self.ids[passage.document_id])


@dataclass(frozen=True, eq=False)
class _View:
    """The parts that can be searched, at one moment."""

    moment: tuple[tuple[int, bool], ...]
    parts: tuple[_Part, ...]

    @cached_property
    def owners(self) -> dict[str, _Part]:
        """Which part a document is in, by what it is called among all."""
        return {name: part for part in self.parts for name in part.ids}

    @cached_property
    def mean_length(self) -> float:
        lengths = [part.lengths.get(i, 0) for part in self.parts for i in part.names]
        return sum(lengths) / max(len(lengths), 1)

    def by_part(self, passages: Iterable[Passage]) -> Iterator[tuple[_Part, dict[Passage, Passage]]]:
        """Yield each part with those of the passages that are its own: as it knows them -> as they are called here."""
        of_part: dict[int, dict[Passage, Passage]] = {}
        for passage in passages:
            if part := self.owners.get(passage.document_id):
                of_part.setdefault(self.parts.index(part), {})[part.own(passage)] = passage
        for number, own in of_part.items():
            yield self.parts[number], own


class JoinedIndex(IndexQueries):
    """Several indexes as one."""

    def __init__(self, parts: Mapping[str, StoredQueries]) -> None:
        """Join them.

        Args:
            parts: By name, the one first whose documents keep their ids whatever the others hold.

        Raises:
            IndexRefused: Their vectors are of different embedders.
        """
        (_, first), *others = parts.items()
        for name, part in others:
            if (part.embedder.name, part.embedder.dimension) != (first.embedder.name, first.embedder.dimension):
                raise IndexRefused(
                    f"{name or part.home} is indexed with the embedder {part.embedder.name} and {first.home} with "
                    f"{first.embedder.name}, so they cannot be searched together; index one of them anew: "
                    f"python -m ingest --reindex --home {part.home}"
                )
        self.home = first.home
        self.embedder = first.embedder
        self._joined = dict(parts)
        self._seen: _View | None = None

    def __len__(self) -> int:
        return len(self._view().owners)

    @property
    def is_begun(self) -> bool:
        return any(part.is_begun for part in self._joined.values())

    def documents(self) -> list[Document]:
        return [
            _called(document, part.names[document.id])
            for part in self._view().parts
            for document in part.index.documents()
            if document.id in part.names
        ]

    def document(self, document_id: str) -> Document:
        part = self._view().owners[document_id]
        return _called(part.index.document(part.ids[document_id]), document_id)

    def meant(self, document_id: str) -> list[Document]:
        # What an id was given beside other parts, or before one of them changed, may be called otherwise here.
        part = self._view().owners.get(document_id)
        now = [_called(d, document_id) for d in part.index.meant(part.ids[document_id])] if part else []
        own = {name: own_id(document_id, name) for name in self._joined}
        return now + [document for name, index in self._joined.items() for document in index.meant(own[name])]

    def passages(self, document_id: str) -> list[Passage]:
        part = self._view().owners.get(document_id)
        return [part.named(p) for p in part.index.passages(part.ids[document_id])] if part else []

    @property
    def revision(self) -> int:
        # A part that becomes searchable changes what is found as well, and one that is emptied is none any more: twice
        # its revision outgrows that.
        return sum(2 * revision + is_begun for revision, is_begun in self._moment())

    def nearest_documents(self, vector: NDArray[np.float32], count: int) -> list[tuple[str, float]]:
        found = [
            (part.names[i], cosine)
            for part in self._view().parts
            for i, cosine in part.index.nearest_documents(vector, count)
            if i in part.names
        ]
        return sorted(found, key=itemgetter(1), reverse=True)[:count]

    def nearest_passages(
        self, vector: NDArray[np.float32], count: int, among: Sequence[str] = ()
    ) -> list[tuple[Passage, float]]:
        found = []
        for part in self._view().parts:
            own = [part.ids[i] for i in among if i in part.ids]
            if among and not own:
                continue
            nearest = part.index.nearest_passages(vector, count, own)
            found += [(part.named(p), cosine) for p, cosine in nearest if p.document_id in part.names]
        return sorted(found, key=itemgetter(1), reverse=True)[:count]

    def nearest_words(self, vectors: NDArray[np.float32]) -> list[tuple[str, float]]:
        of_parts = [part.index.nearest_words(vectors) for part in self._view().parts]
        return [max(nearest, key=itemgetter(1)) for nearest in zip(*of_parts, strict=True)] or [("", 0.0)] * len(
            vectors
        )

    def match_documents(self, word: str) -> dict[str, float]:
        view = self._view()
        return {
            part.names[i]: weighed_anew(weight, part.lengths[i], part.mean_length, view.mean_length)
            for part in view.parts
            for i, weight in part.index.match_documents(word).items()
            if i in part.names
        }

    def holding(self, word: str, passages: Collection[Passage]) -> set[Passage]:
        return {
            own[p] for part, own in self._view().by_part(passages) for p in part.index.holding(word, own) if p in own
        }

    def sample(self, documents: int, passages: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        drawn = [part.index.draw(documents, passages, part.doubles) for part in self._view().parts]
        first, second = (
            stacked(sorted((one for of_part in kind for one in of_part), key=itemgetter(0))[:count], self.embedder)
            for kind, count in zip(([d for d, _ in drawn], [p for _, p in drawn]), (documents, passages), strict=True)
        )
        return first, second

    def passage_vectors(self, passages: Sequence[Passage]) -> dict[Passage, NDArray[np.float32]]:
        return {
            own[p]: vector
            for part, own in self._view().by_part(passages)
            for p, vector in part.index.passage_vectors(list(own)).items()
        }

    def word_vectors(self, words: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        found: dict[str, NDArray[np.float32]] = {}
        for part in self._view().parts:
            found |= part.index.word_vectors([word for word in words if word not in found])
        return found

    @property
    def background(self) -> NDArray[np.float32]:
        parts = self._view().parts
        return parts[0].index.background if parts else np.zeros((0, self.embedder.dimension), np.float32)

    def _moment(self) -> tuple[tuple[int, bool], ...]:
        return tuple((part.revision, part.is_begun) for part in self._joined.values())

    def _view(self) -> _View:
        """Return the parts as they are now; one that was never indexed to its end holds nothing yet."""
        moment = self._moment()
        if self._seen is None or self._seen.moment != moment:
            self._seen = _View(moment, tuple(self._look(moment)))
        return self._seen

    def _look(self, moment: Sequence[tuple[int, bool]]) -> Iterator[_Part]:
        holders: dict[str, tuple[StoredQueries, str]] = {}  # by what a document is called among all, where it is
        for (name, part), (_, is_begun) in zip(self._joined.items(), moment, strict=True):
            if not is_begun:
                continue
            names, doubles = dict[str, str](), set[str]()
            for i in part.hashes():
                if i not in holders:
                    names[i] = i
                elif _text(part, i) == _text(*holders[i]):
                    doubles.add(i)
                else:
                    names[i] = name_beside(i, name, holders)
            holders |= {called: (part, i) for i, called in names.items()}
            yield _Part(part, names, frozenset(doubles))


def name_beside(document_id: str, part: str, taken: Collection[str] = ()) -> str:
    """Return what a document is called beside another text of the same id, by the part that it is in."""
    name = f"{document_id}@{part or FIRST}"
    while name in taken:
        name += "'"
    return name


def own_id(name: str, part: str) -> str:
    """Return the id that a document has in its part, from what it is called beside another text of the same id."""
    stem, end = name.rstrip("'"), f"@{part or FIRST}"
    return stem.removesuffix(end) if stem.endswith(end) else name


def _text(part: StoredQueries, document_id: str) -> str | None:
    try:
        return part.document(document_id).text
    except KeyError:  # removed a moment ago, which the next look sees
        return None


def _called(document: Document, name: str) -> Document:
    return document if document.id == name else replace(document, id=name)


def _renamed(passage: Passage, document_id: str) -> Passage:
    if passage.document_id == document_id:
        return passage
    return replace(passage, id=passage_id(document_id, passage.start, passage.text), document_id=document_id)
