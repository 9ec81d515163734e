"""What is asked of the documents that were found: from a Request, the turns before and a search, as data."""

import pytest

from app.agent.history import History
from app.agent.queries import asks_first, query_of, second_look
from app.answers import Citation, CitedAnswer, Section, Sentence, Source
from app.understanding.request import Request, StyleShare


def request(message: str, kind: str = "ask", **slots) -> Request:
    return Request(message=message, kind=kind, question=slots.pop("question", message), **slots)


def spoke_of(*documents: str) -> History:
    sentences = tuple(Sentence("It is so.", "claim", (Citation(d, 0, 9, "It is so."),)) for d in documents)
    sources = tuple(Source(d, "paper", d.title(), None, None) for d in documents)
    return History((CitedAnswer("and before?", "answered", "reader", 0.0, (Section("", sentences),), sources),))


@pytest.mark.parametrize(
    ("message", "kind", "wants"),
    [
        ("where is the code of TideCast?", "links", "links"),
        ("which of these have no code?", "links", "lacking"),
        ("which one doesn't have a paper?", "links", "lacking"),
        ("how does TideCast work?", "ask", "answer"),
    ],
)
def test_links_or_what_lacks_them_or_an_answer(second, message, kind, wants):
    assert query_of(request(message, kind), History(), second.search(message)).wants == wants


def test_two_styles_of_a_question_are_proposed_as_a_render_with_what_it_shows(second):
    message = "how are ink and chalk balanced?"
    styles = (StyleShare(text="ink", share=0.5), StyleShare(text="chalk", share=0.5))
    query = query_of(request(message, styles=styles), History(), second.search(message))
    (proposal,) = query.proposals
    assert query.styles == ("ink", "chalk") and query.shows
    assert [style["text"] for style in proposal["arguments"]["styles"]] == ["ink", "chalk"]
    refused = query_of(request(message, styles=styles, refusal="no"), History(), second.search(message))
    assert not refused.proposals and not refused.styles and refused.shows is None
    foreign = query_of(request(message, "foreign", styles=styles), History(), second.search(message))
    assert not foreign.proposals, "who asks after the world outside is not sold a picture"


@pytest.mark.parametrize(
    ("message", "kind", "is_first"),
    [
        ("does the order matter?", "experiment", True),
        ("find out why one of them wins", "experiment", False),
        ("both orders side by side", "experiment", False),
        ("does the order matter?", "ask", False),
    ],
)
def test_the_corpus_is_asked_before_an_experiment_that_is_put_as_a_question(message, kind, is_first):
    assert asks_first(request(message, kind)) == is_first


def test_what_an_experiment_would_tell_is_proposed_beside_the_corpus(second):
    message = "does it matter which style comes first?"
    (proposal,) = query_of(request(message, experiment="order"), History(), second.search(message)).proposals
    assert proposal["arguments"]["experiment"] == "order"


def test_of_a_comparison_with_one_name_the_other_is_what_was_spoken_of(second):
    message = "how does MothNet compare with it?"
    query = query_of(request(message, documents=("mothnet",)), spoke_of("tidecast"), second.search(message))
    assert query.compared == ("mothnet", "tidecast")


def test_what_was_asked_before_comes_along(second):
    assert query_of(request("why?"), spoke_of("tidecast"), second.search("why?")).asked_before == ("and before?",)


def test_a_question_that_found_nothing_is_asked_again_of_what_was_spoken_of(second):
    message = "any sea monsters in there"
    found = second.search(message)
    assert not found.relevant
    assert second_look(request(message), spoke_of("tidecast"), found) == "any sea monsters in there (Tidecast)?"
    assert second_look(request(message), History(), found) is None
    assert second_look(request(message, "foreign"), spoke_of("tidecast"), found) is None


def test_what_may_be_about_the_program_only_guesses_its_document(second):
    message, asked = "does it keep anything?", "does TideCast keep anything?"
    bound = request(message, question=asked, fallback="program")
    assert query_of(bound, spoke_of("tidecast"), second.search(asked)).is_guess
    sure = request(message, question=asked)
    assert not query_of(sure, spoke_of("tidecast"), second.search(asked)).is_guess
