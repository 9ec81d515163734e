"""What did each style do to the picture, and what the subject? The same seed without it says.

Attention alone is no explanation, a render without the style is one.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from tools.blend.requests import BlendRequest, WeightedStyle
from tools.experiments.base import Experiment, ExperimentArguments, Plan, Render
from tools.experiments.findings import Findings
from tools.trace.distance import distance
from tools.trace.facts import Fact, Figure

WHOLE, NO_SUBJECT = "the blend", "without the subject"
WITHOUT = "without_reference.png"


class LeaveOneOut(Experiment[ExperimentArguments]):
    name = "leave_one_out"
    question = "What did each style do to the picture, and what the subject?"
    schema: ClassVar[Mapping[str, str]] = {
        "styles": "the styles of the blend",
        "shares": "(styles) their shares, 0..1, their sum is 1",
        "left_out.left_out": "a style that the same seed was rendered without, or the subject",
        "left_out.is_subject": "whether it is the subject",
        "left_out.latent": "||a - b|| / ||a|| of the finished latents: a the blend, b without it; 0 is the same",
        "left_out.pixel": "root mean square of the difference over channels, 0..1; 0 is the same",
        "left_out.ssim": "structural similarity, -1..1; 1 is the same",
        "attention": "(styles) each style's share of attention in the blend, 0..1; null where nothing was traced",
    }

    def plan(self, arguments: ExperimentArguments) -> Plan:
        whole = arguments.request([style for style in arguments.styles if style.weight > 0] or arguments.styles)
        present = range(len(whole.styles))
        plan = {WHOLE: whole}
        if len(present) > 1:
            plan |= {f'without "{whole.styles[i].text}"': replace(whole, styles=_without(whole, i)) for i in present}
        return {**plan, NO_SUBJECT: replace(whole, subject=None)}

    def measure(self, arguments: ExperimentArguments, renders: Mapping[str, Render]) -> dict[str, Any]:
        whole = renders[WHOLE]
        attention = whole.measured.get("attention")
        styles = whole.measured["styles"]
        return {
            "styles": list(styles),
            "shares": list(whole.measured["shares"]),
            "left_out": [
                {**_missing(one.request), **vars(distance((whole.latents, one.latents), (whole.image, one.image)))}
                for label, one in renders.items()
                if label != WHOLE
            ],
            "attention": attention and [attention["share"][attention["phrases"].index(style)] for style in styles],
        }

    def read(self, measured: Mapping[str, Any]) -> Findings:
        left_out = measured["left_out"]
        return Findings(_verdict(measured), facts_of_left_out(left_out), (_figure(left_out),))


def facts_of_left_out(left_out: list[dict[str, Any]]) -> tuple[Fact, ...]:
    """Say how far the picture moves without each."""
    return tuple(
        Fact(
            "left_out",
            f"Without {_named(one)} the same seed gives an image at SSIM {one['ssim']:.2f} to this one "
            f"(1 is the same), its latents {one['latent']:.0%} away.",
            "left_out",
            {"ssim": one["ssim"], "latent": one["latent"]},
        )
        for one in left_out
    )


def _verdict(measured: Mapping[str, Any]) -> str:
    left_out = measured["left_out"]
    by_latent = sorted(left_out, key=lambda one: one["latent"], reverse=True)
    by_structure = min(left_out, key=lambda one: one["ssim"])
    most, least = by_latent[0], by_latent[-1]
    if most["latent"] == 0:
        return "Leaving out any of them changes nothing: the latents are the same."
    farthest = " or ".join(_named(one) for one in by_latent if one["latent"] == most["latent"])
    nearest = " or ".join(_named(one) for one in by_latent if one["latent"] == least["latent"])
    text = f"Leaving out {farthest} moves the picture most: its latents by {most['latent']:.0%}"
    if most["latent"] == least["latent"]:
        text = f"Leaving out {farthest} moves the latents by {most['latent']:.0%}"
    else:
        text += f", leaving out {nearest} least, by {least['latent']:.0%}"
    text += "."
    if by_structure["ssim"] < most["ssim"]:
        text += (
            f" In structure {_named(by_structure)} matters more: without it SSIM falls to {by_structure['ssim']:.2f}, "
            "as latents also count colour and brightness."
        )
    attention, styles = measured.get("attention"), measured["styles"]
    moved = [one for one in by_latent if one["left_out"] in styles]
    if attention and len(moved) > 1:
        looked = max(zip(attention, styles, strict=True))[1]
        if looked != moved[0]["left_out"] and moved[0]["latent"] > moved[1]["latent"]:
            text += (
                f' Attention went mostly to "{looked}" all the same: it says where the model looked, not what it did.'
            )
    return text


def _figure(left_out: list[dict[str, Any]]) -> Figure:
    return Figure(
        id="left_out",
        title="How far the image moves without each",
        kind="bars",
        along=[one["left_out"] for one in left_out],
        along_title="left out",
        names=("latents moved, of their length", "1 - SSIM"),
        rows=[(one["latent"], 1 - one["ssim"]) for one in left_out],
        measure="0 is the same image",
        shows="the same seed with that style, or the subject, left out: 0 is the same image.",
        does_not_show="which part of the image moved.",
    )


def _named(one: Mapping[str, Any]) -> str:
    return "the subject" if one.get("is_subject") else f'"{one["left_out"]}"'


def _missing(request: BlendRequest) -> dict[str, Any]:
    """What a request of the plan leaves out."""
    if request.subject is None:
        return {"left_out": "the subject", "is_subject": True}
    return {"left_out": next(style.text for style in request.styles if style.weight == 0), "is_subject": False}


def _without(request: BlendRequest, left_out: int) -> tuple[WeightedStyle, ...]:
    return tuple(
        WeightedStyle(style.text, 0.0 if i == left_out else style.weight) for i, style in enumerate(request.styles)
    )
