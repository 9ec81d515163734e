"""The laws of restyling, on random pictures and on drawn ones."""

import numpy as np
import pytest

from tools.style_augmentation.restyling import (
    Content,
    Sampling,
    disturbed,
    mixed,
    patches_of,
    picture_of,
    restyle,
    sampled,
    statistics_of,
    to_picture,
)

RNG = np.random.default_rng(3)


def picture(seed, size=128):
    """Smooth shapes and noise, as (size, size, 3) uint8."""
    rng = np.random.default_rng(seed)
    smooth = np.kron(rng.uniform(40, 210, (8, 8, 3)), np.ones((size // 8, size // 8, 1)))
    return np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 255).astype(np.uint8)


def style_of(seed, ridge=0.01):
    return statistics_of(patches_of(picture(seed) / 255.0), ridge)


def test_patches_come_back_as_the_picture():
    values = picture(0) / 255.0
    assert patches_of(values).shape == (256, 192)
    assert np.array_equal(picture_of(patches_of(values)), values)


@pytest.mark.parametrize("size", [64, 128, 256])
def test_patches_follow_the_pictures_size(size):
    assert patches_of(np.zeros((size, size, 3))).shape == (256, (size // 16) ** 2 * 3)


def test_a_size_without_whole_patches_is_refused():
    with pytest.raises(ValueError, match="16 x 16 patches"):
        patches_of(np.zeros((100, 100, 3)))


def test_alpha_0_is_the_picture_to_the_bit():
    one = picture(0)
    assert np.array_equal(restyle(Content.of(one), style_of(1), [0.0])[0], one)


def test_alpha_1_has_the_styles_mean_and_covariance():
    rng = np.random.default_rng(5)
    patches = rng.random((400, 48)) @ rng.normal(size=(48, 48))  # more patches than dimensions: no ridge is needed
    style = statistics_of(rng.random((300, 48)) @ rng.normal(size=(48, 48)) + 2, ridge=0)
    moved = Content.of_patches(patches, ridge=0).restyled(style)
    assert np.allclose(moved.mean(0), style.mean, atol=1e-9)
    covariance = np.cov(moved, rowvar=False, bias=True)
    assert np.abs(covariance - style.covariance).max() < 1e-8 * np.abs(style.covariance).max()


def test_with_the_ridge_the_map_carries_one_covariance_onto_the_other():
    content, style = Content.of(picture(0)), style_of(1)
    carried = content.transport(style)
    assert np.abs(carried @ content.statistics.covariance @ carried.T - style.covariance).max() < 1e-10
    assert np.allclose(content.restyled(style).mean(0), style.mean, atol=1e-12)


def test_the_map_is_the_least_movement_symmetric_and_without_a_turn():
    carried = Content.of(picture(0)).transport(style_of(1))
    assert np.allclose(carried, carried.T, atol=1e-10)
    assert np.linalg.eigvalsh(carried).min() > -1e-10


def test_a_pictures_own_style_changes_nothing():
    one = picture(2)
    content = Content.of(one)
    assert np.abs(content.restyled(content.statistics) - content.patches).max() < 1e-9
    assert np.array_equal(restyle(content, content.statistics, [0.3, 1.0]), np.stack([one, one]))


def test_a_strength_lies_between_the_picture_and_its_restyled_self():
    content = Content.of(picture(0))
    full = content.restyled(style_of(1))
    half = mixed(content.patches, full, 0.5)
    assert np.allclose(half, (content.patches + full) / 2, atol=1e-12)


def test_several_strengths_equal_them_one_by_one():
    content, style = Content.of(picture(0)), style_of(1)
    together = restyle(content, style, [0.25, 0.5, 1.0])
    for alpha, made in zip([0.25, 0.5, 1.0], together, strict=True):
        assert np.array_equal(made, restyle(content, style, [alpha])[0])


def test_noise_replays_from_its_seed_and_without_any_nothing_is_drawn():
    style = style_of(1)
    first, second, other = (disturbed(style, 0.3, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert np.array_equal(first.mean, second.mean) and np.array_equal(first.covariance, second.covariance)
    assert not np.array_equal(first.mean, other.mean)
    rng = np.random.default_rng(4)
    assert disturbed(style, 0.0, rng) is style
    assert rng.random() == np.random.default_rng(4).random()


def test_noise_keeps_a_covariance_a_covariance():
    noisy = disturbed(style_of(1), 0.5, np.random.default_rng(0))
    assert np.allclose(noisy.covariance, noisy.covariance.T)
    assert np.linalg.eigvalsh(noisy.covariance).min() > 0


def test_a_sample_replays_and_stays_within_its_strengths():
    content, styles = Content.of(picture(0)), [style_of(1), style_of(2)]
    drawn = [sampled(content, styles, Sampling(0, 1, 0.2), np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])
    weak = sampled(content, styles, Sampling(0, 0, 0.2), np.random.default_rng(1))
    assert np.array_equal(weak, picture(0))


def test_a_flat_style_leaves_a_flat_picture_and_says_that_it_is_flat():
    grey = statistics_of(patches_of(np.full((128, 128, 3), 100) / 255.0))
    assert grey.is_flat and not style_of(1).is_flat
    made = restyle(Content.of(picture(0)), grey, [1.0])[0]
    assert np.abs(made.astype(int) - 100).max() <= 1


def test_a_flat_picture_takes_the_styles_mean():
    content, style = Content.of(np.full((128, 128, 3), 100, np.uint8)), style_of(1)
    assert np.array_equal(restyle(content, style, [1.0])[0], to_picture(np.tile(style.mean, (256, 1))))


@pytest.mark.parametrize("alpha", [-0.01, 1.01, float("nan")])
def test_an_alpha_outside_is_refused(alpha):
    with pytest.raises(ValueError, match="is outside 0"):
        restyle(Content.of(picture(0)), style_of(1), [alpha])


@pytest.mark.parametrize("given", [(0.5, 0.2, 0), (0, 2, 0), (0, 1, -1), (0, 1, float("nan"))])
def test_an_unusable_sampling_is_refused(given):
    with pytest.raises(ValueError):
        Sampling(*given)
