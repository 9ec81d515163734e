"""Noised latents: each of the three is what the other two leave."""

import pytest
import torch

from tests.tiny import tiny_pipeline
from tools.noising import add_noise, alpha_at, noise_between, predict_original


@pytest.mark.parametrize("timestep", [0, 1, 500, 999])
def test_each_of_the_three_follows_from_the_other_two(timestep):
    scheduler = tiny_pipeline().scheduler
    original, noise = torch.randn(2, 2, 4, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    alpha = alpha_at(scheduler, timestep)
    noised = add_noise(original, noise, alpha)
    torch.testing.assert_close(
        noised, scheduler.add_noise(original, noise, torch.tensor(timestep)), rtol=1e-4, atol=1e-4
    )
    torch.testing.assert_close(predict_original(noised, noise, alpha), original, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(noise_between(noised, original, alpha), noise, rtol=1e-6, atol=1e-6)


def test_the_schedulers_own_prediction_is_the_same():
    scheduler = tiny_pipeline().scheduler
    scheduler.set_timesteps(4)
    latents, noise = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    timestep = scheduler.timesteps[1]
    theirs = scheduler.step(noise, timestep, latents).pred_original_sample
    torch.testing.assert_close(predict_original(latents, noise, alpha_at(scheduler, timestep)), theirs)
