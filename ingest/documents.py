"""From files to documents, or a CorpusError that names the file, the place and the cure.

Knows the three formats a corpus comes in (Markdown, JSON lines, ``Model:``/``Paper:`` blocks) and nothing of sentences,
vectors or the index.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.files import open_regular, read_regular

MAX_FILE_BYTES = 50 * 1024 * 1024
"""A Markdown or block file is read whole, so it must be small; JSON lines are streamed and may be any size."""

MAX_LINE_BYTES = MAX_FILE_BYTES
MARKDOWN = frozenset({".md", ".markdown"})
JSON_LINES = frozenset({".jsonl", ".ndjson", ".json"})
BLOCKS = frozenset({".txt"})
FORMATS = MARKDOWN | JSON_LINES | BLOCKS
FIELD_NAMES = ("Model", "Paper", "GitHub")

MAX_FRONT_MATTER_CHARS = 200_000
"""Parsed in Python; a model card's list of evaluation results is the longest thing that people put there."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BLOCK_FIELD = re.compile(r"(Model|Paper|GitHub|Summary):[ \t]*(.*)")
_HEADING = re.compile(r"#{1,6}\s+(.+)")
_OTHER_LABEL = re.compile(r"[A-Z]\w*:\s*")  # a line such as `Answer:` ends a block


class CorpusError(ValueError):
    """Something in the corpus cannot be used; the message says where, why, and what to do."""

    def __init__(self, file: Path | str, problem: str, line: int | None = None) -> None:
        place = f"{file}:{line}" if line else str(file)
        super().__init__(f"{place}: {problem}")
        self.file = Path(file)
        self.line = line


