"""What does each method of blending make of the same half and half?

One seed, and the same weights by every method that blends two named styles: who wins at half, how evenly the weight
moves the picture from one style to the other, and whether the subject is still there. The method `reference` is not
among them: it takes its style from a picture. Nothing here knows how a method works.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from PIL import Image
from pydantic import Field

from tools.blend.methods import STYLE_METHODS as METHODS
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.experiments.base import Experiment, ExperimentArguments, Plan, Render
from tools.experiments.findings import Findings
from tools.experiments.sheet import draw_sheet
from tools.experiments.winners import joined, outcomes, styles_seen, subject_seen, winner
from tools.models import ImageModel
from tools.trace.facts import Fact, Figure, listed

UNEVEN = 2.0
"""A method is not gradual where its largest step of the weight is more than so many times as large as an even one."""
SHOWN = 0.5
"""A picture shows its subject where that is at least this likely."""


class MethodsArguments(ExperimentArguments):
    method: Literal["every"] = Field("every", description="all methods are rendered")
    points: int = Field(5, ge=3, le=9, description="evenly spaced weights by each method, an odd number: half is one")

    def request(self, styles: Sequence[WeightedStyle] | None = None, **changes: Any) -> BlendRequest:
        return super().request(styles, **{"method": METHODS[0], **changes})


class Methods(Experiment[MethodsArguments]):
    name = "methods"
    question = "What does each method of blending make of the same half and half?"
    arguments = MethodsArguments
    traced = False
    schema: ClassVar[Mapping[str, str]] = {
        "styles": "the style at weight 0 and the style at weight 1",
        "subject": "what is drawn",
        "weights": "(points) the share of the second style, 0..1",
        "by": "who judged the styles: judges trained on drawn scenes, or the diffusion classifier",
        "subject_by": "who judged the subject",
        "probability.*": "(points, styles) probability of each style by a method, 0..1; the ends are one style alone, "
        "the same for all methods",
        "distance_to_next.*": "(points - 1) ||a - b|| of the finished latents from each weight to the next, over that "
        "between the ends",
        "subject_probability.*": "(points) probability that the picture shows the subject, 0..1",
    }

    def plan(self, arguments: MethodsArguments) -> Plan:
        arguments.two_styles()
        if arguments.points % 2 == 0:
            raise ValueError(f"points: {arguments.points} is even; give an odd number, so that half is one of them.")
        weights = _weights(arguments)
        ends = {_label(arguments, METHODS[0], weight): _at(arguments, METHODS[0], weight) for weight in (0.0, 1.0)}
        between = [(method, weight) for method in METHODS for weight in weights[1:-1]]
        return {**ends, **{_label(arguments, *one): _at(arguments, *one) for one in between}}

    def observe(
        self, arguments: MethodsArguments, renders: Sequence[Render], model: ImageModel
    ) -> list[dict[str, Any]]:
        styles, subject = styles_seen(arguments, renders, model), subject_seen(arguments, renders, model)
        return [{**a, **b} for a, b in zip(styles, subject, strict=True)]

    def measure(self, arguments: MethodsArguments, renders: Mapping[str, Render]) -> dict[str, Any]:
        weights = _weights(arguments)
        rows = {method: [renders[_label(arguments, method, weight)] for weight in weights] for method in METHODS}
        first = next(iter(renders.values()))
        return {
            "styles": list(arguments.two_styles()),
            "subject": first.request.subject,
            "weights": weights,
            "by": first.observed["judged_by"],
            "subject_by": first.observed["subject_judged_by"],
            "probability": {name: [one.observed["probability"] for one in row] for name, row in rows.items()},
            "distance_to_next": {name: _steps([one.latents for one in row]) for name, row in rows.items()},
            "subject_probability": {name: [one.observed["subject"] for one in row] for name, row in rows.items()},
        }

    def read(self, measured: Mapping[str, Any]) -> Findings:
        verdict = f"{_who_wins(measured)} {_how_gradual(measured)} {_what_is_kept(measured)}"
        return Findings(verdict, _facts(measured), _figures(measured))

    def draw(
        self, arguments: MethodsArguments, renders: Mapping[str, Render], findings: Findings, basis: str
    ) -> Image.Image:
        weights = _weights(arguments)
        rows = {f"{method}, {weight:.0%}": renders[_label(arguments, method, weight)].image
                for method in METHODS for weight in weights}  # fmt: skip
        return draw_sheet(self.question, rows, findings, basis, columns=len(weights))


def _who_wins(measured: Mapping[str, Any]) -> str:
    names, middle = outcomes(measured["styles"]), len(measured["weights"]) // 2
    won = {method: winner(rows[middle]) for method, rows in measured["probability"].items()}
    by_outcome = {
        name: [method for method, who in won.items() if who == (None if place == len(names) - 1 else place)]
        for place, name in enumerate(names)
    }
    parts = [
        f"{name} {'clearly ' if place == len(names) - 1 else ''}wins by "
        + ("every method" if len(by) == len(won) else joined(by))
        for place, (name, by) in enumerate(by_outcome.items())
        if by
    ]
    return f"At half and half {', '.join(parts)}."


def _how_gradual(measured: Mapping[str, Any]) -> str:
    largest = {method: max(steps) for method, steps in measured["distance_to_next"].items()}
    low, high = min(largest.values()), max(largest.values())
    if f"{low:.0%}" == f"{high:.0%}":
        return f"All are as gradual: the largest step of the weight moves the latents by {high:.0%} of the way."
    most = joined([method for method, value in largest.items() if value == low])
    least = joined([method for method, value in largest.items() if value == high])
    if low > UNEVEN / (len(measured["weights"]) - 1):
        return (
            f"No method is gradual: even by {most} the largest step of the weight moves the latents by {low:.0%} of "
            f"the way between the styles, by {least} {high:.0%}."
        )
    return (
        f"The most gradual is {most}, whose largest step of the weight moves the latents by {low:.0%} of the way "
        f"between the styles; the least is {least} with {high:.0%}."
    )


def _what_is_kept(measured: Mapping[str, Any]) -> str:
    middle, subject = len(measured["weights"]) // 2, measured["subject"]
    lost = [name for name, row in measured["subject_probability"].items() if row[middle] < SHOWN]
    if not lost:
        return f'Every method keeps "{subject}".'
    if len(lost) == len(measured["subject_probability"]):
        ends = next(iter(measured["subject_probability"].values()))
        alone = ends[0] >= SHOWN or ends[-1] >= SHOWN
        return f'No method keeps "{subject}"' + (
            ", though one style alone shows it." if alone else ", nor does one style alone."
        )
    return f'"{subject}" is lost by {joined(lost)}.'


def _facts(measured: Mapping[str, Any]) -> tuple[Fact, ...]:
    styles, middle, subject = measured["styles"], len(measured["weights"]) // 2, measured["subject"]
    found = []
    for method, rows in measured["probability"].items():
        text = f"By {method}, half and half is {listed(styles, rows[middle])}, by the {measured['by']}."
        numbers = dict(zip(("first", "second"), rows[middle], strict=True))
        found.append(Fact("methods", text, "methods.winner", numbers))
    for method, steps in measured["distance_to_next"].items():
        place = steps.index(max(steps))
        a, b = measured["weights"][place : place + 2]
        text = (
            f'By {method}, the largest step lies between {a:.1%} and {b:.1%} of "{styles[1]}": '
            f"it moves the latents by {max(steps):.0%} of the way."
        )
        found.append(Fact("methods", text, "methods.gradual", {"largest_step": max(steps)}))
    for method, values in measured["subject_probability"].items():
        text = (
            f'By {method}, half and half shows "{subject}" with a probability of {values[middle]:.0%}; '
            f'"{styles[0]}" alone {values[0]:.0%}, "{styles[1]}" alone {values[-1]:.0%}.'
        )
        numbers = {"half": values[middle], "first": values[0], "second": values[-1]}
        found.append(Fact("methods", text, "methods.subject", numbers))
    return tuple(found)


def _figures(measured: Mapping[str, Any]) -> tuple[Figure, ...]:
    styles, weights, middle = measured["styles"], measured["weights"], len(measured["weights"]) // 2
    methods = list(measured["probability"])
    title = f'share of "{styles[1]}"'
    seen = {name: [b / (a + b) if a + b else 0.5 for a, b in rows] for name, rows in measured["probability"].items()}
    return (
        Figure(
            "methods.winner", "Who wins at half and half", "bars", methods, "method", styles,
            [measured["probability"][name][middle] for name in methods], f"probability, by {measured['by']}",
            "the probability of each style in the half-and-half picture.", "other seeds: this is one.", percent=True,
        ),
        Figure(
            "methods.weights", f'How likely "{styles[1]}" is at each weight', "lines", weights, title, methods,
            list(zip(*seen.values(), strict=True)), f"probability against the other style, by {measured['by']}",
            "how the likelier style changes with the weight.", "weights between those that were rendered.",
            percent=True,
        ),
        Figure(
            "methods.gradual", "How far each step of the weight moves the picture", "table",
            [f"{a:.1%} to {b:.1%}" for a, b in pairwise(weights)], title, methods,
            list(zip(*measured["distance_to_next"].values(), strict=True)),
            "distance of the latents, as a share of that between the styles",
            "how far the finished latents move from one weight to the next.", "in which part of the picture.",
            percent=True,
        ),
        Figure(
            "methods.subject", f'How likely each picture shows "{measured["subject"]}"', "table", methods, "method",
            [f"{weight:.1%}" for weight in weights],
            list(measured["subject_probability"].values()), f"probability, by {measured['subject_by']}",
            "the probability that the picture at each weight shows its subject.", "how well it is drawn.", percent=True,
        ),
    )  # fmt: skip


def _steps(latents: Sequence[np.ndarray]) -> list[float]:
    whole = max(float(np.linalg.norm(latents[0] - latents[-1])), 1e-12)
    return [round(float(np.linalg.norm(a - b)) / whole, 6) for a, b in pairwise(latents)]


def _weights(arguments: MethodsArguments) -> list[float]:
    return [round(i / (arguments.points - 1), 6) for i in range(arguments.points)]


def _label(arguments: MethodsArguments, method: str, weight: float) -> str:
    """An end is one style alone, whatever the method."""
    if weight in (0.0, 1.0):
        return f'only "{arguments.two_styles()[int(weight)]}"'
    return f"{method}, {100 * weight:.4g} %"


def _at(arguments: MethodsArguments, method: str, weight: float) -> BlendRequest:
    first, second = arguments.two_styles()
    return arguments.request((WeightedStyle(first, 1 - weight), WeightedStyle(second, weight)), method=method)
