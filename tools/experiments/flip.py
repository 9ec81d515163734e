"""At which weight does one style turn into the other?

One seed at evenly spaced weights from one style to another, as one batch; then each place where the likelier style
changes is halved until it is known to a hundredth. The curves say where along the weights the picture changes. Nothing
here knows how a blend works, nor how a sweep is drawn (`strip.py`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image
from pydantic import Field

from tools.blend.limits import MAX_POINTS
from tools.blend.record import save_png
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.blend.results import BlendResult, OnStep, blend, save
from tools.experiments.base import Experiment, ExperimentArguments, Plan, Render, attention_on
from tools.experiments.findings import Findings
from tools.experiments.strip import draw_strip, headed
from tools.experiments.winners import styles_seen
from tools.models import ImageModel
from tools.trace.facts import Fact, Figure, Mark
from tools.trace.judging import judge_styles

JUMP_SHARE = 0.5
"""A step of weight that moves the latents by more than this share of the way between the ends is marked as a jump."""
CLOSE = 0.01
"""How narrowly a flip is pinned down, in weight."""


EVEN = 0.05
"""A flip this close to one half, in weight, is told as half."""


class FlipArguments(ExperimentArguments):
    points: int = Field(9, ge=2, le=MAX_POINTS, description="evenly spaced weights before the halving begins")


class Flip(Experiment[FlipArguments]):
    name = "flip"
    question = "At which weight does one style turn into the other?"
    arguments = FlipArguments
    max_rounds = 7  # halvings from the widest spacing, of two points, to CLOSE
    schema: ClassVar[Mapping[str, str]] = {
        "weights": "(points) the share of the second style, 0..1",
        "styles": "the style at weight 0 and the style at weight 1",
        "style_probability.by": "who judged: judges trained on drawn scenes, or the diffusion classifier",
        "style_probability.styles": "the columns of the next",
        "style_probability.values": "(points, styles) probability, 0..1; the judges' rows leave out other styles",
        "distance_from_start": "(points) ||a - b|| of the finished latents, over that between the two ends",
        "distance_from_end": "(points) the same, from the last point",
        "distance_to_next": "(points - 1) the same, from each point to the next",
        "jumps": "indices of points whose distance to the next is over half of the way between the ends",
        "attention_share.*": "(points) a style's share of attention, 0..1; null where nothing was traced",
        "flips": "(flips, 2) the weights between which the likelier style changes; at most 0.01 apart after halving",
    }

    def plan(self, arguments: FlipArguments) -> Plan:
        arguments.two_styles()
        return _labelled(sweep_requests(arguments.request(), arguments.points))

    def observe(self, arguments: FlipArguments, renders: Sequence[Render], model: ImageModel) -> list[dict[str, Any]]:
        return styles_seen(arguments, renders, model)

    def refine(self, arguments: FlipArguments, renders: Mapping[str, Render]) -> Plan:
        known = sorted(renders.values(), key=_weight)
        flips = _flips([_weight(one) for one in known], [one.observed["probability"] for one in known])
        middles = [(a + b) / 2 for a, b in flips if b - a > CLOSE]
        return _labelled([_at(arguments.request(), weight) for weight in middles])

    def measure(self, arguments: FlipArguments, renders: Mapping[str, Render]) -> dict[str, Any]:
        known = sorted(renders.values(), key=_weight)
        probability = {
            "by": known[0].observed["judged_by"],
            "styles": list(arguments.two_styles()),
            "values": [one.observed["probability"] for one in known],
        }
        return _curves([one.request for one in known], np.stack([one.latents for one in known]),
                       [one.measured for one in known], probability)  # fmt: skip

    def read(self, measured: Mapping[str, Any]) -> Findings:
        return Findings(_verdict(measured), facts_of_curves(measured), _figures(measured))

    def draw(
        self, arguments: FlipArguments, renders: Mapping[str, Render], findings: Findings, basis: str
    ) -> Image.Image:
        known = sorted(renders.values(), key=_weight)
        requests, images = [one.request for one in known], [one.image for one in known]
        return headed(draw_strip(requests, images, self.measure(arguments, renders)), (findings.verdict, basis))


def sweep(request: BlendRequest, points: int, model: ImageModel, *, on_step: OnStep | None = None) -> BlendResult:
    """Render a request at evenly spaced weights of its second style, from 0 to 1, and measure the curves.

    Args:
        request: Two styles, whose own weights do not count.
        points: How many images, 2 to MAX_POINTS.
        model: What renders them, as one batch.
        on_step: As in `blend`.

    Returns:
        The batch's result, with `measurements["sweep"]`: see `measure_curves`.

    Raises:
        ValueError: If there are not two different styles, or too few or too many points.
    """
    requests = sweep_requests(request, points)
    result = blend(requests, model, on_step=on_step, kind="sweep")
    measured = {**result.measurements, "sweep": measure_curves(result, model)}
    if "schema" in measured:
        measured["schema"] = {**measured["schema"], **{f"sweep.{place}": text for place, text in Flip.schema.items()}}
    return replace(result, measurements=measured)


def sweep_requests(request: BlendRequest, points: int) -> list[BlendRequest]:
    """The requests of a sweep, one per weight."""
    if not 2 <= points <= MAX_POINTS:
        raise ValueError(f"a sweep has 2 to {MAX_POINTS} points, not {points}.")
    if len(request.styles) != 2 or request.styles[0].text.casefold() == request.styles[1].text.casefold():
        raise ValueError("a sweep goes from one style to another: give two different styles.")
    return [_at(request, i / (points - 1)) for i in range(points)]


def measure_curves(result: BlendResult, model: ImageModel) -> dict[str, Any]:
    """Measure how the image changes with the weight: what `Flip.schema` describes, of a batch in order of weight."""
    styles = [style.text for style in result.request.styles]
    judged = judge_styles(model, (result.images, result.arrays["latents"]), result.request.subject, styles)
    probability = {"by": judged.by, "styles": styles, "values": [list(row) for row in judged.values]}
    return _curves(result.requests, result.arrays["latents"], result.measurements["images"], probability)


def save_sweep(result: BlendResult, out: Path) -> dict[str, Path]:
    """Write sweep.png, curves.json, one PNG per point, record.json and the measurements into `out`."""
    names = [f"point-{i:02d}-{request.shares[1]:.3f}.png" for i, request in enumerate(result.requests)]
    paths = save(result, out, names)
    strip, curves = out / "sweep.png", out / "curves.json"
    drawn = draw_strip(result.requests, result.images, result.measurements["sweep"])
    save_png(drawn, strip, {**result.record, "files": names})
    curves.write_text(json.dumps(result.measurements["sweep"], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return {"sweep": strip, "curves": curves, **{name: path for name, path in paths.items() if name != "image"}}


def facts_of_curves(curves: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Say what the curves show, each fact with the figure of `_figures` that shows it."""
    (start, end), weights = curves["styles"], curves["weights"]
    shares, flips, steps = _shares(curves["style_probability"]["values"]), curves["flips"], curves["distance_to_next"]
    where = " and ".join(f"at about {(a + b) / 2:.0%}, between {a:.1%} and {b:.1%}," for a, b in flips)
    text = (
        f'The likelier of the two styles changes {f"{len(flips)} times, " if len(flips) > 1 else ""}{where} of "{end}"'
        if flips
        else f'"{_likelier(curves)}" is the likelier of the two styles at every weight'
    )
    by = curves["style_probability"]["by"]
    places = {f"flip_{number}": (a + b) / 2 for number, (a, b) in enumerate(flips, 1)}
    found = [Fact("sweep", f"{text}, by the {by}.", "sweep.style_probability", places)]
    text = (
        f'The probability of "{end}" against "{start}" goes from {shares[0]:.0%} without it to {shares[-1]:.0%} '
        "at full weight."
    )
    found.append(Fact("sweep", text, "sweep.style_probability", {"without": shares[0], "full": shares[-1]}))
    jumps = [f"{weights[i]:.1%} and {weights[i + 1]:.1%} ({steps[i]:.0%} of the whole way)" for i in curves["jumps"]]
    text = (
        f"Small changes of the weight act like a new seed between {', '.join(jumps)}."
        if jumps
        else "No step of the weight acts like a new seed: each moves the latents by at most "
        f"{max(steps):.0%} of the way between the ends."
    )
    found.append(Fact("sweep", text, "sweep.distance_to_next", {"largest_step": max(steps)}))
    if attention := (curves.get("attention_share") or {}).get(end):
        text = f'Attention on "{end}" goes from {attention[0]:.1%} without it to {attention[-1]:.1%} at full weight.'
        found.append(Fact("sweep", text, "sweep.attention_share", {"without": attention[0], "full": attention[-1]}))
    return tuple(found)


