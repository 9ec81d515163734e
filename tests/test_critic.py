"""The decoder's critic: what it calls sharp, and how it is heard the more of a style the less sharp that is."""

from __future__ import annotations

import pytest
import torch

from tests.evals.likeness import highest_octave as of_pictures
from tools.studio.critic import WEIGHTED, Discriminator, Sharpness, highest_octave
from tools.studio.decoding import settle
from tools.studio.fitting import Workers


def test_sharp_is_what_has_energy_from_a_quarter_of_a_cycle_per_pixel_up() -> None:
    ramp = torch.arange(32).float()
    fine, coarse = (torch.cos(2 * torch.pi * ramp / period).expand(1, 3, 32, 32) for period in (2, 16))
    assert float(highest_octave(coarse)) < 1e-6 < float(highest_octave(fine))
    pictures = torch.randint(0, 256, (4, 3, 32, 32), generator=torch.Generator().manual_seed(0))
    told = of_pictures(pictures.permute(0, 2, 3, 1).numpy())  # in 0..1, summed; here in -1..1, a mean
    assert float(highest_octave(pictures / 127.5 - 1).mean()) == pytest.approx(4 * told / 32**2, rel=1e-4)


def test_a_style_is_heard_more_while_it_is_soft_and_less_while_it_is_too_sharp() -> None:
    sharpness, workers = Sharpness(3, torch.device("cpu")), Workers(0, 1)
    drawn = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    styles = torch.tensor([0, 0, 1, 1])
    made = drawn * torch.tensor([0.5, 0.5, 2.0, 2.0])[:, None, None, None]
    for _ in range(20):
        sharpness.steer(workers, (made, styles), (drawn, styles))
    soft, sharp, unseen = sharpness.weights.tolist()
    assert soft > 1.5 > 1 == unseen > 0.7 > sharp
    assert sharpness.sharpness[:2].tolist() == pytest.approx([0.25, 4.0], rel=1e-3)
    for _ in range(300):
        sharpness.steer(workers, (made, styles), (drawn, styles))
    assert sharpness.weights[:2].tolist() == pytest.approx(WEIGHTED[::-1])


def test_the_discriminator_judges_each_patch_by_its_style() -> None:
    torch.manual_seed(0)
    judge = Discriminator(3).eval()
    signal = torch.randn(2, 3, 64, 64)
    likely = judge(signal, torch.tensor([0, 1]))
    assert likely.shape == (2, 1, 8, 8)
    assert not torch.allclose(likely, judge(signal, torch.tensor([2, 1]))) and likely.isfinite().all()


def test_a_network_settles_between_where_training_began_and_where_it_ended() -> None:
    begun, ended = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    wanted = 0.75 * begun.weight.detach() + 0.25 * ended.weight.detach()
    settle(begun, ended.state_dict(), 0.25)
    assert torch.allclose(begun.weight, wanted)
    settle(begun, ended.state_dict(), 1.0)
    assert torch.equal(begun.bias, ended.bias)
