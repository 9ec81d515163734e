"""What a run becomes when something of it is changed."""

import pytest

from app.understanding.changes import changed_styles, changed_subject
from app.understanding.request import Run
from app.understanding.shares import read_shares

RUN = Run("blend", "a tree", (("photographic style", 0.8), ("woodcut", 0.2)), "prompt")


def change(message: str, *named: str) -> dict[str, float]:
    spans = [(message.index(name), message.index(name) + len(name)) for name in named]
    styles, _ = changed_styles(message, spans, read_shares(message, spans), [RUN])
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
    ],
)
def test_styles(message, named, wanted):
    assert change(message, *named) == pytest.approx(wanted)


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
