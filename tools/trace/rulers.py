"""Which style ruled each step, where the styles take turns: the one whose pass was the only one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from tools.trace.facts import Fact, Figure
from tools.trace.measure import Arrays, Measure, Watched, first_image
from tools.trace.passes import StepPrediction

FIGURE = "ruling_style_by_step"
MAX_RUNS_TOLD = 8


class Rulers(Measure):
    name = "rulers"
    schema: ClassVar[Mapping[str, str]] = {
        "images.ruling_style_by_step": "(steps) which style was used, as an index into styles; null where all always "
        "were",
    }

    def __init__(self, watched: Watched) -> None:
        super().__init__(watched)
        self.ran: list[list[int]] = [[] for _ in watched.images]  # by image, the passes that ran, step after step

    def observe(self, step: StepPrediction) -> None:
        for image, number, _ in step.rows:
            self.ran[image].append(number)

    def of_image(self, item: int) -> tuple[dict[str, Any], Arrays]:
        take_turns = len(self.watched.images[item].passes) > 1 and len(self.ran[item]) == len(self.watched.timesteps)
        return {"ruling_style_by_step": list(self.ran[item]) if take_turns else None}, {}

    @classmethod
    def facts(cls, measurements: Mapping[str, Any]) -> Iterator[Fact]:
        image = first_image(measurements)
        rulers = image.get("ruling_style_by_step")
        if rulers is None:
            return
        styles = image["styles"]
        numbers = {style: float(rulers.count(number)) for number, style in enumerate(styles)}
        yield Fact("rulers", _who_ruled(rulers, styles), FIGURE, numbers)

    @classmethod
    def figures(cls, measurements: Mapping[str, Any]) -> Iterator[Figure]:
        image = first_image(measurements)
        if (rulers := image.get("ruling_style_by_step")) is not None:
            yield Figure(
                id=FIGURE,
                title="Which style ruled when",
                kind="turns",
                along=[str(step) for step in range(1, len(rulers) + 1)],
                along_title="denoising step",
                names=image["styles"],
                rows=[[1.0 if ruler == style else None for style in range(len(image["styles"]))] for ruler in rulers],
                measure="1 where the style ruled",
                shows="the style that the prediction was made with at each step.",
                does_not_show="how much of it is left in the image: early steps settle the layout, late ones the "
                "texture.",
            )


def _who_ruled(rulers: Sequence[int], styles: Sequence[str]) -> str:
    runs: list[list[int]] = []  # style, first step, last step
    for step, style in enumerate(rulers, 1):
        if runs and runs[-1][0] == style:
            runs[-1][2] = step
        else:
            runs.append([style, step, step])
    said = [f'"{styles[s]}" {a}' if a == b else f'"{styles[s]}" {a} to {b}' for s, a, b in runs[:MAX_RUNS_TOLD]]
    more = ", and so on" if len(runs) > MAX_RUNS_TOLD else ""
    idle = [f'"{style}"' for number, style in enumerate(styles) if number not in rulers]
    none = f" None went to {' and '.join(idle)}: this is the picture without it." if idle else ""
    return f"Steps ruled: {', '.join(said)}{more}, of {len(rulers)}.{none}"
