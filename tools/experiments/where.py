"""Which part of the picture did each phrase have?

It compares the phrases' heat maps of cross-attention over a few seeds: how alike they are, and how far each is gathered
in one place. A map says where the model looked for a phrase, not what it painted there.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from PIL import Image
from pydantic import Field

from tools.blend.requests import METHODS
from tools.experiments.base import Experiment, ExperimentArguments, Plan, Render
from tools.experiments.findings import Findings
from tools.experiments.sheet import draw_sheet
from tools.trace.facts import Fact, Figure

ALIKE = 0.8
"""Two maps whose correlation is at least this are told as alike."""
TOP = 0.25
GATHERED = 1 / 3
"""A map is gathered where this share of it lies in the quarter of the positions that have most; an even one has .25."""
MARKS = ("start", "end", "padding")


class WhereArguments(ExperimentArguments):
    method: str = Field("prompt", description=f"how the styles are blended: {', '.join(METHODS)}")
    seeds: int = Field(4, ge=1, le=24, description="how many seeds, from the first one on")


class Where(Experiment[WhereArguments]):
    name = "where"
    question = "Which part of the picture did each phrase have?"
    arguments = WhereArguments
    schema: ClassVar[Mapping[str, str]] = {
        "subject": "what is drawn",
        "styles": "the styles that were rendered",
        "phrases": "the subject, then the styles: the rows and columns below",
        "seeds": "(seeds) the seeds; what is below is the mean over them",
        "alike": "(phrases, phrases) Pearson correlation of two phrases' heat maps over positions, -1..1; null where a "
        "map is even to the last digit",
        "gathered": "(phrases) share of the phrase's attention that lies in the quarter of the positions that have "
        "most of it, 0.25 where it is even",
        "centre": "(phrases, 2) centre of what the map has above its mean: x from the left and y from the top, 0..1",
        "share": "(phrases) the phrase's share of attention, 0..1",
        "marks.*": "the share of attention on start, end and padding tokens, 0..1, and on other words",
    }

    def plan(self, arguments: WhereArguments) -> Plan:
        if not any(style.weight > 0 for style in arguments.styles):
            arguments.request()  # says so
        return {f"seed {seed}": arguments.request(seed=seed) for seed in arguments.seeds_from(arguments.seeds)}

    def measure(self, arguments: WhereArguments, renders: Mapping[str, Render]) -> dict[str, Any]:
        pictures = list(renders.values())
        if any("attention" not in one.measured for one in pictures):
            raise ValueError(f"this image model's attention cannot be measured: {pictures[0].batch.get('not_traced')}.")
        styles = list(pictures[0].measured["styles"])
        n = 1 + len(styles)
        maps = [one.arrays["heat_maps"][:n].reshape(n, -1).astype(np.float64) for one in pictures]
        size = pictures[0].arrays["heat_maps"].shape[1:]
        shares = [dict(zip(_columns(one), one.measured["attention"]["share"], strict=True)) for one in pictures]
        return {
            "subject": pictures[0].request.subject,
            "styles": styles,
            "phrases": [str(pictures[0].request.subject), *styles],
            "seeds": [one.request.seed for one in pictures],
            "alike": _correlations(maps),
            "gathered": _rounded(np.mean([_in_the_top(one) for one in maps], 0)),
            "centre": [_rounded(row) for row in np.mean([_centres(one, size) for one in maps], 0)],
            "share": _rounded(np.mean([[share[column] for column in range(n)] for share in shares], 0)),
            "marks": {
                name: round(float(np.mean([share[name] for share in shares])), 6) for name in (*MARKS, "other words")
            },
        }

    def read(self, measured: Mapping[str, Any]) -> Findings:
        return Findings(_verdict(measured), _facts(measured), _figures(measured))

    def draw(
        self, arguments: WhereArguments, renders: Mapping[str, Render], findings: Findings, basis: str
    ) -> Image.Image:
        pictures: dict[str, Image.Image] = {}
        phrases = findings.figures[1].along
        for label, one in renders.items():
            pictures[label] = one.image
            for number, phrase in enumerate(phrases):
                pictures[f'{label}: "{phrase}"'] = overlay(one.image, one.arrays["heat_maps"][number])
        return draw_sheet(self.question, pictures, findings, basis, columns=1 + len(phrases))


def overlay(image: Image.Image, heat_map: np.ndarray) -> Image.Image:
    """A picture that is bright where a heat map has much and dark where it has little, on the map's own range.

    Args:
        image: The picture.
        heat_map: (height, width) at latent size.
    """
    low, high = float(heat_map.min()), float(heat_map.max())
    light = (heat_map - low) / (high - low) if high > low else np.ones_like(heat_map)
    scaled = Image.fromarray(np.uint8(np.round(255 * light))).resize(image.size, Image.Resampling.BICUBIC)
    strength = 0.15 + 0.85 * np.asarray(scaled, dtype=np.float32)[..., None] / 255
    return Image.fromarray(np.uint8(np.asarray(image.convert("RGB")) * strength))


def most_like(measured: Mapping[str, Any], style: int) -> tuple[str | None, float]:
    """The other phrase whose map is most like a style's, and how like; None where no map can be compared.

    Args:
        measured: As `Where.schema` describes it.
        style: Its number among the phrases.
    """
    others = [
        (value, name)
        for number, (value, name) in enumerate(zip(measured["alike"][style], measured["phrases"], strict=True))
        if number != style and value is not None
    ]
    best = max(others, default=None)
    return (best[1], best[0]) if best else (None, 0.0)


def _verdict(measured: Mapping[str, Any]) -> str:
    places = [_place(measured, number) for number in range(1, len(measured["phrases"]))]
    marks, phrases = sum(measured["marks"][name] for name in MARKS), sum(measured["share"])
    return (
        f"{'; '.join(places)}. Start, end and padding tokens had {marks:.0%} of the attention, all phrases together "
        f"{phrases:.0%}."
    )


def _place(measured: Mapping[str, Any], style: int) -> str:
    """Say whether a style has a place of its own."""
    name, gathered = f'"{measured["phrases"][style]}"', measured["gathered"][style]
    other, alike = most_like(measured, style)
    if other is not None and alike >= ALIKE:
        return f'{name} has no place of its own: its map is like that of "{other}", by {alike:.2f} of 1'
    if gathered < GATHERED:
        return f"{name} has no place of its own: the quarter that has most of its attention holds {gathered:.0%} of it"
    return f"{name} has a place of its own, about {_words(*measured['centre'][style])}"


def _facts(measured: Mapping[str, Any]) -> tuple[Fact, ...]:
    phrases, marks = measured["phrases"], measured["marks"]
    found = []
    for number in range(len(phrases)):
        x, y = measured["centre"][number]
        text = (
            f'"{phrases[number]}" had {measured["share"][number]:.1%} of the attention; the quarter of the positions '
            f"that had most of it held {measured['gathered'][number]:.0%} (25% if it lay evenly), about {_words(x, y)}."
        )
        numbers = {"share": measured["share"][number], "gathered": measured["gathered"][number]}
        found.append(Fact("where", text, "where.gathered", numbers))
    for a in range(len(phrases)):
        for b in range(a + 1, len(phrases)):
            value = measured["alike"][a][b]
            if value is None:
                text = f'The maps of "{phrases[a]}" and "{phrases[b]}" cannot be compared: one of them is even.'
                found.append(Fact("where", text, "where.alike"))
            else:
                text = f'The maps of "{phrases[a]}" and "{phrases[b]}" are alike by {value:.2f}: 1 is the same.'
                found.append(Fact("where", text, "where.alike", {"alike": value}))
    text = (
        f"Start tokens had {marks['start']:.1%} of the attention, end tokens {marks['end']:.1%}, padding "
        f"{marks['padding']:.1%}, other words {marks['other words']:.1%}: start, end and padding "
        f"{sum(marks[name] for name in MARKS):.0%} together, all phrases {sum(measured['share']):.0%}."
    )
    found.append(Fact("where", text, "where.share", {f"{name} tokens": marks[name] for name in MARKS}))
    return tuple(found)


def _figures(measured: Mapping[str, Any]) -> tuple[Figure, ...]:
    phrases, marks = measured["phrases"], measured["marks"]
    return (
        Figure(
            "where.alike", "How alike the phrases' maps are", "table", phrases, "phrase", phrases, measured["alike"],
            "correlation over the positions, 1 is the same map", "how alike two phrases' heat maps are.",
            "what the model painted there: a map says where it looked.",
        ),
        Figure(
            "where.gathered", "How far each phrase's attention is gathered", "bars", phrases, "phrase",
            ("in the quarter that has most of it",), [(value,) for value in measured["gathered"]],
            "share of the phrase's attention; 25% if it lay evenly",
            "how much of a phrase's attention lies in the quarter of the picture that has most of it.",
            "where that quarter is.", percent=True,
        ),
        Figure(
            "where.share", "What attention was spent on", "bars", [*phrases, *marks], "token",
            ("share of cross-attention",), [(value,) for value in (*measured["share"], *marks.values())],
            "share of cross-attention", "the share of attention on each phrase, and on tokens that are no words.",
            "what the model did with it: padding tokens can carry the prompt's meaning, too.", percent=True,
        ),
    )  # fmt: skip


def _columns(one: Render) -> list[Any]:
    """What the columns of a picture's attention are: numbers for subject and styles, names for the rest."""
    phrases = one.measured["attention"]["phrases"]
    n = 1 + len(one.measured["styles"])
    return [*range(n), *phrases[n:]]


