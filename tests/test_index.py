"""The index: in step with the documents whatever happens, and refusing what it was not made for."""

from __future__ import annotations

import contextlib
import hashlib
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from ingest.documents import Document
from ingest.index import Index, IndexRefused
from ingest.passages import split_passages
from ingest.schema import log_ahead
from ingest.store_process import StoreProcess
from ingest.vector_store import open_chroma
from ingest.words import content_words

ROOT = Path(__file__).resolve().parent.parent


class HashEmbedder:
    """A stand-in that is quick and counts: a text's vector follows from its hash."""

    def __init__(self, name: str = "hash", dimension: int = 8) -> None:
        self.name, self.dimension, self.texts = name, dimension, 0

    def encode(self, texts):
        self.texts += len(texts)
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") for text in texts]
        rows = np.array([np.random.default_rng(seed).normal(size=self.dimension) for seed in seeds], np.float32)
        rows = rows.reshape(len(texts), self.dimension)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def paper(i: str, text: str = "It rains in Ghent. Nobody swims.", origin: str = "/x/a.md") -> Document:
    return Document(i, "paper", f"Title {i}", text, None, None, {}, origin)


def check(index: Index, documents: list[Document]) -> None:
    """SQLite and Chroma both hold exactly these documents, no row lost and none doubled."""
    assert sorted(index.documents(), key=lambda d: d.id) == sorted(documents, key=lambda d: d.id)
    want = {d.id: index.embedder.encode([f"{d.title}\n{d.text}"])[0] for d in documents}
    parts = {f"{p.document_id}#{p.start}": p for d in documents for p in split_passages(d)}
    words = {word for d in documents for word in content_words(f"{d.title} {d.text}")}
    assert {row[0] for row in index.lexical._db.execute("SELECT word FROM words")} == words
    collections = index.dense._reading().collections
    assert words == set(collections[2].get(include=[])["ids"])
    for collection, expected in zip(collections[:2], (set(want), set(parts)), strict=True):
        got = collection.get(include=["embeddings"])
        assert sorted(got["ids"]) == sorted(expected)
        for i, row in zip(got["ids"], got["embeddings"], strict=True):
            text = f"{parts[i].text}" if i in parts else None
            assert np.allclose(row, index.embedder.encode([text])[0] if text else want[i], atol=1e-5)
    for d in documents:
        assert index.passages(d.id) == list(split_passages(d))
    for table, count in (("document_words", len(documents)), ("passage_words", len(parts)), ("pending", 0)):
        assert index.lexical._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == count, table


@pytest.fixture
def index(tmp_path):
    return Index(tmp_path, HashEmbedder())


def test_add_update_remove_and_nothing(index):
    a, b, c = paper("a"), paper("b"), paper("c", "Other words. Here.")
    report = index.sync([a, b, c], prune=True)
    assert (report.added, report.updated, report.unchanged, report.removed) == (3, 0, 0, 0)
    check(index, [a, b, c])
    revision = index.revision
    index.embedder.texts = 0
    report = index.sync([a, b, c], prune=True)
    assert (report.unchanged, report.embedded, index.embedder.texts) == (3, 0, 0), "a second run embeds nothing"
    assert index.revision == revision
    edited = paper("b", "It rains in Ghent. Everybody swims. A third sentence.")
    report = index.sync([a, edited], prune=True)
    assert (report.added, report.updated, report.unchanged, report.removed) == (0, 1, 1, 1)
    assert index.revision > revision
    check(index, [a, edited])
    with pytest.raises(KeyError):
        index.document("c")


def test_without_prune_nothing_goes(index):
    index.sync([paper("a"), paper("b")], prune=False)
    assert index.sync([paper("a")], prune=False).removed == 0
    check(index, [paper("a"), paper("b")])


