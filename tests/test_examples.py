"""The training messages: their spans stand on the words that filled the slots, and every kind and experiment is
there."""

from app.understanding.examples import training_examples
from app.understanding.features import CONTEXT, SHAPES, features_of
from app.understanding.request import EXPERIMENTS, KINDS, State
from app.understanding.training import tags_of
from ingest.vectors import load_embedder


def test_spans_hold_what_was_filled_in_and_kinds_stand_in_their_context():
    examples = training_examples(seed=1, variants=2)
    assert {e.kind for e in examples} == set(KINDS)
    assert {e.experiment for e in examples if e.kind == "experiment"} == set(EXPERIMENTS)
    for example in examples:
        for span in example.spans:
            assert example.text[span.start : span.end].strip(), example
        if example.kind in ("run", "adjust"):
            assert example.state.runs
        if example.kind == "compare":
            assert len(example.state.runs) > 1
    assert examples == training_examples(seed=1, variants=2)


def test_features_have_a_row_for_every_word_of_any_message():
    for text in ("show me a cat as half pixel-art", "?", "don't AND (ink:1.3)!!", "x" * 3000):
        found = features_of(text, load_embedder().read([text])[0], State(), names_document=False)
        assert found.states.shape == (len(found.words), 1152 + SHAPES) and found.context.shape == (CONTEXT,)
        assert "".join(text[a:b] for a, b in found.words) == "".join(text.split())
        assert len(tags_of((), found.words)) == len(found.words)