def _correlations(maps: Sequence[np.ndarray]) -> list[list[float | None]]:
    n = len(maps[0])
    found: list[list[float | None]] = [[None] * n for _ in range(n)]
    for a in range(n):
        for b in range(n):
            if all(one[a].std() > 0 and one[b].std() > 0 for one in maps):
                found[a][b] = round(float(np.mean([np.corrcoef(one[a], one[b])[0, 1] for one in maps])), 6)
    return found


def _in_the_top(maps: np.ndarray) -> np.ndarray:
    """Of each map (phrases, positions), the share in its top quarter of positions."""
    ranked = np.sort(maps, 1)[:, ::-1]
    top = ranked[:, : max(1, round(TOP * maps.shape[1]))].sum(1)
    return np.asarray(top / np.maximum(maps.sum(1), 1e-12))


def _centres(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Of each map (phrases, positions), the centre (x, y) of what lies above its mean; the middle if nothing does."""
    above = np.maximum(maps - maps.mean(1, keepdims=True), 0).reshape(len(maps), *size)
    total = np.maximum(above.sum((1, 2)), 1e-12)
    y, x = ((np.arange(n) + 0.5) / n for n in size)
    found = np.stack([(above.sum(1) * x).sum(1) / total, (above.sum(2) * y).sum(1) / total], 1)
    return np.where(above.sum((1, 2))[:, None] > 0, found, 0.5)


def _words(x: float, y: float) -> str:
    across = "left" if x < 0.4 else "right" if x > 0.6 else ""
    down = "upper" if y < 0.4 else "lower" if y > 0.6 else ""
    if not across and not down:
        return "the middle"
    return f"the {down} {across}".replace("  ", " ").strip() if across and down else f"the {down or across} part"


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 6) for value in values]
