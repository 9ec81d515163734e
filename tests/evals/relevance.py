"""Make the rule that says whether a corpus is about a question; `python -m tests.evals.search --fit` runs it.

Fitted on the project's questions, SciFact and PubMedQA together; judged on each collection by a rule that was fitted
without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.evals.results import Table

if TYPE_CHECKING:
    from tests.evals.search import Asked

SEED_WEIGHT, WHOLE_WEIGHT, SMALL_WEIGHT = 20.0, 2.0, 0.5
"""What a question weighs in the fit: the project's own are few, those on smaller corpora many and alike."""

WRONG_REFUSAL = 3.0
"""A question that is refused although the corpus answers it costs as much as three that are answered from nothing."""

BARS = np.arange(-1.0, 1.01, 0.25)


def weight_of(asked: Asked) -> float:
    """What a question weighs in the fit."""
    of_kind = SEED_WEIGHT if asked.kind == "seed" else SMALL_WEIGHT if "," in asked.kind else WHOLE_WEIGHT
    return of_kind * (WRONG_REFUSAL if asked.present else 1.0)


def measures_of(asked: Sequence[Asked]) -> np.ndarray:
    """Return the measures that the decision was made from, (questions, measures)."""
    return np.array([list(a.result.measures.values()) for a in asked], float)


def fit(asked: Sequence[Asked]) -> Any:
    """Fit a rule."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rule = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=3000))
    weights = np.array([weight_of(a) for a in asked])
    return rule.fit(measures_of(asked), [a.present for a in asked], logisticregression__sample_weight=weights)


def weights_of(rule: Any, names: Sequence[str]) -> dict[str, float]:
    """Return a rule's weights over the measures as they are."""
    scaler, logistic = rule[0], rule[1]
    weights = logistic.coef_[0] / scaler.scale_
    bias = float(logistic.intercept_[0] - weights @ scaler.mean_)
    return {"bias": round(bias, 3), **{n: round(float(w), 3) for n, w in zip(names, weights, strict=True)}}


def show_fit(collections: Mapping[str, Sequence[Asked]]) -> None:
    """Print how a rule does on each collection that it was fitted without, and the weights of the one fitted on all."""
    for name, some in collections.items():
        rest = [a for other, asked in collections.items() if other != name for a in asked]
        whole = [a for a in some if a.kind == name]
        if not rest:
            continue
        certainty = fit(rest).decision_function(measures_of(whole))
        present = np.array([a.present for a in whole])
        rows = [
            (f"{bar:+.2f}", f"{(certainty[~present] <= bar).mean():.3f}", f"{(certainty[present] <= bar).mean():.3f}")
            for bar in BARS
        ]
        Table(f"{name}, by a rule fitted without it", ("bar", "refused when left out", "wrongly refused")).show(rows)
    every = [a for asked in collections.values() for a in asked]
    print(json.dumps(weights_of(fit(every), list(every[0].result.measures)), indent=4))
