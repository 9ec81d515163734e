"""The share of cross-attention that each phrase got, by step and layer, and where in the picture: one map per phrase.

A phrase's share is the sum over its tokens. Attention says where the model looked, not what it did with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, ClassVar

import torch

from tools.trace.facts import Fact, Figure, listed
from tools.trace.measure import Arrays, Measure, first_image, rounded, thirds

BY_STEP, BY_LAYER, MAPS = "attention.share_by_step", "attention.share_by_layer", "attention.map_correlation"
ALIKE = 0.9
"""Heat maps that correlate this much show the same place."""
MARKS = ("start", "end", "padding")
LAYERS_TOLD = 3


class AttentionShare(Measure):
    name = "attention"
    schema: ClassVar[Mapping[str, str]] = {
        "images.attention.phrases": "the columns: the subject, each style, other words, start, end and padding tokens",
        "images.attention.tokens": "(phrases) the tokens of each phrase; its share is the sum of theirs",
        "images.attention.layers": "the cross-attention layers, in the order in which they run",
        "images.attention.share_by_step": "(steps, phrases) share of attention, 0..1, a row sums to 1: the mean over "
        "layers, heads and positions, of the conditional passes only, each weighted by its share",
        "images.attention.share_by_layer": "(layers, phrases) the same, mean over steps",
        "images.attention.share": "(phrases) the same, mean over steps and layers",
        "images.attention.token_share": "(phrases, tokens) each token's own share, mean over steps and layers; 0 where "
        "a phrase is cut otherwise inside the prompt",
        "images.attention.heat_map_peak": "the largest value of any phrase's heat map: the top of the one scale they "
        "share",
        "images.attention.map_pairs": "(pairs, 2) the phrases that a correlation is between, as indices into phrases: "
        "the subject and the styles",
        "images.attention.map_correlation": "(pairs) correlation of the two phrases' heat maps over positions, -1..1; "
        "null where a map is the same everywhere",
        "images.attention.kept_bytes_per_step": "bytes that the trace keeps for each step, for all images of the batch",
        "images.attention.kept_bytes_fixed": "bytes that the trace keeps whatever the number of steps: the heat maps",
        "images.attention.waiting_bytes_peak": "bytes of queries that waited to be worked off, at most, of all layers",
        "images.attention.negative_prompt": "the negative prompt, whose passes are not measured; empty: none",
        "npz.attention_share_*": "(steps, layers, phrases) float32 share of attention, of image *",
        "npz.heat_maps_*": "(phrases, height, width) float32 at latent size: the mean share of attention over steps, "
        "layers (the middle block's left out) and heads; at each position about 1 in all",
    }

    def of_image(self, item: int) -> tuple[dict[str, Any], Arrays]:
        attention, image = self.watched.attention, self.watched.images[item]
        table, maps = attention.share_table(item), attention.heat_maps(item, self.watched.latent_size)
        per_step, fixed = attention.kept_bytes()
        pairs = list(combinations(range(1 + len(image.styles)), 2))
        measured = {
            "phrases": list(image.phrases),
            "tokens": [list(tokens) for tokens in image.tokens],
            "layers": [layer.name for layer in attention.layers],
            "share_by_step": rounded(table.mean(1)),
            "share_by_layer": rounded(table.mean(0)),
            "share": rounded(table.mean((0, 1))),
            "token_share": attention.token_shares(item),
            "heat_map_peak": round(float(maps.max()), 6),
            "map_pairs": [list(pair) for pair in pairs],
            "map_correlation": [_correlation(maps[a], maps[b]) for a, b in pairs],
            "kept_bytes_per_step": per_step,
            "kept_bytes_fixed": fixed,
            "waiting_bytes_peak": attention.waiting_bytes_peak,
            "negative_prompt": image.negative_prompt,
        }
        return {"attention": measured}, {"attention_share": table.numpy(), "heat_maps": maps.numpy()}

    @classmethod
    def facts(cls, measurements: Mapping[str, Any]) -> Iterator[Fact]:
        image = first_image(measurements)
        if attention := image.get("attention"):
            styles = image["styles"]
            yield _overall(attention, styles)
            if len(styles) > 1:
                yield _early_and_late(attention, styles)
            for column, style in enumerate(styles, 1):  # the subject's column comes first
                yield _best_layers(attention, column, style)
            yield from _alike(attention)
            if attention.get("negative_prompt"):
                text = "Only the passes with the prompt are traced: where the negative prompt acted is not measured."
                yield Fact("attention", text, BY_STEP)

    @classmethod
    def figures(cls, measurements: Mapping[str, Any]) -> Iterator[Figure]:
        image = first_image(measurements)
        if not (attention := image.get("attention")):
            return
        phrases, of = attention["phrases"], dict(zip(attention["phrases"], attention["share"], strict=True))
        columns = range(1 + len(image["styles"]))
        drawn = columns[1:] or columns  # the subject's line would flatten the styles'
        yield Figure(
            id=BY_STEP,
            title="Attention on each phrase, step by step",
            kind="lines",
            along=list(range(1, len(attention["share_by_step"]) + 1)),
            along_title="denoising step",
            names=[phrases[n] for n in drawn],
            rows=[[row[n] for n in drawn] for row in attention["share_by_step"]],
            measure="share of attention",
            percent=True,
            shows="the share of cross-attention that each phrase got at each step, over all layers and positions. "
            f"Of all of it, {of['subject']:.0%} went to the subject and {sum(of[mark] for mark in MARKS):.0%} to "
            "start, end and padding tokens.",
            does_not_show="that attention caused anything: it says where the model looked, not what it did with it.",
        )
        yield Figure(
            id=BY_LAYER,
            title="Which layers listened to which phrase",
            kind="table",
            along=attention["layers"],
            along_title="layer",
            names=[phrases[n] for n in columns],
            rows=[[row[n] for n in columns] for row in attention["share_by_layer"]],
            measure="share of attention",
            percent=True,
            shows="the share of attention on each phrase in each cross-attention layer, over all steps; the layers in "
            "the order in which they work.",
            does_not_show="how much a layer matters for the image; a layer can look long and change little.",
        )
        if pairs := attention.get("map_pairs"):
            yield Figure(
                id=MAPS,
                title="Do the phrases look at the same place?",
                kind="bars",
                along=[f"{phrases[a]} and {phrases[b]}" for a, b in pairs],
                along_title="phrases",
                names=("correlation of their heat maps",),
                rows=[[value] for value in attention["map_correlation"]],
                measure="correlation, 1 is the same place",
                shows="how alike two phrases' heat maps are over the positions of the picture.",
                does_not_show="how much either was looked at.",
            )


def _overall(attention: Mapping[str, Any], styles: Sequence[str]) -> Fact:
    of = dict(zip(attention["phrases"], attention["share"], strict=True))
    on_styles = attention["share"][1 : 1 + len(styles)]
    marks = sum(of[mark] for mark in MARKS)
    text = (
        f"Of the cross-attention, {listed(styles, on_styles)}{', ' if styles else ''}{of['subject']:.1%} went to the "
        f"subject and {marks:.1%} to start, end and padding tokens."
    )
    return Fact("attention", text, BY_STEP, {**dict(zip(styles, on_styles, strict=True)), "marks": marks})


def _early_and_late(attention: Mapping[str, Any], styles: Sequence[str]) -> Fact:
    early, _, late = (row[1 : 1 + len(styles)] for row in thirds(attention["share_by_step"]))
    first, last = (max(zip(row, styles, strict=True))[1] for row in (early, late))
    text = (
        f'Attention in the first third of the steps: {listed(styles, early)} (most on "{first}"); '
        f'in the last third: {listed(styles, late)} (most on "{last}").'
    )
    return Fact("steps", text, BY_STEP)


def _best_layers(attention: Mapping[str, Any], column: int, style: str) -> Fact:
    ranked = sorted(zip((row[column] for row in attention["share_by_layer"]), attention["layers"], strict=True))
    best = ", ".join(f"{name} ({share:.1%})" for share, name in ranked[: -LAYERS_TOLD - 1 : -1])
    return Fact("layers", f'The layers that listened most to "{style}": {best}.', BY_LAYER)


def _alike(attention: Mapping[str, Any]) -> Iterator[Fact]:
    """Say which phrases' heat maps show the same place."""
    phrases = attention["phrases"]
    for (a, b), value in zip(attention.get("map_pairs", ()), attention.get("map_correlation", ()), strict=True):
        if value is not None and value >= ALIKE:
            whose = f'The heat maps of "{phrases[b]}" and of '
            if a == 0:
                text = f"{whose}the subject are alike (correlation {value:.2f}): the style has no place of its own."
            else:
                text = f'{whose}"{phrases[a]}" are alike (correlation {value:.2f}): neither has a place of its own.'
            yield Fact("maps", text, MAPS, {"correlation": value})


def _correlation(first: torch.Tensor, second: torch.Tensor) -> float | None:
    a, b = (m.flatten().double() - m.double().mean() for m in (first, second))
    lengths = float(a.norm() * b.norm())
    return round(float(a @ b) / lengths, 6) if lengths > 1e-12 else None
