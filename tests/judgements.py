"""Random judgements for tests of verdicts: clear ones, draws, none at all, and all alike."""

import re

import numpy as np

PHOTO, ILLUSTRATION = "photographic style", "digital illustration"
THIRD = "watercolor"
CORNERS = ((1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (0.55, 0.45), (0.551, 0.449), (0.0, 0.0), (0.3, 0.1))


def random_styles(rng):
    """Two styles or three, as an experiment that takes several may be given."""
    return [PHOTO, ILLUSTRATION, THIRD][: int(rng.integers(2, 4))]


def random_rows(rng, count, n_styles=2):
    """(count, styles) probabilities; now and then all the same, or out of the corners only."""

    def corner():
        row = [*CORNERS[rng.integers(len(CORNERS))], *[0.0] * (n_styles - 2)]
        return rng.permutation(row).tolist() if n_styles > 2 else row

    kind = rng.integers(4)
    if kind == 0:
        return [corner()] * count
    if kind == 1:
        return [corner() for _ in range(count)]
    likely = [1.0] * n_styles
    rows = rng.dirichlet([*likely, 0.2], size=count)[:, :n_styles] if kind == 2 else rng.dirichlet(likely, size=count)
    return np.round(rows, 6).tolist()


def random_values(rng, count, top=1.0):
    """`count` numbers from 0 to `top`; now and then all the same, or all 0."""
    kind = rng.integers(5)
    values = np.zeros(count) if kind == 0 else np.full(count, rng.random()) if kind == 1 else rng.random(count)
    return np.round(top * values, 6).tolist()


def ahead(row):
    """Who wins a picture, worked out apart: a number, None for a draw or where all together are below a half."""
    best = int(np.argmax(row))
    others = [value for number, value in enumerate(row) if number != best]
    return None if sum(row) < 0.5 or any(row[best] - value < 0.1 - 1e-9 for value in others) else best


def numbers_of(text):
    """The numbers in a text, percentages with their sign; what stands in quotation marks is no number."""
    found = re.findall(r"-?\d+(?:\.\d+)?(?: ?%)?", re.sub(r'"[^"]*"', "", text))
    return {number.replace(" ", "") for number in found}
