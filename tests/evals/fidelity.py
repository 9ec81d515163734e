"""Renders beside drawings of the same scenes: how crisp, how like as a crowd, and whether two things are both there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from tests.evals.classifier import FIRST_SEED, subject_of
from tests.evals.likeness import features, frechet, highest_octave
from tests.evals.results import Table
from tests.evals.subjects import render
from tools.blend.results import BlendRequest, WeightedStyle
from tools.models import ImageModel
from tools.studio.captions import SETTING_PHRASES
from tools.studio.judges import BESIDE, LEFT, judge, load_judges
from tools.studio.scenes import PICTURE_PX, STYLES, draw, draw_styles, sample_scene
from tools.studio.vocabulary import LEARNED, Vocabulary

PAIRS_SEED = 32_000_000  # far from the seeds of training and held-out scenes


def two_things(model: ImageModel, count: int) -> dict[str, dict[str, float]]:
    """How often the judges see both things of a prompt that names two, and of drawings of as many such scenes.

    Returns:
        For "renders" and "drawings": shares right of the thing on the left, of that beside it, and of both.
    """
    vocabulary = replace(LEARNED, pairs=1.0)
    scenes = [sample_scene(PAIRS_SEED + number, vocabulary) for number in range(count)]
    styles = [STYLES[number % len(STYLES)] for number in range(count)]
    texts = [
        f"a {s.colour} {s.object} beside a {s.beside_colour} {s.beside} {SETTING_PHRASES[s.setting][0]}" for s in scenes
    ]
    requests = [
        BlendRequest(
            texts[n].replace("a orange", "an orange"),
            (WeightedStyle(style, 1.0),),
            "prompt",
            guidance_scale=model.default_guidance,
            seed=n,
        )
        for n, style in enumerate(styles)
    ]
    pictures = {
        "renders": np.stack([image for image, _ in render(model, requests)]),
        "drawings": np.stack([draw(s, style, model.size_px) for s, style in zip(scenes, styles, strict=True)]),
    }
    labels = load_judges().labels
    wanted = {
        LEFT: np.array([labels[LEFT].index(s.object) for s in scenes]),
        BESIDE: np.array([labels[BESIDE].index(str(s.beside)) for s in scenes]),
    }
    told = {}
    for name, shown in pictures.items():
        seen = judge(shown)
        right = {side: seen[side].argmax(1) == wanted[side] for side in wanted}
        told[name] = {side: float(values.mean()) for side, values in right.items()}
        told[name]["both"] = float(np.logical_and(*right.values()).mean())
    return told


def fidelity(model: ImageModel, count: int, vocabulary: Vocabulary = LEARNED) -> dict[str, Any]:
    """Renders beside drawings of the same scenes, which no training draws from, in every style.

    Args:
        model: Whose renders.
        count: How many scenes.
        vocabulary: Of what things, and in which styles; the model knows them all.

    Returns:
        `octave`: by style, energy of the highest octave of frequencies over that of the drawings. `frechet`: distance
        of the judges' features, between renders and drawings, and between two halves of the drawings for scale.
    """
    scenes = [sample_scene(FIRST_SEED + number, replace(vocabulary, pairs=0.0)) for number in range(count)]
    styles = vocabulary.styles
    drawn = np.stack([draw_styles(scene, PICTURE_PX, styles) for scene in scenes], axis=1)  # (styles, scenes, H, W, 3)
    requests = [
        BlendRequest(
            subject_of(scene), (WeightedStyle(style, 1.0),), "prompt", guidance_scale=model.default_guidance, seed=n
        )
        for style in styles
        for n, scene in enumerate(scenes)
    ]
    made = np.stack([_at_picture_size(image) for image, _ in render(model, requests)]).reshape(drawn.shape)
    octaves = {style: highest_octave(m) / highest_octave(d) for style, m, d in zip(styles, made, drawn, strict=True)}
    told = [features(pictures.reshape(-1, *drawn.shape[2:])) for pictures in (made, drawn)]
    halves = [features(half.reshape(-1, *drawn.shape[2:])) for half in (drawn[:, ::2], drawn[:, 1::2])]
    return {"octave": octaves, "frechet": {"renders": frechet(*told), "drawings, half and half": frechet(*halves)}}


def _at_picture_size(image: np.ndarray) -> np.ndarray:
    """An earlier edition's smaller picture, enlarged; any other as it is."""
    if len(image) == PICTURE_PX:
        return image
    return np.asarray(Image.fromarray(image).resize((PICTURE_PX, PICTURE_PX), Image.Resampling.BICUBIC))


def show_fidelity(of: str, close: dict[str, Any]) -> None:
    """Print the tables of what `fidelity` found."""
    Table(f"highest octave, renders over drawings of the same scenes: {of}", ("style", "share", "wanted")).show(
        [(name, f"{value:.2f}", ".8 to 1.2") for name, value in close["octave"].items()]
    )
    Table(f"Frechet distance to drawings, judges' features: {of}", ("of", "distance")).show(
        [(name, f"{value:.3f}") for name, value in close["frechet"].items()]
    )
