"""What a stress run found out, in words: a verdict of one to three sentences, the facts that it rests on, and figures.

Every number of the verdict is a fact's. It knows nothing about how the pictures were made.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tools.experiments.findings import Findings
from tools.style_augmentation.classifiers import CLASSIFIERS, OBJECT
from tools.style_augmentation.evidence import Map
from tools.style_augmentation.stress import Answers, Stressed
from tools.trace.facts import Fact, Figure

PROBABILITY, CHANGED, ON_OBJECT, MAPS = "stress.probability", "stress.changed", "stress.on_object", "stress.maps"
RECONSTRUCTION = (
    "A reconstruction from a description in words, which names no formula, no network and no strength: the linear map "
    "of patches, the strengths, the classifiers and the split into shift and spread are Undertone's own."
)
ROWS, COLUMNS = ("upper", "middle", "lower"), ("left", "centre", "right")


def findings_of(stressed: Stressed) -> Findings:
    """Say what was found."""
    facts = tuple(_facts(stressed))
    said = {fact.topic: fact for fact in facts}
    if not any(stressed.request.alphas):  # nothing was restyled
        told = [said[topic].text for topic in ("answer", "on_object") if topic in said]
        return Findings(" ".join(told), facts, tuple(_figures(stressed)))
    sentences = [_verdict(stressed), said["on_object"].text if "on_object" in said else said["moved"].text]
    if "classifiers" in said:
        sentences.append(said["classifiers"].text)
    return Findings(" ".join(sentences), facts, tuple(_figures(stressed)))


def called(question: str, answer: str) -> str:
    """An answer in a sentence: an object with its article, anything else in quotation marks."""
    if question != OBJECT:
        return f"“{answer}”"
    return f"{'an' if answer[0] in 'aeiou' else 'a'} {answer}"


def who(name: str) -> str:
    return "the judges" if name == "judges" else f"the classifier “{name}”"


def first_flips(stressed: Stressed, answers: Answers) -> list[tuple[str, float, str]]:
    """Where the answer changes first: every style that changes it at the least strength that any does.

    Returns:
        (style, alpha, the answer there), empty where nothing changes it.
    """
    alphas, styles = np.array(stressed.request.alphas), stressed.request.styles
    flipped = answers.flips
    if not flipped.any():
        return []
    least = alphas[flipped.any(0)].min()
    column = int(np.flatnonzero(alphas == least)[0])
    return [
        (styles[row], float(least), answers.answers[answers.given[row, column]])
        for row in np.flatnonzero(flipped[:, column])
    ]


def _verdict(stressed: Stressed) -> str:
    question, answers = stressed.request.question, stressed.asked
    first = called(question, answers.answers[answers.first])
    total, changed = answers.flips.size, int(answers.flips.sum())
    if not changed:
        return f"It stays {first} for {who(answers.classifier)} in all {total} restyled pictures."
    flips = first_flips(stressed, answers)
    style, alpha, now = flips[0]
    return (
        f"It stops being {first} for {who(answers.classifier)} at {alpha:.0%} {style}, where the answer is "
        f"{called(question, now)}; of {total} restyled pictures {changed} get another answer."
    )


def _facts(stressed: Stressed) -> Iterator[Fact]:
    request, answers = stressed.request, stressed.asked
    first = called(request.question, answers.answers[answers.first])
    sure, total, changed = float(answers.probabilities[0].max()), answers.flips.size, int(answers.flips.sum())
    text = (
        f"On the picture itself the answer of {who(answers.classifier)} is {first}, with a probability of {sure:.0%}."
    )
    yield Fact("answer", text, PROBABILITY, {"probability": sure})
    truth = stressed.subject.truth(request.question)
    if truth is not None and truth != answers.answers[answers.first]:
        yield Fact("truth", f"That is wrong: it was drawn as {called(request.question, truth)}.", PROBABILITY)
    text = f"Of {total} restyled pictures {changed} get another answer."
    yield Fact("flip", text, PROBABILITY, {"changed": changed, "pictures": total})
    for style, alpha, now in first_flips(stressed, answers):
        text = f"The first change is at {alpha:.0%} {style}: {called(request.question, now)}."
        yield Fact("first_flip", text, PROBABILITY, {"alpha": alpha})
    yield from _of_styles(stressed)
    yield _moved(answers)
    if (mask := stressed.subject.mask) is not None:
        yield from _of_object(answers, mask, first)
    if len(stressed.answers) > 1:
        others = {name: int(one.flips.sum()) for name, one in stressed.answers.items() if name != request.classifier}
        said = ", ".join(f"“{name}” to {count}" for name, count in others.items())
        yield Fact("classifiers", f"The others give another answer: {said} of the same pictures.", CHANGED, others)


def _of_styles(stressed: Stressed) -> Iterator[Fact]:
    """How far each style takes the first answer's probability at its full strength."""
    request, answers = stressed.request, stressed.asked
    strongest = int(np.argmax(request.alphas))
    for row, style in enumerate(request.styles):
        left, alpha = float(answers.kept[row, strongest]), request.alphas[strongest]
        count = int(answers.flips[row].sum())
        of = f"{count} of {answers.flips.shape[1]} strengths"
        text = f"At {alpha:.0%} {style} the first answer keeps a probability of {left:.0%}; it is lost at {of}."
        yield Fact("style", text, PROBABILITY, {"probability": left, "alpha": alpha, "changed": count})


