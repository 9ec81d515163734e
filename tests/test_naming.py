"""Documents that a message names, on a corpus that is not the packaged one."""

import pytest

from app.understanding.naming import named_documents
from app.understanding.request import Known

KNOWN = (
    Known("pglc", "PG-LC: Prompt-Guided Lesion Counting with Frozen Encoders"),
    Known("malaria", "Seasonal Malaria Chemoprevention in Children"),
    Known("zebra", "ZebraNet for Wildlife Tracking", "paper", "https://github.com/acme/Zebra-Tracker"),
    Known("card", "acme/herd-counter-v2", "model_card"),
)


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("what is ZebraNet?", ("zebra",)),
        ("what is zebra net", ("zebra",)),
        ("explain zerbanet to me", ("zebra",)),
        ("where is Zebra-Tracker hosted", ("zebra",)),
        ("compare PG-LC and zebranet", ("pglc", "zebra")),
        ("the one on malaria chemoprevention", ("malaria",)),
        ("who made herd counter v2?", ("card",)),
        ("how do children learn to count?", ()),
        ("is there anything on tracking?", ()),
    ],
)
def test_documents_are_named_by_title_repository_and_nearly_so(message, wanted):
    assert named_documents(message, KNOWN) == wanted


MANY = tuple(
    Known(f"p{n}", f"{first} {second} under a changing lattice ({n})")
    for n, (first, second) in enumerate((a, b) for a in ("Plasma", "Glacier", "Turbine") for b in ("orbit",) * 200)
)


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("How does Glacier orbit under a changing lattice (237) work?", ("p237",)),
        ("what do p112 and p450 have in common?", ("p112", "p450")),
        ("is there anything on a glacier's orbit under a lattice?", ()),  # so many are named alike that none is
    ],
)
def test_among_many_alike_the_one_that_is_said_whole_is_named(message, wanted):
    assert named_documents(message, MANY) == wanted


def test_of_two_titles_the_one_that_has_more_of_what_is_said_is_named():
    known = (Known("one", "Herd Counting Camera Drones"), Known("two", "Herd Counting Night Drones"))
    assert named_documents("the one on counting a herd at night, by drones", known) == ("two",)
