"""Keys and values of a reference in place of a target's own, in chosen self-attention layers.

Every row of a UNet call keeps its own query. It listens to the key and value projections, keeps those of the
references, and hands them to the targets of the same guidance half; the layer's own attention does the rest. It knows
nothing about prompts, latents or where a reference comes from.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

import torch
from torch import nn

from tools.hooks import ForwardHooks


@dataclass(frozen=True)
class LateLayers:
    """Which self-attention of an architecture is swapped, and how strongly."""

    blocks: tuple[str, ...]
    emphasis: float  # see KeyValueSwap; 0 is the paper's


SD15 = LateLayers(("mid_block", "up_blocks.3"), 0.0)
"""The middle, and the three layers at the latents' own size."""
EMBEDDED = LateLayers(("up_blocks.1",), 1.0)
"""Two layers on the way up, at half the latents' size, chosen by `python -m tests.evals.reference` (tables in
`docs/results.md`). Those at the latents' own size bring the reference's colours along."""


@dataclass(frozen=True)
class SwapRow:
    """What one row of a UNet call is to the swap."""

    half: int  # 0 without the prompt, 1 with it
    gives: int | None = None  # the number of the reference that it is
    takes: bool = False  # whether it is a target
    measured: bool = False  # whether how far the swap moves it is measured


@dataclass
class KeyValueSwap:
    """Swaps while it is entered.

    Two things go beyond the paper. Of two references, each layer's attention is worked out once with each one's keys
    and values, and the outputs are mixed by the references' shares. And `emphasis` lets a target's row without the
    prompt keep a share of its own output: guidance, which moves away from that row, then moves towards the reference.

    Source: Jeong et al. 2024, "Visual Style Prompting with Swapping Self-Attention", section 3.2.
    """

    unet: nn.Module
    layers: Sequence[str]
    shares: Sequence[float]  # of the references, positive, in the order of their numbers
    emphasis: float = 0.0  # 0..1
    moved: dict[str, list[torch.Tensor]] = field(default_factory=dict)
    """By layer, of every measured row: ||output with the swap - output without|| / ||output without||."""

    def __post_init__(self) -> None:
        self._modules = dict(self_attention_layers(self.unet))
        self._kept: dict[tuple[str, str, int, int], torch.Tensor] = {}  # (layer, to_k or to_v, half, reference)
        self._rows: Sequence[SwapRow] = ()
        self._reference: int | None = 0  # whose keys and values targets take; None: their own
        hooks: list[tuple[nn.Module, Any]] = []
        for name in self.layers:
            module = self._modules[name]
            hooks += [(getattr(module, part), self._hand_over(name, part)) for part in ("to_k", "to_v")]
            hooks.append((module, self._finish(name)))
        self._hooks = ForwardHooks(hooks)

    def __enter__(self) -> "KeyValueSwap":
        self._hooks.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._hooks.__exit__(kind, error, traceback)
        self._kept = {}

    def begin_call(self, rows: Sequence[SwapRow]) -> None:
        """Say what the rows of the next UNet call are. A reference comes in the same call as its targets or before."""
        keeps = self.emphasis == 1  # all of its own: nothing to swap, nor to work out twice
        self._rows = [replace(row, takes=row.takes and not (keeps and row.half == 0)) for row in rows]

    def _hand_over(self, name: str, part: str) -> Any:
        def hand_over(_module: Any, _args: Any, output: torch.Tensor) -> torch.Tensor | None:
            for row, what in enumerate(self._rows):
                if what.gives is not None:
                    self._kept[name, part, what.half, what.gives] = output[row]
            if self._reference is None or not any(what.takes for what in self._rows):
                return None
            swapped = [
                self._kept[name, part, what.half, self._reference] if what.takes else output[row]
                for row, what in enumerate(self._rows)
            ]
            return torch.stack(swapped)

        return hand_over

    def _finish(self, name: str) -> Any:
        def finish(module: Any, args: Any, output: torch.Tensor) -> torch.Tensor:
            taking = [row for row, what in enumerate(self._rows) if what.takes]
            if taking and len(self.shares) > 1:
                output[taking] = self._mix(name, module, args[0][taking], taking, output[taking])
            measured = [row for row in taking if self._rows[row].measured]
            kept = [row for row in taking if self._rows[row].half == 0] if self.emphasis else []
            if measured or kept:
                with self._only(measured + kept, None):
                    own = module.forward(args[0][measured + kept])
                output[kept] = output[kept].lerp(own[len(measured) :], self.emphasis)
                for row, plain in zip(measured, own[: len(measured)], strict=True):
                    far = (output[row] - plain).float().norm() / plain.float().norm()
                    self.moved.setdefault(name, []).append(far)
            return output

        return finish

    def _mix(
        self, name: str, module: Any, hidden: torch.Tensor, rows: Sequence[int], first: torch.Tensor
    ) -> torch.Tensor:
        """The outputs with each reference's keys and values, by shares; `first` is that of the first reference."""
        mixed = self.shares[0] * first
        for number, share in enumerate(self.shares[1:], 1):
            with self._only(rows, number):
                mixed = mixed + share * module.forward(hidden)
        return mixed

    @contextmanager
    def _only(self, rows: Sequence[int], reference: int | None) -> Iterator[None]:
        """Run a layer again on some of the rows, with the keys and values of another reference or with their own."""
        before = self._rows, self._reference
        self._rows, self._reference = [self._rows[row] for row in rows], reference
        try:
            yield
        finally:
            self._rows, self._reference = before


def self_attention_layers(unet: nn.Module) -> list[tuple[str, nn.Module]]:
    """Find a UNet's self-attention layers: (name, module), in the order of its modules."""
    return [
        (name, module)
        for name, module in unet.named_modules()
        if name.rpartition(".")[2] == "attn1" and all(hasattr(module, part) for part in ("to_q", "to_k", "to_v"))
    ]


def late_layers(unet: Any) -> LateLayers:
    """What is swapped by default in a UNet of Stable Diffusion 1.x's kind; the embedded one has three levels."""
    return EMBEDDED if len(unet.up_blocks) == 3 else SD15


def chosen_layers(unet: nn.Module, blocks: Sequence[str]) -> tuple[str, ...]:
    """Name the self-attention layers of some blocks.

    Args:
        unet: Any UNet of diffusers.
        blocks: Names of blocks or layers, such as `mid_block` or `up_blocks.3`; whole path components count.

    Raises:
        ValueError: If there are none.
    """
    names = [name for name, _ in self_attention_layers(unet)]
    found = tuple(name for name in names if any(f"{name}.".startswith(f"{block}.") for block in blocks))
    if not found:
        raise ValueError(f"this image model has no self-attention that can be swapped in {', '.join(blocks)}.")
    return found
