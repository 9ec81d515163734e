"""Which style a picture is in: the one that a judge finds clearly likelier than the others, or none.

It knows nothing about what an experiment varies.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tools.experiments.base import ExperimentArguments, Render
from tools.models import ImageModel
from tools.trace.judging import judge_styles, judge_subject

LEAD = 0.1
"""A style wins a picture where its probability is ahead of the next one's by this; closer is a draw."""
HALF = 0.5
"""Below, all of the styles that were asked about are together less likely than those that were not."""


def styles_seen(arguments: ExperimentArguments, renders: Sequence[Render], model: ImageModel) -> list[dict[str, Any]]:
    """Judge which of the arguments' styles each picture is in: the probabilities, and who judged."""
    styles = [style.text for style in arguments.request().styles]
    judged = judge_styles(model, _pictures(renders), arguments.subject, styles)
    return [{"probability": list(row), "judged_by": judged.by} for row in judged.values]


def subject_seen(arguments: ExperimentArguments, renders: Sequence[Render], model: ImageModel) -> list[dict[str, Any]]:
    """Judge whether each picture shows the arguments' subject: the probability, and who judged."""
    judged = judge_subject(model, _pictures(renders), arguments.subject)
    return [{"subject": value, "subject_judged_by": judged.by} for value in judged.values]


def winner(probability: Sequence[float]) -> int | None:
    """The number of the style that a picture is in; None where none is clearly ahead."""
    ranked = sorted(probability, reverse=True)
    ahead = ranked[0] - (ranked[1] if len(ranked) > 1 else 0.0)
    return None if sum(probability) < HALF or round(ahead, 6) < LEAD else list(probability).index(ranked[0])


def tally(rows: Sequence[Sequence[float]]) -> list[int]:
    """How many pictures each style wins; last, how many none does."""
    won = [winner(row) for row in rows]
    return [*(won.count(number) for number in range(len(rows[0]))), won.count(None)]


def outcomes(styles: Sequence[str]) -> list[str]:
    """What `tally` counts, in words: each style, and that none of them wins."""
    return [*(f'"{style}"' for style in styles), "neither style" if len(styles) == 2 else "no style"]


def joined(parts: Sequence[str]) -> str:
    """Say a list: a, b and c."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _pictures(renders: Sequence[Render]) -> Any:
    return [one.image for one in renders], np.stack([one.latents for one in renders])
