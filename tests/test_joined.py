"""Several indexes asked as one: they find what one index of all their documents finds, and lose none of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ingest.documents import Document, read_documents
from ingest.index import Index, IndexRefused
from ingest.joined import JoinedIndex
from ingest.passages import place_of, split_passages
from ingest.queries import IndexQueries
from tests.conftest import CORPUS
from tests.second_corpus import documents as second_documents
from tests.test_index import HashEmbedder, paper
from tools.search import Searcher

QUESTIONS = (
    "How does AI balance multiple styles at once: what's happening with the weights under the hood?",
    "What is FedStyle and how are its clients trained?",
    "How does visual style prompting swap keys and values?",
    "Which networks forecast currents from ferry logs?",
    "How does LoafScope know the moment to bake?",
    "Do night shifts impair memory?",
    "How are moths counted without harm?",
    "What are the limits of henmixReal?",
    "Which of the methods need a recurrent filter, and which a contrastive loss?",
    "Who won the football world cup in 1998?",
    "How do I cook rice?",
    "What is the capital of Mongolia?",
)


def begun(folder, documents, embedder=None) -> Index:
    index = Index(folder, embedder or HashEmbedder())
    index.sync(documents, prune=True)
    return index


def long(i: str, words: int) -> Document:
    return paper(i, " ".join(f"Rain falls on roof {n} of Ghent." for n in range(words // 7)))


@pytest.fixture(scope="module")
def corpora(tmp_path_factory, embedder):
    """The two corpora joined, and one index of both."""
    folder = tmp_path_factory.mktemp("joined")
    first, second = list(read_documents([CORPUS])), list(second_documents())
    parts = {"": begun(folder / "first", first, embedder), "second": begun(folder / "second", second, embedder)}
    return JoinedIndex(parts), begun(folder / "both", [*first, *second], embedder)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_finds_what_it_finds_in_one_index_of_all_documents(corpora, question):
    joined, one = (Searcher(index).search(question) for index in corpora)
    assert joined.relevant == one.relevant
    assert joined.documents == one.documents
    assert [e.passage for e in joined.evidence] == [e.passage for e in one.evidence]
    assert joined.measures == pytest.approx(one.measures, abs=0.01), (
        "vectors differ a little by what they were made with"
    )
    assert joined.found == one.found and joined.unknown_terms == one.unknown_terms


def test_some_of_the_questions_are_refused_and_some_are_of_either_part(corpora):
    found = [Searcher(corpora[0]).search(question) for question in QUESTIONS]
    kinds = {result.documents[0] in {d.id for d in second_documents()} for result in found if result.relevant}
    assert kinds == {True, False} and sum(not result.relevant for result in found) >= 3


def test_words_are_weighed_by_the_lengths_of_all_documents(tmp_path):
    short, longer = [paper("a"), paper("b", "Snow.")], [long("c", 300), long("d", 900)]
    joined = JoinedIndex({"": begun(tmp_path / "1", short), "x": begun(tmp_path / "2", longer)})
    one = begun(tmp_path / "3", [*short, *longer])
    for word in ("rain", "roofs", "ghent", "snow", "desert"):
        assert joined.match_documents(word) == pytest.approx(one.match_documents(word), rel=1e-6)
    alone = begun(tmp_path / "4", short).match_documents("snow")["b"]
    assert alone < 0.8 * one.match_documents("snow")["b"], "by its own part's lengths the weight would be another"


def test_what_is_drawn_at_random_is_drawn_of_all_documents(tmp_path):
    small, large = [paper("a")], [long(f"d{n}", 70) for n in range(9)]
    joined = JoinedIndex({"": begun(tmp_path / "1", small), "x": begun(tmp_path / "2", large)})
    one = begun(tmp_path / "3", [*small, *large])
    for count in (3, 6, 100):
        for drawn, wanted in zip(joined.sample(count, count), one.sample(count, count), strict=True):
            assert np.allclose(drawn, wanted)
    assert np.allclose(joined.background, one.background)


def test_each_question_goes_to_every_part(tmp_path):
    joined = JoinedIndex(
        {"": begun(tmp_path / "1", [paper("a")]), "x": begun(tmp_path / "2", [paper("b", "Snow is white.")])}
    )
    assert len(joined) == 2 and joined.is_begun and [d.id for d in joined.documents()] == ["a", "b"]
    (snow,) = joined.passages("b")
    vectors = joined.embedder.encode(["Snow is white.", "white", "rains"])
    assert joined.nearest_passages(vectors[0], 1) == [(snow, pytest.approx(1.0, abs=1e-5))]
    assert [p.document_id for p, _ in joined.nearest_passages(vectors[0], 9, among=["a"])] == ["a", "a"]
    assert joined.nearest_passages(vectors[0], 9, among=["nowhere"]) == []
    assert {i for i, _ in joined.nearest_documents(vectors[0], 9)} == {"a", "b"}
    assert [word for word, _ in joined.nearest_words(vectors[1:])] == ["white", "rains"]
    assert set(joined.word_vectors(["white", "rains", "desert"])) == {"white", "rains"}
    both = [*joined.passages("a"), snow]
    assert joined.holding("snow", both) == {snow} and set(joined.passage_vectors(both)) == set(both)
    with pytest.raises(KeyError):
        joined.document("nowhere")
    assert joined.passages("nowhere") == []


def test_a_part_that_is_empty_or_never_was_indexed_to_its_end_holds_nothing_yet(tmp_path):
    first, empty = begun(tmp_path / "1", [paper("a")]), Index(tmp_path / "2", HashEmbedder())
    for parts in ({"": first, "x": empty}, {"": empty, "x": first}):
        joined = JoinedIndex(parts)
        assert len(joined) == 1 and joined.is_begun
        assert joined.background.shape == (100, 8) and joined.sample(9, 9)[0].shape == (1, 8)
    nothing = JoinedIndex({"": empty, "x": Index(tmp_path / "3", HashEmbedder())})
    assert len(nothing) == 0 and not nothing.is_begun and nothing.documents() == []
    assert nothing.nearest_words(np.zeros((2, 8), np.float32)) == [("", 0.0)] * 2
    before = joined.revision
    empty.sync([paper("b")], prune=True)
    assert joined.revision > before and [d.id for d in joined.documents()] == ["b", "a"]
    with empty.lexical.transaction():
        empty.lexical.forget_fact("vectors")  # as a first run leaves it that was cut off
    assert [d.id for d in joined.documents()] == ["a"]


def test_one_id_for_one_text_is_one_document(tmp_path):
    again = replace(paper("a"), title="The same under another title")
    first, second = begun(tmp_path / "1", [paper("a")]), begun(tmp_path / "2", [again, paper("b", "Snow.")])
    joined = JoinedIndex({"": first, "x": second})
    assert joined.documents() == [paper("a"), paper("b", "Snow.")] and len(joined) == 2
    vector = joined.embedder.encode(["x"])[0]
    assert sorted(i for i, _ in joined.nearest_documents(vector, 9)) == ["a", "b"]
    assert sorted(p.document_id for p, _ in joined.nearest_passages(vector, 9)) == ["a", "a", "b"]
    assert list(joined.match_documents("rains")) == ["a"]
    assert [len(drawn) for drawn in joined.sample(9, 9)] == [2, 3]


def test_one_id_for_two_texts_is_two_documents_each_with_its_own_passages(tmp_path):
    other = paper("a", "Snow is white. It melts in Ghent.", "/y/a.md")
    parts = {"": begun(tmp_path / "1", [paper("a")]), "bakery": begun(tmp_path / "2", [other])}
    joined = JoinedIndex(parts)
    first, second = joined.documents()
    assert (
        (first, second)
        == (paper("a"), replace(other, id="a@bakery"))
        == (
            joined.document("a"),
            joined.document("a@bakery"),
        )
    )
    passages = joined.passages("a@bakery")
    assert tuple(passages) == split_passages(second), "they are the passages of a document of that id"
    assert len({p.id for p in (*passages, *joined.passages("a"))}) == 4
    assert all(second.text[p.start : p.end] == p.text for p in passages)
    assert place_of(second, passages[1].start) == place_of(other, passages[1].start)
    assert joined.holding("ghent", [*joined.passages("a"), *passages]) == {joined.passages("a")[0], passages[1]}
    vectors = joined.passage_vectors(passages)
    assert all(np.allclose(vectors[p], joined.embedder.encode([p.text])[0], atol=1e-5) for p in passages)
    assert set(joined.match_documents("ghent")) == {"a", "a@bakery"}
    asked = joined.embedder.encode(["Snow is white."])[0]
    assert joined.nearest_passages(asked, 1, among=["a@bakery"])[0][0] == passages[0]
    assert [p.document_id for p, _ in joined.nearest_passages(asked, 9, among=["a"])] == ["a", "a"]


def test_three_texts_of_one_id_keep_three_names(tmp_path):
    texts = {"": "Rain.", "x": "Snow.", "y": "Hail."}
    joined = JoinedIndex({name: begun(tmp_path / f"at-{name}", [paper("a", text)]) for name, text in texts.items()})
    assert {d.id: d.text for d in joined.documents()} == {"a": "Rain.", "a@x": "Snow.", "a@y": "Hail."}


def test_what_changes_in_a_part_is_seen_while_it_is_open(tmp_path):
    parts = {
        "": begun(tmp_path / "1", [paper("a"), paper("b", "Snow.")]),
        "x": begun(tmp_path / "2", [paper("a", "Hail.")]),
    }
    joined = JoinedIndex(parts)
    revisions = [joined.revision]
    assert [d.id for d in joined.documents()] == ["a", "b", "a@x"]

    def change(name, documents):
        Index(parts[name].home, HashEmbedder()).sync(documents, prune=True)  # another process's, as it were
        revisions.append(joined.revision)
        return {d.id: d.text for d in joined.documents()}

    assert change("", [paper("b", "Snow.")]) == {"b": "Snow.", "a": "Hail."}
    assert [p.document_id for p in joined.passages("a")] == ["a"] and joined.passages("a@x") == []
    assert change("x", [paper("c", "Dew.")]) == {"b": "Snow.", "c": "Dew."}
    with pytest.raises(KeyError):
        joined.document("a")
    assert change("x", []) == {"b": "Snow."}
    assert revisions == sorted(set(revisions)), "each change of any part makes it grow"


def test_parts_of_different_embedders_are_refused_in_one_line(tmp_path):
    first, other = begun(tmp_path / "1", [paper("a")]), begun(tmp_path / "2", [paper("b")], HashEmbedder("other"))
    with pytest.raises(IndexRefused, match=r"bakery is indexed with the embedder other.*--reindex") as refusal:
        JoinedIndex({"": first, "bakery": other})
    assert "\n" not in str(refusal.value)


def test_whatever_can_be_asked_of_an_index_is_answered_by_all_of_its_parts():
    """No member is taken from the base class, where it could reach into a part alone."""
    asked = IndexQueries.__abstractmethods__
    assert asked <= set(vars(JoinedIndex)) and "sample" in asked
    assert {name for name in vars(IndexQueries) if not name.startswith("_")} <= asked, "the base answers nothing itself"
