"""What an artist shares: a Gaussian that reproduces mean and covariance, whose file holds nothing else."""

from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tools.style_search.encoder import STATISTICS
from tools.style_search.representation import (
    MIN_WORKS,
    RANK,
    RepresentationError,
    SharedStyle,
    check_gaussian,
    fit_gaussian,
    read_shared,
    write_shared,
)


def works(count=24, seed=0):
    rng = torch.Generator().manual_seed(seed)
    directions = torch.randn(RANK, STATISTICS, generator=rng) / STATISTICS**0.5
    along = torch.randn(count, RANK, generator=rng) * torch.linspace(8, 2, RANK)
    return 0.5 + along @ directions + 0.1 * torch.randn(count, STATISTICS, generator=rng)


def test_virtual_works_reproduce_mean_and_covariance_within_sampling_error():
    gaussian = fit_gaussian(works())
    count = 40_000
    drawn = gaussian.sample(count, torch.Generator().manual_seed(1))
    covariance = gaussian.directions @ torch.diag(gaussian.scales) @ gaussian.directions.T + torch.diag(gaussian.rest)
    off = (drawn.mean(0) - gaussian.mean).abs() / (covariance.diagonal() / count).sqrt()
    assert off.max() < 5  # standard errors, over 534 means
    variance = covariance.diagonal()
    error = ((covariance.square() + variance[:, None] * variance[None, :]) / count).sqrt()
    assert ((torch.cov(drawn.T) - covariance).abs() / error).max() < 6  # over 142,845 entries


def test_the_fit_has_the_mean_and_the_variances_of_the_works():
    statistics = works()
    gaussian = fit_gaussian(statistics)
    assert torch.allclose(gaussian.mean, statistics.mean(0), atol=1e-5)
    variances = (gaussian.directions.square() * gaussian.scales).sum(1) + gaussian.rest
    assert torch.allclose(variances, statistics.var(0), rtol=1e-3, atol=2e-3)


def test_the_order_of_works_changes_nothing():
    statistics = works()
    mixed = statistics[torch.randperm(len(statistics), generator=torch.Generator().manual_seed(5))]
    first, second = fit_gaussian(statistics), fit_gaussian(mixed)
    assert all(torch.equal(a, b) for a, b in zip(first.tensors().values(), second.tensors().values(), strict=True))


def test_the_density_is_that_of_the_whole_covariance():
    gaussian = fit_gaussian(works())
    at = works(3, seed=9)
    covariance = gaussian.directions @ torch.diag(gaussian.scales) @ gaussian.directions.T + torch.diag(gaussian.rest)
    whole = torch.distributions.MultivariateNormal(gaussian.mean.double(), covariance.double()).log_prob(at.double())
    ours = gaussian.log_density(at)
    assert torch.allclose(ours - ours[0], whole - whole[0], rtol=1e-4, atol=1e-2)


def test_noise_changes_what_is_shared_and_can_be_drawn_again():
    rng = torch.Generator
    plain, noisy = fit_gaussian(works()), fit_gaussian(works(), 0.1, rng().manual_seed(2))
    again = fit_gaussian(works(), 0.1, rng().manual_seed(2))
    assert torch.equal(noisy.mean, again.mean) and not torch.equal(noisy.mean, plain.mean)
    assert check_gaussian(noisy.tensors()) == noisy


@pytest.mark.parametrize("count", [0, 1, MIN_WORKS - 1])
def test_too_few_works_tell_no_style(count):
    with pytest.raises(RepresentationError, match=f"{count} works are too few"):
        fit_gaussian(works(max(count, 1))[:count])


def test_statistics_that_are_no_numbers_are_refused():
    statistics = works()
    statistics[3, 7] = float("nan")
    with pytest.raises(RepresentationError, match="no numbers"):
        fit_gaussian(statistics)


@pytest.mark.parametrize("count", [MIN_WORKS, 24, 60])
def test_a_file_is_as_large_for_any_number_of_works_and_holds_no_more_than_is_listed(tmp_path, count):
    path = tmp_path / "anna.safetensors"
    write_shared(SharedStyle("Anna", "d" * 64, fit_gaussian(works(count))), path)
    assert path.stat().st_size <= 25_000
    with safe_open(path, "pt") as file:
        assert sorted(file.keys()) == ["directions", "mean", "rest", "scales"]
        assert file.metadata() == {"artist": "Anna", "encoder": "d" * 64}
    other = tmp_path / "bert.safetensors"
    write_shared(SharedStyle("Bert", "d" * 64, fit_gaussian(works(30))), other)
    assert path.stat().st_size == other.stat().st_size


def test_a_file_reads_back(tmp_path):
    gaussian = fit_gaussian(works())
    write_shared(SharedStyle("Anna", "e", gaussian), tmp_path / "a.safetensors")
    read = read_shared(tmp_path / "a.safetensors", "e")
    assert read.artist == "Anna" and torch.equal(read.gaussian.directions, gaussian.directions)


def damaged(change):
    return change(fit_gaussian(works()))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda g: replace(g, mean=g.mean * float("nan")), "no numbers"),
        (lambda g: replace(g, scales=-g.scales), "no covariance"),
        (lambda g: replace(g, rest=0 * g.rest), "no covariance"),
        (lambda g: replace(g, directions=2 * g.directions), "no covariance"),
        (lambda g: replace(g, mean=g.mean[:-1].contiguous()), "expected"),
        (lambda g: replace(g, mean=g.mean.double()), "float64"),
    ],
)
def test_what_is_no_style_is_refused_in_one_line(tmp_path, change, why):
    path = tmp_path / "x.safetensors"
    save_file(damaged(change).tensors(), path, metadata={"artist": "x", "encoder": "e"})
    with pytest.raises(RepresentationError, match=why) as error:
        read_shared(path, "e")
    assert "\n" not in str(error.value)


def test_a_file_with_more_in_it_or_from_another_encoder_or_none_is_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    tensors = fit_gaussian(works()).tensors()
    save_file({**tensors, "pixels": torch.zeros(3)}, path, metadata={"encoder": "e"})
    with pytest.raises(RepresentationError, match="pixels"):
        read_shared(path, "e")
    save_file(tensors, path, metadata={"encoder": "other"})
    with pytest.raises(RepresentationError, match="another encoder"):
        read_shared(path, "e")
    path.write_bytes(b"not a file of tensors")
    with pytest.raises(RepresentationError, match="cannot be read"):
        read_shared(path, "e")
    path.write_bytes(bytes(200_000))
    with pytest.raises(RepresentationError, match="larger"):
        read_shared(path, "e")