def test_many_documents_go_in_several_batches(index, monkeypatch):
    monkeypatch.setattr("ingest.index.BATCH_DOCUMENTS", 4)
    documents = [paper(f"d{n}", f"Number {n} is here. So be it.") for n in range(11)]
    done = []
    index.sync(iter(documents), prune=True, progress=lambda d: done.append(d.id))
    assert done == [d.id for d in documents]
    check(index, documents)


def test_only_what_came_from_the_given_paths_is_pruned(index, tmp_path):
    def write(name: str, i: str) -> Path:
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\nid: {i}\ntitle: T\n---\nText of {i}.\n")
        return path

    one, two = write("one/a.md", "a"), write("two/b.md", "b")
    write("one/c.md", "c")
    index.sync_paths([one.parent])
    assert index.sync_paths([two.parent]).removed == 0
    one.unlink()
    report = index.sync_paths([one.parent])
    assert (report.removed, report.unchanged) == (1, 1)
    assert [d.id for d in index.documents()] == ["c", "b"]
    moved = two.parent / "renamed.md"
    two.rename(moved)
    report = index.sync_paths([two.parent])
    assert (report.removed, report.unchanged, report.embedded) == (0, 1, 0), "a renamed file is the same document"
    assert index.document("b").metadata["source"] == "renamed.md"
    moved.write_text("---\nid: b\ntitle: \n")
    report = index.sync_paths([two.parent])
    assert (len(report.rejected), report.removed) == (1, 0)
    assert index.document("b").text.startswith("Text of b."), "what was indexed of a rejected file stays"


def test_another_embedder_is_refused_with_the_command_that_mends_it(index, tmp_path):
    documents = [paper("a"), paper("b")]
    index.sync(documents, prune=True)
    assert {c.metadata["embedder"] for c in index.dense._reading().collections} == {"hash"}
    assert {c.metadata["dimension"] for c in index.dense._reading().collections} == {8}
    for other in (HashEmbedder("other"), HashEmbedder(dimension=4)):
        with pytest.raises(IndexRefused, match="python -m ingest --reindex --home"):
            Index(tmp_path, other)
    other = HashEmbedder("other", 4)
    remade = Index.remade(tmp_path, other)
    report = remade.sync([], prune=False)
    assert report.embedded > 0 and report.unchanged == 0
    check(remade, documents)
    with pytest.raises(IndexRefused):
        Index(tmp_path, HashEmbedder())


def test_reading_before_the_new_embedder_is_done_is_refused(index, tmp_path):
    index.sync([paper("a")], prune=True)
    half = Index.remade(tmp_path, HashEmbedder("other", 4))
    with pytest.raises(IndexRefused, match="run: python -m ingest"):
        half.nearest_documents(half.embedder.encode(["x"])[0], 3)


def vector_files(index):
    """The files that hold the vectors that are published."""
    return sorted(f for f in (index.folder / index.lexical.fact("vectors")["folder"]).rglob("*") if f.is_file())


@pytest.mark.parametrize("harm", ["lost", "spoilt", "cut short"])
@pytest.mark.parametrize("name", ["chroma.sqlite3", "data_level0.bin", "index_metadata.pickle", "header.bin"])
def test_vectors_that_are_lost_or_damaged_are_told_of_and_made_again(index, tmp_path, harm, name):
    index.sync([paper("a"), paper("b")], prune=True)
    file = next(f for f in vector_files(index) if f.name == name)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.unlink()
    if harm != "lost":
        file.write_bytes(data if harm == "spoilt" else data[:-1])
    again = Index(tmp_path, HashEmbedder())
    with pytest.raises(IndexRefused, match=r"damaged; run: python -m ingest --home"):
        again.nearest_documents(again.embedder.encode(["x"])[0], 1)
    assert again.sync([], prune=False).embedded > 0
    check(again, [paper("a"), paper("b")])


