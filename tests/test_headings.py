"""What a language model may call a section."""

import pytest

from app.generation.headings import usable_heading

TEXTS = ["How do bees keep warm?", "In winter the bees cluster, and none of them freezes.", "Warm hives: A study"]


@pytest.mark.parametrize(
    "heading, usable",
    [
        ("How bees keep warm", "How bees keep warm"),
        ("clustering in winter:", "Clustering in winter"),
        ("**Warm hives**", "Warm hives"),
        ("None freezes", "None freezes"),
        ("Bees never freeze", ""),
        ("Drones keep warm", ""),
        ("How do the bees keep warm in winter", ""),
        ("Bees at https://evil.example/x", ""),
        ("", ""),
        ("1.", ""),
        ("…", ""),
    ],
)
def test_its_words_are_the_questions_or_the_passages(heading, usable):
    assert usable_heading(heading, TEXTS) == usable
