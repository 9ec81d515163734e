"""Answers about Undertone itself: what it can draw, how weights are given, which models are in use, what can be asked.

Every answer is made from the program's own registries and settings. Which of them a question is about is told by its
likeness to a few questions of each topic; the corpus has no part in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.answers import Sentence
from app.understanding.request import Request
from app.understanding.spelling import called_back, fold
from ingest.vectors import load_embedder

QUESTIONS = Path(__file__).parent / "program_questions.json"
"""Questions of each topic, to compare with."""
NEAR = 0.06
"""A second topic is told too when it is so nearly as like."""
CLAUSE_WORDS = 3
"""A part of the message of fewer words asks nothing by itself."""
ASKS = 0.45
"""A part of the message is told about from this likeness on; the likest always."""
_CLAUSE_ENDS = re.compile(r"[?!;][\s?!;]*|\.\s+|,\s?(?:and|but|or)\s", re.I)
NAMES_ONE = 0.1
"""What it adds to a topic's likeness that the question names a style, or a subject."""
PACKAGED_IMAGE_MODEL = "embedded"


@dataclass(frozen=True)
class Setup:
    """What is in use.

    Args:
        engine: Who answers: "reader", or a language model's name.
        image_model: "embedded", or the name or folder of another.
        embedder: The name of the embedder of the index.
    """

    engine: str = "reader"
    image_model: str = PACKAGED_IMAGE_MODEL
    embedder: str = "all-MiniLM-L6-v2"


Tell = Callable[[Request, Setup], Sequence[str]]
"""Says one thing about the program, a sentence each."""


def tell_program(request: Request, setup: Setup) -> tuple[Sentence, ...]:
    """Answer a question about the program."""
    clauses = [clause for clause in _CLAUSE_ENDS.split(request.message) if len(clause.split()) >= CLAUSE_WORDS]
    texts = clauses if len(clauses) > 1 else [request.message]
    names, rows = _asked()
    likeness = rows @ load_embedder().encode(texts).T
    told: dict[str, None] = {}
    for number in range(len(texts)):
        best: dict[str, float] = {}
        for name, value in zip(names, likeness[:, number], strict=True):
            best[name] = max(best.get(name, -1.0), float(value))
        if request.styles:
            best["styles"] += NAMES_ONE
        elif request.subject:
            best["objects"] += NAMES_ONE
        order = sorted(best, key=lambda name: -best[name])
        if best[order[0]] < min(ASKS, likeness.max()):
            continue  # a clause that asks for nothing: "my laptop is old, and ..."
        chosen = [name for name in order[:2] if best[name] >= best[order[0]] - NEAR]
        told |= dict.fromkeys(text for name in chosen for text in TOPICS[name](request, setup))
    return tuple(Sentence(text, "program") for text in told)


@lru_cache(maxsize=1)
def _asked() -> tuple[list[str], NDArray[np.float32]]:
    asked = json.loads(QUESTIONS.read_text("utf-8"))
    pairs = [(name, ask) for name in TOPICS for ask in asked[name]]
    return [name for name, _ in pairs], load_embedder().encode([ask for _, ask in pairs])


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names)


def _styles(request: Request, setup: Setup) -> list[str]:
    from tools.studio.captions import STYLE_PHRASES, STYLES

    if setup.image_model != PACKAGED_IMAGE_MODEL:
        return [f"The image model in use is {setup.image_model}: it takes any style that can be put into words."]
    told = []
    for style in request.styles[:2]:
        ways = {phrase: name for name, phrases in STYLE_PHRASES.items() for phrase in (name, *phrases)}
        known = next((ways[way] for way in ways if fold(way) == fold(style.text)), None)
        place = called_back(style.text, STYLES)
        known = known or (STYLES[place] if place is not None else None)
        told.append(
            f"Yes, {known} is one of its styles."
            if known
            else f"No, the packaged image model was not taught “{style.text}”; Stable Diffusion 1.5 takes any style, "
            "set UNDERTONE_IMAGE_MODEL to use it."
        )
    return [*told, f"The packaged image model draws {len(STYLES)} styles: {_listed(STYLES)}."]


