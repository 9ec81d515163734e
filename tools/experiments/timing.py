"""When is the style of a picture decided, and when its content?

One style rules the first steps and another the rest, with the handover at several steps; then the same with the
subject, which is named in the first steps only. Where the answer turns is halved until it is known to a step.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from PIL import Image
from pydantic import Field

from tools.blend.requests import BlendRequest, WeightedStyle
from tools.experiments.base import Experiment, ExperimentArguments, Plan, Render
from tools.experiments.findings import Findings
from tools.experiments.sheet import draw_sheet
from tools.experiments.winners import styles_seen, subject_seen
from tools.models import ImageModel
from tools.trace.facts import Fact, Figure, Mark

SHOWN = 0.5
"""A picture shows its subject where that is at least this likely."""
STYLE, SUBJECT = "style", "subject"


class TimingArguments(ExperimentArguments):
    method: Literal["schedule"] = Field("schedule", description="one style, then the other")
    points: int = Field(6, ge=2, le=16, description="evenly spaced steps of the handover, before the halving begins")


class Timing(Experiment[TimingArguments]):
    name = "timing"
    question = "When is the style decided, and when the content?"
    arguments = TimingArguments
    max_rounds = 8  # halvings from the widest spacing, of two points at 150 steps, to one step
    schema: ClassVar[Mapping[str, str]] = {
        "styles": "the style that begins, and the one that it is handed over to",
        "subject": "what is drawn",
        "steps": "how many steps there are",
        "by": "who judged the styles: judges trained on drawn scenes, or the diffusion classifier",
        "subject_by": "who judged the subject",
        "style.handover": "(points) for how many of the first steps the first style rules; the second has the rest",
        "style.probability": "(points, styles) probability of each style, 0..1; the judges leave out other styles",
        "content.handover": "(points) for how many of the first steps the subject is named beside the first style",
        "content.probability": "(points) probability that the picture shows the subject, 0..1",
    }

    def plan(self, arguments: TimingArguments) -> Plan:
        arguments.two_styles()
        parts = range(arguments.points)
        steps = sorted({round(part * arguments.steps / (arguments.points - 1)) for part in parts})
        return _plan(arguments, [(STYLE, step) for step in steps] + [(SUBJECT, step) for step in steps[:-1]])

    def observe(self, arguments: TimingArguments, renders: Sequence[Render], model: ImageModel) -> list[dict[str, Any]]:
        styles, subject = styles_seen(arguments, renders, model), subject_seen(arguments, renders, model)
        return [{**a, **b} for a, b in zip(styles, subject, strict=True)]

    def refine(self, arguments: TimingArguments, renders: Mapping[str, Render]) -> Plan:
        asked = []
        for what, turned in ((STYLE, _first_rules), (SUBJECT, _is_shown)):
            series = _series(arguments, renders, what)
            said = [turned(one.observed) for one in series.values()]
            asked += [(what, (a + b) // 2) for a, b in _turns(list(series), said) if b - a > 1]
        return _plan(arguments, asked)

    def measure(self, arguments: TimingArguments, renders: Mapping[str, Render]) -> dict[str, Any]:
        style, subject = (_series(arguments, renders, what) for what in (STYLE, SUBJECT))
        first = next(iter(renders.values()))
        return {
            "styles": list(arguments.two_styles()),
            "subject": first.request.subject,
            "steps": _all_steps(first),
            "by": first.observed["judged_by"],
            "subject_by": first.observed["subject_judged_by"],
            "style": {
                "handover": [_handover(one) for one in style.values()],
                "probability": [one.observed["probability"] for one in style.values()],
            },
            "content": {
                "handover": [_handover(one) for one in subject.values()],
                "probability": [one.observed["subject"] for one in subject.values()],
            },
        }

    def read(self, measured: Mapping[str, Any]) -> Findings:
        style, content = turns_of_style(measured), turns_of_content(measured)
        verdict = f"{_when_style(measured, style)} {_when_content(measured, content)}"
        if _is_decided(measured, style, content):
            s, c = style[0][1], content[0][1]
            after = "Content is decided before style" if c < s else "Style is decided before content"
            verdict += f" {after}." if c != s else " Both are decided at the same step."
        return Findings(verdict, _facts(measured, style, content), _figures(measured, style, content))

    def draw(
        self, arguments: TimingArguments, renders: Mapping[str, Render], findings: Findings, basis: str
    ) -> Image.Image:
        ordered = [label for what in (STYLE, SUBJECT) for label in _labels(arguments, renders, what).values()]
        pictures = {label: renders[label].image for label in dict.fromkeys(ordered)}
        return draw_sheet(self.question, pictures, findings, basis)


def turns_of_style(measured: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Between which handovers the likelier style changes."""
    rows = measured["style"]["probability"]
    return _turns(measured["style"]["handover"], [_first_rules({"probability": row}) for row in rows])


