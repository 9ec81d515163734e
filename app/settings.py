"""What the environment says about this run of Undertone.

The only reader of ``os.environ``. It knows names and defaults, nothing about what they open: whether an image model
exists or a chat engine is supported is for the module that opens it to say.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_CHAT_MODEL = "reader"
DEFAULT_CHAT_LIMIT_S = "60"
DEFAULT_IMAGE_MODEL = "embedded"
PEOPLE = "people"
CORPUS = Path(__file__).resolve().parent.parent / "corpus"
"""The documents that come with Undertone; a home without an index gets these."""


class UnusableSettings(ValueError):
    """A setting or a path that a flag gave cannot be used; the message is one line that says what to write instead."""


@dataclass(frozen=True)
class Settings:
    """One run's settings, with the flags already applied.

    Args:
        home: The folder of the index, and of what belongs to whoever asks.
        person: Who asks, where the page is served to several; what belongs to them lies in a folder of their own.
        corpus_name: Of a corpus beside the first one; it has a home of its own.
    """

    home: Path = Path(".undertone")
    person: str | None = None
    chat_model: str = DEFAULT_CHAT_MODEL
    chat_url: str | None = None
    chat_key: str | None = field(default=None, repr=False)  # for the server at chat_url; never logged, never stored
    chat_limit_s: str = DEFAULT_CHAT_LIMIT_S
    chat_task: str | None = None  # "plan" or "write"; None: write where a judge is named
    check_model: str | None = None  # a chat model that judges
    image_model: str = DEFAULT_IMAGE_MODEL
    embedder: str | None = None
    chroma_url: str | None = None
    database_url: str | None = field(default=None, repr=False)  # it may hold a password
    ray: str | None = None  # "auto", "local" or "ray://HOST:PORT"
    nli: str | None = None
    corpus: Path = CORPUS
    corpus_name: str = ""

    @property
    def whose(self) -> str:
        """What belongs to one person, of one corpus, is known by in a database that all share; it holds no space."""
        return f"{self.corpus_name}/{self.person or ''}"

    @property
    def belongings(self) -> Path:
        """The folder of what belongs to one person: conversations, renders, references and feedback."""
        return self.home if self.person is None else self.home / PEOPLE / self.person

    @property
    def conversations(self) -> Path:
        return self.belongings / "conversations.sqlite"

    @property
    def feedback(self) -> Path:
        return self.belongings / "feedback.sqlite"

    @property
    def renders(self) -> Path:
        return self.belongings / "renders"  # the references lie beside it


def read_settings(
    environ: Mapping[str, str] | None = None,
    *,
    home: str | Path | None = None,
    image_model: str | None = None,
) -> Settings:
    """Read the settings from the environment; what a flag gave wins.

    Args:
        environ: The variables; None reads the process's own. An empty value counts as not set.
        home: ``--home``, where the index, the conversations and the renders lie.
        image_model: ``--image-model``.

    Raises:
        UnusableSettings: The home is no path.
    """
    values = os.environ if environ is None else environ

    def value(name: str) -> str | None:
        return values.get(name, "").strip() or None

    return Settings(
        home=usable_path(value("UNDERTONE_HOME") or ".undertone", "UNDERTONE_HOME")
        if home is None
        else usable_path(home, "--home"),
        chat_model=value("UNDERTONE_CHAT_MODEL") or DEFAULT_CHAT_MODEL,
        chat_url=value("UNDERTONE_CHAT_URL"),
        chat_key=value("UNDERTONE_CHAT_KEY"),
        chat_limit_s=value("UNDERTONE_CHAT_LIMIT_S") or DEFAULT_CHAT_LIMIT_S,
        chat_task=value("UNDERTONE_CHAT_TASK"),
        check_model=value("UNDERTONE_CHECK_MODEL"),
        image_model=image_model or value("UNDERTONE_IMAGE_MODEL") or DEFAULT_IMAGE_MODEL,
        embedder=value("UNDERTONE_EMBEDDER"),
        chroma_url=value("UNDERTONE_CHROMA_URL"),
        database_url=value("UNDERTONE_DATABASE_URL"),
        ray=value("UNDERTONE_RAY"),
        nli=value("UNDERTONE_NLI"),
    )


def usable_path(text: str | Path, name: str) -> Path:
    """Return the path that a person wrote, `~` replaced by their folder.

    Args:
        text: As it was written.
        name: What it was given as: a flag or a variable.

    Raises:
        UnusableSettings: It is empty, holds what no path can, or names the folder of a person who is not there.
    """
    written = str(text)
    if not written.strip() or (isinstance(text, Path) and not text.parts):
        raise UnusableSettings(f"{name} is empty; give a path, or leave it out")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in written):  # Cs: a byte that is no UTF-8
        raise UnusableSettings(f"{name} {written!a} is not UTF-8 on one line; give another path")
    try:
        return Path(written).expanduser()
    except RuntimeError:
        raise UnusableSettings(f"{name} {written}: there is no such person's folder; write the path out") from None