def _objects(request: Request, setup: Setup) -> list[str]:
    from tools.studio.captions import COLOUR_PHRASES, OBJECT_PHRASES, SETTING_PHRASES
    from tools.studio.vocabulary import WEIGHTS, trained_vocabulary

    if setup.image_model != PACKAGED_IMAGE_MODEL:
        return [f"The image model in use is {setup.image_model}: it takes any subject that can be put into words."]
    told = []
    if request.subject:
        ways = {phrase: name for name, phrases in OBJECT_PHRASES.items() for phrase in (name, *phrases)}
        known = next((name for way, name in ways.items() if re.search(rf"\b{way}s?\b", request.subject.lower())), None)
        article = "an" if known and known[0] in "aeiou" else "a"
        told = [f"Yes, it draws {article} {known}." if known else f"No, it was not taught to draw “{request.subject}”."]
    at_once = "one or two" if trained_vocabulary(WEIGHTS).pairs else "one"
    return [
        *told,
        f"The packaged image model draws {len(OBJECT_PHRASES)} objects, {at_once} in a picture: "
        f"{_listed(tuple(OBJECT_PHRASES))}.",
        f"It knows the colours {_listed(tuple(COLOUR_PHRASES))}, and these settings: "
        f"{_listed(tuple(SETTING_PHRASES))}.",
        "A word that it does not know is named before anything is rendered.",
    ]


def _weights(request: Request, setup: Setup) -> list[str]:
    from tools.blend.requests import MAX_STYLES

    return [
        "Say each style's share in the message: “70 % watercolor and 30 % oil painting”, “two thirds A, one third B”, "
        "“60/40 A and B”, “A:4 B:1” or “mostly A with a touch of B” are all read as shares of one whole.",
        f"Only the proportion counts, up to {MAX_STYLES} styles, and no share means equal shares; what was read "
        "stands on the form, and its sliders change it before anything is rendered.",
    ]


def _foreign_syntax(request: Request, setup: Setup) -> list[str]:
    return [
        "(word:1.3), A::2, A++ and AND come from other programs, where they scale a word's embedding or its attention "
        "inside of one prompt; each program does that differently.",
        "Here their numbers are read as proportions between the styles, and a note says so; what a share does then "
        "depends on the method of the blend.",
    ]


def _methods(request: Request, setup: Setup) -> list[str]:
    from tools.blend.methods import METHODS
    from tools.rendering import BlendArguments

    said = request.message.lower()
    named = [method for method in METHODS.values() if method.name in said or method.name == request.method]
    if named:
        return [
            text
            for method in named[:2]
            for text in (
                f"{method.label}.",
                f"At each step the image model is asked for {method.asks}; a share is {method.weights}.",
                method.limits,
            )
        ]
    return [
        f"The blend methods are these. {' '.join(f'{m.label}.' for m in METHODS.values())}",
        f"Unless you say otherwise it is {BlendArguments.model_fields['method'].default}.",
    ]


def _numbers(request: Request, setup: Setup) -> list[str]:
    from tools.blend.requests import MAX_STEPS
    from tools.rendering import BlendArguments
    from tools.studio.scenes import PICTURE_PX

    fields = BlendArguments.model_fields
    size = (
        f"of {PICTURE_PX} by {PICTURE_PX} pixels"
        if setup.image_model == PACKAGED_IMAGE_MODEL
        else "as large as its model's"
    )
    return [
        f"A render takes {fields['steps'].default} steps and seed {fields['seed'].default} unless you say otherwise: "
        f"“seed 7, 30 steps”, up to {MAX_STEPS} steps.",
        "The same seed and settings give the same picture; the form has a field for each.",
        f"A picture is {size}.",
    ]


