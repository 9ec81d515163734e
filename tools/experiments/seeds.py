"""Is one picture of a blend typical? The same blend over many seeds says how often each style wins.

Each picture counts once, for the style that wins it or for none; the interval is Wilson's. It knows nothing about how
a blend works.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from tools.experiments.base import Experiment, ExperimentArguments, Plan, Render
from tools.experiments.findings import Findings
from tools.experiments.winners import joined, outcomes, styles_seen, tally, winner
from tools.models import ImageModel
from tools.trace.facts import Fact, Figure

MAX_SEEDS = 48
Z = 1.959964
"""Standard deviations on either side of the mean of a normal distribution that hold 95 % of it."""
TYPICAL = 0.8
"""One picture is called typical where at least this share of all come out alike: 16 of 16 seeds just show it."""


class SeedsArguments(ExperimentArguments):
    seeds: int = Field(16, ge=2, le=MAX_SEEDS, description="how many seeds, from the first one on")


class Seeds(Experiment[SeedsArguments]):
    name = "seeds"
    question = "Is one picture of this blend typical?"
    arguments = SeedsArguments
    traced = False
    schema: ClassVar[Mapping[str, str]] = {
        "styles": "the styles of the blend",
        "shares": "(styles) their shares, 0..1, their sum is 1",
        "seeds": "(seeds) the seeds that were rendered, the one that was asked for first",
        "by": "who judged: judges trained on drawn scenes, or the diffusion classifier",
        "probability": "(seeds, styles) probability of each style in the picture, 0..1; the judges leave out others",
    }

    def plan(self, arguments: SeedsArguments) -> Plan:
        arguments.several_styles()
        return {f"seed {seed}": arguments.request(seed=seed) for seed in arguments.seeds_from(arguments.seeds)}

    def observe(self, arguments: SeedsArguments, renders: Sequence[Render], model: ImageModel) -> list[dict[str, Any]]:
        return styles_seen(arguments, renders, model)

    def measure(self, arguments: SeedsArguments, renders: Mapping[str, Render]) -> dict[str, Any]:
        pictures = list(renders.values())
        return {
            "styles": list(arguments.several_styles()),
            "shares": [round(share, 6) for share in pictures[0].request.shares],
            "seeds": [one.request.seed for one in pictures],
            "by": pictures[0].observed["judged_by"],
            "probability": [one.observed["probability"] for one in pictures],
        }

    def read(self, measured: Mapping[str, Any]) -> Findings:
        return Findings(_verdict(measured), _facts(measured), _figures(measured))


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share that was seen as `hits` of `n`.

    Source: Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference", equation 10.
    """
    share, spread = hits / n, Z * Z / n
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def _verdict(measured: Mapping[str, Any]) -> str:
    counts, n, seed = tally(measured["probability"]), len(measured["seeds"]), measured["seeds"][0]
    names, most = outcomes(measured["styles"]), max(counts)
    commonest = [number for number, count in enumerate(counts) if count == most]
    if len(commonest) > 1:
        each = joined([names[number] for number in commonest])
        return f"{each} come out equally often, on {most} of {n} seeds each: one picture is not typical."
    (one,), (low, high) = commonest, wilson(most, n)
    wins = f"{names[one]} wins" if one < len(measured["styles"]) else f"{names[one].capitalize()} clearly wins"
    text = f"{wins} on {most} of {n} seeds, {most / n:.0%} (95 % interval: {low:.0%} to {high:.0%})."
    if low >= TYPICAL:
        text += " One picture is typical of this blend"
    elif high < TYPICAL:
        text += " One picture is not typical of this blend"
    else:
        text += " So few seeds leave open whether one picture is typical"
    text += f": {n - most or 'none'} came out otherwise."
    if winner(measured["probability"][0]) != (one if one < len(measured["styles"]) else None):
        text += f" Seed {seed} did."
    return text


def _facts(measured: Mapping[str, Any]) -> tuple[Fact, ...]:
    rows, names, n = measured["probability"], outcomes(measured["styles"]), len(measured["seeds"])
    found = []
    for name, count in zip(names, tally(rows), strict=True):
        low, high = wilson(count, n)
        who = f"{name} wins" if name.startswith('"') else f"{name.capitalize()} clearly wins"
        text = f"{who} {count} of {n} seeds: {count / n:.0%}, 95 % interval {low:.0%} to {high:.0%}."
        found.append(Fact("seeds", text, "seeds.wins", {"wins": count, "share": count / n, "low": low, "high": high}))
    otherwise = n - max(tally(rows))
    text = f"{otherwise or 'None'} of {n} seeds came out otherwise than what is commonest."
    found.append(Fact("seeds", text, "seeds.wins", {"seeds": n}))
    for column, style in enumerate(measured["styles"]):
        values = [row[column] for row in rows]
        text = (
            f'The probability of "{style}" lies between {min(values):.0%} and {max(values):.0%} over the seeds, '
            f"{values[0]:.0%} at seed {measured['seeds'][0]}, by the {measured['by']}."
        )
        numbers = {"lowest": min(values), "highest": max(values), "first": values[0]}
        found.append(Fact("seeds", text, "seeds.probability", numbers))
    return tuple(found)


def _figures(measured: Mapping[str, Any]) -> tuple[Figure, ...]:
    rows, n = measured["probability"], len(measured["seeds"])
    counts = tally(rows)
    return (
        Figure(
            "seeds.wins", "How often each style wins", "bars", outcomes(measured["styles"]), "the winner",
            ("share of the seeds", "lower end of the 95 % interval", "upper end"),
            [(count / n, *wilson(count, n)) for count in counts], f"share of {n} seeds",
            "on how many seeds each style wins, and what share of all seeds that can stand for.",
            "how clearly: a picture counts once, whether it is won narrowly or by far.", percent=True,
        ),
        Figure(
            "seeds.probability", "Which style each picture is in", "table",
            [f"seed {seed}" for seed in measured["seeds"]], "seed", measured["styles"], rows,
            f"probability, by {measured['by']}", "the probability of each style in the picture of each seed.",
            "what a person would say; a picture can also be in none of them.", percent=True,
        ),
    )  # fmt: skip
