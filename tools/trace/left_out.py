"""How far the same seed lies without one of the styles, and with one alone: what another render has to tell.

Its numbers are filled in by whoever renders again (`tools/experiments`); here is what they mean.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from tools.trace.facts import Fact, Figure
from tools.trace.measure import Measure, first_image


class LeftOut(Measure):
    name = "left_out"
    schema: ClassVar[Mapping[str, str]] = {
        "images.verdict": "which style decided the picture, and by what evidence, in words",
        "images.alone.style": "a style that the same seed was rendered with alone",
        "images.alone.file": "that picture's file",
        "images.alone.latent": "as images.left_out.latent, of this image and that one",
        "images.alone.pixel": "as images.left_out.pixel",
        "images.alone.ssim": "as images.left_out.ssim",
        "images.left_out.left_out": "a style that the same seed was rendered without",
        "images.left_out.latent": "||a - b|| / ||a|| of the finished latents: a this image, b that one; 0 is the same",
        "images.left_out.pixel": "root mean square of the difference over channels, 0..1; 0 is the same",
        "images.left_out.ssim": "structural similarity, -1..1; 1 is the same",
    }

    @classmethod
    def facts(cls, measurements: Mapping[str, Any]) -> Iterator[Fact]:
        for one in first_image(measurements).get("left_out", ()):
            text = (
                f'Without "{one["left_out"]}" the same seed gives an image at SSIM {one["ssim"]:.2f} to this one '
                f"(1 is the same), its latents {one['latent']:.0%} away."
            )
            yield Fact("left_out", text, "left_out", {"ssim": one["ssim"], "latent": one["latent"]})

    @classmethod
    def figures(cls, measurements: Mapping[str, Any]) -> Iterator[Figure]:
        if left_out := first_image(measurements).get("left_out"):
            yield Figure(
                id="left_out",
                title="How far the image moves without a style",
                kind="bars",
                along=[one["left_out"] for one in left_out],
                along_title="left out",
                names=("1 - SSIM",),
                rows=[[1 - one["ssim"]] for one in left_out],
                measure="1 - SSIM",
                shows="the same seed with that style left out: 0 is the same image, 1 has nothing in common with it.",
                does_not_show="which part of the image moved.",
            )
