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
