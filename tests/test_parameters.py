"""Method, seed, steps and guidance."""

import pytest

from app.understanding.parameters import Parameters, read_parameters


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a cat, Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5", Parameters(None, 5, 20, 7.0)),
        ("25 steps please, seed=42", Parameters(None, 42, 25)),
        ("switch from chalk to ink at step 10", Parameters("schedule")),
        ("[chalk|ink] cat", Parameters("alternate")),
        ("[chalk:ink:0.5] cat", Parameters("schedule")),
        ("chalk AND ink", Parameters("composable")),
        ("chalk and ink", Parameters()),
        ("average the embeddings of chalk and ink", Parameters("embedding")),
        ("put both in one prompt", Parameters("prompt")),
        ("seed 99999999999999999999", Parameters()),
        ("9000 steps", Parameters()),
    ],
)
def test_what_a_message_sets(text, wanted):
    assert read_parameters(text) == wanted
