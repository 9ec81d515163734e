"""What does the guidance scale do to a blend? The same blend at several scales, over a few seeds.

Guidance moves each step away from what the model would draw without the prompt. It measures which style wins, whether
the subject is there, and what becomes of the colours. It knows nothing about how a blend works.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from PIL import Image
from pydantic import Field, field_validator

from tools.blend.requests import MAX_GUIDANCE
from tools.experiments.base import Experiment, ExperimentArguments, Plan, Render
from tools.experiments.findings import Findings
from tools.experiments.sheet import draw_sheet
from tools.experiments.winners import joined, outcomes, styles_seen, subject_seen, tally
from tools.models import ImageModel
from tools.trace.facts import Fact, Figure

SHOWN = 0.5
"""A picture shows its subject where that is at least this likely."""


class GuidanceArguments(ExperimentArguments):
    scales: tuple[float, ...] = Field(
        (1.0, 3.0, 5.0, 8.0, 12.0), min_length=2, max_length=12, description="a guidance scale; 1 is none"
    )
    seeds: int = Field(3, ge=1, le=12, description="how many seeds at each scale, from the first one on")

    @field_validator("scales")
    @classmethod
    def _in_order(cls, scales: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 <= scale <= MAX_GUIDANCE for scale in scales):
            raise ValueError(f"give guidance scales from 0 to {MAX_GUIDANCE:g}")
        return tuple(sorted(set(scales)))


class Guidance(Experiment[GuidanceArguments]):
    name = "guidance"
    question = "What does the guidance scale do to this blend?"
    arguments = GuidanceArguments
    traced = False
    schema: ClassVar[Mapping[str, str]] = {
        "styles": "the styles of the blend",
        "subject": "what is drawn",
        "scales": "(scales) the guidance scales, rising; 1 and below are no guidance",
        "seeds": "how many seeds were rendered at each",
        "by": "who judged the styles: judges trained on drawn scenes, or the diffusion classifier",
        "subject_by": "who judged the subject",
        "probability": "(scales, seeds, styles) probability of each style, 0..1; the judges leave out other styles",
        "subject_probability": "(scales, seeds) probability that the picture shows the subject, 0..1",
        "contrast": "(scales) standard deviation of the pictures' brightness, 0..1, mean over seeds",
        "saturation": "(scales) largest less smallest colour channel, 0..1, mean over pixels and seeds",
        "clipped": "(scales) share of the colour values that are 0 or 255, mean over seeds",
    }

    def plan(self, arguments: GuidanceArguments) -> Plan:
        arguments.several_styles()
        return {
            _label(scale, seed): arguments.request(guidance_scale=scale, seed=seed)
            for scale in _scales(arguments)
            for seed in arguments.seeds_from(arguments.seeds)
        }

    def observe(
        self, arguments: GuidanceArguments, renders: Sequence[Render], model: ImageModel
    ) -> list[dict[str, Any]]:
        styles, subject = styles_seen(arguments, renders, model), subject_seen(arguments, renders, model)
        return [{**a, **b} for a, b in zip(styles, subject, strict=True)]

    def measure(self, arguments: GuidanceArguments, renders: Mapping[str, Render]) -> dict[str, Any]:
        scales, seeds = _scales(arguments), arguments.seeds_from(arguments.seeds)
        rows = [[renders[_label(scale, seed)] for seed in seeds] for scale in scales]
        first = rows[0][0]
        colours = [[_colours(one.image) for one in row] for row in rows]
        return {
            "styles": list(arguments.several_styles()),
            "subject": first.request.subject,
            "scales": scales,
            "seeds": len(seeds),
            "by": first.observed["judged_by"],
            "subject_by": first.observed["subject_judged_by"],
            "probability": [[one.observed["probability"] for one in row] for row in rows],
            "subject_probability": [[one.observed["subject"] for one in row] for row in rows],
            **{
                name: [round(float(np.mean([one[number] for one in row])), 6) for row in colours]
                for number, name in enumerate(("contrast", "saturation", "clipped"))
            },
        }

    def read(self, measured: Mapping[str, Any]) -> Findings:
        verdict = f"{_who_wins(measured)} {_where_shown(measured)} {_colour(measured)}"
        return Findings(verdict, _facts(measured), _figures(measured))

    def draw(
        self, arguments: GuidanceArguments, renders: Mapping[str, Render], findings: Findings, basis: str
    ) -> Image.Image:
        ordered = [
            _label(scale, seed) for seed in arguments.seeds_from(arguments.seeds) for scale in _scales(arguments)
        ]
        pictures = {label: renders[label].image for label in ordered}
        return draw_sheet(self.question, pictures, findings, basis, columns=len(_scales(arguments)))


def leaders(measured: Mapping[str, Any]) -> list[str]:
    """Who wins most seeds at each scale, by name; no style where none does, or two win as many."""
    names = outcomes(measured["styles"])
    found = []
    for rows in measured["probability"]:
        counts = tally(rows)
        best = [number for number, count in enumerate(counts) if count == max(counts)]
        found.append(names[best[0] if len(best) == 1 else -1])
    return found


def _who_wins(measured: Mapping[str, Any]) -> str:
    led, seeds = leaders(measured), f"by {measured['seeds']} seeds at each"
    if len(set(led)) == 1:
        return f"{_capital(led[0])} leads at every scale, {seeds}."
    parts = [
        f"{name} leads at {_runs(measured['scales'], [one == name for one in led])}" for name in dict.fromkeys(led)
    ]
    return f"{_capital(', '.join(parts))}, {seeds}."


def _where_shown(measured: Mapping[str, Any]) -> str:
    subject, shown = measured["subject"], [_mean(row) >= SHOWN for row in measured["subject_probability"]]
    if all(shown):
        return f'"{subject}" is shown at every scale.'
    if not any(shown):
        return f'"{subject}" is not shown at any scale.'
    return f'"{subject}" is shown at {_runs(measured["scales"], shown)}, and not at the others.'


def _colour(measured: Mapping[str, Any]) -> str:
    scales, contrast = measured["scales"], measured["contrast"]
    verb = "goes"
    if contrast[0] != contrast[-1] and list(contrast) in (sorted(contrast), sorted(contrast, reverse=True)):
        verb = "grows" if contrast[0] < contrast[-1] else "falls"
    return f"Contrast {verb} from {contrast[0]:.2f} at {scales[0]:g} to {contrast[-1]:.2f} at {scales[-1]:g}."


def _facts(measured: Mapping[str, Any]) -> tuple[Fact, ...]:
    scales, n, found = measured["scales"], measured["seeds"], []
    for scale, rows in zip(scales, measured["probability"], strict=True):
        said = joined(
            [f"{name} {count}" for name, count in zip(outcomes(measured["styles"]), tally(rows), strict=True)]
        )
        text = f"At {scale:g}, of {n} seeds: {said}, by the {measured['by']}."
        found.append(Fact("guidance", text, "guidance.winner", {"scale": scale}))
    for scale, row in zip(scales, measured["subject_probability"], strict=True):
        text = (
            f'At {scale:g}, "{measured["subject"]}" is shown with a probability of {_mean(row):.0%}, mean over seeds.'
        )
        found.append(Fact("guidance", text, "guidance.subject", {"shown": _mean(row)}))
    for name, what in (("contrast", "Contrast"), ("saturation", "Saturation")):
        values = measured[name]
        text = f"{what} is {values[0]:.2f} at {scales[0]:g} and {values[-1]:.2f} at {scales[-1]:g}."
        found.append(Fact("guidance", text, "guidance.colour", {"lowest": values[0], "highest": values[-1]}))
    clipped = measured["clipped"]
    ends = f"{clipped[0]:.1%} at {scales[0]:g} and {clipped[-1]:.1%} at {scales[-1]:g}"
    text = f"The share of colour values that are nothing or all is {ends}."
    found.append(Fact("guidance", text, "guidance.colour", {"lowest": clipped[0], "highest": clipped[-1]}))
    return tuple(found)


def _figures(measured: Mapping[str, Any]) -> tuple[Figure, ...]:
    scales, styles = measured["scales"], measured["styles"]
    means = [
        [_mean([row[column] for row in rows]) for column in range(len(styles))] for rows in measured["probability"]
    ]
    return (
        Figure(
            "guidance.winner", "Which style the pictures are in", "lines", scales, "guidance scale", styles, means,
            f"probability, mean over {measured['seeds']} seeds, by {measured['by']}",
            "the probability of each style at each scale.", "scales between those that were rendered.", percent=True,
        ),
        Figure(
            "guidance.subject", f'How likely the pictures show "{measured["subject"]}"', "lines", scales,
            "guidance scale", ("the subject",), [(_mean(row),) for row in measured["subject_probability"]],
            f"probability, mean over {measured['seeds']} seeds, by {measured['subject_by']}",
            "the probability that the picture shows its subject.", "how well it is drawn.", percent=True,
        ),
        Figure(
            "guidance.colour", "What becomes of the colours", "lines", scales, "guidance scale",
            ("contrast", "saturation", "clipped"),
            list(zip(measured["contrast"], measured["saturation"], measured["clipped"], strict=True)), "0..1",
            "contrast, saturation, and the share of colour values that are all or nothing.", "which colours they are.",
        ),
    )  # fmt: skip


def _runs(scales: Sequence[float], chosen: Sequence[bool]) -> str:
    """Name the scales that were chosen: neighbours as one stretch."""
    runs: list[list[float]] = []
    for place, (scale, one) in enumerate(zip(scales, chosen, strict=True)):
        if one and runs and place and chosen[place - 1]:
            runs[-1].append(scale)
        elif one:
            runs.append([scale])
    return joined([f"{run[0]:g}" if len(run) == 1 else f"{run[0]:g} to {run[-1]:g}" for run in runs])


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _colours(image: Image.Image) -> tuple[float, float, float]:
    """Contrast, saturation, and the share of clipped values of a picture."""
    values = np.asarray(image.convert("RGB"), dtype=np.float64)
    brightness = values @ (0.299, 0.587, 0.114) / 255
    saturation = (values.max(-1) - values.min(-1)).mean() / 255
    return float(brightness.std()), float(saturation), float(((values == 0) | (values == 255)).mean())


def _scales(arguments: GuidanceArguments) -> list[float]:
    """The scales, and the one that pictures are usually rendered with."""
    usual = () if arguments.guidance is None else (arguments.guidance,)
    return sorted({*arguments.scales, *usual})


def _label(scale: float, seed: int) -> str:
    return f"{scale:g}, seed {seed}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
