"""A logit taken apart by cell, and the laws of the maps over styles."""

import numpy as np
import pytest
import torch

from tools.studio.judges import pooled
from tools.studio.scenes import draw, sample_scene
from tools.style_augmentation.classifiers import ObjectClassifier, classifier_of, load_classifier, signal_of
from tools.style_augmentation.evidence import evidence, heat, sensitivity, share_within

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def pictures():
    return np.stack([draw(sample_scene(seed), "photographic style") for seed in (70, 71)])


@pytest.fixture(scope="module")
def tiny():
    torch.manual_seed(1)
    return classifier_of("none", ObjectClassifier((8, 8, 16, 16)).eval())


@pytest.mark.parametrize("question", ["object", "style", "colour", "setting"])
def test_evidence_and_bias_sum_to_the_judges_logit(question, pictures):
    judges = load_classifier("judges", question)
    logits, maps = judges.look(pictures)
    for answer in range(len(judges.answers)):
        total = evidence(judges.head, maps, answer).sum((1, 2)) + judges.head.bias[answer]
        assert torch.allclose(total, logits[:, answer], atol=1e-5)


def test_evidence_is_gradient_times_activation(tiny, pictures):
    _, maps = tiny.look(pictures)
    maps = maps.clone().requires_grad_(True)
    tiny.head(pooled(maps))[:, 3].sum().backward()
    assert torch.allclose(evidence(tiny.head, maps.detach(), 3), (maps.grad * maps).sum(1), atol=1e-6)


def test_evidence_equals_captums_layer_gradient_x_activation(pictures):
    attr = pytest.importorskip("captum.attr")
    model = ObjectClassifier((8, 8, 16, 16)).eval()
    found = attr.LayerGradientXActivation(model, model.trunk).attribute(signal_of(pictures), target=3)
    _, maps = classifier_of("none", model).look(pictures)
    assert torch.allclose(evidence(model.head, maps, 3), found.sum(1), atol=1e-6)


def test_the_mean_alone_would_miss_a_part(pictures):
    judges = load_classifier("judges")
    logits, maps = judges.look(pictures)
    channels = maps.shape[1]
    of_mean = torch.einsum("c,ncxy->nxy", judges.head.weight[0, :channels], maps) / 64
    assert (of_mean.sum((1, 2)) + judges.head.bias[0] - logits[:, 0]).abs().max() > 0.01


def test_a_batch_equals_its_pictures_one_by_one(tiny, pictures):
    logits, maps = tiny.look(pictures)
    for number, picture in enumerate(pictures):
        one, map_ = tiny.look(picture[None])
        assert torch.allclose(one[0], logits[number], atol=1e-5)
        assert torch.allclose(map_[0], maps[number], atol=1e-5)


def test_heat_is_in_0_to_1_and_nothing_where_nothing_speaks_for_it():
    parts = RNG.normal(size=(5, 8, 8))
    parts[2] = -1
    found = heat(parts)
    assert found.min() == 0 and found.max() == 1
    assert np.array_equal(found[2], np.zeros((8, 8)))


def test_the_share_within_a_mask():
    parts = np.array([[3.0, -5.0], [1.0, 0.0]])
    assert share_within(parts, np.array([[1.0, 1.0], [0.0, 0.0]])) == 0.75
    assert share_within(-np.ones((2, 2)), np.ones((2, 2))) is None


def test_wsam_is_shift_plus_spread_and_the_mean_squared_difference():
    weighted, original = RNG.random((7, 8, 8)), RNG.random((8, 8))
    found = sensitivity(weighted, original)
    assert np.allclose(found.total, ((weighted - original) ** 2).mean(0), atol=1e-15)
    assert np.allclose(found.shift, (weighted.mean(0) - original) ** 2, atol=1e-15)
    assert np.allclose(found.spread, weighted.var(0), atol=1e-15)
    assert found.total.min() >= 0 and found.total.max() <= 1


def test_nothing_moves_where_nothing_changes():
    original = RNG.random((8, 8))
    found = sensitivity(np.stack([original] * 24), original)
    assert not found.total.any() and not found.shift.any() and not found.spread.any()


def test_one_picture_has_no_spread():
    found = sensitivity(RNG.random((1, 8, 8)), RNG.random((8, 8)))
    assert not found.spread.any() and found.shift.any()


def test_the_order_of_the_styles_does_not_matter():
    weighted, original = RNG.random((24, 8, 8)), RNG.random((8, 8))
    one, other = sensitivity(weighted, original), sensitivity(weighted[RNG.permutation(24)], original)
    assert np.array_equal(one.shift, other.shift) and np.array_equal(one.spread, other.spread)
