"""The short answer, on a made-up corpus: the best sentence first, and no more than adds to it."""

from app.answering.reading import Reading
from app.answering.short import MAX_SENTENCES, compared, narrow, nearest


def read(second, question: str) -> Reading:
    return Reading(second.search(question, top_k=24))


def claims(sentences) -> list[str]:
    return [sentence.text for sentence in sentences if sentence.kind == "claim"]


def test_the_sentence_that_answers_is_there_and_every_one_is_the_corpus_own(second):
    reading = read(second, "How long does the contact microphone record?")
    told = narrow(reading, "usual")
    assert any("ten seconds every minute" in text for text in claims(told))
    for sentence in told:
        (citation,) = sentence.citations
        document = next(d for d in reading.documents if d.id == citation.document_id)
        assert document.text[citation.start : citation.end] == sentence.text


def test_simply_is_one_sentence_and_none_is_told_twice(second):
    reading = read(second, "What does MothNet do?")
    lengths = {depth: len(narrow(reading, depth)) for depth in MAX_SENTENCES}
    assert lengths["simple"] == 1 and all(1 <= lengths[depth] <= most for depth, most in MAX_SENTENCES.items())
    assert len(set(claims(narrow(reading, "detailed")))) == lengths["detailed"]


def test_two_documents_are_told_side_by_side_in_the_order_given(second):
    reading = read(second, "Compare LoafScope and TideCast")
    told = compared(reading, reading.named)
    assert [sentence.document_id for sentence in told] == sorted(
        (sentence.document_id for sentence in told), key=[d.id for d in reading.named].index
    )
    assert {sentence.document_id for sentence in told} == {"loafscope", "tidecast"}


def test_what_stands_nearest_to_the_missing_is_told_as_that(second):
    first, *rest = nearest(read(second, "Who funded MothNet?"))
    assert first.kind == "framing" and "does not say this of MothNet" in first.text
    assert len(rest) == 1 and rest[0].document_id == "mothnet"
