"""The heads: what a sentence does, what a question wants, the form of a question."""

import numpy as np
import pytest

from tools.reading.heads import EMBEDDER, PLACES, ROLES, STAGES, WANTS, counted, form_of, load_heads, places
from tools.reading.training import fit


@pytest.fixture(scope="module")
def heads():
    return load_heads(EMBEDDER)


def most_likely(row, names):
    return names[int(np.argmax(row))]


@pytest.mark.parametrize(
    ("question", "want"),
    [
        ("How does X work?", "method"),
        ("What is the goal of X?", "objective"),
        ("What problem does X solve?", "background"),
        ("Is X better than other methods?", "result"),
        ("Where is the code of X?", "resource"),
        ("Which licence does X have?", "detail"),
        ("Who are the authors of X?", "detail"),
    ],
)
def test_what_a_question_wants(heads, embedder, question, want):
    assert most_likely(heads.wants(question, embedder.encode([question])[0]), WANTS) == want


def test_what_the_sentences_of_an_abstract_do(heads, embedder):
    abstract = [
        "Night trains are popular again, but their timetables are made by hand.",
        "We propose a planner that schedules them automatically.",
        "The planner relaxes the integer program and rounds its solution with a beam search.",
        "On the network of three countries it saves two hours of waiting per train.",
    ]
    roles = heads.roles(abstract, embedder.encode(abstract))
    assert roles.shape == (4, len(ROLES)) and np.allclose(roles.sum(axis=1), 1)
    first, second, third, last = (most_likely(row, ROLES) for row in roles)
    assert (first, third, last) == ("background", "method", "result") and second in ("objective", "method")


def test_the_stages_of_a_workflow(heads, embedder):
    said = [
        "Given a photograph and a caption, ...",
        "We update the encoder with a contrastive loss.",
        "The output is a map.",
    ]
    stages = heads.stages(said, embedder.encode(said))
    assert [most_likely(row, STAGES) for row in stages] == ["input", "model", "output"]


def test_another_embedder_gets_heads_that_know_nothing():
    row = load_heads("another").roles(["a", "b"], np.ones((2, 8), np.float32))
    assert np.allclose(row, 1 / len(ROLES))


def test_the_form_of_a_question():
    assert form_of("How does X cut cardiovascular events?", {"cardiovascular", "events"}) == "How does X cut X?"
    assert form_of("What is it?", set()) == "What is it?"


def test_a_sentence_stands_in_a_fifth_of_its_document():
    rows = places(10)
    assert rows.shape == (10, PLACES) and rows[0, 0] == rows[-1, PLACES - 1] == 1 and (rows.sum(axis=1) == 1).all()


def test_words_and_pairs_of_words_are_counted_alike_in_every_process():
    rows = counted(["We propose a planner.", "we propose a planner", ""])
    assert np.array_equal(rows[0], rows[1]) and np.allclose(np.linalg.norm(rows, axis=1), 1)
    assert np.flatnonzero(counted(["night trains"])[0]).tolist() == [40, 409, 894, 2908, 3005, 3720, 3991]


def test_what_was_learned_is_what_is_read_back(tmp_path):
    from safetensors.numpy import load_file, save_file

    from tools.reading.training import tensors_of

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 5)).astype(np.float32), np.arange(60) % 3
    head = fit(x, y, 1.0)
    save_file(tensors_of({"want": head}), tmp_path / "heads.safetensors")
    kept = load_file(tmp_path / "heads.safetensors")
    assert np.allclose(x @ kept["want.weight"].T + kept["want.bias"], head.decision_function(x), atol=1e-5)
