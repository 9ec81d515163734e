"""What is told of runs at once, and what moved between two of them."""

from app.answering.findings import compared_runs, told_facts
from tests.measured_run import RUN


def test_what_is_told_at_once_is_not_every_layer():
    assert "layers" not in " ".join(s.text for s in told_facts(RUN).sentences)


def test_two_runs_of_the_same_styles_are_compared_by_what_both_measured():
    later = {"measurements": {"images": [{**RUN["measurements"]["images"][0], "shares": [0.2, 0.8]}]}}
    said = " ".join(s.text for s in compared_runs(RUN, later).sentences)
    assert "80% now, 50% before" in said and "40% now, 40% before" in said


def test_a_run_that_measured_nothing_has_nothing_told():
    assert told_facts({}) is None and compared_runs({}, RUN) is None