@dataclass(frozen=True)
class Document:
    """One paper or model card; every span of the program is a span into ``text``."""

    id: str
    kind: str  # "paper" | "model_card"
    title: str
    text: str  # the body as written, then the Model/Paper/GitHub lines it does not hold already
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
    paths: Sequence[Path], *, on_error: Callable[[CorpusError], None] | None = None
) -> Iterator[Document]:
    """Read the documents of files and folders, one at a time.

    Args:
        paths: Markdown, JSON lines or block files, and folders of them (hidden files and other endings are passed
            over).
        on_error: Called for each file or line that cannot be used, and reading goes on; without it the first one is
            raised.

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
    read: set[Path] = set()
    for file, folder in _walk(paths, reject):
        resolved = real(file)
        if resolved in read:
            continue
        read.add(resolved)
        for item in _read_file(file, folder):
            if isinstance(item, CorpusError):
                reject(item)
                continue
            line, document = item
            if document.id in seen:
                problem = f"the id {document.id!r} is taken by {seen[document.id]}; give one of them another id"
                reject(CorpusError(file, problem, line))
                continue
            seen[document.id] = f"{file}:{line}"
            yield document


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
                if file.suffix.lower() not in FORMATS and not (file.is_symlink() and file.is_dir()):
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
        elif path.suffix.lower() not in FORMATS:
            endings = ", ".join(sorted(FORMATS))
            reject(CorpusError(path, f"not a format that can be read; give a file ending in {endings}"))
        else:
            yield path, path.parent


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_file(file: Path, folder: Path) -> Iterator[tuple[int, Document] | CorpusError]:
    """Yield each document of a file with its line, or the error in its place."""
    where = {"source": file.relative_to(folder).as_posix()}
    origin = str(real(file))
    try:
        if file.suffix.lower() in JSON_LINES:
            records = _read_json_lines(file)
        elif file.suffix.lower() in BLOCKS:
            records = _read_blocks(file, _read_text(file))
        else:
            records = iter([_read_markdown(file, _read_text(file))])
        for record in records:
            if isinstance(record, CorpusError):
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


def _read_text(file: Path) -> str:
    data = read_regular(file, MAX_FILE_BYTES)
    if len(data) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 2**20
        raise CorpusError(file, f"more than {limit} MB; give it as JSON lines, which are streamed")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CorpusError(file, f"not UTF-8 (byte {error.start}); save it as UTF-8", line) from None
    if not text.strip():
        raise CorpusError(file, "the file is empty; write something in it or remove it", 1)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read_markdown(file: Path, text: str) -> tuple[int, dict[str, Any]]:
    """Read ours (front matter with an id) or else a Hugging Face model card."""
    import yaml

    front: Any = {}
    body = text
    if re.match(r"---[ \t]*\n", text):
        closing = re.search(r"^---[ \t]*$", text[4:], re.MULTILINE)
        if not closing:
            raise CorpusError(file, "the front matter is not closed; end it with a line of three dashes", 1)
        written = text[4 : 4 + closing.start()]
        if len(written) > MAX_FRONT_MATTER_CHARS:
            raise CorpusError(file, f"the front matter is longer than {MAX_FRONT_MATTER_CHARS:,} characters", 1)
        try:
            # an alias is one object, and grows beyond all memory where it is written out
            if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(written, yaml.SafeLoader)):
                raise CorpusError(file, "the front matter repeats a part by an alias (*name); write it out", 1)
            front = yaml.safe_load(written)
        except (RecursionError, ValueError) as error:
            if isinstance(error, CorpusError):
                raise
            raise CorpusError(file, "the front matter cannot be parsed; write `name: value` lines", 1) from None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 2 if mark else 1
            problem = getattr(error, "problem", None) or "it cannot be parsed"
            raise CorpusError(file, f"the front matter is not YAML ({problem}); mend that line", line) from None
        if front is None:
            front = {}
        if not isinstance(front, dict):
            raise CorpusError(file, "the front matter is not a list of `name: value` lines; write it so", 2)
        body = text[4 + closing.end() :]
    if not body.strip():
        raise CorpusError(file, "nothing follows the front matter; write the summary there", text.count("\n") + 1)
    fields = {str(key): value for key, value in front.items()}
    if "id" in fields:
        kind = "model_card" if "model_cards" in real(file).parent.parts else "paper"
        return 1, {"kind": kind, **fields, "body": body}
    return 1, _read_model_card(file, text)


def _read_model_card(file: Path, text: str) -> dict[str, Any]:
    import logging

    from huggingface_hub import ModelCard

    for name in ("repocard", "repocard_data"):  # they tell of what is missing; a card may have no front matter at all
        logging.getLogger(f"huggingface_hub.{name}").setLevel(logging.ERROR)
    card = ModelCard(text, ignore_metadata_errors=True)
    fields = dict(card.data.to_dict())
    stem = real(file.parent).name if file.stem.lower() in ("readme", "model_card") else file.stem
    headings = (line[1:].strip().rstrip("#").rstrip() for line in card.text.split("\n") if line[:2] in ("# ", "#\t"))
    heading = next((heading for heading in headings if heading), None)
    title = fields.pop("title", None) or fields.get("model_name") or heading or stem
    return {**fields, "kind": "model_card", "id": _slug(stem), "title": title, "body": card.text}


def _read_json_lines(file: Path) -> Iterator[tuple[int, dict[str, Any]] | CorpusError]:
    empty = True
    with open_regular(file) as lines:
        number = 0
        while data := lines.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(data) > MAX_LINE_BYTES:
                raise CorpusError(file, "a line over 50 MB; write one JSON object per line", number)
            if not data.strip():
                continue
            empty = False
            try:
                record = json.loads(data.decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError:
                yield CorpusError(file, "not UTF-8; save it as UTF-8", number)
                continue
            except (ValueError, RecursionError) as error:  # a ValueError of another kind: a number of 5,000 figures
                problem = getattr(error, "msg", "nested too deeply, or a number without end")
                yield CorpusError(file, f"not JSON ({problem}); write one JSON object per line", number)
                continue
            if not isinstance(record, dict):
                yield CorpusError(file, 'not an object; write {"id": ..., "title": ..., "summary": ...}', number)
                continue
            body = record.pop("summary", None) or record.pop("abstract", None)
            record.pop("abstract", None)
            yield number, {**record, "kind": "paper", "body": body}
    if empty:
        raise CorpusError(file, "the file is empty; write something in it or remove it", 1)


def _read_blocks(file: Path, text: str) -> Iterator[tuple[int, dict[str, Any]] | CorpusError]:
    """Read ``Model:`` / ``Paper:`` / ``GitHub:`` / ``Summary:`` blocks, model cards where the heading names models."""
    kind = "paper"
    block: dict[str, Any] = {}
    start, name = 0, ""

    def finish() -> Iterator[tuple[int, dict[str, Any]]]:
        if not block:
            return
        given = {key: "\n".join(lines).strip() for key, lines in block.items()}
        written = "\n".join(f"{key}: {given[key]}" for key in FIELD_NAMES if key in given)
        title = given["Model"]
        yield (
            start,
            {
                "kind": kind,
                "id": _slug(title.split(":")[0]),
                "title": title,
                "paper_url": given.get("Paper"),
                "github_url": given.get("GitHub"),
                "body": given.get("Summary") or written,
            },
        )

    found = False
    for number, line in enumerate(text.split("\n"), 1):
        if match := _BLOCK_FIELD.fullmatch(line):
            name = match.group(1)
            if name == "Model":
                yield from finish()
                block, start, found = {}, number, True
            elif not block:
                yield CorpusError(file, f"`{name}:` comes before any `Model:`; begin the block with `Model:`", number)
                continue
            elif name in block:
                yield CorpusError(file, f"a second `{name}:` in one block; begin the next with `Model:`", number)
                continue
            block[name] = [match.group(2)]
        elif heading := _HEADING.fullmatch(line):
            yield from finish()
            block, name = {}, ""
            kind = "model_card" if re.search(r"\bmodels?\b", heading.group(1), re.IGNORECASE) else "paper"
        elif not line.strip() and name != "Summary":
            name = ""
        elif block and name and not _OTHER_LABEL.fullmatch(line):
            block[name].append(line)
        elif block and line.strip():
            yield from finish()
            block, name = {}, ""
    yield from finish()
    if not found:
        raise CorpusError(file, "no `Model:` line; write blocks of Model:, Paper:, GitHub:, Summary:", 1)


def _make_document(file: Path, line: int, fields: Mapping[str, Any], where: Mapping[str, str], origin: str) -> Document:
    left = dict(fields)
    kind, document_id, title, body = (left.pop(key, None) for key in ("kind", "id", "title", "body"))
    if isinstance(document_id, int | float) and not isinstance(document_id, bool):
        document_id = str(document_id)
    for name, value in (("id", document_id), ("title", title), ("summary", body)):
        if not isinstance(value, str) or not value.strip():
            also = " (or `abstract`)" if name == "summary" else ""
            raise CorpusError(file, f"no `{name}`{also}; every document needs one, as text", line)
    document_id, title, body = document_id.strip(), " ".join(title.split()), body.strip()
    if _CONTROL.search(document_id) or len(document_id) > 200:
        raise CorpusError(file, "the id must be one line of at most 200 characters; shorten it", line)
    urls = {name: _url(file, line, name, left.pop(name, None)) for name in ("paper_url", "github_url")}
    written = {"Model": title, "Paper": urls["paper_url"], "GitHub": urls["github_url"]}
    have = {row.strip() for row in body.split("\n")}
    rows = [f"{name}: {value}" for name, value in written.items() if value and f"{name}: {value}" not in have]
    text = body + ("\n\n" + "\n".join(rows) if rows else "")
    try:
        metadata = json.loads(json.dumps({**left, **where, "summary_chars": len(body)}, default=str))
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


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "document"
