"""From files to documents, or a CorpusError that names the file, the place and the cure.

Knows which files a corpus is made of and what makes a document whole; the formats are known to `readers/`. It knows
nothing of sentences, vectors or the index.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ingest.arxiv import address_of, age_of, is_newer, paper_of
from ingest.errors import CorpusError, CorpusNote
from ingest.readable import readable, unsteered
from ingest.readers.markdown import name_of
from ingest.readers.readers import LISTS, READERS
from ingest.readers.records import slug

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Document:
    """One paper or model card; every span of the program is a span into ``text``."""

    id: str
    kind: str  # "paper" | "model_card"
    title: str
    text: str  # the body as written, what its metadata say, and the Model/Paper/GitHub lines it does not hold already
    paper_url: str | None
    github_url: str | None
    metadata: dict[str, Any] = field(default_factory=dict)
    origin: str = ""  # absolute path of the file; where the document lies is no part of what it says

    @property
    def content_hash(self) -> str:
        """Return the SHA-256 of all that the document says, wherever its file lies."""
        said = {key: value for key, value in self.metadata.items() if key != "source"}
        content = [self.id, self.kind, self.title, self.text, self.paper_url, self.github_url, said]
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read_documents(
    paths: Sequence[Path],
    *,
    on_error: Callable[[CorpusError], None] | None = None,
    on_note: Callable[[CorpusNote], None] = lambda note: None,
) -> Iterator[Document]:
    """Read the documents of files and folders, one at a time.

    Args:
        paths: Files of the types in `READERS`, and folders of them (hidden files and other endings are passed over).
        on_error: Called for each file or line that cannot be used, and reading goes on; without it the first one is
            raised.
        on_note: Called for what is used in another way than it is written.

    Yields:
        The documents, in the order of the paths and, inside a folder, of the file names.

    Raises:
        CorpusError: Something cannot be used and there is no ``on_error``.
    """

    def reject(error: CorpusError) -> None:
        if on_error is None:
            raise error
        on_error(error)

    seen: dict[str, str] = {}
    files = {real(file): (file, folder) for file, folder in reversed([*_walk(paths, reject)])}
    files = dict(reversed(files.items()))
    newest = _newest_versions([file for file, _ in files.values()])
    for file, folder in files.values():
        for item in _read_file(file, folder):
            if isinstance(item, CorpusNote):
                on_note(item)
                continue
            if isinstance(item, CorpusError):
                reject(item)
                continue
            line, document = item
            if (best := newest.get(document.id)) and document.id not in seen and best[1:] != (file, line):
                on_note(
                    CorpusNote(
                        file, f"a newer version of arXiv:{document.id} takes its place: {best[1]}:{best[2]}", line
                    )
                )
                continue
            if document.id in seen and document.id == _file_id(file):
                document = replace(document, id=_distinct_id(document, file, seen))
            if document.id in seen and paper_of(document.id):
                on_note(CorpusNote(file, f"arXiv:{document.id} is already given by {seen[document.id]}", line))
                continue
            if document.id in seen:
                problem = f"the id {document.id!r} is taken by {seen[document.id]}; give one of them another id"
                reject(CorpusError(file, problem, line))
                continue
            seen[document.id] = f"{file}:{line}"
            yield document


def _file_id(file: Path) -> str:
    """Return the id of a document that is called by its file's or its folder's name."""
    return slug(name_of(file))


def _newest_versions(files: Sequence[Path]) -> dict[str, tuple[tuple[int, str], Path, int]]:
    """Return, for each paper of arXiv's, how new its newest version is, the file that gives it, and the line there."""
    newest: dict[str, tuple[tuple[int, str], Path, int]] = {}
    for file in files:
        for line, fields in _identified(file):
            paper, age = paper_of(fields.get("id")), age_of(fields)
            if paper and (paper not in newest or is_newer(age, newest[paper][0])):
                newest[paper] = (age, file, line)
    return newest


