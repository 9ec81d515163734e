"""Does the order of the styles matter? The same words with the styles exchanged, over several seeds.

How far that moves a picture is held against what another seed does to it. It knows nothing about how a prompt is read.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from tools.blend.methods import METHODS
from tools.experiments.base import Experiment, ExperimentArguments, Plan, Render, attention_on
from tools.experiments.findings import Findings
from tools.experiments.winners import outcomes, styles_seen, tally, winner
from tools.models import ImageModel
from tools.trace.distance import distance
from tools.trace.facts import Fact, Figure

NOTHING = 0.01
"""An exchange that moves the latents by less than this share of what another seed does is told as nothing."""


class OrderArguments(ExperimentArguments):
    method: str = Field("prompt", description=f"how the styles are blended: {', '.join(METHODS)}")
    seeds: int = Field(6, ge=2, le=24, description="how many seeds, from the first one on")


class Order(Experiment[OrderArguments]):
    name = "order"
    question = "Does the order in which the styles are named matter?"
    arguments = OrderArguments
    schema: ClassVar[Mapping[str, str]] = {
        "styles": "the two styles, as they were given",
        "seeds": "(seeds) the seeds",
        "by": "who judged: judges trained on drawn scenes, or the diffusion classifier",
        "probability": "(orders, seeds, styles) probability of each style, 0..1: with the first of `styles` named "
        "first, and with the second",
        "latent_exchanged": "(seeds) ||a - b|| of the finished latents of the two orders of a seed",
        "latent_reseeded": "the mean of ||a - b|| over all pairs of seeds of one order, of both orders",
        "ssim_exchanged": "(seeds) structural similarity of the two orders of a seed, -1..1; 1 is the same",
        "ssim_reseeded": "its mean over all pairs of seeds of one order, of both orders",
        "attention": "(styles, 2) share of attention on each style where it is named first and where second, mean over "
        "seeds, 0..1; null where nothing was traced",
    }

    def plan(self, arguments: OrderArguments) -> Plan:
        arguments.two_styles()
        found = {}
        for named_first in (0, 1):
            styles = arguments.styles[::-1] if named_first else arguments.styles
            for seed in arguments.seeds_from(arguments.seeds):
                found[_label(arguments, named_first, seed)] = arguments.request(styles, seed=seed)
        return found

    def observe(self, arguments: OrderArguments, renders: Sequence[Render], model: ImageModel) -> list[dict[str, Any]]:
        return styles_seen(arguments, renders, model)

    def measure(self, arguments: OrderArguments, renders: Mapping[str, Render]) -> dict[str, Any]:
        seeds = arguments.seeds_from(arguments.seeds)
        orders = [[renders[_label(arguments, named_first, seed)] for seed in seeds] for named_first in (0, 1)]
        exchanged = list(zip(*orders, strict=True))
        reseeded = [pair for order in orders for pair in combinations(order, 2)]
        styles = arguments.two_styles()
        return {
            "styles": list(styles),
            "seeds": seeds,
            "by": orders[0][0].observed["judged_by"],
            "probability": [[one.observed["probability"] for one in order] for order in orders],
            "latent_exchanged": [_far(a, b) for a, b in exchanged],
            "latent_reseeded": _mean([_far(a, b) for a, b in reseeded]),
            "ssim_exchanged": [_alike(a, b) for a, b in exchanged],
            "ssim_reseeded": _mean([_alike(a, b) for a, b in reseeded]),
            "attention": _attention(orders, styles),
        }

    def read(self, measured: Mapping[str, Any]) -> Findings:
        return Findings(_verdict(measured), _facts(measured), _figures(measured))


def moved_share(measured: Mapping[str, Any]) -> float:
    """How far the exchange moves the latents, as a share of what another seed does; 0 where neither does."""
    reseeded = float(measured["latent_reseeded"])
    return _mean(measured["latent_exchanged"]) / reseeded if reseeded > 0 else 0.0


def winners_changed(measured: Mapping[str, Any]) -> int:
    """On how many seeds another style wins, or none does, once the order is exchanged."""
    return sum(winner(a) != winner(b) for a, b in zip(*measured["probability"], strict=True))


def _verdict(measured: Mapping[str, Any]) -> str:
    n, changed, moved = len(measured["seeds"]), winners_changed(measured), moved_share(measured)
    if moved < NOTHING and not changed:
        text = "Exchanging the order changes next to nothing"
    else:
        text = f"Exchanging the order moves the picture by {moved:.0%} of what another seed does"
    text += f", and on {changed or 'none'} of {n} seeds it changes which style wins."
    named_first, named_second, a, b = _wins(measured)
    styles, all_of = measured["styles"], 2 * n
    if a + b == 0:
        return f"{text} In no picture does either style clearly win."
    if abs(named_first - named_second) > abs(a - b):
        more, less = max(named_first, named_second), min(named_first, named_second)
        where = "first" if named_first > named_second else "second"
        return f"{text} The style that is named {where} wins more often, {more} of {all_of} pictures against {less}."
    if abs(named_first - named_second) < abs(a - b):
        style, more, less = (styles[0], a, b) if a > b else (styles[1], b, a)
        return f'{text} "{style}" wins more often wherever it stands, {more} of {all_of} pictures against {less}.'
    if a == b:
        return f"{text} Neither a style nor a place wins more often than the other."
    return f"{text} Whether the place or the style decides, these pictures do not tell."


def _facts(measured: Mapping[str, Any]) -> tuple[Fact, ...]:
    styles, n, by = measured["styles"], len(measured["seeds"]), measured["by"]
    tallies = [tally(rows) for rows in measured["probability"]]
    found = []
    for place, style in enumerate(styles):
        first, second = tallies[place][place], tallies[1 - place][place]
        text = f'"{style}" wins {first} of {n} pictures where it is named first, {second} where second, by the {by}.'
        found.append(Fact("order", text, "order.wins", {"first": first, "second": second}))
    named_first, named_second, a, b = _wins(measured)
    text = (
        f"Of all {2 * n} pictures the style named first wins {named_first}, the one named second {named_second}; "
        f'"{styles[0]}" wins {a}, "{styles[1]}" {b}, neither {2 * n - a - b}.'
    )
    numbers = {"named_first": named_first, "named_second": named_second, "neither": 2 * n - a - b}
    found.append(Fact("order", text, "order.wins", numbers))
    changed = winners_changed(measured)
    text = f"On {changed} of {n} seeds the exchange changes which style wins."
    found.append(Fact("order", text, "order.wins", {"changed": changed}))
    moved, exchanged = moved_share(measured), measured["ssim_exchanged"]
    text = f"Exchanging the order moves the latents by {moved:.0%} of what another seed does, on average."
    found.append(Fact("order", text, "order.distance", {"moved": moved}))
    alike, others = _mean(exchanged), measured["ssim_reseeded"]
    text = (
        f"The two orders of a seed are alike by SSIM {alike:.2f} on average (1 is the same), two seeds by {others:.2f}."
    )
    found.append(Fact("order", text, "order.distance", {"exchanged": alike, "reseeded": others}))
    for style, pair in zip(styles, measured["attention"] or (), strict=False):
        text = f'Attention on "{style}" is {pair[0]:.1%} where it is named first and {pair[1]:.1%} where second.'
        found.append(Fact("order", text, "order.attention", {"first": pair[0], "second": pair[1]}))
    return tuple(found)


def _figures(measured: Mapping[str, Any]) -> tuple[Figure, ...]:
    styles, n = measured["styles"], len(measured["seeds"])
    reseeded = measured["latent_reseeded"] or 1.0
    figures = [
        Figure(
            "order.wins", "Who wins in which order", "bars", [f'"{style}" named first' for style in styles], "order",
            outcomes(styles), [tally(rows) for rows in measured["probability"]], f"pictures of {n} seeds",
            "how many pictures each style wins in each order.", "how clearly it wins them.",
        ),
        Figure(
            "order.distance", "How far the exchange moves each picture", "bars",
            [f"seed {seed}" for seed in measured["seeds"]], "seed",
            ("latents moved, of what another seed does", "1 - SSIM"),
            [(far / reseeded, 1 - alike)
             for far, alike in zip(measured["latent_exchanged"], measured["ssim_exchanged"], strict=True)],
            "0 is the same picture; 1 is as far as another seed, on average",
            "how far the two orders of a seed are from each other.", "in which part of the picture they differ.",
        ),
    ]  # fmt: skip
    if measured["attention"]:
        figures.append(
            Figure(
                "order.attention", "Attention on each style by its place", "bars", styles, "style",
                ("named first", "named second"), measured["attention"], "share of cross-attention",
                "the share of attention on each style's words, mean over seeds.",
                "what the model did with it: it says where it looked.", percent=True,
            )
        )  # fmt: skip
    return tuple(figures)


def _wins(measured: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Wins of the style named first, of the one named second, of the first of the styles, of the second."""
    (a_first, b_second, _), (a_second, b_first, _) = (tally(rows) for rows in measured["probability"])
    return a_first + b_first, a_second + b_second, a_first + a_second, b_first + b_second


def _attention(orders: Sequence[Sequence[Render]], styles: Sequence[str]) -> list[list[float]] | None:
    """Of each style, its share of attention where it is named first and where second."""
    if any("attention" not in one.measured for order in orders for one in order):
        return None

    def mean_on(style: str, order: Sequence[Render]) -> float:
        return _mean([attention_on(one.measured, style) for one in order])

    return [[mean_on(style, orders[place]), mean_on(style, orders[1 - place])] for place, style in enumerate(styles)]


def _label(arguments: OrderArguments, named_first: int, seed: int) -> str:
    return f'seed {seed}: "{arguments.two_styles()[named_first]}" first'


def _far(a: Render, b: Render) -> float:
    return round(float(np.linalg.norm(a.latents - b.latents)), 6)


def _alike(a: Render, b: Render) -> float:
    return distance((a.latents, b.latents), (a.image, b.image)).ssim


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 6)
