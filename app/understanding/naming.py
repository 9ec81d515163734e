"""Which documents of the index a message names, by title, by its parts, by repository, or nearly so.

Works from titles: it has no list of documents or of subjects.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Collection, Sequence
from difflib import SequenceMatcher

import numpy as np

from app.understanding.request import Known
from ingest.names import short_name
from ingest.words import background_frequency, content_words

RARE_NAME = 0.02
"""A title's word that fewer ordinary texts of 100 hold can name the document by itself, if no other title has it."""
ENOUGH_OF_A_TITLE = 0.6
"""So much of a title's content words, by rarity, said in a message names it, where it is more than one word."""
NEARLY = 0.84
"""Likeness of letters at which a word is a name misspelt."""
MIN_NAME_CHARS = 4
MAX_MISSPELT_WORDS, MIN_MISSPELT_CHARS, MAX_LENGTHS_APART = 3, 6, 2
MAX_ALIKE = 3
"""So many documents may be named by the same words of their titles; words that fit more name none."""
MAX_KEPT = 4

_LETTERS = re.compile(r"[^\W_]+")


def names_of(known: Known) -> tuple[tuple[str, ...], ...]:
    """Ways to name a document, each as words in lower case: its short name, title, id, repository, and coined words."""
    name = short_name(known.title)
    texts = [name, known.title, known.id]
    if known.github_url:
        texts.append(known.github_url.rstrip("/").rsplit("/", 1)[-1])
    texts += [word for word in re.findall(r"[A-Za-z0-9]+", name) if _is_coined(word)]
    found = dict.fromkeys(tuple(_LETTERS.findall(text.lower())) for text in texts)
    return tuple(sorted((n for n in found if sum(map(len, n)) >= MIN_NAME_CHARS), key=lambda n: -sum(map(len, n))))


def _is_coined(word: str) -> bool:
    """Whether a word of a title looks like a name: capitals inside, digits among letters, or all capitals."""
    return bool(re.search(r"[a-z][A-Z]|[A-Za-z]\d|\d[A-Za-z]|^[A-Z]{3,}", word))


def named_documents(message: str, documents: Sequence[Known]) -> tuple[str, ...]:
    """Return the ids of the documents that a message names, in the order in which it names them."""
    return _names_among(documents).said_in(message)


