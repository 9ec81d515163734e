import pytest

from app.answers import Citation, CitedAnswer, Section, Sentence, Source
from app.followups import Asked, Conversation, standalone
from app.intents import intent_of, named_documents, short_name
from app.stems import content_stems
from app.styles import Style, reweigh, styles_in, subject_in

SEED = (
    "I mixed “photographic style” and “digital illustration” in one prompt and got an image that blended both "
    "perfectly. How does AI balance multiple styles at once—what’s happening with the weights under the hood?"
)


def turn(
    question, *document_ids, titles=("Visual Style Prompting with Swapping Self-Attention", "FedStyle: Federated")
):
    claims = tuple(Sentence("x", "claim", (Citation(d, 0, 1, "x"),)) for d in document_ids)
    sources = tuple(Source(d, "paper", t, None, None) for d, t in zip(document_ids, titles, strict=False))
    return CitedAnswer(question, "answered", "reader", 0.0, (Section("", claims),), sources)


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        (SEED, "explain"),
        ("hello!", "greeting"),
        ("what can you do?", "help"),
        ("show me", "render"),
        ("blend watercolor and oil painting", "render"),
        ("now 80 % illustration", "reweigh"),
        ("show me the code of WSAM", "links"),
        ("where is the code of WSAM?", "links"),
        ("which model has no paper?", "lacks"),
        ("compare FedStyle and WSAM", "compare"),
        ("What is content leakage?", "lookup"),
        ("How does Visual Style Prompting work?", "explain"),
    ],
)
def test_intents(question, intent):
    assert intent_of(question) == intent


@pytest.mark.parametrize(
    ("question", "styles"),
    [
        (SEED, (Style("photographic style"), Style("digital illustration"))),
        ("70% watercolor and 30% pencil sketch of a boat", (Style("watercolor", 0.7), Style("pencil sketch", 0.3))),
        ("blend oil painting and pixel art", (Style("oil painting"), Style("pixel art"))),
        ("What does “content leakage” mean?", ()),
        ("mix flour and sugar", ()),
    ],
)
def test_styles_are_found_where_a_question_names_them(question, styles):
    assert styles_in(question) == styles


def test_subject_is_what_the_picture_shows_not_a_style():
    assert subject_in("70% watercolor and 30% pencil sketch of a blue boat at night") == "a blue boat at night"
    assert subject_in(SEED) is None


def test_a_new_share_leaves_the_rest_to_the_other_style():
    known = (Style("photographic style", 0.5), Style("digital illustration", 0.5))
    assert [round(s.share, 3) for s in reweigh((Style("illustration", 0.8),), known)] == [0.2, 0.8]


def test_three_styles_divide_the_rest_as_they_stood():
    known = (Style("watercolor", 0.5), Style("sketch", 0.25), Style("oil painting", 0.25))
    assert [round(s.share, 3) for s in reweigh((Style("watercolor", 0.4),), known)] == [0.4, 0.3, 0.3]


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("and in which layers?", "in which layers (Visual Style Prompting)?"),
        ("does it need fine-tuning?", "does Visual Style Prompting need fine-tuning?"),
        ("where is its code?", "where is Visual Style Prompting's code?"),
        ("what about the other one?", "what about FedStyle?"),
        ("what about the second one?", "what about FedStyle?"),
        ("How do I bake bread?", None),
        ("What does stochastic sampling with noise addition improve in WSAM style augmentation?", None),
    ],
)
def test_follow_ups_stand_alone(question, searched):
    turns = [turn("how?", "visual-style-prompting", "fedstyle")]
    assert standalone(question, Conversation(tuple(turns))).query == (searched or question)


def test_a_first_question_is_never_rewritten():
    assert standalone("and in which layers?", Conversation()) == Asked("and in which layers?")


def test_documents_are_named_by_short_name_id_or_repository(seed_index):
    documents = seed_index.documents()

    def named(question):
        return [d.id for d in named_documents(question, documents)]

    assert named("Compare WSAM with FedStyle") == ["wsam", "fedstyle"]
    assert named("what is henmixReal?") == ["henmixreal"]
    assert named("how does Visual Style Prompting work?") == ["visual-style-prompting"]
    assert named("what is a style?") == []


def test_short_names():
    assert short_name("FedStyle: Style-Based Federated Learning") == "FedStyle"
    assert short_name("Visual Style Prompting with Swapping Self-Attention") == "Visual Style Prompting"


def test_content_stems_drop_what_carries_no_meaning():
    assert content_stems("What is being swapped in the self-attention?") == {
        "swap",
        "self-attent",
        "self",
        "attent",
    } - {"self"} | content_stems("self")
