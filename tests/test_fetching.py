"""Documents fetched by their identifier, from a server of the test's own: nothing is downloaded."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub.constants
import pytest

from ingest.documents import read_documents
from ingest.fetching import Unfetched, fetch
from tests.browsing import free_port

ENTRY = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry>
<id>http://arxiv.org/abs/2501.00001v2</id><published>2025-01-02T00:00:00Z</published>
<title>Soft
  Brushes</title><summary> They mix two styles.
They dry. </summary><author><name>Ada Quarry</name></author><author><name>Bo Fenn</name></author></entry></feed>"""
EMPTY = '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"></feed>'
CARD = b"---\nlicense: mit\n---\n# Soft Brush\n\nIt mixes two styles.\n"


class Answers(BaseHTTPRequestHandler):
    """arXiv's API and the hub, as far as they are asked here."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        if self.path.startswith("/api"):
            text = ENTRY if "2501.00001" in self.path else "<!DOCTYPE x>" if "2501.00003" in self.path else EMPTY
            self._send(200, text.encode(), {}, body)
        elif self.path == "/alder/soft-brush/resolve/main/README.md":
            self._send(200, CARD, {"X-Repo-Commit": "a" * 40, "ETag": '"b"'}, body)
        else:
            code = "EntryNotFound" if "/bare/" in self.path else "RepoNotFound"
            self._send(404, b"", {"X-Error-Code": code, "X-Repo-Commit": "a" * 40}, body)

    def _send(self, status: int, data: bytes, headers: dict[str, str], body: bool) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing on the terminal."""


@pytest.fixture
def server(monkeypatch) -> Iterator[str]:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    served = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_address[1]}"
    served.shutdown()


@pytest.mark.parametrize("written", ["2501.00001", "arXiv:2501.00001v1", "https://arxiv.org/pdf/2501.00001v2.pdf"])
def test_an_arxiv_paper_is_fetched_by_its_identifier(server, tmp_path, written):
    file = fetch(written, tmp_path, f"{server}/api", server)
    (document,) = read_documents([file])
    assert (document.id, document.title) == ("2501.00001", "Soft Brushes")
    assert document.text.startswith("They mix two styles.\nThey dry.")
    assert document.paper_url == "https://arxiv.org/abs/2501.00001"
    assert json.loads(file.read_text())["authors"] == "Ada Quarry, Bo Fenn"


@pytest.mark.parametrize("written", ["alder/soft-brush", "https://huggingface.co/alder/soft-brush"])
def test_a_model_card_is_fetched_by_its_models_name(server, tmp_path, written):
    file = fetch(written, tmp_path, f"{server}/api", server)
    assert file == tmp_path / "alder" / "soft-brush" / "README.md"
    (document,) = read_documents([file])
    assert (document.id, document.title, document.kind) == ("soft-brush", "Soft Brush", "model_card")


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("2501.00002", "has no paper"),
        ("2501.00003", "cannot be read"),
        ("alder/none", "no model alder/none"),
        ("alder/bare", "has no card"),
        ("a soft brush", "neither an arXiv identifier"),
        ("../../etc/passwd", "neither an arXiv identifier"),
        ("", "neither"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(server, tmp_path, written, problem):
    with pytest.raises(Unfetched, match=problem) as caught:
        fetch(written, tmp_path, f"{server}/api", server)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("written", ["2501.00001", "alder/soft-brush"])
def test_without_a_network_one_line_says_so(monkeypatch, tmp_path, written):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    nobody = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unfetched, match="there is no network here"):
        fetch(written, Path(tmp_path), f"{nobody}/api", nobody)
