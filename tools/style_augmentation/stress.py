"""A picture in several styles at several strengths, what classifiers answer, and where their evidence lies.

Every classifier that can be asked the question sees the same restyled pictures, so that they can be compared. It knows
nothing about files; `findings.py` says in words what was measured.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.studio.scenes import STYLES
from tools.style_augmentation.classifiers import JUDGES, OBJECT, Classifier, classifiers_of, load_classifier
from tools.style_augmentation.evidence import Map, Sensitivity, evidence, heat, sensitivity, share_within
from tools.style_augmentation.restyling import (
    Content,
    Picture,
    check_alpha,
    check_sigma,
    disturbed,
    patches_of,
    restyle,
    statistics_of,
)
from tools.style_augmentation.sources import Subject, flat_notes

DEFAULT_ALPHAS = (0.25, 0.5, 0.75, 1.0)
MAX_PICTURES = 64


@dataclass(frozen=True)
class StressRequest:
    """What to find out.

    Args:
        question: What the classifiers are asked: object, style, colour or setting.
        classifier: Whose answers the verdict is about; the others that can be asked are told beside it.
        styles: The names of the style pictures.
        alphas: Strengths, 0 the picture itself to 1 the style in full.
        sigma: Noise of the styles' statistics.
        seed: Of that noise.
    """

    question: str = OBJECT
    classifier: str = JUDGES
    styles: tuple[str, ...] = STYLES
    alphas: tuple[float, ...] = DEFAULT_ALPHAS
    sigma: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.classifier not in classifiers_of(self.question):
            load_classifier(self.classifier, self.question)  # which says why not
        for alpha in self.alphas:
            check_alpha(alpha)
        check_sigma(self.sigma)
        if not self.styles or not self.alphas:
            raise ValueError("there is nothing to restyle with: give at least one style and one alpha")
        for named, several in (("style", self.styles), ("alpha", self.alphas)):
            if len(set(several)) < len(several):
                raise ValueError(f"a {named} is given twice: {', '.join(map(str, several))}")
        if len(self.styles) * len(self.alphas) > MAX_PICTURES:
            count = len(self.styles) * len(self.alphas)
            raise ValueError(f"that would be {count} restyled pictures; {MAX_PICTURES} at most")

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "styles": list(self.styles), "alphas": list(self.alphas)}


@dataclass(frozen=True)
class Answers:
    """What one classifier made of a picture and its restyled ones; rows are styles, columns alphas.

    Args:
        answers: Those that it knows.
        first: Its answer to the picture itself, an index.
        given: (styles, alphas), its answers.
        probabilities: (1 + styles * alphas, answers), of the picture first.
        parts: (1 + styles * alphas, 8, 8), the logit of the first answer by cell.
        bias: What the logit has besides.
        weighted: (1 + styles * alphas, 8, 8), p H: the first answer's probability times its heat, 0..1.
    """

    classifier: str
    answers: tuple[str, ...]
    first: int
    given: npt.NDArray[np.int64]
    probabilities: Map
    parts: Map
    bias: float
    weighted: Map
    maps: Sensitivity

    @property
    def flips(self) -> npt.NDArray[np.bool_]:
        """(styles, alphas): where the answer is another than on the picture itself."""
        return np.asarray(self.given != self.first)

    @property
    def kept(self) -> Map:
        """(styles, alphas): the probability of the first answer."""
        return np.asarray(self.probabilities[1:, self.first].reshape(self.given.shape))

    @property
    def certain(self) -> Map:
        """(styles, alphas): the probability of the answer given."""
        return np.asarray(self.probabilities[1:].max(-1).reshape(self.given.shape))

    def on_object(self, mask: Map) -> tuple[float | None, list[list[float | None]]]:
        """Share of the positive evidence within a mask (8, 8): of the picture, and of each restyled one."""
        shares = [share_within(parts, mask) for parts in self.parts]
        columns = self.given.shape[1]
        return shares[0], [shares[1 + n : 1 + n + columns] for n in range(0, len(shares) - 1, columns)]


@dataclass(frozen=True)
class Stressed:
    """What was done, and what came of it.

    Args:
        style_pictures: By name, in the request's order.
        pictures: (styles, alphas, 128, 128, 3) uint8.
        answers: By classifier; the one that was asked about first.
        hashes: The SHA-256 of each classifier's weights.
        notes: What may not be as a person meant it, one sentence each.
    """

    request: StressRequest
    subject: Subject
    style_pictures: Mapping[str, Picture]
    pictures: Picture
    answers: Mapping[str, Answers]
    hashes: Mapping[str, str]
    notes: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def asked(self) -> Answers:
        return self.answers[self.request.classifier]


def restyled(request: StressRequest, subject: Subject, styles: Mapping[str, Picture]) -> Picture:
    """The picture in every style at every strength: (styles, alphas, 128, 128, 3).

    A style's noise is drawn by its name, so that neither its place nor another style changes it.
    """
    content, made = Content.of(subject.picture), []
    for name in request.styles:
        rng = np.random.default_rng((request.seed, zlib.crc32(name.encode())))
        style = disturbed(statistics_of(patches_of(styles[name] / 255.0)), request.sigma, rng)
        made.append(restyle(content, style, request.alphas))
    return np.stack(made)


def ask(classifier: Classifier, picture: Picture, pictures: Picture) -> Answers:
    """Ask a classifier about a picture and its restyled ones.

    Args:
        picture: (S, S, 3).
        pictures: (styles, alphas, S, S, 3); one that is the picture itself is not asked about again.
    """
    flat = pictures.reshape(-1, *picture.shape)
    changed = np.flatnonzero((flat != picture).any((1, 2, 3)))
    logits, features = classifier.look(np.concatenate([picture[None], flat[changed]]))
    first = int(logits[0].argmax())
    place = np.zeros(1 + len(flat), np.int64)
    place[1 + changed] = 1 + np.arange(len(changed))
    probabilities = logits.double().softmax(-1).numpy()[place]
    parts = evidence(classifier.head, features, first).double().numpy()[place]
    weighted = probabilities[:, first, None, None] * heat(parts)
    return Answers(
        classifier=classifier.name,
        answers=classifier.answers,
        first=first,
        given=probabilities[1:].argmax(-1).reshape(pictures.shape[:2]),
        probabilities=probabilities,
        parts=parts,
        bias=float(classifier.head.bias[first].detach()),
        weighted=weighted,
        maps=sensitivity(weighted[1:], weighted[0]),
    )


def stress(request: StressRequest, subject: Subject, styles: Mapping[str, Picture]) -> Stressed:
    """Restyle a picture and ask everybody who can be asked.

    Args:
        request: What to find out.
        subject: The picture.
        styles: The style pictures by name, (128, 128, 3) each; all that the request names.

    Raises:
        ValueError: What the scene shows is nothing that the request's classifier knows.
    """
    began = time.perf_counter()
    asked, unasked = _who_knows(request, subject)
    used = {name: styles[name] for name in request.styles}
    pictures = restyled(request, subject, used)
    answers = {one.name: ask(one, subject.picture, pictures) for one in asked}
    notes = (*subject.notes, *unasked, *flat_notes(used), *_foreign(subject, answers[request.classifier]))
    hashes = {one.name: one.sha256 for one in asked}
    return Stressed(request, subject, used, pictures, answers, hashes, notes, time.perf_counter() - began)


def _who_knows(request: StressRequest, subject: Subject) -> tuple[list[Classifier], tuple[str, ...]]:
    """Those that know what a scene shows, the request's own first, and a note that names the others."""
    names = [request.classifier, *(n for n in classifiers_of(request.question) if n != request.classifier)]
    found, shown = [load_classifier(name, request.question) for name in names], subject.truth(request.question)
    asked = [one for one in found if shown is None or shown in one.answers]
    if found[0] not in asked:
        known = ", ".join(found[0].answers)
        raise ValueError(f"the classifier {found[0].name!r} knows no {shown}, only {known}; ask {JUDGES!r}")
    unasked = [one.name for one in found if one not in asked]
    return asked, (f"Not asked, since they know no {shown}: {', '.join(unasked)}.",) if unasked else ()


def _foreign(subject: Subject, answers: Answers) -> tuple[str, ...]:
    """Of a picture that was not drawn here nobody knows whether it shows anything that the classifier knows."""
    if subject.scene is not None:
        return ()
    known = ", ".join(answers.answers)
    sure = answers.probabilities[0].max()
    return (f"This classifier knows only {known}: it gives one of these for any picture, here with {sure:.0%}.",)
