"""The quick half of the trial: every row holds. All of it: `make trial`."""

import pytest

from tests.trial.__main__ import PARTS
from tests.trial.outcome import Row


@pytest.mark.parametrize("part", ["kill", "damage", "races", "disk", "hostile"])
def test_every_row_of_the_quick_half_holds(part, tmp_path):
    for row in PARTS[part](1, tmp_path, quick=True):
        assert row.tries and row.held == row.tries, f"{row.what}: {row.told}"


def test_a_try_that_fails_does_not_hold():
    row = Row("kind", "what")
    row.attempt("one", lambda: 1 / 0)
    row.attempt("two", lambda: None)
    assert (row.tries, row.held) == (2, 1) and "ZeroDivisionError" in row.told[0]
