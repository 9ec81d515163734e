"""Does averaging two embeddings weaken both styles?

A mean of two vectors that do not point the same way is shorter than they are. It measures at each weight how long the
averaged embedding is and how far from the prompt without a style, how much of the styles' parts in what cross-attention
adds is left when they are summed, and how far the picture lies from the one without a style.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field

from tools.blend.conditioning import make_conditioning
from tools.blend.requests import BlendRequest, WeightedStyle
from tools.experiments.base import Experiment, ExperimentArguments, Plan, Render
from tools.experiments.findings import Findings
from tools.experiments.winners import styles_seen, winner
from tools.models import ImageModel
from tools.trace.facts import Fact, Figure, listed

PLAIN = "no style"
LESS = 0.99
"""What is below this share of the weaker end is told as weaker than both."""


class WeakenArguments(ExperimentArguments):
    method: Literal["embedding"] = Field("embedding", description="the weighted mean of the prompts' embeddings")
    points: int = Field(9, ge=3, le=21, description="evenly spaced weights, an odd number: half is one of them")


class Weaken(Experiment[WeakenArguments]):
    name = "weaken"
    question = "Does averaging two embeddings weaken both styles?"
    arguments = WeakenArguments
    schema: ClassVar[Mapping[str, str]] = {
        "styles": "the style at weight 0 and the style at weight 1",
        "weights": "(points) the share of the second style, 0..1",
        "length": "(points) mean length of the embedding's rows, the start token's left out: it is the same in all",
        "pull": "(points) ||z - z_0|| over the same rows: z_0 the prompt without a style",
        "contribution": "(points, styles) each style's part in what cross-attention adds, ||w_i A z_i W_v W_o|| over "
        "the styles' sum, 0..1, mean over steps and layers; null where nothing was traced",
        "left": "(points) ||sum of the parts|| over the sum of their lengths, mean over steps and layers: 1 where they "
        "point the same way; null where nothing was traced",
        "by": "who judged the styles: judges trained on drawn scenes, or the diffusion classifier",
        "probability": "(points, styles) probability of each style in the picture, 0..1; the judges leave out others",
        "effect": "(points) ||a - b|| / ||b|| of the finished latents: b the same seed without a style",
    }

    def plan(self, arguments: WeakenArguments) -> Plan:
        arguments.two_styles()
        if arguments.points % 2 == 0:
            raise ValueError(f"points: {arguments.points} is even; give an odd number, so that half is one of them.")
        plan = {_label(weight): _at(arguments, weight) for weight in _weights(arguments)}
        return {**plan, PLAIN: arguments.request((), method="prompt")}

    def observe(self, arguments: WeakenArguments, renders: Sequence[Render], model: ImageModel) -> list[dict[str, Any]]:
        plain = _embedding(model, renders[-1].request)
        embeddings = [_embedding(model, one.request) for one in renders]
        lengths = [
            {"length": round(float(z.norm(dim=1).mean()), 6), "pull": round(float((z - plain).norm()), 6)}
            for z in embeddings
        ]
        return [{**a, **b} for a, b in zip(lengths, styles_seen(arguments, renders, model), strict=True)]

    def measure(self, arguments: WeakenArguments, renders: Mapping[str, Render]) -> dict[str, Any]:
        blends, plain = [renders[_label(weight)] for weight in _weights(arguments)], renders[PLAIN]
        traced = all("split_output_share" in one.arrays for one in blends[1:-1])
        size = float(np.linalg.norm(plain.latents))
        return {
            "styles": list(arguments.two_styles()),
            "weights": _weights(arguments),
            "length": [one.observed["length"] for one in blends],
            "pull": [one.observed["pull"] for one in blends],
            "contribution": [[1.0, 0.0], *map(_contribution, blends[1:-1]), [0.0, 1.0]] if traced else None,
            "left": [1.0, *map(_left, blends[1:-1]), 1.0] if traced else None,
            "by": plain.observed["judged_by"],
            "probability": [one.observed["probability"] for one in blends],
            "effect": [round(float(np.linalg.norm(one.latents - plain.latents)) / size, 6) for one in blends],
        }

    def read(self, measured: Mapping[str, Any]) -> Findings:
        return Findings(_verdict(measured), _facts(measured), _figures(measured))


def of_ends(measured: Mapping[str, Any], what: str) -> list[float]:
    """A measure at each weight over the mean of its two ends, weighted as they are: below 1 where averaging loses."""
    values = measured[what]
    means = [(1 - weight) * values[0] + weight * values[-1] for weight in measured["weights"]]
    return [value / mean if mean > 0 else 1.0 for value, mean in zip(values, means, strict=True)]


def _weakened(values: Sequence[float]) -> bool:
    """Whether half and half is weaker than either end."""
    return values[len(values) // 2] < LESS * min(values[0], values[-1])


def _verdict(measured: Mapping[str, Any]) -> str:
    middle = len(measured["weights"]) // 2
    length, pull = (of_ends(measured, what)[middle] for what in ("length", "pull"))
    verb = "weakens" if _weakened(measured["pull"]) else "does not weaken"
    text = (
        f"In the embedding, averaging {verb} both styles: at half and half it is {length:.0%} as long as its ends, and "
        f"{pull:.0%} as far from the prompt without a style."
    )
    if measured["left"]:
        text += f" Of what the styles add in cross-attention, {measured['left'][middle]:.0%} is left after summing."
    effect, verb = measured["effect"], "lies" if _weakened(measured["effect"]) else "does not lie"
    won, row = winner(measured["probability"][middle]), measured["probability"][middle]
    seen = "neither style clearly wins it" if won is None else f'"{measured["styles"][won]}" wins it by {row[won]:.0%}'
    return (
        f"{text} The picture at half and half {verb} nearer to the one without a style than both styles alone, "
        f"{effect[middle]:.0%} against {effect[0]:.0%} and {effect[-1]:.0%}, and {seen}."
    )


def _facts(measured: Mapping[str, Any]) -> tuple[Fact, ...]:
    (start, end), middle, weights = measured["styles"], len(measured["weights"]) // 2, measured["weights"]
    found = []
    for what, said in (("length", "length"), ("pull", "distance from the prompt without a style")):
        values, shares = measured[what], of_ends(measured, what)
        least = shares.index(min(shares))
        text = (
            f'The embedding\'s {said} is {values[0]:.2f} for "{start}", {values[middle]:.2f} at half and half, '
            f'{values[-1]:.2f} for "{end}": {shares[middle]:.0%} of its ends at half, and nowhere less than '
            f"{shares[least]:.0%}."
        )
        numbers = {"first": values[0], "half": values[middle], "second": values[-1], "share": shares[middle]}
        found.append(Fact("weaken", text, "weaken.embedding", numbers))
    if measured["left"]:
        left, (a, b) = measured["left"], measured["contribution"][middle]
        text = (
            f"At half and half {left[middle]:.0%} of the lengths of what the styles add in cross-attention is left "
            f'when they are summed; "{start}" has {a:.1%} of them, "{end}" {b:.1%}.'
        )
        found.append(Fact("weaken", text, "weaken.contribution", {"left": left[middle], "first": a, "second": b}))
        nearest = min(range(len(weights)), key=lambda i: abs(measured["contribution"][i][1] - 0.5))
        text = f'Their contributions are closest to equal at {weights[nearest]:.0%} of "{end}".'
        found.append(Fact("weaken", text, "weaken.contribution", {"weight": weights[nearest]}))
    effect = measured["effect"]
    text = (
        f'The picture lies {effect[0]:.0%} from the one without a style for "{start}", {effect[middle]:.0%} at half '
        f'and half, {effect[-1]:.0%} for "{end}".'
    )
    numbers = {"first": effect[0], "half": effect[middle], "second": effect[-1]}
    found.append(Fact("weaken", text, "weaken.effect", numbers))
    row = measured["probability"][middle]
    text = f"In the picture at half and half are {listed((start, end), row)}, by the {measured['by']}."
    found.append(Fact("weaken", text, "weaken.winner", {"first": row[0], "second": row[1]}))
    return tuple(found)


def _figures(measured: Mapping[str, Any]) -> tuple[Figure, ...]:
    start, end = measured["styles"]
    weights, title = measured["weights"], f'share of "{end}"'
    figures = [
        Figure(
            "weaken.embedding", "How much of its ends the averaged embedding has", "lines", weights, title,
            ("length", "distance from the prompt without a style"),
            list(zip(of_ends(measured, "length"), of_ends(measured, "pull"), strict=True)),
            "share of the ends' own, weighted as they are", "what averaging costs the embedding: 100% is nothing.",
            "what the model makes of a shorter embedding: its layers scale what they read.", percent=True,
        ),
        Figure(
            "weaken.effect", "How far each picture is from the one without a style", "lines", weights, title,
            ("distance",), [(value,) for value in measured["effect"]],
            "distance of the latents, of the length of those without a style",
            "how far the styles move the picture at each weight.", "in which direction, and how strong a style looks.",
            percent=True,
        ),
        Figure(
            "weaken.winner", "Which style each picture is in", "lines", weights, title, (start, end),
            measured["probability"], f"probability, by {measured['by']}",
            "the probability of each style in the picture at each weight.", "how strong a style looks.", percent=True,
        ),
    ]  # fmt: skip
    if measured["left"]:
        rows = [[*pair, left] for pair, left in zip(measured["contribution"], measured["left"], strict=True)]
        figures.append(
            Figure(
                "weaken.contribution", "What each style adds in cross-attention, and what is left of both", "lines",
                weights, title, (start, end, "left after summing"), rows, "share of the lengths of the styles' parts",
                "each style's part in what cross-attention adds, and how much of both is left where they cancel.",
                "what the layers after it do with that.", percent=True,
            )
        )  # fmt: skip
    return tuple(figures)


def _embedding(model: ImageModel, request: BlendRequest) -> torch.Tensor:
    """What a request conditions the UNet on, without the start token: (tokens - 1, features) float32."""
    styles = [(style.text, share) for style, share in zip(request.styles, request.shares, strict=True)]
    with model.lock, torch.no_grad():
        branch = make_conditioning(model, request.subject, styles, request.method).branches[0]
    return branch.prompt_embeds.float().cpu()[1:]


def _contribution(one: Render) -> list[float]:
    return [round(float(share), 6) for share in one.arrays["split_output_share"].mean((0, 1))]


def _left(one: Render) -> float:
    """With parts p_i, their sum s and L = sum of ||p_i||: sum_i (||p_i|| / L) cos(p_i, s) is ||s|| / L."""
    shares, cosines = (one.arrays[f"split_output_{name}"].astype(np.float64) for name in ("share", "cosine"))
    return round(float((shares * cosines).sum(-1).mean()), 6)


def _weights(arguments: WeakenArguments) -> list[float]:
    return [round(i / (arguments.points - 1), 6) for i in range(arguments.points)]


def _label(weight: float) -> str:
    return f"{100 * weight:.4g} %"


def _at(arguments: WeakenArguments, weight: float) -> BlendRequest:
    first, second = arguments.two_styles()
    return arguments.request((WeightedStyle(first, 1 - weight), WeightedStyle(second, weight)))
