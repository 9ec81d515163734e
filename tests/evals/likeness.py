"""How like drawings renders are: as crisp, as a crowd, and not as copies of what was trained on.

The training set is drawn again from the seeds that the shipped `training.json` names, so nothing of it is kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from tools.studio.drawings import scene_of
from tools.studio.judges import WEIGHTS, at_judged_size, load_judges
from tools.studio.recipe import Recipe
from tools.studio.scenes import Scene, draw
from tools.studio.vocabulary import trained_vocabulary

UNSEEN_SEED = 30_000_000  # far from the seeds of training and held-out scenes
Asked = tuple[Scene, str]
"""What a caption asks for: a scene, whose seed is of no account, and a style."""


def highest_octave(pictures: np.ndarray) -> float:
    """Mean energy of frequencies from a quarter of a cycle per pixel up, of (N, H, W, 3) uint8 pictures."""
    grey = pictures.astype(np.float64).mean(-1) / 255
    power = np.abs(np.fft.fft2(grey)) ** 2
    frequency = np.hypot(np.fft.fftfreq(grey.shape[1])[:, None], np.fft.fftfreq(grey.shape[2])[None])
    return float(power[:, frequency >= 0.25].sum(1).mean())


@torch.no_grad()
def features(pictures: np.ndarray) -> np.ndarray:
    """(N, features) of the judges, who learned from drawings alone."""
    judges = load_judges()
    parts = torch.from_numpy(at_judged_size(pictures).copy()).permute(0, 3, 1, 2).split(64)
    return torch.cat([judges.features(part.float() / 127.5 - 1) for part in parts]).double().numpy()


def frechet(one: np.ndarray, other: np.ndarray) -> float:
    """Frechet distance between two clouds of features, (N, F) each, taken for Gaussian.

    Source: Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule ...", section 1.
    """
    spread = [np.cov(cloud, rowvar=False) for cloud in (one, other)]
    values = np.linalg.eigvals(spread[0] @ spread[1])
    root = np.sqrt(np.clip(values.real, 0, None)).sum()
    apart = ((one.mean(0) - other.mean(0)) ** 2).sum()
    return float(apart + np.trace(spread[0]) + np.trace(spread[1]) - 2 * root)


def copies(renders: np.ndarray, asked: Sequence[Asked]) -> dict[str, float]:
    """How near renders lie to drawings of the training set, and to as many that were never shown.

    Each render is compared with the drawings of its object in its setting, whatever their colour, and with as many that
    show the same from other seeds; renders for which the training set has none are left out.

    Args:
        renders: (N, S, S, 3) uint8.
        asked: What each was asked for.

    Returns:
        "renders": how many were compared; "training", "unseen": median over renders of the difference to the nearest
        drawing, in grey levels; "training is nearer": the share of renders of which that holds, about .5 for a model
        that does not copy.
    """
    trained = training_scenes([scene for scene, _ in asked])
    pairs = []
    for n, (image, (_, style), seen) in enumerate(zip(at_judged_size(renders), asked, trained, strict=True)):
        if seen:
            unseen = [replace(scene, seed=UNSEEN_SEED + 1000 * n + k) for k, scene in enumerate(seen)]
            pairs.append([nearest(image, scenes, style)[0] for scenes in (seen, unseen)])
    training, unseen_ones = np.array(pairs).reshape(-1, 2).T
    return {
        "renders": float(len(pairs)),
        "training": float(np.median(training)),
        "unseen": float(np.median(unseen_ones)),
        "training is nearer": float((training < unseen_ones).mean()),
    }


def nearest(image: np.ndarray, scenes: Sequence[Scene], style: str) -> tuple[float, Scene]:
    """The least root mean square difference between a picture and the scenes' drawings, in grey levels, and the scene.

    Pictures are compared at an eighth of their size: places and colours tell scenes apart, texture does not.
    """
    away = [np.sqrt(np.mean((_small(draw(scene, style)) - _small(image)) ** 2)) for scene in scenes]
    best = int(np.argmin(away))
    return float(away[best]), scenes[best]


def training_scenes(wanted: Sequence[Scene]) -> list[list[Scene]]:
    """For each of `wanted` the scenes of the training set that show its object, alone, in its setting."""
    made = json.loads((WEIGHTS.parent / "training.json").read_text("utf-8"))
    vocabulary = trained_vocabulary(WEIGHTS.parent)
    recipe, count = Recipe(seed=made["recipe"]["seed"]), int(made["stages"]["draw"]["scenes"])
    known = [scene_of(recipe, number, held_out=False, vocabulary=vocabulary) for number in range(count)]
    alone = [scene for scene in known if scene.beside is None]
    shown = [(scene.object, scene.setting) for scene in alone]
    return [[s for s, at in zip(alone, shown, strict=True) if at == (each.object, each.setting)] for each in wanted]


def _small(image: np.ndarray) -> np.ndarray:
    size = len(image) // 8
    return np.asarray(image.reshape(size, 8, size, 8, 3).mean((1, 3)))
