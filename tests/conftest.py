"""What tests share: the corpus, indexed once per session in a home of its own."""

from __future__ import annotations

import importlib.util
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports huggingface_hub: a test never downloads

from ingest.index import Index
from ingest.vectors import Embedder, load_embedder
from tests.postgres import Server, postgres, server_folder
from tests.second_corpus import documents
from tools.search import Searcher

for chatty in ("httpcore", "httpx", "openai", "urllib3", "asyncio"):  # a failing test shows what failed, not every byte
    logging.getLogger(chatty).setLevel(logging.WARNING)

CORPUS = Path(__file__).resolve().parent.parent / "corpus"


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The packaged embedder."""
    return load_embedder()


@pytest.fixture(scope="session")
def seed_home(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """A home whose index holds the four documents of ``corpus/``; tests only read it."""
    home = tmp_path_factory.mktemp("seed") / "home"
    Index(home, embedder).sync_paths([CORPUS])
    return home


@pytest.fixture(scope="session")
def seed_index(seed_home: Path, embedder: Embedder) -> Index:
    """The index of the four documents."""
    return Index(seed_home, embedder)


@pytest.fixture(scope="session")
def searcher(seed_index: Index) -> Searcher:
    """A searcher of the four documents."""
    return Searcher(seed_index)


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Searcher:
    """A searcher of the made-up corpus."""
    index = Index(tmp_path_factory.mktemp("second"), embedder)
    index.sync(documents(), prune=True)
    return Searcher(index)


@pytest.fixture(scope="session")
def searchers(searcher: Searcher, second: Searcher) -> dict[str, Searcher]:
    """Both corpora: what holds for one must hold for the other."""
    return {"seed": searcher, "second": second}


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A Postgres of this session's own."""
    if server_folder() is None or not importlib.util.find_spec("psycopg"):
        pytest.skip("needs Debian's postgresql and requirements-scale.txt")
    with tempfile.TemporaryDirectory() as folder:  # not below pytest's, which the server's user may not enter
        os.chmod(folder, 0o755)
        with postgres(Path(folder) / "server") as server:
            yield server


@pytest.fixture
def database_url(postgres_server: Server) -> str:
    """The address of a database of a test's own."""
    return postgres_server.new_database()
