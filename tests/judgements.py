"""Random judgements for tests of verdicts: clear ones, draws, none at all, and all alike."""

import re

import numpy as np

PHOTO, ILLUSTRATION = "photographic style", "digital illustration"
CORNERS = ((1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (0.55, 0.45), (0.551, 0.449), (0.0, 0.0), (0.3, 0.1))


def random_rows(rng, count):
    """(count, 2) probabilities of two styles; now and then all the same, or out of the corners only."""
    kind = rng.integers(4)
    if kind == 0:
        return [list(CORNERS[rng.integers(len(CORNERS))])] * count
    if kind == 1:
        return [list(CORNERS[rng.integers(len(CORNERS))]) for _ in range(count)]
    rows = rng.dirichlet((1, 1, 0.2), size=count)[:, :2] if kind == 2 else rng.dirichlet((1, 1), size=count)
    return np.round(rows, 6).tolist()


def random_values(rng, count, top=1.0):
    """`count` numbers from 0 to `top`; now and then all the same, or all 0."""
    kind = rng.integers(5)
    values = np.zeros(count) if kind == 0 else np.full(count, rng.random()) if kind == 1 else rng.random(count)
    return np.round(top * values, 6).tolist()


def ahead(row):
    """Who wins a picture, worked out apart: 0 or 1, None for a draw or where both together are below a half."""
    first, second = row
    if first + second < 0.5 or abs(first - second) < 0.1 - 1e-9:
        return None
    return int(second > first)


def numbers_of(text):
    """The numbers in a text, percentages with their sign; what stands in quotation marks is no number."""
    found = re.findall(r"-?\d+(?:\.\d+)?(?: ?%)?", re.sub(r'"[^"]*"', "", text))
    return {number.replace(" ", "") for number in found}
