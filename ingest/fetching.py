"""Documents fetched by their identifier, where there is a network: arXiv's records and the hub's model cards.

Each is written as a file that a reader reads. Nothing is fetched that was not asked for by its identifier. Knows no
index.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ingest.arxiv import identifier_in, paper_of

ARXIV_API = "https://export.arxiv.org/api/query"
HUB = "https://huggingface.co"
TIMEOUT_S = 20.0
MAX_ANSWER_BYTES = 5 * 2**20

_MODEL = re.compile(r"(?:https?://huggingface\.co/)?([A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96})/?")
_ATOM = {"atom": "http://www.w3.org/2005/Atom"}


class Unfetched(ValueError):
    """It could not be fetched; the message is one line that says why and what to do."""


def fetch(written: str, folder: Path, arxiv_api: str = ARXIV_API, hub: str = HUB) -> Path:
    """Fetch what an identifier, or an address that holds one, names; returns the file, below the folder.

    Raises:
        Unfetched: It is no identifier, nothing of that name is there, or there is no network.
    """
    text = written.strip()
    if identifier := identifier_in(text):
        return fetch_arxiv(identifier, folder, arxiv_api)
    if model := _MODEL.fullmatch(text):
        return fetch_model_card(model[1], folder, hub)
    raise Unfetched(f"{text[:80]!r} is neither an arXiv identifier (2402.12974) nor a model of the hub (owner/model)")


def fetch_arxiv(identifier: str, folder: Path, api: str = ARXIV_API) -> Path:
    """Fetch a paper's title and abstract from arXiv's API."""
    answer = _get(f"{api}?id_list={identifier}&max_results=1", f"arXiv:{identifier}")
    if b"<!DOCTYPE" in answer or b"<!ENTITY" in answer:
        raise Unfetched(f"arXiv's answer about {identifier} cannot be read; try again later")
    try:
        entry = ElementTree.fromstring(answer).find("atom:entry", _ATOM)
    except ElementTree.ParseError:
        raise Unfetched(f"arXiv's answer about {identifier} cannot be read; try again later") from None
    said = (
        {name: entry.findtext(f"atom:{name}", "", _ATOM) for name in ("id", "title", "summary", "published")}
        if entry is not None
        else {}
    )
    found = identifier_in(said.get("id", ""))
    if entry is None or not found or not said["summary"].strip() or paper_of(found) != paper_of(identifier):
        raise Unfetched(f"arXiv has no paper {identifier}; check the identifier")
    authors = [author.text or "" for author in entry.findall("atom:author/atom:name", _ATOM)]
    record = {
        "id": found,
        "title": " ".join(said["title"].split()),
        "abstract": said["summary"].strip(),
        "authors": ", ".join(authors),
        "published": said["published"],
    }
    file = folder / f"{str(paper_of(found)).replace('/', '-')}.json"
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")
    return file


def fetch_model_card(model: str, folder: Path, hub: str = HUB) -> Path:
    """Fetch a model's card from the hub, and nothing else of the model."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    _reach(hub, model)  # the hub's own client tries again for half a minute where there is no network
    place = folder.joinpath(*model.split("/"))
    try:
        found = HfApi(endpoint=hub).hf_hub_download(model, "README.md", local_dir=place, etag_timeout=TIMEOUT_S)
    except (LocalEntryNotFoundError, OSError) as error:
        if isinstance(error, RepositoryNotFoundError):
            raise Unfetched(f"the hub has no model {model} that anybody may read; check its name") from None
        if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
            raise Unfetched(f"the model {model} has no card; add its description as a file") from None
        if isinstance(error, HfHubHTTPError):
            raise Unfetched(f"the hub did not answer about {model} ({_line(error)}); try again later") from None
        raise _no_network(model) from None
    except ValueError as error:  # a name that the hub's own rules refuse
        raise Unfetched(f"{model}: {_line(error)}") from None
    return Path(found)


def _reach(address: str, what: str) -> None:
    """Raise Unfetched where nothing answers at an address; what it answers says nothing."""
    request = urllib.request.Request(address, headers={"User-Agent": "undertone"}, method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT_S).close()
    except urllib.error.HTTPError:
        return
    except OSError:
        raise _no_network(what) from None


def _get(address: str, what: str) -> bytes:
    request = urllib.request.Request(address, headers={"User-Agent": "undertone"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return bytes(answer.read(MAX_ANSWER_BYTES))
    except urllib.error.HTTPError as error:
        raise Unfetched(f"{what} could not be fetched (status {error.code}); check it, or try again later") from None
    except OSError:
        raise _no_network(what) from None


def _no_network(what: str) -> Unfetched:
    return Unfetched(f"{what} could not be fetched: there is no network here; download it elsewhere and add the file")


def _line(error: Any) -> str:
    return " ".join(str(error).split())[:160]
