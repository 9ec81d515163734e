"""Figures of the embedded model's eval, on pictures and shares whose answer is known."""

import numpy as np
import pytest
from scipy import ndimage

from tests.evals.likeness import copies, frechet, highest_octave, nearest, training_scenes
from tests.evals.studio import WEIGHTS, rank_with_ties
from tools.studio.drawings import scene_of
from tools.studio.recipe import Recipe
from tools.studio.scenes import Scene, draw
from tools.studio.vocabulary import WEIGHTS as MODEL
from tools.studio.vocabulary import trained_vocabulary

VOCABULARY = trained_vocabulary(MODEL)


def test_the_highest_octave_is_what_a_blur_takes():
    crisp = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3)).astype(np.uint8)
    soft = ndimage.gaussian_filter(crisp, (0, 1.5, 1.5, 0))
    assert highest_octave(soft) < 0.05 * highest_octave(crisp)
    half = (crisp // 2 + 64).astype(np.uint8)
    assert highest_octave(half) == pytest.approx(0.25 * highest_octave(crisp), rel=0.05)


def test_the_distance_of_two_gaussians_is_that_of_means_and_spreads():
    points = np.random.default_rng(1).standard_normal((20_000, 3))
    moved = points.copy()
    moved[:, 0] += 2
    assert frechet(points, points) == pytest.approx(0, abs=1e-6)
    assert frechet(points, moved) == pytest.approx(4, abs=1e-6)
    assert frechet(points, 3 * points) == pytest.approx(3 * 2.0**2, rel=0.05)


def test_a_copied_training_scene_is_found():
    taught = [scene_of(Recipe(), number, False, VOCABULARY) for number in range(20)]
    shown = [scene for scene in taught if scene.beside is None][:3]
    wanted = [Scene(0, scene.object, scene.colour, scene.setting) for scene in shown]
    trained = training_scenes(wanted)
    assert all(trained)
    assert {(s.object, s.setting) for s in trained[1]} == {(shown[1].object, shown[1].setting)}
    copied = np.stack([draw(scenes[-1], "watercolor") for scenes in trained])
    assert nearest(copied[0], trained[0], "watercolor") == (0, trained[0][-1])
    found = copies(copied, [(scene, "watercolor") for scene in wanted])
    assert found["renders"] == 3 and found["training is nearer"] == 1
    assert found["training"] == 0 < found["unseen"]


def test_ties_at_the_saturated_ends_are_no_disorder_and_everything_else_is():
    rise = np.array([0.002, 0.001, 0.003, 0.2, 0.5, 0.9, 0.999, 0.998, 0.9999])
    assert len(rise) == len(WEIGHTS) and rank_with_ties(rise) == pytest.approx(1)
    assert rank_with_ties(rise[::-1]) < -0.5
    back = rise.copy()
    back[[4, 7]] = 0.999, 0.5  # falls back from one end on its way
    assert rank_with_ties(back) < 0.95
    assert rank_with_ties(np.full(9, 0.001)) == 0, "a style that never comes follows no weight"
