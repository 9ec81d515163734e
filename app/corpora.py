"""Several corpora, each in a home of its own with its conversations: the first one, and those that a person named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.application import Shared, open_shared
from app.markup import file_name
from app.settings import Settings
from ingest.readers.records import slug

FOLDER = "corpora"
MAX_NAME_CHARS = 40


class NoSuchCorpus(ValueError):
    """There is no corpus of that name, or none can be called so; the message is one line that says what to do."""


def named_corpora(settings: Settings) -> list[str]:
    """Return the names of the corpora beside the first one, in their order."""
    folder = settings.home / FOLDER
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def begin_corpus(settings: Settings, name: str) -> str:
    """Begin an empty corpus; returns its name as it is kept."""
    kept = file_name(slug(name.strip()))[:MAX_NAME_CHARS] if name.strip() else ""
    if not kept:
        raise NoSuchCorpus("the name is empty; write one of a few letters")
    if kept in named_corpora(settings):
        raise NoSuchCorpus(f"there is a corpus {kept} already; write another name")
    home_of(settings, kept).mkdir(parents=True)
    return kept


def home_of(settings: Settings, name: str) -> Path:
    """Return the home of a corpus; an empty name is the first one's."""
    return settings.home / FOLDER / name if name else settings.home


def open_corpus(settings: Settings, name: str) -> Shared:
    """Open a corpus; only the first one begins with the documents that come with the program.

    Raises:
        NoSuchCorpus: It is not there any more.
    """
    if name and name not in named_corpora(settings):
        raise NoSuchCorpus(f"there is no corpus {name!r} any more; choose another one")
    return open_shared(replace(settings, home=home_of(settings, name), corpus_name=name), is_seeded=not name)
