"""A law of all experiments: whatever was measured, the verdict agrees with the facts, and both with the numbers.

Each experiment's own test module makes its random measurements and holds its sentences against them.
"""

from importlib import import_module

import numpy as np
import pytest

from tests.judgements import numbers_of
from tools.experiments.experiments import EXPERIMENTS

DRAWS = 300


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_verdict_agrees_with_what_was_measured(name):
    module = import_module(f"tests.test_{name}")
    verdicts = set()
    for seed in range(DRAWS):
        measured = module.random_measured(np.random.default_rng(seed))
        findings = EXPERIMENTS[name].read(measured)
        assert set(measured) == {key.split(".")[0] for key in EXPERIMENTS[name].schema}
        _agrees_with_facts(findings)
        module.agrees(measured, findings)
        verdicts.add(findings.verdict)
    assert len(verdicts) > 10  # the measurements are as different as they should be


def _agrees_with_facts(findings):
    sentences = findings.verdict.count(". ") + 1
    assert 1 <= sentences <= 3 and findings.verdict.endswith("."), findings.verdict
    figures = {figure.id for figure in findings.figures}
    known = set()
    for fact in findings.facts:
        assert fact.figure in figures and fact.text.endswith(".") and "nan" not in fact.text, fact
        known |= numbers_of(fact.text)
        for value in fact.numbers.values():
            written = {f"{value:{form}}" for form in (".0%", ".1%", ".2f", ".0f", "g")}
            assert written & numbers_of(fact.text), (fact, value)
            known |= written
    assert numbers_of(findings.verdict) <= known, (findings.verdict, sorted(known))
