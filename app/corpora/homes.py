"""Several corpora, each in a home of its own with its conversations: the first one, and those that a person named."""

from __future__ import annotations

from pathlib import Path

from app.markup import file_name
from app.settings import Settings
from ingest.readers.records import slug

FOLDER = "corpora"
MAX_NAME_CHARS = 40


class NoSuchCorpus(ValueError):
    """There is no corpus of that name, or none can be called so; the message is one line that says what to do."""


def named_corpora(settings: Settings) -> list[str]:
    """Return the names of the corpora beside the first one, in their order."""
    folder = _first_home(settings) / FOLDER
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
    return _first_home(settings) / FOLDER / name if name else _first_home(settings)


def check_corpus(settings: Settings, name: str) -> None:
    """Raise NoSuchCorpus where there is no corpus of that name; the first one, without a name, is always there."""
    if name and name not in named_corpora(settings):
        raise NoSuchCorpus(f"there is no corpus {name!r} any more; choose another one")


def called(name: str) -> str:
    """Return what a corpus is called for people."""
    return name or "The first corpus"


def _first_home(settings: Settings) -> Path:
    return settings.home.parent.parent if settings.corpus_name else settings.home
