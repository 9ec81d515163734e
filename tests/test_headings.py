"""What a language model may call a section."""

import pytest

from app.generation.headings import usable_heading

TEXTS = ["How do bees keep warm?", "In winter the bees cluster, and none of them freezes.", "Warm hives: A study"]


def test_a_heading_may_be_in_the_questions_language():
    asked = ["Wie bleiben Bienen im Winter warm?", *TEXTS[1:]]
    assert usable_heading("Wie Bienen warm bleiben", asked) == "Wie Bienen warm bleiben"
    assert usable_heading("Warum Bienen sterben", asked) == ""


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