def _identified(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield what tells the version of a file's records, each with its line."""
    reader = READERS[file.suffix.lower()]
    if reader not in LISTS:
        yield 1, {"id": file.stem}
        return
    with contextlib.suppress(CorpusError, OSError):  # which are told when it is read for good
        yield from (item for item in reader(file) if isinstance(item, tuple))


def _distinct_id(document: Document, file: Path, taken: Collection[str]) -> str:
    """Return another id for a document whose name is taken: by its owner's folder, else by where it lies."""
    by_owner = slug(f"{real(file.parent).parent.name} {name_of(file)}")
    if name_of(file) != file.stem and by_owner not in taken:
        return by_owner
    return f"{document.id}-{hashlib.sha256(document.metadata['source'].encode()).hexdigest()[:6]}"


def real(path: Path) -> Path:
    """Return where a path leads to; unlike `Path.resolve`, also for links that lead to each other."""
    return Path(os.path.realpath(path))


def _walk(paths: Sequence[Path], reject: Callable[[CorpusError], None]) -> Iterator[tuple[Path, Path]]:
    """Yield (file, the folder it was found from)."""
    for path in paths:
        if path.is_dir():
            root = real(path)
            for file in sorted(path.rglob("*")):
                inside = file.relative_to(path)
                if any(part.startswith(".") for part in inside.parts):
                    continue
                if file.suffix.lower() not in READERS and not (file.is_symlink() and file.is_dir()):
                    continue
                if file.is_symlink() and not file.exists():
                    reject(CorpusError(file, "the link leads nowhere; mend it or remove it"))
                elif not _is_utf8(inside):
                    reject(CorpusError(ascii(str(file)), "the file's name is not UTF-8; rename it"))
                elif not real(file).is_relative_to(root):
                    reject(CorpusError(file, f"the link leads out of {path}; copy the file there instead"))
                elif file.is_file():
                    yield file, path
        elif not path.exists():
            reject(CorpusError(path, "no such file or folder; check the path"))
        elif not path.is_file():
            reject(CorpusError(path, "neither a regular file nor a folder; name one of these"))
        elif path.suffix.lower() not in READERS:
            endings = ", ".join(sorted(READERS))
            reject(CorpusError(path, f"not a format that can be read; give a file ending in {endings}"))
        else:
            yield path, path.parent


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_file(file: Path, folder: Path) -> Iterator[tuple[int, Document] | CorpusError | CorpusNote]:
    """Yield each document of a file with its line, the error in its place, or a note."""
    where = {"source": file.relative_to(folder).as_posix()}
    origin = str(real(file))
    try:
        for record in READERS[file.suffix.lower()](file):
            if isinstance(record, CorpusError | CorpusNote):
                yield record
                continue
            line, fields = record
            try:
                yield line, _make_document(file, line, fields, where, origin)
            except CorpusError as error:
                yield error
    except CorpusError as error:
        yield error
    except OSError as error:
        yield CorpusError(file, f"cannot be read ({error.strerror}); check its permissions")


def _make_document(file: Path, line: int, fields: Mapping[str, Any], where: Mapping[str, str], origin: str) -> Document:
    left = dict(fields)
    kind, document_id, title, body = (left.pop(key, None) for key in ("kind", "id", "title", "body"))
    document_id, title = (
        str(value) if isinstance(value, int | float | datetime.date) and not isinstance(value, bool) else value
        for value in (document_id, title)
    )
    for name, value in (("id", document_id), ("title", title), ("summary", body)):
        if not isinstance(value, str) or not value.strip():
            also = " (or `abstract`)" if name == "summary" else ""
            raise CorpusError(file, f"no `{name}`{also}; every document needs one, as text", line)
    document_id, title, body = document_id.strip(), readable(unsteered(title)) or title.strip(), body.strip()
    if _CONTROL.search(document_id) or len(document_id) > 200:
        raise CorpusError(file, "the id must be one line of at most 200 characters; shorten it", line)
    if paper := paper_of(document_id):
        document_id, left["paper_url"] = paper, left.get("paper_url") or address_of(paper)
    urls = {name: _url(file, line, name, left.pop(name, None)) for name in ("paper_url", "github_url")}
    facts = [fact for fact in left.pop("facts", ()) if fact not in body.split("\n")]
    written = {"Model": title, "Paper": urls["paper_url"], "GitHub": urls["github_url"]}
    have = {row.strip() for row in body.split("\n")}
    rows = [f"{name}: {value}" for name, value in written.items() if value and f"{name}: {value}" not in have]
    said = "".join(f"\n\n{fact}" for fact in facts)
    text = body + said + ("\n\n" + "\n".join(rows) if rows else "")
    try:
        metadata = json.loads(
            json.dumps(
                {**left, **where, "summary_chars": len(body), **({"facts_chars": len(said)} if said else {})},
                default=str,
            )
        )
        json.dumps([document_id, title, text, metadata], ensure_ascii=False).encode()
    except (RecursionError, ValueError):  # half a character ("\\ud800"), a number without end, a depth without end
        raise CorpusError(file, "it holds what UTF-8 cannot; write it in whole characters", line) from None
    if kind not in ("paper", "model_card"):
        raise CorpusError(file, f"the kind {kind!r} is unknown; write paper or model_card", line)
    return Document(document_id, kind, title, text, urls["paper_url"], urls["github_url"], metadata, origin)


def _url(file: Path, line: int, name: str, value: Any) -> str | None:
    if value is None or (isinstance(value, str) and value.strip().lower() in ("", "none", "null")):
        return None
    if not isinstance(value, str) or not re.fullmatch(r"https?://[^\s<>\"]+", value.strip()):
        raise CorpusError(file, f"`{name}` is not a web address; write http(s)://... or leave it out", line)
    return value.strip()