def _verdict(curves: Mapping[str, Any]) -> str:
    (start, end), flips = curves["styles"], curves["flips"]
    if not flips:
        text = f'"{_likelier(curves)}" is the likelier of the two at every weight: nothing turns.'
    elif len(flips) == 1:
        middle = sum(flips[0]) / 2
        # a judge can see the second style in a picture of the first alone, and then it is that one which turns
        from_end = _shares(curves["style_probability"]["values"])[0] >= 0.5
        before, after = (end, start) if from_end else (start, end)
        nature = "half of each is about half"
        if abs(middle - 0.5) > EVEN:
            nature = f'half of each is more "{before if middle > 0.5 else after}"'
        text = f'"{before}" turns into "{after}" at about {middle:.0%} of "{end}": {nature}.'
    else:
        where = ", ".join(f"{sum(pair) / 2:.0%}" for pair in flips)
        text = f'The picture changes sides {len(flips)} times between "{start}" and "{end}", at {where} of "{end}".'
    if not curves["jumps"]:
        return f"{text} On the way it changes gradually, without a jump."
    return f"{text} On the way it jumps: a small change of the weight acts like a new seed there."


def _likelier(curves: Mapping[str, Any]) -> str:
    """The style that is the likelier one throughout, where nothing flips."""
    first = _shares(curves["style_probability"]["values"])[0]
    return str(curves["styles"][first >= 0.5])


