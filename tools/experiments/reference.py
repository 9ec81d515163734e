"""What does swapping in a reference's keys and values change, and of two references, whose background is it?

Each style is the prompt of a reference that is drawn. The same seeds are rendered with the swap off, with each
reference alone, and with both at uneven shares. The background is what lies along the edges of a picture: where the
subject is, it does not know.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from PIL import Image
from pydantic import Field

from tools.blend.references import Reference as Drawn
from tools.blend.requests import MAX_SEED, REFERENCE_SEEDS_FROM, BlendRequest, WeightedStyle
from tools.experiments.base import Experiment, ExperimentArguments, Plan, Render
from tools.experiments.findings import Findings
from tools.experiments.sheet import draw_sheet
from tools.experiments.winners import joined
from tools.trace.distance import distance
from tools.trace.facts import Fact, Figure

LARGER = 0.7
"""The share of the larger reference where both were given the same."""
EDGE = 0.125
"""How wide the edge of a picture is, of its side."""


class ReferenceArguments(ExperimentArguments):
    method: Literal["reference"] = Field("reference", description="keys and values of drawn references")
    styles: tuple[WeightedStyle, ...] = Field(
        min_length=1, max_length=2, description="the prompt of a reference, and its weight"
    )
    seeds: int = Field(2, ge=1, le=12, description="how many seeds, from the first one on")

    def request(self, styles: Sequence[WeightedStyle] | None = None, **changes: Any) -> BlendRequest:
        return super().request(styles, **{"method": "prompt", **changes})


class ReferenceSwap(Experiment[ReferenceArguments]):
    name = "reference"
    question = "What does swapping in a reference change, and of two references, whose background is it?"
    arguments = ReferenceArguments
    schema: ClassVar[Mapping[str, str]] = {
        "references": "the references' prompts",
        "shares": "(pictures) the share of the first reference, 0..1, falling",
        "seeds": "how many seeds were rendered at each",
        "latent": "(pictures) ||a - b|| / ||b|| of the finished latents: b the same seed with the swap off; mean over "
        "seeds",
        "ssim": "(pictures) structural similarity to the picture with the swap off, -1..1; mean over seeds",
        "moved": "(pictures) how far the swap moves the layers' outputs, of their length, mean over steps and layers, "
        "of the first seed; null where nothing was traced",
        "edge_distance": "(pictures, references) root mean square between the mean colours of the four edges of the "
        "picture and those of a reference, 0..1, mean over seeds",
        "edge_distance_off": "(references) the same with the swap off",
        "edge_nearness": "(pictures) distance to the second reference's edges over that to both: 1 where they are "
        "those of the first, 0 where they are the second's; mean over seeds; null where there is one reference",
        "middle_nearness": "(pictures) the same of the mean colour of the middle half",
    }

    def plan(self, arguments: ReferenceArguments) -> Plan:
        if len(arguments.styles) > 1:
            arguments.two_styles()
        seeds = arguments.seeds_from(arguments.seeds)
        plan = {_label(None, seed): arguments.request((), seed=seed) for seed in seeds}
        for share in _shares(arguments):
            drawn = _references(arguments, share)
            for seed in seeds:
                plan[_label(share, seed)] = arguments.request((), method="reference", references=drawn, seed=seed)
        return plan

    def measure(self, arguments: ReferenceArguments, renders: Mapping[str, Render]) -> dict[str, Any]:
        seeds, shares = arguments.seeds_from(arguments.seeds), _shares(arguments)
        off = [renders[_label(None, seed)] for seed in seeds]
        on = [[renders[_label(share, seed)] for seed in seeds] for share in shares]
        pictures = _reference_pictures(arguments, renders)
        away = [[_away(one, plain) for one, plain in zip(row, off, strict=True)] for row in on]
        two = len(pictures) > 1
        return {
            "references": [style.text for style in arguments.request().styles],
            "shares": shares,
            "seeds": len(seeds),
            "latent": [_mean([one[0] for one in row]) for row in away],
            "ssim": [_mean([one[1] for one in row]) for row in away],
            "moved": [_moved(row[0]) for row in on],
            "edge_distance": [[_mean([_far(_edges, one.image, p) for one in row]) for p in pictures] for row in on],
            "edge_distance_off": [_mean([_far(_edges, one.image, p) for one in off]) for p in pictures],
            "edge_nearness": [_mean([_nearness(_edges, one.image, pictures) for one in row]) for row in on]
            if two
            else None,
            "middle_nearness": [_mean([_nearness(_middle, one.image, pictures) for one in row]) for row in on]
            if two
            else None,
        }

    def read(self, measured: Mapping[str, Any]) -> Findings:
        verdict = _how_far(measured)
        if measured["edge_nearness"]:
            verdict += f" {_whose_background(measured)}"
        return Findings(verdict, _facts(measured), _figures(measured))

    def draw(
        self, arguments: ReferenceArguments, renders: Mapping[str, Render], findings: Findings, basis: str
    ) -> Image.Image:
        texts = [style.text for style in arguments.request().styles]
        pictures = dict(
            zip([f'reference "{text}"' for text in texts], _reference_pictures(arguments, renders), strict=True)
        )
        return draw_sheet(
            self.question, {**pictures, **{name: one.image for name, one in renders.items()}}, findings, basis
        )


def _how_far(measured: Mapping[str, Any]) -> str:
    if max(measured["latent"]) == 0:
        return "Swapping in a reference changes nothing: the latents are the same."
    alone = [(name, measured["ssim"][-number]) for number, name in enumerate(measured["references"])]
    said = joined([f'{ssim:.2f} with "{name}"' for name, ssim in alone])
    return f"With the swap on, a picture is like that with it off by SSIM {said} (1 is the same)."


def _whose_background(measured: Mapping[str, Any]) -> str:
    first, second = measured["references"]
    (large, small), shares = measured["edge_nearness"][1:-1], measured["shares"][1:-1]
    at = (
        f'the nearness of its edges to those of "{first}" is {large:.0%} at a share of {shares[0]:.0%} and {small:.0%} '
        f"at {shares[1]:.0%} (50% is halfway)"
    )
    sides = (_side(large), _side(small))
    if sides == (1, -1):
        return f"Of two references, the background is that of the larger: {at}."
    if sides == (-1, 1):
        return f"Of two references, the background is that of the smaller: {at}."
    if sides[0] == sides[1] != 0:
        whose = first if sides[0] > 0 else second
        return f'Of two references, the background is nearer to that of "{whose}" either way: {at}.'
    return f"Of two references, the background is no nearer to one at each share: {at}."


def _side(nearness: float) -> int:
    """Whose a background is: 1 the first reference's, -1 the second's, 0 neither's, as it is told in whole percents."""
    return int(np.sign(round(100 * nearness) - 50))


