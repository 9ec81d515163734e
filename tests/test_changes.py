"""What a run becomes when something of it is changed."""

import pytest

from app.understanding.changes import changed_styles, changed_subject
from app.understanding.request import Run
from app.understanding.shares import read_shares

RUN = Run("blend", "a tree", (("photographic style", 0.8), ("woodcut", 0.2)), "prompt")


MORE = Run("blend", "a tree", (("photographic style", 0.6), ("woodcut", 0.4)), "prompt")
ALONE = Run("blend", "a tree", (("woodcut", 1.0),), "prompt")


def change(message: str, *named: str, runs: tuple[Run, ...] = (RUN,)) -> dict[str, float]:
    spans = [(message.index(name), message.index(name) + len(name)) for name in named]
    styles, _ = changed_styles(message, spans, read_shares(message, spans), runs)
    return {text: round(share, 2) for text, share in styles}


@pytest.mark.parametrize(
    ("message", "named", "wanted"),
    [
        ("make it two thirds woodcut", ["woodcut"], {"photographic style": 0.33, "woodcut": 0.67}),
        ("photo 30%", ["photo"], {"photographic style": 0.3, "woodcut": 0.7}),
        ("swap the weights", [], {"photographic style": 0.2, "woodcut": 0.8}),
        ("60/40", [], {"photographic style": 0.6, "woodcut": 0.4}),
        ("half and half", [], {"photographic style": 0.5, "woodcut": 0.5}),
        ("and in between?", [], {"photographic style": 0.65, "woodcut": 0.35}),
        ("batik instead of the photo", ["batik", "photo"], {"batik": 0.8, "woodcut": 0.2}),
        ("replace woodcut with batik", ["woodcut", "batik"], {"photographic style": 0.8, "batik": 0.2}),
        ("add batik, all equal", ["batik"], {"photographic style": 0.33, "woodcut": 0.33, "batik": 0.33}),
        ("drop the woodcut", ["woodcut"], {"photographic style": 1.0}),
        ("without the second style", [], {"photographic style": 1.0}),
        ("only woodcut", ["woodcut"], {"woodcut": 1.0}),
        ("more woodcut", ["woodcut"], {"photographic style": 0.65, "woodcut": 0.35}),
        ("too much photo", ["photo"], {"photographic style": 0.65, "woodcut": 0.35}),
        ("now in batik", ["batik"], {"batik": 1.0}),
        ("again with another seed", [], {}),
        (
            "the woodcut is too timid. put it at three quarters",
            ["woodcut"],
            {"photographic style": 0.25, "woodcut": 0.75},
        ),
    ],
)
def test_styles(message, named, wanted):
    assert change(message, *named) == pytest.approx(wanted)


def test_even_more_goes_on_as_the_last_change_went():
    assert change("even more", runs=(RUN, MORE)) == {"photographic style": 0.45, "woodcut": 0.55}
    assert change("a bit less", runs=(RUN, MORE)) == {"photographic style": 0.75, "woodcut": 0.25}
    assert change("even more") == {}


def test_what_is_gone_back_to_is_the_run_before():
    runs = (RUN, ALONE)
    assert change("go back to both but 75% photo", "photo", runs=runs) == {"photographic style": 0.75, "woodcut": 0.25}
    assert change("undo that", runs=runs) == {"photographic style": 0.8, "woodcut": 0.2}


@pytest.mark.parametrize(
    ("subjects", "settings", "wanted"),
    [
        (["a boat"], [], "a boat"),
        ([], ["at night"], "a tree at night"),
        (["tree"], ["red"], "a red tree"),
        ([], ["orange"], "an orange tree"),
        (["a boat", "tree"], [], "a boat"),
        ([], [], None),
    ],
)
def test_subject(subjects, settings, wanted):
    assert changed_subject(subjects, settings, RUN.subject) == wanted
