"""What an artist shares: a Gaussian of low rank over the style statistics of their works, and the file that carries it.

It tells how the works look on the whole and how they vary. It holds no picture, no name of a file and no count. It is
not nothing either: who holds it and a picture can guess, better than by chance, whether that was among the works.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from tools.style_search.encoder import STATISTICS

RANK = 8
MIN_WORKS = 12
FLOOR = 1e-3
"""The least variance of a statistic, where public pictures have 1."""
MAX_FILE_BYTES = 100_000
SHAPES: dict[str, tuple[int, ...]] = {
    "mean": (STATISTICS,), "directions": (STATISTICS, RANK), "scales": (RANK,), "rest": (STATISTICS,),
}  # fmt: skip


class RepresentationError(ValueError):
    """What was shared cannot be used; one line says why, and what to do."""


@dataclass(frozen=True)
class StyleGaussian:
    """N(mean, directions diag(scales) directions' + diag(rest)), where public pictures have mean 0 and variance 1.

    Args:
        mean: (STATISTICS).
        directions: (STATISTICS, RANK), orthonormal columns.
        scales: (RANK) variances along them.
        rest: (STATISTICS) variances of what they leave.
    """

    mean: torch.Tensor
    directions: torch.Tensor
    scales: torch.Tensor
    rest: torch.Tensor

    def tensors(self) -> dict[str, torch.Tensor]:
        return {name: getattr(self, name) for name in SHAPES}

    def sample(self, count: int, rng: torch.Generator) -> torch.Tensor:
        """Virtual statistics: (count, STATISTICS)."""
        along = torch.randn(count, RANK, generator=rng) * self.scales.sqrt()
        return self.mean + along @ self.directions.T + torch.randn(count, STATISTICS, generator=rng) * self.rest.sqrt()

    def log_density(self, statistics: torch.Tensor) -> torch.Tensor:
        """Logarithm of the density at (N, STATISTICS), up to a constant: (N)."""
        off = (statistics - self.mean).double()
        inverse, factors = 1 / self.rest.double(), self.directions.double() * self.scales.double().sqrt()
        inner = torch.eye(RANK, dtype=torch.float64) + factors.T @ (inverse[:, None] * factors)
        across = (off * inverse) @ factors
        distance = (off.square() * inverse).sum(1) - (across @ torch.linalg.inv(inner) * across).sum(1)
        return -0.5 * (distance + torch.logdet(inner) + self.rest.double().log().sum())


def fit_gaussian(statistics: torch.Tensor, noise: float = 0.0, rng: torch.Generator | None = None) -> StyleGaussian:
    """Fit what is shared.

    Args:
        statistics: (works, STATISTICS); their order changes nothing.
        noise: Standard deviation of what is added to mean and factors, where public pictures have 1; 0 for none.
        rng: Draws the noise; needed with it.

    Raises:
        RepresentationError: There are fewer than MIN_WORKS works, or values that are no numbers.
    """
    if len(statistics) < MIN_WORKS:
        raise RepresentationError(f"{len(statistics)} works are too few to tell a style: give {MIN_WORKS} or more")
    if not bool(torch.isfinite(statistics).all()):
        raise RepresentationError("the statistics hold values that are no numbers")
    ordered = statistics[sorted(range(len(statistics)), key=lambda row: statistics[row].tolist())].double()
    mean = ordered.mean(0)
    off = (ordered - mean) / (len(ordered) - 1) ** 0.5
    _, strengths, rows = torch.linalg.svd(off, full_matrices=False)
    directions, scales = rows[:RANK].T, strengths[:RANK].square()
    rest = (off.square().sum(0) - (directions.square() * scales).sum(1)).clamp(min=FLOOR)
    if noise > 0:
        assert rng is not None, "noise needs a generator"
        mean = mean + noise * torch.randn(STATISTICS, generator=rng)
        factors = directions * scales.sqrt() + noise * torch.randn(STATISTICS, RANK, generator=rng)
        directions, strengths, _ = torch.linalg.svd(factors, full_matrices=False)
        scales = strengths.square()
        rest = (rest + noise**2 * torch.randn(STATISTICS, generator=rng)).clamp(min=FLOOR)
    return StyleGaussian(*(value.float().contiguous() for value in (mean, directions, scales, rest)))


def check_gaussian(tensors: dict[str, torch.Tensor]) -> StyleGaussian:
    """A Gaussian of what came from elsewhere.

    Raises:
        RepresentationError: Names, shapes or dtypes are others, values are no numbers, or it is no covariance.
    """
    if set(tensors) != set(SHAPES):
        raise RepresentationError(f"it holds {', '.join(sorted(tensors))}; expected {', '.join(SHAPES)}")
    for name, shape in SHAPES.items():
        value = tensors[name]
        if tuple(value.shape) != shape or value.dtype != torch.float32:
            raise RepresentationError(f"{name} is {tuple(value.shape)} {value.dtype}; expected {shape} torch.float32")
        if not bool(torch.isfinite(value).all()):
            raise RepresentationError(f"{name} holds values that are no numbers")
    if bool((tensors["scales"] < 0).any()) or bool((tensors["rest"] <= 0).any()):
        raise RepresentationError("it is no covariance: a variance is negative")
    gram = tensors["directions"].T @ tensors["directions"]
    if not torch.allclose(gram, torch.eye(RANK), atol=1e-2):
        raise RepresentationError("it is no covariance: its directions are not orthonormal")
    return StyleGaussian(**tensors)


@dataclass(frozen=True)
class SharedStyle:
    """A file that an artist handed over.

    Args:
        artist: The name that the artist chose.
        encoder: Digest of the encoder whose statistics it is over.
    """

    artist: str
    encoder: str
    gaussian: StyleGaussian


def write_shared(shared: SharedStyle, path: Path) -> None:
    """Write what an artist shares: four tensors, the chosen name, and the encoder's digest. Nothing else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".draft")
    save_file(shared.gaussian.tensors(), draft, metadata={"artist": shared.artist, "encoder": shared.encoder})
    draft.replace(path)


def read_shared(path: Path, encoder: str) -> SharedStyle:
    """Read what an artist shared.

    Args:
        encoder: The digest of the encoder in use.

    Raises:
        RepresentationError: It cannot be used.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise RepresentationError(f"{path} is larger than what an artist shares; `join` writes such files")
        with safe_open(path, "pt") as file:
            metadata, names = file.metadata() or {}, list(file.keys())
            tensors = {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError) as error:
        raise RepresentationError(f"{path} cannot be read; `python -m tools join` writes such files") from error
    if metadata.get("encoder") != encoder:
        raise RepresentationError(f"{path} was made with another encoder; join again with this one")
    try:
        return SharedStyle(str(metadata.get("artist") or ""), encoder, check_gaussian(tensors))
    except RepresentationError as error:
        raise RepresentationError(f"{path}: {error}") from error