def test_asking_writes_nothing_and_old_vectors_are_deleted(index, tmp_path):
    index.sync([paper("a"), paper("b")], prune=True)
    before = {f: (f.read_bytes(), f.stat().st_mtime_ns) for f in vector_files(index)}
    asked = Index(tmp_path, HashEmbedder())
    vector = asked.embedder.encode(["It rains in Ghent."])[0]
    assert (
        asked.nearest_passages(vector, 2) and asked.nearest_documents(vector, 2) and asked.nearest_words(vector[None])
    )
    assert asked.nearest_passages(vector, 2, among=["a"]) and asked.sample(9, 9)[0].shape == (2, 8)
    assert {f: (f.read_bytes(), f.stat().st_mtime_ns) for f in vector_files(index)} == before
    index.sync([paper("a")], prune=True)
    assert len(list(index.folder.glob("chroma*"))) == 1
    assert [i for i, _ in asked.nearest_documents(vector, 2)] == ["a"]


LEAK = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}]
from tests.test_index import HashEmbedder, paper
from ingest.index import Index
secret = "sk-" + "".join(["not", "to", "be", "read"])
import threading, time
import chromadb
guards = []

def fill():  # what a thread of a process that holds a key leaves behind in its part of the heap
    for size in (400, 4_000, 40_000, 120_000, 1_000_000):
        held = [((secret * (size // len(secret))).encode(), bytes(600)) for n in range(40)]
        guards.extend(guard for _, guard in held)
        del held
    time.sleep(0.2)

threads = [threading.Thread(target=fill) for _ in range(40)]
for step in ("start", "join"):
    for thread in threads:
        getattr(thread, step)()
index = Index(Path(sys.argv[1]), HashEmbedder(dimension=384))
index.sync([paper(f"d{{n}}", f"It rains in town {{n}}. Nobody swims there.") for n in range(40)], prune=True)
asked = Index(Path(sys.argv[1]), HashEmbedder(dimension=384))
asked.nearest_passages(asked.embedder.encode(["It rains."])[0], 3)
for file in Path(sys.argv[1]).rglob("*"):
    if file.is_file() and secret.encode() in file.read_bytes():
        print(file.name)
"""


def test_nothing_that_lies_in_memory_gets_into_the_files(tmp_path):
    script = LEAK.format(root=str(ROOT))
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="glibc's own switch")
def test_what_chroma_leaves_unwritten_is_zero(index):
    index.sync([paper("a")], prune=True)
    for file in vector_files(index):
        if file.name == "data_level0.bin":
            data = file.read_bytes()
            assert not any(data[len(data) // 2 :]), "a hundred places are made, and few of them are taken"


def test_two_runs_at_once_are_refused(index, tmp_path):
    def documents():
        yield paper("a")
        with pytest.raises(IndexRefused, match="another run"):
            Index(tmp_path, HashEmbedder()).sync([], prune=False)

    index.sync(documents(), prune=True)
    check(index, [paper("a")])


def test_nearest_and_matching(index):
    a, b = paper("a", "The swimmer swims in the lake. It is cold."), paper("b", "A painter paints. It is warm.")
    assert index.nearest_documents(index.embedder.encode(["x"])[0], 3) == []
    index.sync([a, b], prune=True)
    (best, cosine), _ = index.nearest_documents(index.embedder.encode([f"{b.title}\n{b.text}"])[0], 5)
    assert best == "b" and cosine == pytest.approx(1, abs=1e-5)
    passage, cosine = index.nearest_passages(index.embedder.encode(["It is cold."])[0], 1)[0]
    assert (passage.document_id, passage.text, round(cosine, 4)) == ("a", "It is cold.", 1)
    assert set(index.match_documents("swimming")) == {"a"}, "words match in any of their forms"
    assert index.match_documents("sail") == {}
    (term_weight,) = index.match_documents("paint").values()
    assert 1 < term_weight < 2.2, "BM25 without the rarity lies below k1 + 1"
    cold, warm = index.passages("a")[1], index.passages("b")[1]
    assert index.holding("warms", [cold, warm]) == {warm}
    (word, cosine), _ = index.nearest_words(index.embedder.encode(["lake", "unheard"]))
    assert word == "lake" and cosine == pytest.approx(1, abs=1e-5)
    documents, passages = index.sample(1, 100)
    assert documents.shape == (1, 8) and len(passages) == len(index.passages("a")) + len(index.passages("b"))
    assert index.background.shape == (100, 8)


@pytest.mark.parametrize(
    "word", ['"', "NEAR(", "a AND", "*", "text:", "^x", "'; DROP TABLE documents; --", "\0", "{b}"]
)
def test_a_word_is_never_taken_for_an_operator(index, word):
    index.sync([paper("a")], prune=True)
    assert index.match_documents(word) == {}
    assert index.holding(word, index.passages("a")) == set()


class Cut(Exception):
    pass


def _is_change(sql, *_):
    return sql.startswith(("INSERT", "DELETE", "UPDATE"))


@pytest.mark.parametrize("step", range(1, 100, 8))
def test_a_run_cut_off_at_any_write_is_completed_by_the_next(tmp_path, monkeypatch, step):
    """Every change of Chroma and every commit of SQLite in turn is where the run dies, before or after it is done."""
    monkeypatch.setattr("ingest.index.BATCH_DOCUMENTS", 2)
    old = [paper(i, f"Old {i}. Two.") for i in "abcd"]
    new = [old[0], paper("b", "New b. Two. Three."), paper("d", "New d."), paper("e", "E is new.")]
    index = Index(tmp_path, HashEmbedder())
    index.sync(old, prune=True)
    calls = 0

    def cut(done: bool) -> None:
        nonlocal calls
        calls += 1
        if calls == step:
            raise Cut(done)

    class CutStore(StoreProcess):
        pass

    class CutConnection:
        def __init__(self, inner):
            self.inner = inner

        def __getattr__(self, name):
            return getattr(self.inner, name)

        def __enter__(self):
            return self.inner.__enter__()

        def __exit__(self, *error):
            return self.inner.__exit__(*error)

    def cutting(method, is_change=lambda *_: True):
        def run(*args, **kwargs):
            if not is_change(*args):
                return method(*args, **kwargs)
            cut(False)
            result = method(*args, **kwargs)
            cut(True)
            return result

        return run

    for name in ("put", "delete_documents", "delete_words", "settle", "close"):
        setattr(CutStore, name, cutting(getattr(StoreProcess, name)))
    monkeypatch.setattr("ingest.dense.StoreProcess", CutStore)
    monkeypatch.setattr("ingest.dense.DenseIndex.abandon", lambda self: None)  # a process that dies tidies nothing up
    index.lexical._db = CutConnection(index.lexical._db)
    for name in ("execute", "executemany"):
        method = getattr(index.lexical._db.inner, name)
        setattr(index.lexical._db, name, cutting(method, _is_change))
    was_cut = False
    try:
        index.sync(new, prune=True)
    except Cut:
        was_cut = True
    monkeypatch.undo()
    monkeypatch.setattr("ingest.index.BATCH_DOCUMENTS", 2)
    again = Index(tmp_path, HashEmbedder())
    again.sync([], prune=False)
    between = {d.id: d for d in again.documents()}
    allowed = {i: [d for d in (*old, *new) if d.id == i] for i in "abcde"}
    assert all(d in allowed[i] for i, d in between.items()), "what is there is whole, old or new"
    assert {"a", "b", "d"} <= set(between), "nothing is lost on the way"
    check(again, list(between.values()))
    again.sync(new, prune=True)
    check(again, new)
    assert was_cut or step > 60


def test_what_another_process_changes_is_seen(index, tmp_path):
    """A page that is open while `python -m ingest` runs elsewhere: Chroma keeps in memory what it opened."""
    index.sync([paper("a"), paper("b")], prune=True)
    zebra = index.embedder.encode(["Zebras run."])[0]
    assert "c" not in {p.document_id for p, _ in index.nearest_passages(zebra, 9)}
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}]; from pathlib import Path;"
        "from tests.test_index import HashEmbedder, paper; from ingest.index import Index;"
        f"Index(Path({str(tmp_path)!r}), HashEmbedder())"
        ".sync([paper('a'), paper('c', 'Zebras run. Far.')], prune=True)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    passage, cosine = index.nearest_passages(zebra, 9)[0]
    assert (passage.document_id, round(cosine, 4)) == ("c", 1)
    assert {i for i, _ in index.nearest_documents(zebra, 9)} == {"a", "c"}
    assert index.sample(9, 9)[0].shape == (2, 8)
    check(index, [paper("a"), paper("c", "Zebras run. Far.")])
    index.sync([paper("a")], prune=True)
    check(index, [paper("a")])


KILLED = """
import sys, json, time
from pathlib import Path
sys.path[:0] = [{root!r}]
from tests.test_index import HashEmbedder, paper
import ingest.index as module
module.BATCH_DOCUMENTS = 3
index = module.Index(Path(sys.argv[1]), HashEmbedder())
print("ready", flush=True)
index.sync([paper(f"d{{n}}", f"Version {{sys.argv[2]}} of {{n}}. Two.") for n in range(60)], prune=True)
print("done", flush=True)
"""


def test_a_killed_process_leaves_what_the_next_run_completes(tmp_path):
    """SIGKILL at random moments, again and again, while the documents change under it."""
    chance = random.Random(3)
    script = KILLED.format(root=str(ROOT))
    killed = 0
    for version in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path), str(version)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.2, 1.6))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        process.stdout.close()
    assert killed >= 2, "the run was over before it could be killed; make it longer"
    index = Index(tmp_path, HashEmbedder())
    documents = [paper(f"d{n}", f"Final {n}. Two.") for n in range(60)]
    index.sync(documents, prune=True)
    check(index, documents)


@pytest.fixture(scope="module")
def chroma_server(tmp_path_factory):
    """Chroma's own server on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("chroma")
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(20)


def test_the_vectors_can_lie_in_a_chroma_server(tmp_path, chroma_server):
    index = Index(tmp_path, HashEmbedder(), chroma_server)
    index.sync([paper("a"), paper("b", "A painter paints. It is warm.")], prune=True)
    check(index, [paper("a"), paper("b", "A painter paints. It is warm.")])
    assert not (tmp_path / "index" / "chroma").exists()
    again = Index(tmp_path, HashEmbedder(), chroma_server)
    passage, cosine = again.nearest_passages(again.embedder.encode(["It is warm."])[0], 1)[0]
    assert (passage.document_id, round(cosine, 4)) == ("b", 1)
    assert again.sync([paper("b")], prune=True).removed == 1
    check(again, [paper("b")])


def test_indexes_in_one_chroma_server_leave_each_other_alone(tmp_path, chroma_server):
    texts = {"one": "A painter paints. It is warm.", "two": "A river runs. It is cold."}
    homes = {name: Index(tmp_path / name, HashEmbedder(), chroma_server) for name in texts}
    for name, index in homes.items():
        index.sync([paper(name, texts[name])], prune=True)
    for name, index in homes.items():
        check(index, [paper(name, texts[name])])
    client = open_chroma(chroma_server)
    before = {collection.name for collection in client.list_collections()}
    again = Index.remade(tmp_path / "one", HashEmbedder(), chroma_server)
    again.sync([paper("one", texts["one"])], prune=True)
    after = {collection.name for collection in client.list_collections()}
    assert len(after) == len(before) and len(after - before) == 3  # what was made anew, in place of what it was before
    for name, index in homes.items():
        check(index, [paper(name, texts[name])])


def test_an_index_that_moves_to_a_server_and_back_is_embedded_again(tmp_path, chroma_server):
    documents = [paper("a"), paper("b", "A painter paints. It is warm.")]
    for place in (None, chroma_server, None):
        index = Index(tmp_path, HashEmbedder(), place)
        assert index.sync(documents, prune=True).embedded
        check(index, documents)


def test_passages_are_looked_for_inside_of_documents(tmp_path):
    index = Index(tmp_path, HashEmbedder())
    index.sync([paper("a"), paper("b", "A painter paints. It is warm."), paper("c", "One. Two.")], prune=True)
    vector = index.embedder.encode(["It is warm."])[0]
    found = index.nearest_passages(vector, 10, among=["a", "c"])
    assert {passage.document_id for passage, _ in found} == {"a", "c"}
    assert len(found) == len(index.passages("a")) + len(index.passages("c"))


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1",
        "ftp://x",
        "127.0.0.1:8000",
        "http://x:port",
        "http://x:99999",
        "http://[::1",
        "http://",
        "x",
    ],
)
def test_a_chroma_server_that_is_not_there_is_one_line(tmp_path, address):
    with pytest.raises(IndexRefused, match=r"Chroma server.*UNDERTONE_CHROMA_URL.*python -m ingest"):
        Index(tmp_path, HashEmbedder(), address).sync([paper("a")], prune=True)


def test_a_home_that_cannot_be_used_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexRefused, match=r"cannot be used as a home.*UNDERTONE_HOME"):
        Index(tmp_path / "file", HashEmbedder())
    broken = tmp_path / "broken" / "index" / "documents.sqlite"
    broken.parent.mkdir(parents=True)
    broken.write_text("no database, but as long as one might be" * 40)
    for opened in (Index, Index.remade):
        with pytest.raises(IndexRefused, match=r"not a database.*python -m ingest"):
            opened(tmp_path / "broken", HashEmbedder())
    index = Index(tmp_path, HashEmbedder())
    index.sync([paper("a")], prune=True)


def test_an_index_of_an_older_program_is_cut_anew_and_embeds_what_is_other_only(tmp_path):
    card, plain = paper("card", "# Title\n\n## Usage\n\nIt rains."), paper("plain")
    index = Index(tmp_path, HashEmbedder())
    index.sync([card, plain], prune=True)
    db = index.lexical._db
    with (
        index.lexical.transaction()
    ):  # as an older program left it: without kinds and paths, its passages cut otherwise
        for column in ("kind", "path", "header"):
            db.execute(f"ALTER TABLE passages DROP COLUMN {column}")
        db.execute("UPDATE passages SET start = 0, text = '# Title' WHERE document_id = 'card' AND NOT is_field")
        db.execute("PRAGMA user_version = 0")
    index.lexical.close()
    again = Index(tmp_path, HashEmbedder())
    assert again.passages("card") == list(split_passages(card))
    assert again.passages("plain") == list(split_passages(plain))
    assert again.lexical.pending() == ["card"]
    report = again.sync([card, plain], prune=True)
    assert report.unchanged == 2 and again.lexical.pending() == []
    assert 0 < report.embedded <= 1 + len(split_passages(card)) + 10
    keys = [f"{p.document_id}#{p.start}" for d in (card, plain) for p in split_passages(d)]
    assert sorted(again.dense._reading().collections[1].get(include=[])["ids"]) == sorted(keys)


def test_two_that_open_a_new_file_at_once_both_get_it(tmp_path):
    """SQLite waits for nobody where two turn one file to its write-ahead log: about one pair in four failed."""
    refused = []

    def begin(path, start):
        db = sqlite3.connect(path, timeout=30, check_same_thread=False)
        start.wait()
        try:
            log_ahead(db, 30)
        except sqlite3.OperationalError as error:
            refused.append(error)

    for pair in range(60):
        start = threading.Barrier(2)
        both = [threading.Thread(target=begin, args=(tmp_path / f"{pair}.sqlite", start)) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
    assert not refused
