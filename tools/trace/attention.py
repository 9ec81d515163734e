"""Where cross-attention looked: shares per step, layer and phrase, and one heat map per phrase.

It listens to the query and key projections of every cross-attention layer and works out softmax(q k^T) beside the
pipeline, on the conditional passes only. It replaces nothing, so a traced render is an untraced one to the last bit.
Probabilities are reduced to phrases at once: what is kept grows by a few hundred bytes per step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import torch
from torch import nn

from tools.conditioning import Conditioning
from tools.trace.split import EmbeddingSplit

Entry = tuple[int, int, float] | None
"""One row of a UNet call: (image, branch, share), or None for a pass without a style."""

WAITING_BYTES = 4_000_000
"""Queries of a layer that may wait for later steps: all of a small model's, one step of SD1.5's largest layers."""
PROBABILITY_CELLS = 16_000_000
"""Attention probabilities worked out at once, 64 MB of float32: three rows of SD1.5's largest layers."""


@dataclass
class LayerTrace:
    """What is known of one cross-attention layer."""

    name: str
    module: Any  # diffusers' Attention
    query: torch.Tensor | None = None  # (rows, positions, heads * channels) of the call under way
    key: torch.Tensor | None = None  # (rows, tokens, heads * channels)
    maps: torch.Tensor | None = None  # (images, positions, phrases), summed over steps
    waiting: dict[int, tuple[torch.Tensor, list[tuple[int, torch.Tensor]]]] = field(default_factory=dict)
    """By plan: its keys, and (step, query) of the steps that are not worked off yet."""
    waiting_bytes: int = 0


@dataclass
class RowPlan:
    """Which rows of a call are conditional, and what each stands for."""

    rows: slice
    entries: list[tuple[int, int, float]]
    roles: torch.Tensor  # (rows, 1, tokens, phrases)
    weights: torch.Tensor  # (images, rows): a row's share of its image


class UnhookedLayer(RuntimeError):
    """A cross-attention layer ran, or should have run, without being heard; the message names it."""


