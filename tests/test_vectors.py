"""The packaged embedder: unit rows, offline, and lazy."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from app.verification.entailment import Entailment
from ingest.vectors import PACKAGED, Embedder, EmbedderUnavailable, load_embedder

ROOT = Path(__file__).resolve().parent.parent


def test_rows_are_unit_float32(embedder):
    rows = embedder.encode(["style", "a longer sentence about style", ""])
    assert rows.shape == (3, 384) == (3, embedder.dimension) and rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert embedder.encode([]).shape == (0, 384)


def test_the_same_text_gets_the_same_row_whatever_stands_beside_it(embedder):
    alone = embedder.encode(["What is content leakage?"])[0]
    beside = embedder.encode(["What is content leakage?", "word " * 200])[0]
    assert alone @ beside > 0.999


def test_what_is_near_is_near(embedder):
    style, look, tax = embedder.encode(["artistic style", "the look of a painting", "income tax law"])
    assert style @ look > style @ tax + 0.2


def test_the_name_and_dimension_come_without_loading_the_model():
    code = (
        "import sys; from ingest.vectors import load_embedder; e = load_embedder(); print(e.name, e.dimension);"
        "assert not {'torch', 'sentence_transformers', 'chromadb'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, [PACKAGED, "384"]), done.stderr


def test_it_is_loaded_once():
    assert load_embedder() is load_embedder()
    assert load_embedder().name == PACKAGED


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nobody/no-such-model", "is not on this machine; get it with: hf download nobody/no-such-model,"),
        ("no-such-model", r"no such folder\); give the folder or the full name"),
        ("/no/such/folder", r"no such folder\); give the folder"),
        (str(ROOT / "corpus"), r"cannot be loaded \(Unrecognized model"),
    ],
)
def test_an_embedder_that_is_not_there_says_what_to_do_and_downloads_nothing(name, says):
    with pytest.raises(EmbedderUnavailable, match=rf"{says}.* or leave UNDERTONE_EMBEDDER unset"):
        Embedder(name).encode(["x"])
    with pytest.raises(EmbedderUnavailable, match=rf"{says}.* or leave UNDERTONE_NLI unset"):
        Entailment(name).scores([("x", "y")])


def test_a_text_is_read_once_for_its_vector_and_its_words():
    embedder = Embedder()
    reading = embedder.read(["blue boats on a lake"])[0]
    assert np.allclose(reading.vector @ Embedder().encode(["blue boats on a lake"])[0], 1, atol=1e-3)
    assert len(reading.states) == len(reading.spans) and reading.spans[0] == (0, 4)
    assert embedder.encode(["blue boats on a lake"])[0] is not None
    assert np.array_equal(embedder.encode(["blue boats on a lake"])[0], reading.vector)  # remembered, not read again


def test_a_long_text_is_read_in_windows_to_its_end():
    text = "a boat " * 500
    reading = Embedder().read([text])[0]
    assert reading.spans[-1][1] == len(text.rstrip()) and np.isclose(np.linalg.norm(reading.vector), 1, atol=1e-3)


def test_loading_ahead_is_done_by_one_thread_and_waited_for():
    embedder = Embedder()
    embedder.load_ahead()
    waiting = [thread for thread in threading.enumerate() if thread.name == "embedder"]
    assert embedder.encode(["style"]).shape == (1, 384)
    for thread in waiting:
        thread.join(60)
    assert embedder._model is embedder._model


def test_what_cannot_be_loaded_ahead_is_told_to_whoever_needs_it(tmp_path):
    embedder = Embedder(str(tmp_path / "none"))
    embedder.load_ahead()
    with pytest.raises(EmbedderUnavailable, match="no such folder"):
        embedder.encode(["style"])