def _moved(answers: Answers) -> Fact:
    """Where the evidence moves, and whether it moves one way or differs between styles."""
    maps = answers.maps
    shift, spread = float(maps.shift.mean()), float(maps.spread.mean())
    if shift + spread == 0:
        return Fact("moved", "The evidence does not move.", MAPS, {"shift": 0.0, "spread": 0.0})
    row, column = np.unravel_index(int(maps.total.argmax()), maps.total.shape)
    height, width = maps.total.shape
    where = f"{ROWS[min(2, int(row) * 3 // height)]} {COLUMNS[min(2, int(column) * 3 // width)]}"
    text = f"Over the restyled pictures the evidence moves most at the {where}"
    if answers.flips.size > 1:
        how = "one way in all of them" if shift > spread else "differently from one to the next"
        text += f", and mostly {how}: of the movement {shift / (shift + spread):.0%} is a common shift"
    text += "."
    return Fact("moved", text, MAPS, {"shift": shift, "spread": spread, "share": shift / (shift + spread)})


def _of_object(answers: Answers, mask: Map, first: str) -> Iterator[Fact]:
    before, after = answers.on_object(mask)
    if before is None:
        return
    area = float(mask.mean())
    flat = [share for row in after for share in row if share is not None]
    text = (
        f"On the picture itself {before:.0%} of the evidence for {first} lay on the object, which covers {area:.0%} of "
        f"it; in the restyled ones {float(np.mean(flat)):.0%} on the average."
    )
    yield Fact("on_object", text, ON_OBJECT, {"before": before, "area": area, "after": float(np.mean(flat))})


def _figures(stressed: Stressed) -> Iterator[Figure]:
    request, answers = stressed.request, stressed.asked
    first = answers.answers[answers.first]
    order = np.argsort(request.alphas)
    before = float(answers.probabilities[0, answers.first])
    beginning = [] if 0.0 in request.alphas else [[before] * len(request.styles)]
    rows = beginning + [[float(p) for p in answers.kept[:, n]] for n in order]
    alphas = [0.0] * len(beginning) + [float(request.alphas[n]) for n in order]
    yield Figure(
        id=PROBABILITY,
        title=f"Probability of “{first}” as the style grows",
        kind="lines",
        along=alphas,
        along_title="alpha: 0 is the picture itself, 1 the style in full",
        names=list(request.styles),
        rows=rows,
        measure="probability",
        percent=True,
        shows=f"what {who(answers.classifier)} gave the answer to the picture itself, at each strength of each style.",
        does_not_show="which answer took its place, and what another network would say.",
    )
    yield Figure(
        id=CHANGED,
        title="How many of the same restyled pictures change each classifier's answer",
        kind="bars",
        along=list(stressed.answers),
        along_title="classifier",
        names=["changed answers"],
        rows=[[float(one.flips.mean())] for one in stressed.answers.values()],
        measure="share of the restyled pictures",
        percent=True,
        shows="; ".join(f"“{name}” learned from {CLASSIFIERS[name]}" for name in stressed.answers) + ".",
        does_not_show="whether the answer to the picture itself was right.",
    )
    yield Figure(
        id=MAPS,
        title="How much the evidence moves when the style does",
        kind="bars",
        along=["shift", "spread", "both (WSAM)"],
        along_title="part",
        names=["mean over the cells"],
        rows=[[float(part.mean())] for part in (answers.maps.shift, answers.maps.spread, answers.maps.total)],
        measure="squared difference of weighted evidence, 0..1",
        shows="the mean of each map: what moves one way under all styles, what depends on the style, and their sum.",
        does_not_show="where; the maps show that, on one scale.",
    )
    mask = stressed.subject.mask
    if mask is not None:
        _, after = answers.on_object(mask)
        yield Figure(
            id=ON_OBJECT,
            title="Share of the evidence on the object",
            kind="table",
            along=list(request.styles),
            along_title="style",
            names=[f"{alpha:.0%}" for alpha in request.alphas],
            rows=after,
            measure="share of the positive evidence",
            percent=True,
            shows="how much of what speaks for the first answer lies within the object's true outline.",
            does_not_show="whether it lies on the part by which a person would know it.",
        )