def _facts(measured: Mapping[str, Any]) -> tuple[Fact, ...]:
    first = measured["references"][0]
    found = []
    for number, share in enumerate(measured["shares"]):
        latent, ssim = measured["latent"][number], measured["ssim"][number]
        text = (
            f'At {share:.0%} "{first}" the swap moves the latents by {latent:.0%}, to SSIM {ssim:.2f} (1 is the same).'
        )
        found.append(Fact("reference", text, "reference.moved", {"latent": latent, "ssim": ssim, "share": share}))
        if (moved := measured["moved"][number]) is not None:
            text = (
                f'At {share:.0%} "{first}" it moves the outputs of the swapped layers by {moved:.0%} of their length.'
            )
            found.append(Fact("reference", text, "reference.moved", {"moved": moved}))
    for number, name in enumerate(measured["references"]):
        on, off = measured["edge_distance"][-number][number], measured["edge_distance_off"][number]
        text = f'The edges are {on:.2f} in colour from those of "{name}" with it alone, {off:.2f} with the swap off.'
        found.append(Fact("reference", text, "reference.edges", {"on": on, "off": off}))
    for what, name in (("edges", "edge_nearness"), ("middle", "middle_nearness")):
        for share, value in zip(measured["shares"], measured[name] or (), strict=False):
            text = (
                f'At {share:.0%} "{first}" the nearness of the {what} to its own is {value:.0%}: 50% is halfway to the '
                "other reference's."
            )
            found.append(Fact("reference", text, "reference.nearness", {"nearness": value}))
    return tuple(found)