def turns_of_content(measured: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Between which handovers the subject comes or goes."""
    values = measured["content"]["probability"]
    return _turns(measured["content"]["handover"], [_is_shown({"subject": value}) for value in values])


Turns = Sequence[tuple[int, int]]


def _when_style(measured: Mapping[str, Any], turns: Turns) -> str:
    (begins, ends), steps = measured["styles"], measured["steps"]
    last = _first_rules({"probability": measured["style"]["probability"][-1]})
    if not turns:
        always, other = (begins, ends) if last else (ends, begins)
        return f'"{always}" is the likelier style at every handover, even where "{other}" rules every step.'
    if len(turns) > 1:
        return (
            f"The likelier style changes {len(turns)} times with the step of the handover: no single step decides it."
        )
    ((a, b),) = turns
    if not last:
        return f'"{begins}" is the likelier style where it rules {a} of {steps} steps, and not where it rules {b}.'
    if b == steps:
        return f'The style is open to the end: for "{begins}" to be the likelier one {a} of {steps} steps are too few.'
    return (
        f'The style is decided by step {b} of {steps}: where "{begins}" rules the first {b} steps it is the likelier '
        f'one, where it rules only {a} "{ends}" is.'
    )


def _when_content(measured: Mapping[str, Any], turns: Turns) -> str:
    subject, steps = measured["subject"], measured["steps"]
    shown_last = _is_shown({"subject": measured["content"]["probability"][-1]})
    if not turns:
        nothing = "so that nothing says when content is decided"
        if shown_last:
            return f'"{subject}" is shown even where it is never named, {nothing}.'
        return f'"{subject}" is not shown even where it is named at every step, {nothing}.'
    if len(turns) > 1:
        return f'Whether "{subject}" is shown changes {len(turns)} times with the step: no single step decides it.'
    ((a, b),) = turns
    if not shown_last:
        return f'"{subject}" is shown where it is named for {a} of {steps} steps, and not where for {b}.'
    named = f"where it is named for {b} steps, not for {a}"
    return f'The content is decided by step {b} of {steps}: "{subject}" is shown {named}.'


def _is_decided(measured: Mapping[str, Any], style: Turns, content: Turns) -> bool:
    """Whether both turn once, and the right way."""
    rows, values = measured["style"]["probability"], measured["content"]["probability"]
    right_way = _first_rules({"probability": rows[-1]}) and _is_shown({"subject": values[-1]})
    return len(style) == len(content) == 1 and right_way


def _facts(measured: Mapping[str, Any], style: Turns, content: Turns) -> tuple[Fact, ...]:
    (begins, ends), steps, subject = measured["styles"], measured["steps"], measured["subject"]
    rows, values = measured["style"]["probability"], measured["content"]["probability"]
    found = []
    text = f"{_times('The likelier style', style, steps)}, by the {measured['by']}."
    found.append(Fact("timing", text, "timing.style", _places(style)))
    text = (
        f'The probability of "{begins}" is {rows[0][0]:.0%} where it rules no step and {rows[-1][0]:.0%} where it '
        f'rules all {steps}; that of "{ends}" is {rows[0][1]:.0%} and {rows[-1][1]:.0%}.'
    )
    found.append(Fact("timing", text, "timing.style", {"first": rows[-1][0], "second": rows[0][1]}))
    text = f'{_times(f"""Whether "{subject}" is shown""", content, steps)}, by the {measured["subject_by"]}.'
    found.append(Fact("timing", text, "timing.content", _places(content)))
    text = (
        f'The probability that "{subject}" is shown is {values[0]:.0%} where it is named at no step and '
        f"{values[-1]:.0%} where it is named at all {steps}."
    )
    found.append(Fact("timing", text, "timing.content", {"unnamed": values[0], "named": values[-1]}))
    return tuple(found)


def _times(what: str, turns: Turns, steps: int) -> str:
    where = " and ".join(f"{a} and {b}" for a, b in turns)
    if not turns:
        return f"{what} does not change with the step of the handover"
    times = f"{len(turns)} times, each time" if len(turns) > 1 else "once,"
    return f"{what} changes {times} between a handover after {where} of {steps} steps"


def _places(turns: Turns) -> dict[str, float]:
    return {f"turn_{number}": b for number, (_, b) in enumerate(turns, 1)}


def _figures(measured: Mapping[str, Any], style: Turns, content: Turns) -> tuple[Figure, ...]:
    (begins, _), subject = measured["styles"], measured["subject"]
    return (
        Figure(
            "timing.style", "Which style the picture is in", "lines", measured["style"]["handover"],
            f'for how many of {measured["steps"]} steps "{begins}" rules before the other style has the rest',
            measured["styles"], measured["style"]["probability"], f"probability, by {measured['by']}",
            "the probability of each style in the picture for each handover.", "other seeds: this is one.",
            percent=True, marks=tuple(Mark(a, b, "turns") for a, b in style),
        ),
        Figure(
            "timing.content", f'Whether the picture shows "{subject}"', "lines", measured["content"]["handover"],
            f"for how many of {measured['steps']} steps it is named", ("the subject",),
            [(value,) for value in measured["content"]["probability"]], f"probability, by {measured['subject_by']}",
            "the probability of the subject where it is named in the first steps only, beside one style.",
            "where in the picture it is, and how well it is drawn.",
            percent=True, marks=tuple(Mark(a, b, "turns") for a, b in content),
        ),
    )  # fmt: skip


def _plan(arguments: TimingArguments, asked: Sequence[tuple[str, int]]) -> Plan:
    begins, ends = arguments.two_styles()
    plan: dict[str, BlendRequest] = {}
    for what, step in asked:
        shares = (float(step), float(arguments.steps - step))
        if what == STYLE:
            texts, subject = (begins, ends), {}
        else:
            texts, subject = (f"{arguments.request().subject}, {begins}", begins), {"subject": None}
        styles = tuple(WeightedStyle(text, share) for text, share in zip(texts, shares, strict=True))
        plan[_label(arguments, what, step)] = arguments.request(styles, method="schedule", **subject)
    return plan


def _label(arguments: TimingArguments, what: str, step: int) -> str:
    begins, _ = arguments.two_styles()
    if what == STYLE:
        return f'"{begins}" for {step} of {arguments.steps} steps'
    return f"subject for {step} of {arguments.steps} steps"


def _labels(arguments: TimingArguments, renders: Mapping[str, Render], what: str) -> dict[int, str]:
    """The labels of one series by the step of the handover; where that is the last, both series are one picture."""
    steps = range(arguments.steps + 1)
    found = {step: _label(arguments, what if step < arguments.steps else STYLE, step) for step in steps}
    return {step: label for step, label in found.items() if label in renders}


def _series(arguments: TimingArguments, renders: Mapping[str, Render], what: str) -> dict[int, Render]:
    return {step: renders[label] for step, label in _labels(arguments, renders, what).items()}


def _handover(one: Render) -> int:
    """For how many steps the first of a picture's two prompts ruled; a scheduler can have more steps than asked for."""
    rulers = one.measured.get("ruling_style_by_step")
    return rulers.count(0) if rulers else round(one.request.shares[0] * _all_steps(one))


def _all_steps(one: Render) -> int:
    return len(one.batch.get("timesteps") or ()) or one.request.num_inference_steps


def _turns(steps: Sequence[int], said: Sequence[bool]) -> list[tuple[int, int]]:
    pairs = zip(steps, steps[1:], said, said[1:], strict=False)
    return [(a, b) for a, b, before, after in pairs if before != after]


def _first_rules(observed: Mapping[str, Any]) -> bool:
    """Whether the style that begins is the likelier one."""
    first, second = observed["probability"]
    return bool(first > second)


def _is_shown(observed: Mapping[str, Any]) -> bool:
    return bool(observed["subject"] >= SHOWN)
