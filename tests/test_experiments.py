"""The laws of every experiment: what it plans is rendered, kept, and made again; its verdict agrees with its facts."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.test_trace import documented as undescribed
from tests.tiny import tiny_model
from tools.blend.record import compare, read_record
from tools.blend.style_prompting import PAPERS_OWN
from tools.experiments.experiments import (
    EXPERIMENTS,
    has_own_method,
    read_arguments,
    replay_experiment,
    run_experiment,
    save_experiment,
    unknown_sentence,
)
from tools.rendering import ExperimentCall, StyleChoice

PHOTO, ILLUSTRATION = "photographic style", "digital illustration"
GIVEN = {"styles": [{"text": PHOTO}, {"text": ILLUSTRATION}], "subject": "a red house", "steps": 2}


@pytest.fixture(scope="module", params=EXPERIMENTS)
def result(request):
    return run_experiment(request.param, GIVEN, tiny_model())


def test_what_is_found_is_said_with_numbers_and_figures(result):
    findings = result.findings
    assert findings.verdict and findings.facts and result.question.endswith("?")
    figures = {figure.id for figure in findings.figures}
    assert all(fact.figure in figures and fact.figure not in fact.text for fact in findings.facts)
    assert all(figure.shows.endswith(".") and figure.does_not_show.endswith(".") for figure in findings.figures)
    assert 1 <= sum(findings.verdict.count(mark) for mark in (". ", "! ", "? ")) + 1 <= 3
    assert "tiny" in result.basis_sentence() and f"{len(result.renders)} pictures" in result.basis_sentence()


def test_what_is_measured_is_described(result):
    schema = EXPERIMENTS[result.name].schema
    for name, value in result.measured.items():
        known = name in schema or any(key.startswith(f"{name}.") for key in schema)
        assert known, f"{result.name}.schema does not describe {name}"
        assert json.loads(json.dumps(value)) == value


def test_reading_the_kept_numbers_again_gives_the_same_findings(result):
    again = EXPERIMENTS[result.name].read(json.loads(json.dumps(result.measured)))
    assert (again.verdict, again.facts) == (result.findings.verdict, result.findings.facts)


def test_an_experiment_replays_to_the_bit_from_what_is_kept(result, tmp_path):
    paths = save_experiment(result, tmp_path)
    record = read_record(paths["record"])
    images = replay_experiment(record, tiny_model(), PAPERS_OWN)
    found = compare(record, images, tiny_model(), tmp_path)
    assert found.same and found.changed == ()
    kept = json.loads(paths["findings"].read_text())
    assert kept["verdict"] == result.findings.verdict and kept["experiment"] == result.name
    for picture, image in zip(kept["pictures"], images, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / picture["file"])), np.asarray(image))
    measurements = json.loads(paths["measurements"].read_text())
    schema = measurements.pop("schema")
    assert undescribed("", measurements, schema) == set()
    with np.load(paths["arrays"]) as arrays:
        assert undescribed("npz", dict(arrays), schema) == set()
    assert read_record(paths["figure"])["experiment"]["name"] == result.name


def test_progress_never_passes_its_end(result):
    seen = []
    run_experiment(result.name, GIVEN, tiny_model(), on_step=lambda done, total, _: seen.append((done, total)))
    assert all(done <= total for done, total in seen) and [done for done, _ in seen] == sorted(d for d, _ in seen)


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("alchemy", GIVEN, "there is no experiment 'alchemy'. Choose one of: flip"),
        ("flip", {**GIVEN, "styles": GIVEN["styles"][:1]}, "two different styles"),
        ("flip", {**GIVEN, "points": 99}, "points: Input should be less than or equal to 33."),
        ("flip", {**GIVEN, "colour": 1}, "colour: Extra inputs are not permitted."),
        ("flip", {}, "styles: Field required."),
        ("leave_one_out", {**GIVEN, "method": "soup"}, "no method 'soup'"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(name, given, says):
    with pytest.raises(ValueError) as error:
        read_arguments(name, given)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_batches_that_a_record_does_not_have_are_refused():
    record = run_experiment("flip", {**GIVEN, "points": 2}, tiny_model()).record
    for batches in (None, [[0]], [[0, 0]], [[0], "1"], [[0], [7]]):
        with pytest.raises(ValueError, match="batches"):
            replay_experiment({**record, "batches": batches}, tiny_model(), PAPERS_OWN)


def test_words_that_the_model_never_saw_are_said_beside_what_it_rests_on():
    styles = [{"text": "gouache style"}, {"text": ILLUSTRATION}]
    result = run_experiment("seeds", {**GIVEN, "styles": styles, "seeds": 2}, tiny_model())
    assert result.unknown_words == ("gouache",)
    assert unknown_sentence(result.unknown_words) == "The model does not know: gouache."
    assert unknown_sentence(()) == ""


def test_a_method_that_was_said_does_not_stop_an_experiment_that_has_its_own():
    styles = [StyleChoice(text=PHOTO, weight=1.0), StyleChoice(text=ILLUSTRATION, weight=1.0)]
    for name in EXPERIMENTS:
        call = ExperimentCall(experiment=name, styles=styles, method="embedding")
        assert call.own_arguments().get("method") == (None if has_own_method(name) else "embedding")
        read_arguments(name, call.own_arguments())
    assert {name for name in EXPERIMENTS if has_own_method(name)} == {"methods", "timing", "weaken", "reference"}
