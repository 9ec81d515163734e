"""BibTeX: a document an entry, with its abstract, or else with what the entry says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ingest.arxiv import address_of, identifier_in
from ingest.errors import CorpusError
from ingest.readable import without_latex
from ingest.readers.records import Read, read_text, slug, web_address

VENUES = ("journal", "booktitle", "publisher", "school", "howpublished")
_ENTRY = re.compile(r"@\s{0,99}([A-Za-z]+)\s{0,99}([{(])")
_NAME = re.compile(r"\s*([A-Za-z][\w.:+/-]*)\s*(=?)\s*")
_BARE = re.compile(r"[^\s,#{}()\"]+")
_CLOSES = {"{": "}", "(": ")"}


def read_bibtex(file: Path) -> Iterator[Read]:
    """Read a file; what stands between entries is a comment."""
    text = read_text(file)
    strings: dict[str, str] = {}
    at, found = 0, False
    while entry := _ENTRY.search(text, at):
        kind, line = entry[1].lower(), text.count("\n", 0, entry.start()) + 1
        end = _closing(text, entry.end(), _CLOSES[entry[2]])
        if end < 0:
            yield CorpusError(file, f"the entry @{entry[1]} is not closed; close it with {_CLOSES[entry[2]]}", line)
            return
        inside, at = text[entry.end() : end], end
        if kind == "string":
            strings |= _fields(inside, strings)
        elif kind not in ("comment", "preamble"):
            key, _, rest = inside.partition(",")
            found = True
            yield line, _record(key.strip(), _fields(rest, strings))
    if not found:
        raise CorpusError(file, "no entry; write @article{name, title = {...}, abstract = {...}}", 1)


def _closing(text: str, start: int, closing: str) -> int:
    """Return where what was opened before `start` is closed; -1 where it is not."""
    depth = 0
    for found in re.compile(r"[{}()\"]").finditer(text, start):
        if depth == 0 and found[0] == closing:
            return found.start()
        if found[0] in "{}" and text[found.start() - 1] != "\\":
            depth += 1 if found[0] == "{" else -1
    return -1


def _fields(text: str, strings: Mapping[str, str]) -> dict[str, str]:
    """Return an entry's fields by their names in lower case; parts joined by # are one."""
    fields: dict[str, str] = {}
    at = 0
    while at < len(text):
        name = _NAME.match(text, at)
        if not name or not name[2]:
            following = text.find(",", at + 1)
            at = following + 1 if following >= 0 else len(text)
            continue
        value, at = "", name.end()
        while at < len(text) and text[at] != ",":
            part, at = _value(text, at, strings)
            value += part
        fields.setdefault(name[1].lower(), " ".join(value.split()))
        at += 1
    return fields


def _value(text: str, at: int, strings: Mapping[str, str]) -> tuple[str, int]:
    """Return the part of a value that begins there, and where the next begins."""
    if text[at] == "{":
        end = _closing(text, at + 1, "}")
        end = end if end >= 0 else len(text)
        return text[at + 1 : end], end + 1
    if text[at] == '"':
        end = _closing(text, at + 1, '"')
        end = end if end >= 0 else len(text)
        return text[at + 1 : end], end + 1
    if bare := _BARE.match(text, at):
        return strings.get(bare[0].lower(), bare[0]), bare.end()
    return "", at + 1


def _record(key: str, entry: Mapping[str, str]) -> dict[str, object]:
    said = {name: without_latex(value) for name, value in entry.items() if name not in ("abstract", "url", "doi")}
    authors = ", ".join(re.split(r"\s+and\s+", said["author"])) if "author" in said else ""
    venue = next((said[name] for name in VENUES if name in said), "")
    written = {"Authors": authors, "Published in": venue, "Year": said.get("year", "")}
    facts = [f"{label}: {value}" for label, value in written.items() if value]
    identifier = identifier_in(entry.get("eprint", "")) or identifier_in(entry.get("url", ""))
    doi = entry.get("doi", "").removeprefix("https://doi.org/")
    paper = (
        address_of(identifier) if identifier else web_address(entry.get("url")) or web_address(f"https://doi.org/{doi}")
    )
    title = said.get("title", "")
    kept: dict[str, object] = {name: said[name] for name in ("year", "keywords") if name in said}
    return {
        **kept,
        "kind": "paper",
        "id": slug(key or title),
        "title": title,
        "body": entry.get("abstract")
        or ". ".join(part for part in (title, authors, venue, said.get("year")) if part) + ".",
        "paper_url": paper if identifier or doi or entry.get("url") else None,
        "facts": facts if entry.get("abstract") else [],
    }