@dataclass
class AttentionTrace:
    """Listens to a UNet's cross-attention while it is entered."""

    unet: nn.Module
    conditionings: Sequence[Conditioning]
    layers: list[LayerTrace] = field(default_factory=list)
    shares: list[torch.Tensor] = field(default_factory=list)  # per step: (layers, images, phrases)
    splits: EmbeddingSplit | None = None

    def __post_init__(self) -> None:
        self.layers = [LayerTrace(name, module) for name, module in cross_attention_layers(self.unet)]
        self.n_phrases = max(len(c.phrases) for c in self.conditionings)
        if any(branch.parts for c in self.conditionings for branch in c.branches):
            self.splits = EmbeddingSplit(self.conditionings, [layer.name for layer in self.layers])
        self._plans: dict[tuple[Entry, ...], RowPlan] = {}
        self._plan: RowPlan | None = None
        self._hooks: list[Any] = []

    def __enter__(self) -> "AttentionTrace":
        for index, layer in enumerate(self.layers):
            self._hooks += [
                layer.module.to_q.register_forward_hook(_keep(layer, "query")),
                layer.module.to_k.register_forward_hook(_keep(layer, "key")),
                layer.module.register_forward_hook(self._observer(index)),
            ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for hook in self._hooks:
            hook.remove()
        for layer in self.layers:
            layer.query = layer.key = None
            if kind is not None:
                layer.waiting = {}

    def begin_step(self) -> None:
        """Begin the next step; its UNet calls follow."""
        device = next(self.unet.parameters()).device
        self.shares.append(torch.zeros(len(self.layers), len(self.conditionings), self.n_phrases, device=device))
        if self.splits is not None:
            self.splits.begin_step(device)

    def begin_call(self, entries: Sequence[Entry]) -> None:
        """Say what the rows of the next UNet call are."""
        key = tuple(entries)
        if key not in self._plans:
            self._plans[key] = self._make_plan(key)
        self._plan = self._plans[key]

    def finish(self) -> None:
        """Work off what is waiting, and raise UnhookedLayer if a layer was never heard."""
        for index, layer in enumerate(self.layers):
            self._work_off(index)
            if layer.maps is None:
                raise UnhookedLayer(
                    f"{layer.name} was not heard: its to_q and to_k did not run on their own. Its attention module "
                    f"is {type(layer.module).__name__} with {type(layer.module.processor).__name__}"
                )

    def _make_plan(self, entries: tuple[Entry, ...]) -> RowPlan:
        kept = [(i, entry) for i, entry in enumerate(entries) if entry is not None]
        first, last = (kept[0][0], kept[-1][0] + 1) if kept else (0, 0)
        device = next(self.unet.parameters()).device
        roles = [
            nn.functional.pad(branch.roles, (0, self.n_phrases - branch.roles.shape[1]))
            for branch in (self.conditionings[image].branches[branch] for _, (image, branch, _) in kept)
        ]
        weights = torch.zeros(len(self.conditionings), len(kept))
        for row, (_, (image, _, share)) in enumerate(kept):
            weights[image, row] = share
        stacked = torch.stack(roles)[:, None] if roles else torch.empty(0)
        return RowPlan(slice(first, last), [entry for _, entry in kept], stacked.to(device), weights.to(device))

    def _observer(self, index: int) -> Any:
        def observe(_module: Any, _args: Any, _output: torch.Tensor) -> None:
            layer, plan = self.layers[index], self._plan
            if layer.query is None or layer.key is None or plan is None or not plan.entries:
                return
            query = layer.query[plan.rows]
            # the same plan has the same prompts at every step, and so the same keys
            waiting = layer.waiting.setdefault(id(plan), (layer.key[plan.rows], []))
            waiting[1].append((len(self.shares) - 1, query))
            layer.waiting_bytes += query.numel() * query.element_size()
            layer.query = layer.key = None
            if layer.waiting_bytes > WAITING_BYTES:
                self._work_off(index)

        return observe

    def _work_off(self, index: int) -> None:
        """Turn a layer's waiting queries into shares: many steps at once, since small products cost by their number."""
        layer, waiting = self.layers[index], self.layers[index].waiting
        layer.waiting, layer.waiting_bytes = {}, 0
        plans = {id(plan): plan for plan in self._plans.values()}
        for plan_id, (key, queries) in waiting.items():
            plan, steps = plans[plan_id], [step for step, _ in queries]
            query = torch.stack([q for _, q in queries])  # (steps, rows, positions, features)
            cells = query.shape[0] * query.shape[2] * key.shape[1] * layer.module.heads
            at_once = max(1, PROBABILITY_CELLS // cells)
            for first in range(0, len(plan.entries), at_once):
                rows = slice(first, first + at_once)
                self._observe_rows(index, plan, rows, steps, query[:, rows], key[rows])

    def _observe_rows(
        self, index: int, plan: RowPlan, rows: slice, steps: list[int], query: torch.Tensor, key: torch.Tensor
    ) -> None:
        layer = self.layers[index]
        module = layer.module
        query, key = _heads(query, module.heads), _heads(key, module.heads)
        # (steps, rows, heads, positions, tokens)
        probabilities = (query @ key.transpose(-1, -2)).mul_(module.scale).softmax(-1)
        by_phrase = (probabilities @ plan.roles[rows]).mean(2)  # (steps, rows, positions, phrases)
        by_image = torch.einsum("ir,srqp->siqp", plan.weights[:, rows], by_phrase)
        maps = by_image.sum(0)
        layer.maps = maps if layer.maps is None else layer.maps.add_(maps)
        for step, share in zip(steps, by_image.mean(2), strict=True):
            self.shares[step][index] += share
        if self.splits is not None:
            self.splits.observe(index, module, plan.entries[rows], steps, query, probabilities)

    def share_table(self, image: int) -> torch.Tensor:
        """Shares of one image's attention: (steps, layers, phrases), over all phrases they sum to 1."""
        n_phrases = len(self.conditionings[image].phrases)
        return torch.stack(self.shares)[:, :, image, :n_phrases].cpu()

    def heat_maps(self, image: int, latent_size: tuple[int, int]) -> torch.Tensor:
        """Heat maps of one image: (phrases, height, width) in shares of attention, mean over steps, layers and heads.

        Args:
            image: Which image of the batch.
            latent_size: (height, width) of the latents; smaller layers are scaled up to it (bicubic, clamped at 0).

        Source: DAAM, Tang et al. 2022, section 3: down and up blocks, the middle left out. Where DAAM scales each
        word to its own range, these keep one absolute scale for all phrases.
        """
        n_phrases = len(self.conditionings[image].phrases)
        height, width = latent_size
        total = torch.zeros(n_phrases, height, width)
        used = [layer for layer in self.layers if not layer.name.startswith("mid_block") and layer.maps is not None]
        for layer in used:
            assert layer.maps is not None
            size = layer_size(layer.maps.shape[1], height, width)
            maps = layer.maps[image, :, :n_phrases].T.reshape(1, n_phrases, *size).cpu() / len(self.shares)
            scaled = nn.functional.interpolate(maps, size=latent_size, mode="bicubic") if size != latent_size else maps
            total += scaled[0].clamp(min=0)
        return total / max(1, len(used))

    def kept_bytes(self) -> tuple[int, int]:
        """What is kept: bytes per step, and bytes that do not grow with steps."""
        per_step = sum(t.numel() * t.element_size() for t in self.shares[-1:])
        if self.splits is not None:
            per_step += self.splits.bytes_per_step()
        return per_step, sum(layer.maps.numel() * 4 for layer in self.layers if layer.maps is not None)


def cross_attention_layers(unet: nn.Module) -> list[tuple[str, nn.Module]]:
    """Find a UNet's cross-attention layers in the order of its modules: (name, module).

    Raises:
        UnhookedLayer: If a transformer block's `attn2` has no query and key projections to listen to.
    """
    found = []
    for name, module in unet.named_modules():
        if name.rpartition(".")[2] != "attn2":
            continue
        if not all(isinstance(getattr(module, part, None), nn.Module) for part in ("to_q", "to_k", "to_v", "to_out")):
            raise UnhookedLayer(f"{name} cannot be listened to: a {type(module).__name__} without to_q, to_k, to_v")
        found.append((name, module))
    return found


def layer_size(positions: int, height: int, width: int) -> tuple[int, int]:
    """The (height, width) of a layer with so many positions, in a UNet whose latents are height x width.

    A stride of 2 rounds up, so a size of 9 is followed by 5 and 3.
    """
    while height * width > positions:
        height, width = (height + 1) // 2, (width + 1) // 2
    if height * width != positions:
        raise ValueError(f"no layer of {positions} positions in latents of this size")
    return height, width


def _keep(layer: LayerTrace, what: str) -> Any:
    def keep(_module: Any, _args: Any, output: torch.Tensor) -> None:
        setattr(layer, what, output)

    return keep


def _heads(projected: torch.Tensor, n_heads: int) -> torch.Tensor:
    """(..., positions, heads * channels) -> (..., heads, positions, channels) float32."""
    *before, positions, features = projected.shape
    return projected.float().view(*before, positions, n_heads, features // n_heads).transpose(-3, -2)