def _figures(curves: Mapping[str, Any]) -> tuple[Figure, ...]:
    start, end = curves["styles"]
    weights, title = curves["weights"], f'share of "{end}"'
    marks = tuple(Mark(weights[i], weights[i + 1], "jump") for i in curves["jumps"])
    figures = [
        Figure(
            "sweep.style_probability", "Which style each picture is in", "lines", weights, title, (start, end),
            curves["style_probability"]["values"], f"probability, by {curves['style_probability']['by']}",
            "the probability of each style in the picture at each weight.",
            "what a person would say; a picture can also be in neither.",
            percent=True, marks=tuple(Mark(a, b, "turns") for a, b in curves["flips"]),
        ),
        Figure(
            "sweep.distance_to_next", "How far each picture is from the two ends", "lines", weights, title,
            ("from the left end", "from the right end"),
            list(zip(curves["distance_from_start"], curves["distance_from_end"], strict=True)),
            "distance of the latents, as a share of that between the ends",
            "how far the finished latents are from those of each style alone.",
            "in which part of the picture they differ.", percent=True, marks=marks,
        ),
    ]  # fmt: skip
    attention = [curves["attention_share"].get(style) for style in (start, end)]
    if all(attention):
        figures.append(
            Figure(
                "sweep.attention_share", "Measured attention against the weight that was set", "lines", weights, title,
                (start, end), list(zip(*attention, strict=True)), "share of cross-attention",
                "the share of attention on each style's words at each weight.",
                "what the model did with it: it says where it looked.", percent=True,
            )
        )  # fmt: skip
    return tuple(figures)


def _curves(
    requests: Sequence[BlendRequest],
    latents: np.ndarray,
    images: Sequence[Mapping[str, Any]],
    probability: dict[str, Any],
) -> dict[str, Any]:
    """The numbers that `Flip.schema` describes, of pictures in order of weight."""
    flat = latents.reshape(len(requests), -1)
    whole = max(float(np.linalg.norm(flat[0] - flat[-1])), 1e-12)
    to_next = np.linalg.norm(np.diff(flat, axis=0), axis=1) / whole
    weights = [round(request.shares[1], 6) for request in requests]
    traced = all("attention" in measured for measured in images)
    return {
        "weights": weights,
        "styles": probability["styles"],
        "style_probability": probability,
        "distance_from_start": _rounded(np.linalg.norm(flat - flat[0], axis=1) / whole),
        "distance_from_end": _rounded(np.linalg.norm(flat - flat[-1], axis=1) / whole),
        "distance_to_next": _rounded(to_next),
        "jumps": [int(i) for i in np.flatnonzero(to_next > JUMP_SHARE)] if len(to_next) > 2 else [],
        "attention_share": {
            style: [attention_on(measured, style) for measured in images] if traced else None
            for style in probability["styles"]
        },
        "flips": [list(pair) for pair in _flips(weights, probability["values"])],
    }


def _flips(weights: Sequence[float], probability: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """The neighbouring weights between which the likelier style changes."""
    second = [share >= 0.5 for share in _shares(probability)]
    return [(weights[i], weights[i + 1]) for i in range(len(weights) - 1) if second[i] != second[i + 1]]


def _shares(probability: Sequence[Sequence[float]]) -> list[float]:
    """The second style's probability over that of both: what other styles a judge knows do not decide."""
    return [second / (first + second) if first + second > 0 else 0.5 for first, second in probability]


def _labelled(requests: Sequence[BlendRequest]) -> Plan:
    return {f"{100 * request.shares[1]:.4g} %": request for request in requests}


def _at(request: BlendRequest, weight: float) -> BlendRequest:
    start, end = request.styles
    return replace(request, styles=(WeightedStyle(start.text, 1 - weight), WeightedStyle(end.text, weight)))


def _weight(one: Render) -> float:
    return round(one.request.shares[1], 6)


def _rounded(values: Sequence[float] | np.ndarray) -> list[float]:
    return [round(float(value), 6) for value in values]