def _models(request: Request, setup: Setup) -> list[str]:
    drawn = "its own small image model" if setup.image_model == PACKAGED_IMAGE_MODEL else setup.image_model
    who = "no language model: it quotes the corpus" if setup.engine == "reader" else setup.engine
    return [
        f"Answers come from {who}; pictures from {drawn}; search runs on the embedder {setup.embedder}.",
        "UNDERTONE_CHAT_MODEL, UNDERTONE_IMAGE_MODEL and UNDERTONE_EMBEDDER choose others.",
    ]


def _experiments(request: Request, setup: Setup) -> list[str]:
    from tools.experiments.experiments import EXPERIMENTS

    said = [f"{name}: {experiment.question}" for name, experiment in EXPERIMENTS.items()]
    if request.experiment in EXPERIMENTS:
        said = [f"{request.experiment}: {EXPERIMENTS[request.experiment].question}"]
    return [
        *said,
        "Each renders several pictures, measures them and gives a verdict; ask its question with the styles you mean, "
        "and it is proposed.",
    ]


def _measures(request: Request, setup: Setup) -> list[str]:
    return [
        "While it renders, it measures how much attention each phrase gets and where, each style's part in every "
        "step's noise prediction, and which style the finished picture is taken for.",
        "All of it stands below the picture, is kept in measurements.json, and can be asked about.",
    ]


def _references(request: Request, setup: Setup) -> list[str]:
    return [
        "With the method reference, a picture gives the style: one that is drawn from a prompt, or one of yours that "
        "you upload on the form.",
    ]


def _corpus(request: Request, setup: Setup) -> list[str]:
    return [
        "Answers come from the corpus of papers and model cards, each claim with the passage it stands on, and from "
        "nowhere else.",
        "python -m ingest PATH adds files or folders of Markdown, JSON lines or text blocks.",
    ]


def _local(request: Request, setup: Setup) -> list[str]:
    return [
        "Everything runs on this machine: nothing is downloaded or sent anywhere unless you name a language model or "
        "an image model of your own.",
        "Conversations, renders and feedback lie under the home folder, .undertone unless UNDERTONE_HOME says "
        "otherwise.",
    ]


def _machine(request: Request, setup: Setup) -> list[str]:
    told = ["A GPU is used where there is one, and none is needed: Linux or macOS, two cores do."]
    if setup.image_model == PACKAGED_IMAGE_MODEL:
        return [*told, "The packaged image model takes seconds a picture on two cores, an experiment a few more."]
    return [*told, f"How long a render takes depends on {setup.image_model}; without a GPU it may be minutes."]


def _licence(request: Request, setup: Setup) -> list[str]:
    told = ["Undertone and its packaged models are under the Apache License 2.0; it sets no terms for your pictures."]
    if setup.image_model == PACKAGED_IMAGE_MODEL:
        return [
            *told,
            "The packaged image model learned from scenes that a program drew, from no artist's work.",
        ]
    return [*told, f"{setup.image_model} comes with a licence of its own, which its model card names."]


def _self(request: Request, setup: Setup) -> list[str]:
    return [
        "Undertone explains how image models blend styles.",
        "Ask about the papers and model cards of its corpus and every claim shows the passage it stands on; ask for a "
        "blend (“a house, 60 % watercolor and 40 % pixel art”) and it is proposed, rendered at your click and "
        "measured; ask a question about weights (“at which weight does it flip?”) and it proposes the experiment that "
        "tells.",
        "After a render you can ask about it, change it, or compare it with the one before.",
    ]


TOPICS: dict[str, Tell] = {
    "styles": _styles,
    "objects": _objects,
    "weights": _weights,
    "foreign syntax": _foreign_syntax,
    "methods": _methods,
    "numbers": _numbers,
    "models": _models,
    "experiments": _experiments,
    "measures": _measures,
    "references": _references,
    "corpus": _corpus,
    "local": _local,
    "machine": _machine,
    "licence": _licence,
    "self": _self,
}
