"""What a reference changed: which self-attention layers took its keys and values, and how far that moved them.

Its numbers are filled in by whoever swaps (`tools/blend`); here is what they mean.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from tools.trace.facts import Fact, Figure
from tools.trace.measure import Measure

LAYERS, WITHOUT, JUDGED = "reference.moved", "reference.without", "reference.judged"


class Swapped(Measure):
    name = "reference"
    schema: ClassVar[Mapping[str, str]] = {
        "reference.layers": "the self-attention layers whose keys and values were swapped",
        "reference.moved": "(layers) how far the swap moves the layer's output, over the output's length, mean over "
        "steps",
        "reference.moved_by_step": "(steps, layers) the same at each step",
        "reference.references.prompt": "what a drawn reference shows; null for a stored picture",
        "reference.references.image": "the id of a stored picture; null for a drawn reference",
        "reference.references.share": "its share, 0..1, their sum is 1",
        "reference.references.file": "its picture beside this file",
        "reference.conditions.*": "how the references were used, as in the record; calibrated_steps: where colours "
        "were",
        "reference.without.*": "as images.left_out, of the same seed with the swap off",
        "reference.judged.*": "the style that judges trained on drawn scenes see in a reference, and its probability "
        "there, in the image, and with the swap off, 0..1",
        "npz.latents_reference": "(images, 4, height, width) float32, the finished latents of the drawn references",
        "npz.latents_without": "the same, of the images with the swap off",
    }

    @classmethod
    def facts(cls, measurements: Mapping[str, Any]) -> Iterator[Fact]:
        if not (reference := measurements.get("reference")):
            return
        layers, moved = [_short(name) for name in reference["layers"]], reference["moved"]
        where = ", in the passes with the prompt" if reference["conditions"]["emphasis"] == 1 else ""
        text = f"The keys and values of {len(layers)} self-attention layers were swapped for the reference's{where}: "
        yield Fact("reference", f"{text}{', '.join(layers)}.", LAYERS)
        if moved:
            ranked = sorted(zip(moved, layers, strict=True), reverse=True)
            said = ", ".join(f"{name} by {value:.0%}" for value, name in ranked)
            text = f"The swap moved each layer's output: {said} of its length."
            yield Fact("reference", text, LAYERS, dict(zip(layers, moved, strict=True)))
            if still := [name for value, name in ranked if value == 0]:
                text = f"The swap did nothing in {', '.join(still)}: it is not in effect there."
                yield Fact("reference", text, LAYERS)
        if away := reference.get("without"):
            text = (
                f"With the swap off the same seed gives an image at SSIM {away['ssim']:.2f} to this one (1 is the "
                f"same), its latents {away['latent']:.0%} away."
            )
            yield Fact("reference", text, WITHOUT, {"ssim": away["ssim"], "latent": away["latent"]})
        for one in reference.get("judged", ()):
            text = (
                f'Judges trained on drawn scenes see "{one["style"]}" in the reference ({one["in_reference"]:.0%}), in '
                f"this image {one['in_image']:.0%}, with the swap off {one['without_reference']:.0%}."
            )
            yield Fact("reference", text, JUDGED, {name: one[name] for name in one if name != "style"})
        text = "Where the model looked in the reference itself is not measured: the trace follows the target's words."
        yield Fact("attention", text, LAYERS)

    @classmethod
    def figures(cls, measurements: Mapping[str, Any]) -> Iterator[Figure]:
        if not (reference := measurements.get("reference")):
            return
        if reference["moved"]:
            yield Figure(
                id=LAYERS,
                title="Which layers were swapped, and how far that moved them",
                kind="bars",
                along=reference["layers"],
                along_title="layer",
                names=("moved",),
                rows=[[value] for value in reference["moved"]],
                measure="moved, as a share of the output's length",
                percent=True,
                shows="the self-attention layers that took the reference's keys and values, and how far each one's "
                "output moved by it, mean over steps.",
                does_not_show="what the move drew; the two pictures do.",
            )
        if judged := reference.get("judged"):
            yield Figure(
                id=JUDGED,
                title="The same seed with the swap on and off",
                kind="bars",
                along=["in the reference", "in this image", "with the swap off"],
                along_title="picture",
                names=[one["style"] for one in judged],
                rows=[[one[key] for one in judged] for key in ("in_reference", "in_image", "without_reference")],
                measure="probability of the reference's style, by judges trained on drawn scenes",
                percent=True,
                shows="how much of the reference's style the judges see in each picture.",
                does_not_show="what a person would say.",
            )


def _short(layer: str) -> str:
    """A layer's name without what all of them have: up_blocks.3.attentions.0."""
    return layer.removesuffix(".transformer_blocks.0.attn1")