def _figures(measured: Mapping[str, Any]) -> tuple[Figure, ...]:
    names, shares = measured["references"], measured["shares"]
    labels = [f'{share:.0%} "{names[0]}"' for share in shares]
    figures = [
        Figure(
            "reference.moved", "How far the swap moves the picture, and the swapped layers", "bars", labels, "shares",
            ("latents moved, of their length", "1 - SSIM", "layers' outputs moved, of their length"),
            [(latent, 1 - ssim, moved) for latent, ssim, moved in
             zip(measured["latent"], measured["ssim"], measured["moved"], strict=True)],
            "0 is the same as with the swap off", "how far pictures with the swap on are from those with it off.",
            "whether that is style, colour or content.",
        ),
        Figure(
            "reference.edges", "How far the edges' colours are from each reference's", "bars", [*labels, "swap off"],
            "shares", names, [*measured["edge_distance"], measured["edge_distance_off"]],
            "root mean square of the mean colours of four edges, 0..1", "how near the background's colours come.",
            "its texture, and what it shows.",
        ),
    ]  # fmt: skip
    if measured["edge_nearness"]:
        figures.append(
            Figure(
                "reference.nearness", "Whose edges and whose middle the picture has", "lines", shares,
                f'share of "{names[0]}"', ("edges", "middle"),
                list(zip(measured["edge_nearness"], measured["middle_nearness"], strict=True)),
                f'nearness to the colours of "{names[0]}"',
                "whether the colours of edges and middle are nearer to the first reference's or to the second's.",
                "whether they are near to either.", percent=True,
            )
        )  # fmt: skip
    return tuple(figures)


def _shares(arguments: ReferenceArguments) -> list[float]:
    """Shares of the first reference: alone, the larger and the smaller share, and none of it."""
    if len(arguments.styles) == 1:
        return [1.0]
    larger = max(arguments.request().shares)
    larger = LARGER if larger in (0.5, 1.0) else round(larger, 6)
    return [1.0, larger, round(1 - larger, 6), 0.0]


def _references(arguments: ReferenceArguments, share: float) -> tuple[Drawn, ...]:
    """The references at these shares; the same noise for all seeds, so that they can be rendered together."""
    texts = [style.text for style in arguments.request().styles]
    first = arguments.seed + REFERENCE_SEEDS_FROM
    return tuple(
        Drawn(prompt=text, weight=weight, seed=(first + number) % (MAX_SEED + 1))
        for number, (text, weight) in enumerate(zip(texts, (share, 1 - share), strict=False))
        if weight > 0
    )


def _reference_pictures(arguments: ReferenceArguments, renders: Mapping[str, Render]) -> list[Image.Image]:
    """Each reference as it was drawn for the pictures that have it alone."""
    ends = [1.0] if len(arguments.styles) == 1 else [1.0, 0.0]
    alone = [renders[_label(share, arguments.seed)] for share in ends]
    return [next(picture for name, picture in one.beside.items() if name.endswith("-reference.png")) for one in alone]


def _label(share: float | None, seed: int) -> str:
    return f"swap off, seed {seed}" if share is None else f"{share:.0%} and {1 - share:.0%}, seed {seed}"


def _away(one: Render, plain: Render) -> tuple[float, float]:
    found = distance((plain.latents, one.latents), (plain.image, one.image))
    return found.latent, found.ssim


def _moved(one: Render) -> float | None:
    layers = one.batch["reference"]["moved"]
    return _mean(layers) if layers else None


def _edges(image: Image.Image) -> np.ndarray:
    """The mean colours of the top, bottom, left and right edge: (4, 3), 0..1."""
    values = np.asarray(image.convert("RGB"), dtype=np.float64) / 255
    high, wide = (max(1, round(EDGE * size)) for size in values.shape[:2])
    strips = (values[:high], values[-high:], values[:, :wide], values[:, -wide:])
    return np.stack([strip.mean((0, 1)) for strip in strips])


def _middle(image: Image.Image) -> np.ndarray:
    """The mean colour of the middle half: (1, 3), 0..1."""
    values = np.asarray(image.convert("RGB"), dtype=np.float64) / 255
    high, wide = values.shape[0] // 4, values.shape[1] // 4
    return values[high : values.shape[0] - high, wide : values.shape[1] - wide].mean((0, 1))[None]


def _far(part: Any, a: Image.Image, b: Image.Image) -> float:
    return float(np.sqrt(np.mean((part(a) - part(b)) ** 2)))


def _nearness(part: Any, image: Image.Image, references: Sequence[Image.Image]) -> float:
    first, second = (_far(part, image, reference) for reference in references)
    return second / (first + second) if first + second > 0 else 0.5


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 6)
