"""What judges the larger decoder's pictures while it learns: a discriminator of patches, and how much it is heard.

A discriminator (Isola et al. 2017), told the style by projection (Miyato and Koyama 2018), makes the decoder decide
where latents leave open what a picture shows. Heard alike of all styles it puts pencil's strokes on photographs and
leaves a window's lead soft, so of each style it is heard as much as that style's pictures lack.
"""

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from tools.studio.fitting import Workers

FADING, STEERING, WEIGHTED = 0.98, 0.03, (0.02, 6.0)
"""What of a step's energies the next still counts, how fast weights follow, and between which bounds."""
SEEN = 2.0
"""Pictures of a style, the faded ones counted in part, from which on its weight is steered."""


class Discriminator(nn.Module):
    """How drawn each patch of 38 px looks, for pictures whose style is known."""

    def __init__(self, styles: int, channels: tuple[int, ...] = (48, 96, 160)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width in channels:
            layers += [spectral_norm(nn.Conv2d(before, width, 4, stride=2, padding=1)), nn.LeakyReLU(0.2)]
            before = width
        self.body = nn.Sequential(*layers)
        self.head = spectral_norm(nn.Conv2d(before, 1, 3, padding=1))
        self.style = spectral_norm(nn.Embedding(styles, before))

    def forward(self, signal: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        """(N, 1, S / 8, S / 8), higher for drawn, of (N, 3, S, S) in -1..1 and the numbers (N,) of their styles."""
        maps = self.body(signal)
        likely: torch.Tensor = self.head(maps) + (maps * self.style(style)[:, :, None, None]).sum(1, keepdim=True) / 8
        return likely


class Sharpness:
    """How much the discriminator is heard of each style, steered so that what is made is as sharp as what is drawn.

    Sharp is what has energy in the highest octave of frequencies. `weights` (styles,) grow where there is less of it
    than in drawings, and shrink where there is more.
    """

    def __init__(self, styles: int, device: torch.device) -> None:
        self.weights = torch.ones(styles, device=device)
        self.energy = torch.zeros(2, styles, device=device)  # of what is made, of what is drawn: sums that fade
        self.counts = torch.zeros(2, styles, device=device)

    @torch.no_grad()
    def steer(
        self, workers: Workers, made: tuple[torch.Tensor, torch.Tensor], true: tuple[torch.Tensor, torch.Tensor]
    ) -> None:
        """Take account of one step's pictures, of all processes alike.

        Args:
            workers: Between which sums are averaged.
            made: Signals (N, 3, S, S) that were decoded, and the numbers (N,) of their styles.
            true: The same of drawings.
        """
        new = torch.zeros(2, *self.energy.shape, device=self.energy.device)
        for row, (signal, styles) in enumerate((made, true)):
            new[0, row].index_add_(0, styles, highest_octave(signal))
            new[1, row].index_add_(0, styles, torch.ones(len(styles), device=new.device))
        workers.average(new)
        self.energy = FADING * self.energy + new[0]
        self.counts = FADING * self.counts + new[1]
        too_sharp = self.sharpness.log().clamp(-1, 1).nan_to_num(0.0)
        too_sharp[self.counts.amin(0) < SEEN / workers.count] = 0
        self.weights = (self.weights * torch.exp(-STEERING * too_sharp)).clamp(*WEIGHTED)

    @property
    def sharpness(self) -> torch.Tensor:
        """(styles,) the highest octave's energy in what is made over that in what is drawn; nan of a style not seen."""
        mean = self.energy / self.counts
        return mean[0] / mean[1]


def highest_octave(signal: torch.Tensor) -> torch.Tensor:
    """(N,) energy of frequencies from a quarter of a cycle per pixel up, of signals (N, 3, S, S)."""
    power = torch.fft.fft2(signal.float().mean(1)).abs().square()
    along = torch.fft.fftfreq(signal.shape[-1], device=signal.device)
    return (power * (torch.hypot(along[:, None], along[None]) >= 0.25)).mean((1, 2))
