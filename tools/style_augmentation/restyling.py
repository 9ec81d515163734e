"""Style augmentation without weights: a picture's patches are moved onto the mean and covariance of a style's patches.

The map is the linear one that carries a Gaussian onto another with the least movement; it depends on the two pictures
alone, so a strength is a mixture of the picture and its fully restyled self. What comes over is texture on the grid of
patches (hatching, pixel blocks, strokes) and the style picture's colours with it. It knows nothing about classifiers.

The corpus names no formula: this is a reconstruction of "stochastic-based sampling with noise addition ... on a general
linear transformation for style transfer".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float64]

GRID = 16
"""Patches along a side: 8 px at 128 px, where the studio's textures repeat."""
RIDGE = 0.01
"""Of the mean variance, added to every variance: 256 patches do not fill 192 dimensions evenly."""
FLAT = (0.5 / 255) ** 2
"""A mean variance below this, in units of the channels' range, is less than half a grey level: there is no texture."""
FLOOR = 1e-12


@dataclass(frozen=True)
class Statistics:
    """Mean and covariance of a picture's patches.

    Args:
        mean: (D,), channel values in 0..1.
        covariance: (D, D), with the ridge.
        variance: Mean of the patches' variances, without the ridge.
    """

    mean: Array
    covariance: Array
    variance: float

    @property
    def is_flat(self) -> bool:
        return self.variance < FLAT


@dataclass(frozen=True)
class Sampling:
    """How a style is drawn at random.

    Args:
        low: Least strength.
        high: Greatest strength.
        sigma: Noise of the style's statistics, in their own standard deviations.
    """

    low: float = 0.0
    high: float = 1.0
    sigma: float = 0.0

    def __post_init__(self) -> None:
        for alpha in (self.low, self.high):
            check_alpha(alpha)
        if self.low > self.high:
            raise ValueError(f"strengths go from the least to the greatest; {self.low:g} is above {self.high:g}")
        check_sigma(self.sigma)


def check_alpha(alpha: float) -> None:
    """Raise ValueError where a strength is not in 0..1."""
    if not 0 <= alpha <= 1:  # NaN too
        raise ValueError(f"alpha {alpha:g} is outside 0..1: 0 is the picture itself, 1 the style in full")


def check_sigma(sigma: float) -> None:
    """Raise ValueError where a noise is negative."""
    if not 0 <= sigma < np.inf:
        raise ValueError(f"sigma {sigma:g} is no amount of noise: give 0 or more")


def patches_of(picture: Array, grid: int = GRID) -> Array:
    """Cut (S, S, 3) into grid x grid patches: (grid^2, (S / grid)^2 * 3)."""
    side = picture.shape[0] // grid
    if picture.shape != (grid * side, grid * side, 3):
        raise ValueError(f"a picture of {picture.shape} has no whole number of {grid} x {grid} patches")
    return picture.reshape(grid, side, grid, side, 3).swapaxes(1, 2).reshape(grid * grid, side * side * 3)


def picture_of(patches: Array) -> Array:
    """Put patches together again: the inverse of `patches_of`."""
    grid, side = round(len(patches) ** 0.5), round((patches.shape[1] / 3) ** 0.5)
    return patches.reshape(grid, grid, side, side, 3).swapaxes(1, 2).reshape(grid * side, grid * side, 3)


def statistics_of(patches: Array, ridge: float = RIDGE) -> Statistics:
    """Mean and covariance of (N, D) patches; `ridge` times the mean variance is added to every variance."""
    mean = patches.mean(0)
    centred = patches - mean
    covariance = centred.T @ centred / len(patches)
    variance = float(np.trace(covariance) / len(covariance))
    return Statistics(mean, covariance + ridge * variance * np.eye(len(covariance)), variance)


def disturbed(style: Statistics, sigma: float, rng: np.random.Generator) -> Statistics:
    """A style near this one: its mean moved, its dimensions stretched; the same one where sigma is 0.

    The mean moves by sigma times the standard deviations; C becomes D C D with D = diag(exp(sigma e)), e normal.
    """
    check_sigma(sigma)
    if sigma == 0:
        return style
    moved = style.mean + sigma * np.sqrt(style.covariance.diagonal()) * rng.standard_normal(len(style.mean))
    stretch = np.exp(sigma * rng.standard_normal(len(style.mean)))
    return Statistics(moved, style.covariance * stretch[:, None] * stretch, style.variance)


@dataclass(frozen=True)
class Content:
    """A picture ready to be restyled: what does not depend on the style is worked out once."""

    patches: Array  # (N, D)
    statistics: Statistics
    root: Array  # (D, D), C^(1/2)
    inverse_root: Array  # (D, D), C^(-1/2)

    @classmethod
    def of(cls, picture: Picture, ridge: float = RIDGE) -> Content:
        """Read an (S, S, 3) uint8 picture."""
        return cls.of_patches(patches_of(picture / 255.0), ridge)

    @classmethod
    def of_patches(cls, patches: Array, ridge: float = RIDGE) -> Content:
        statistics = statistics_of(patches, ridge)
        values, vectors = np.linalg.eigh(statistics.covariance)
        roots = np.sqrt(np.clip(values, 0, None))
        inverse = np.where(values > FLOOR, 1 / np.sqrt(np.maximum(values, FLOOR)), 0.0)
        return cls(patches, statistics, (vectors * roots) @ vectors.T, (vectors * inverse) @ vectors.T)

    def transport(self, style: Statistics) -> Array:
        """The linear map T with T C T = C_s.

        Source: Gelbrich 1990; T = C^(-1/2) (C^(1/2) C_s C^(1/2))^(1/2) C^(-1/2).
        """
        values, vectors = np.linalg.eigh(self.root @ style.covariance @ self.root)
        middle = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
        return self.inverse_root @ middle @ self.inverse_root

    def restyled(self, style: Statistics) -> Array:
        """The patches in full style, (N, D), not yet clamped to 0..1."""
        moved: Array = (self.patches - self.statistics.mean) @ self.transport(style) + style.mean
        return moved


def mixed(patches: Array, restyled: Array, alpha: float) -> Array:
    """A strength between a picture's patches and its restyled ones: (1 - a) F + a F_1."""
    check_alpha(alpha)
    return (1 - alpha) * patches + alpha * restyled


def to_picture(patches: Array) -> Picture:
    """Patches as an (S, S, 3) uint8 picture, clamped to what a screen can show."""
    rounded: Picture = np.rint(np.clip(picture_of(patches), 0, 1) * 255).astype(np.uint8)
    return rounded


def restyle(content: Content, style: Statistics, alphas: Sequence[float]) -> Picture:
    """Restyle a picture at several strengths: (alphas, S, S, 3) uint8.

    Args:
        content: The picture.
        style: The style; `disturbed` before, where noise is wanted.
        alphas: Strengths, 0 the picture itself to 1 the style in full.
    """
    restyled = content.restyled(style)
    return np.stack([to_picture(mixed(content.patches, restyled, alpha)) for alpha in alphas])


def sampled(content: Content, styles: Sequence[Statistics], sampling: Sampling, rng: np.random.Generator) -> Picture:
    """One random restyling, (S, S, 3) uint8: a style, a strength and a noise are drawn."""
    style = disturbed(styles[int(rng.integers(len(styles)))], sampling.sigma, rng)
    alpha = float(rng.uniform(sampling.low, sampling.high))
    return restyle(content, style, [alpha])[0]