class _Names:
    """The names of many documents, each found by what is said of it and not by going through them."""

    def __init__(self, documents: Sequence[Known]) -> None:
        self._documents = documents
        self._exact: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        self._joined: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)  # (words, document)
        self._shaped: defaultdict[tuple[str, int], list[tuple[str, int, int]]] = defaultdict(list)
        holders: defaultdict[str, list[int]] = defaultdict(list)
        titled: Counter[str] = Counter()
        self._weight = np.zeros(len(documents))
        for n, known in enumerate(documents):
            for name in names_of(known):
                self._exact[name].append(n)
                whole = "".join(name)
                if len(name) <= MAX_MISSPELT_WORDS and len(whole) >= MIN_MISSPELT_CHARS:
                    self._joined[whole].append((len(name), n))
                    self._shaped[whole[0], len(whole)].append((whole, len(name), n))
            titled.update(content_words(known.title))
            words = content_words(short_name(known.title))
            for word in words if len(words) > 1 else ():
                holders[word].append(n)
                self._weight[n] += _rarity(word)
        self._holders = {word: np.array(numbers) for word, numbers in holders.items()}
        self._alone = {word for word, count in titled.items() if count == 1}
        self._longest = max(map(len, self._exact), default=0)

    def said_in(self, message: str) -> tuple[str, ...]:
        said = _LETTERS.findall(message.lower())
        places = self._by_name(said)
        for n, at in self._by_title(said, places).items():
            places.setdefault(n, at)
        return tuple(self._documents[n].id for n in sorted(places, key=lambda n: (places[n], n)))

    def _by_name(self, said: Sequence[str]) -> dict[int, int]:
        """Where documents are named: to the letter, written as one word or as several, or misspelt.

        A name inside a longer one is not meant, and what many are called is no name.
        """
        called: defaultdict[tuple[int, int], set[int]] = defaultdict(set)  # (from, to) in the words said
        for at in range(len(said)):
            for width in range(1, min(self._longest, len(said) - at) + 1):
                window = tuple(said[at : at + width])
                found = [*self._exact.get(window, ())]
                if width <= MAX_MISSPELT_WORDS + 1:
                    found += self._nearly(window)
                if found:
                    called[at, at + width].update(found)
        places: dict[int, int] = {}
        for (start, end), numbers in called.items():
            is_inside = any(s <= start and end <= e and e - s > end - start for s, e in called)
            if not is_inside and len(numbers) <= MAX_ALIKE:
                for n in numbers:
                    places.setdefault(n, start)
        return places

    def _nearly(self, window: tuple[str, ...]) -> list[int]:
        other = "".join(window)
        near = [n for words, n in self._joined.get(other, ()) if abs(words - len(window)) <= 1]
        if len(other) >= MIN_MISSPELT_CHARS and not _is_english(window):
            for length in range(len(other) - MAX_LENGTHS_APART, len(other) + MAX_LENGTHS_APART + 1):
                for whole, words, n in self._shaped.get((other[0], length), ()):
                    if abs(words - len(window)) <= 1 and _alike(other, whole):
                        near.append(n)
        return near

    def _by_title(self, said: Sequence[str], named: Collection[int]) -> dict[int, int]:
        """Where most of a title is said, or a rare word of it that no other title has.

        What is said of one title and is less of another names the first; what is said of many alike names none.
        """
        words = [word for word in dict.fromkeys(said) if word in self._holders]
        held, weight = np.zeros(len(self._documents), int), np.zeros(len(self._documents))
        for word in words:
            held[self._holders[word]] += 1
            weight[self._holders[word]] += _rarity(word)
        share = weight / np.maximum(self._weight, 1e-9)
        among: defaultdict[frozenset[str], list[int]] = defaultdict(list)
        for n in np.flatnonzero((held > 1) & (share >= ENOUGH_OF_A_TITLE)).tolist():
            among[self._words_of(n, words)].append(n)
        rare = (w for w in words if w in self._alone and background_frequency(w) < RARE_NAME and len(w) > 5)
        found = {n: said.index(word) for word in rare for n in self._holders[word].tolist()}
        whole = [self._words_of(n, words) for n in named]
        for those, numbers in among.items():
            best = max(share[n] for n in numbers)
            other = (o for o, ns in among.items() if o >= those and max(share[n] for n in ns) > best)
            alike = [n for n in numbers if share[n] == best]
            if len(alike) <= MAX_ALIKE and not any(other) and not any(one >= those for one in whole):
                found |= {n: min(map(said.index, those)) for n in alike}
        return found

    def _words_of(self, n: int, words: Sequence[str]) -> frozenset[str]:
        """Return which of some words its title has."""
        return frozenset(words).intersection(content_words(short_name(self._documents[n].title)))


_KEPT: OrderedDict[int, tuple[Sequence[Known], _Names]] = OrderedDict()


def _names_among(documents: Sequence[Known]) -> _Names:
    """Return the names of documents, made once for as long as they are the same object."""
    kept = _KEPT.get(id(documents))
    if kept is None or kept[0] is not documents:
        kept = _KEPT[id(documents)] = documents, _Names(documents)
        while len(_KEPT) > MAX_KEPT:
            _KEPT.popitem(last=False)
    return kept[1]


def _is_english(words: Sequence[str]) -> bool:
    return all(background_frequency(word) > 0.05 for word in words)


def _alike(one: str, other: str) -> bool:
    likeness = SequenceMatcher(None, one, other)
    return likeness.quick_ratio() >= NEARLY and likeness.ratio() >= NEARLY


def _rarity(word: str) -> float:
    return 1.0 / (0.2 + background_frequency(word) / 10)
