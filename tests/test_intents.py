import pytest

from app.understanding.intents import intent_of
from app.understanding.stems import content_stems
from app.understanding.styles import Style, reweigh, styles_in, subject_in

SEED = (
    "I mixed “photographic style” and “digital illustration” in one prompt and got an image that blended both "
    "perfectly. How does AI balance multiple styles at once—what’s happening with the weights under the hood?"
)


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
        ("and its GitHub?", "links"),
        ("and its paper?", "links"),
        ("WSAM's paper?", "links"),
        ("which paper?", "lookup"),
        ("What problem does the first paper address?", "lookup"),
        ("less photo: 20 %", "reweigh"),
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
        ("set watercolor to 70 %", (Style("watercolor", 0.7),)),
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


def test_a_style_is_named_by_the_beginning_of_its_word():
    known = (Style("photographic style", 0.5), Style("oil painting", 0.5))
    assert [round(s.share, 3) for s in reweigh((Style("photo", 0.2),), known)] == [0.2, 0.8]


def test_three_styles_divide_the_rest_as_they_stood():
    known = (Style("watercolor", 0.5), Style("sketch", 0.25), Style("oil painting", 0.25))
    assert [round(s.share, 3) for s in reweigh((Style("watercolor", 0.4),), known)] == [0.4, 0.3, 0.3]


def test_content_stems_drop_what_carries_no_meaning():
    assert content_stems("What is being swapped in the self-attention?") == {
        "swap",
        "self-attent",
        "self",
        "attent",
    } - {"self"} | content_stems("self")
