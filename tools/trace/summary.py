"""Measurements in sentences: what an agent can say about a run, each with the figure that shows it."""

from collections.abc import Sequence
from typing import Any

from tools.trace.facts import Fact
from tools.trace.facts import listed as _listed


def facts_of(measurements: dict[str, Any]) -> tuple[Fact, ...]:
    """Say what was measured in a traced render of one image."""
    image = measurements["images"][0]
    found: list[Fact] = []
    if "reference" in measurements:
        found += _reference_facts(measurements["reference"])
    if "attention" in image:
        found += _attention_facts(image["attention"], image["styles"])
    if "noise" in image:
        found += _noise_facts(image["noise"], image["styles"])
    if image.get("ruling_style_by_step") is not None:
        found.append(_ruler_fact(image["ruling_style_by_step"], image["styles"]))
    if "embedding_split" in image:
        shares = _mean(image["embedding_split"]["output_share_by_step"])
        parts = _listed(image["styles"], shares)
        found.append(Fact("split", f"Of what cross-attention added, {parts}.", "embedding_split.output_share_by_step"))
    for one in image.get("left_out", ()):
        text = (
            f'Without "{one["left_out"]}" the same seed gives an image at SSIM {one["ssim"]:.2f} to this one '
            f"(1 is the same), its latents {one['latent']:.0%} away."
        )
        found.append(Fact("left_out", text, "left_out"))
    if "seen_by_model" in image:
        seen = image["seen_by_model"]
        text = f"In the finished image the model itself sees {_listed(seen['styles'], seen['probability'])}."
        found.append(Fact("seen", text, "seen_by_model.probability"))
    if "parameters" in measurements:
        parameters = measurements["parameters"]
        moved = "the same" if parameters["unchanged"] else "NOT the same"
        text = (
            f"The model's parameters are {moved} before and after: SHA-256 {parameters['sha256_before'][:12]}, "
            f"{parameters['sha256_after'][:12]}."
        )
        found.append(Fact("parameters", text, "parameters"))
    return tuple(found)


def _attention_facts(attention: dict[str, Any], styles: Sequence[str]) -> list[Fact]:
    first = 1  # the subject's column comes first, then the styles'
    columns = range(first, first + len(styles))
    overall = [attention["share"][c] for c in columns]
    rest = dict(zip(attention["phrases"], attention["share"], strict=True))
    marks = rest["start"] + rest["end"] + rest["padding"]
    on_styles = f"{_listed(styles, overall)}, " if styles else ""
    text = (
        f"Of the cross-attention, {on_styles}{rest['subject']:.1%} went to the subject "
        f"and {marks:.1%} to start, end and padding tokens."
    )
    found = [Fact("attention", text, "attention.share")]
    thirds = _thirds(attention["share_by_step"])
    said = [_listed(styles, [row[c] for c in columns]) for row in thirds]
    if len(styles) > 1:
        winners = [max(zip((row[c] for c in columns), styles, strict=True))[1] for row in thirds]
        text = (
            f'Attention in the first third of the steps: {said[0]} (most on "{winners[0]}"); '
            f'in the last third: {said[2]} (most on "{winners[2]}").'
        )
        found.append(Fact("steps", text, "attention.share_by_step"))
    for column, style in zip(columns, styles, strict=True):
        ranked = sorted(zip((row[column] for row in attention["share_by_layer"]), attention["layers"], strict=True))
        best = ", ".join(f"{name} ({share:.1%})" for share, name in ranked[:-4:-1])
        found.append(Fact("layers", f'The layers that listened most to "{style}": {best}.', "attention.share_by_layer"))
    return found


def _reference_facts(reference: dict[str, Any]) -> list[Fact]:
    layers, moved = reference["layers"], reference["moved"]
    names = ", ".join(_short(name) for name in layers)
    where = ", in the passes with the prompt" if reference["conditions"]["emphasis"] == 1 else ""
    text = (
        f"The keys and values of {len(layers)} self-attention layers were swapped for the reference's{where}: {names}."
    )
    found = [Fact("reference", text, "reference.layers")]
    if moved:
        ranked = sorted(zip(moved, layers, strict=True), reverse=True)
        listed = ", ".join(f"{_short(name)} by {value:.0%}" for value, name in ranked)
        found.append(
            Fact("reference", f"The swap moved each layer's output: {listed} of its length.", "reference.moved")
        )
    if "without" in reference:
        away = reference["without"]
        text = (
            f"With the swap off the same seed gives an image at SSIM {away['ssim']:.2f} to this one (1 is the same), "
            f"its latents {away['latent']:.0%} away."
        )
        found.append(Fact("reference", text, "reference.without"))
    for one in reference.get("judged", ()):
        text = (
            f'Judges trained on drawn scenes see "{one["style"]}" in the reference ({one["in_reference"]:.0%}), in '
            f"this image {one['in_image']:.0%}, with the swap off {one['without_reference']:.0%}."
        )
        found.append(Fact("reference", text, "reference.judged"))
    return found


def _short(layer: str) -> str:
    """A layer's name without what all of them have: up_blocks.3.attentions.0."""
    return layer.removesuffix(".transformer_blocks.0.attn1")


def _noise_facts(noise: dict[str, Any], styles: Sequence[str]) -> list[Fact]:
    thirds = [[value / sum(row) for value in row] for row in _thirds(noise["contribution_by_step"])]
    cosine = _mean(noise["cosine_by_step"])[0]
    text = (
        f"Of the pull on the noise prediction, {_listed(styles, noise['contribution_share'])}; in the first third of "
        f"the steps {_listed(styles, thirds[0])}, in the last third {_listed(styles, thirds[2])}."
    )
    direction = f"The first two styles' pulls point the same way by a cosine of {cosine:.2f} (1 is the same direction)."
    return [
        Fact("noise", text, "noise.contribution_by_step"),
        Fact("noise", direction, "noise.cosine_by_step"),
    ]


def _ruler_fact(rulers: Sequence[int], styles: Sequence[str]) -> Fact:
    runs: list[list[int]] = []  # style, first step, last step
    for step, style in enumerate(rulers, 1):
        if runs and runs[-1][0] == style:
            runs[-1][2] = step
        else:
            runs.append([style, step, step])
    said = [f'"{styles[s]}" {a}' if a == b else f'"{styles[s]}" {a} to {b}' for s, a, b in runs[:8]]
    more = ", and so on" if len(runs) > 8 else ""
    return Fact("rulers", f"Steps ruled: {', '.join(said)}{more}, of {len(rulers)}.", "ruling_style_by_step")


def _thirds(rows: Sequence[Sequence[float]]) -> list[list[float]]:
    """The mean of the first, the middle and the last third of the steps."""
    size = max(1, len(rows) // 3)
    middle = rows[size:-size] or rows
    return [_mean(rows[:size]), _mean(middle), _mean(rows[-size:])]


def _mean(rows: Sequence[Sequence[float]]) -> list[float]:
    return [sum(column) / len(rows) for column in zip(*rows, strict=True)]
