"""Where cross-attention looked, heard from the layers: shares per step, layer and phrase, and maps per phrase.

It listens to the query and key projections of every cross-attention layer and attends again beside the pipeline, on
the conditional passes only, with phrases in place of the values. It replaces nothing, so a traced render is an
untraced one to the last bit. What is kept grows by a few hundred bytes per step.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import torch
from torch import nn

from tools.hooks import ForwardHooks
from tools.trace.embedding_split import SplitParts
from tools.trace.heads import attend, split_heads
from tools.trace.passes import Entry, Row, TracedImage, token_roles

WAITING_BYTES = 4_000_000
"""Queries of a layer that may wait for later steps: all of a small model's, none of SD1.5's largest layers."""


@dataclass
class Waiting:
    """Queries of a layer that are not worked off yet: small products cost by their number, so steps go together."""

    keys: torch.Tensor  # (rows, tokens, features); the same prompts have the same keys at every step
    queries: torch.Tensor  # (rows, steps that fit, positions, features)
    steps: list[int] = field(default_factory=list)


@dataclass
class LayerTrace:
    """What is known of one cross-attention layer."""

    name: str
    module: Any  # diffusers' Attention
    query: torch.Tensor | None = None  # (rows, positions, features) of the call under way
    key: torch.Tensor | None = None  # (rows, tokens, features)
    maps: torch.Tensor | None = None  # (images, positions, phrases), summed over steps
    waiting: dict[int, Waiting] = field(default_factory=dict)  # by plan


@dataclass
class RowPlan:
    """Which rows of a call are conditional, and what each stands for."""

    number: int
    rows: slice
    entries: list[Row]
    roles: torch.Tensor  # (rows, positions, phrases, then single tokens)


class UnhookedLayer(RuntimeError):
    """A cross-attention layer ran, or should have run, without being heard; the message names it."""


@dataclass
class AttentionTrace:
    """Listens to a UNet's cross-attention while it is entered."""

    unet: nn.Module
    images: Sequence[TracedImage]
    layers: list[LayerTrace] = field(default_factory=list)
    n_steps: int = 0
    shares: torch.Tensor = field(default_factory=lambda: torch.empty(0))  # (steps, layers, images, phrases), at the end
    splits: SplitParts | None = None
    waiting_bytes: int = 0
    waiting_bytes_peak: int = 0

    def __post_init__(self) -> None:
        self.layers = [LayerTrace(name, module) for name, module in cross_attention_layers(self.unet)]
        self.n_phrases = max(len(image.phrases) for image in self.images)
        self.n_tokens = max(sum(map(len, image.tokens)) for image in self.images)
        self._by_token = torch.zeros(len(self.images), self.n_tokens)  # summed over steps and layers
        if any(one.parts for image in self.images for one in image.passes):
            self.splits = SplitParts(self.images, len(self.layers))
        self._found: list[tuple[int, int, list[int], torch.Tensor]] = []  # layer, image, steps, (steps, phrases)
        self._plans: dict[tuple[Entry, ...], RowPlan] = {}
        self._plan: RowPlan | None = None
        self._hooks = ForwardHooks(
            [
                (layer.module.to_q if what == "query" else layer.module.to_k, self._listener(index, what))
                for index, layer in enumerate(self.layers)
                for what in ("query", "key")
            ]
        )

    def __enter__(self) -> "AttentionTrace":
        self._hooks.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._hooks.__exit__(kind, error, traceback)
        for layer in self.layers:
            layer.query = layer.key = None
            if kind is not None:
                layer.waiting = {}

    def begin_step(self) -> None:
        """Begin the next step; its UNet calls follow."""
        self.n_steps += 1

    def begin_call(self, entries: Sequence[Entry]) -> None:
        """Say what the rows of the next UNet call are."""
        key = tuple(entries)
        if key not in self._plans:
            self._plans[key] = self._make_plan(key)
        self._plan = self._plans[key]

    def finish(self) -> None:
        """Work off what is waiting, and raise UnhookedLayer if a layer was never heard."""
        plans = {plan.number: plan for plan in self._plans.values()}
        for index, layer in enumerate(self.layers):
            for number, waiting in layer.waiting.items():
                if waiting.steps:  # none wait where the last step filled the room
                    self._work_off(index, plans[number], waiting)
            layer.waiting = {}
            if layer.maps is None:
                raise UnhookedLayer(
                    f"{layer.name} was not heard: its to_q and to_k did not run on their own. Its attention module "
                    f"is {type(layer.module).__name__} with {type(layer.module.processor).__name__}"
                )
        self.shares = torch.zeros(self.n_steps, len(self.layers), len(self.images), self.n_phrases)
        for index, image, steps, found in self._found:
            self.shares[steps, index, image] += found.cpu()
        self._found = []

    def _make_plan(self, entries: tuple[Entry, ...]) -> RowPlan:
        kept = [(i, entry) for i, entry in enumerate(entries) if entry is not None]
        first, last = (kept[0][0], kept[-1][0] + 1) if kept else (0, 0)
        device = next(self.unet.parameters()).device
        roles = []
        for _, (image, number, _) in kept:
            of_phrases = self.images[image].passes[number].roles
            of_tokens = token_roles(of_phrases, self.images[image].tokens)
            widths = ((of_phrases, self.n_phrases), (of_tokens, self.n_tokens))
            roles.append(torch.cat([nn.functional.pad(one, (0, to - one.shape[1])) for one, to in widths], -1))
        stacked = torch.stack(roles).to(device) if roles else torch.empty(0)
        rows, known = [entry for _, entry in kept], len(self._plans)
        return RowPlan(known, slice(first, last), rows, stacked)

    def _listener(self, index: int, what: str) -> Callable[[Any, Any, torch.Tensor], None]:
        layer = self.layers[index]

        def listen(_module: Any, _args: Any, output: torch.Tensor) -> None:
            plan = self._plan
            if plan is None or not plan.entries:
                return
            setattr(layer, what, output)
            if layer.query is not None and layer.key is not None:
                self._take_in(index, plan, layer.query[plan.rows], layer.key[plan.rows])
                layer.query = layer.key = None

        return listen

    def _take_in(self, index: int, plan: RowPlan, queries: torch.Tensor, keys: torch.Tensor) -> None:
        """Let the queries of a step wait where there is room for several steps of them."""
        layer, step = self.layers[index], self.n_steps - 1
        waiting = layer.waiting.get(plan.number)
        if waiting is None:
            room = WAITING_BYTES // queries.nbytes
            if room < 2:
                self._work_off(index, plan, Waiting(keys, queries[:, None], [step]))
                return
            kept = queries.new_empty(queries.shape[0], room, *queries.shape[1:])
            waiting = layer.waiting[plan.number] = Waiting(keys, kept)
        waiting.queries[:, len(waiting.steps)] = queries
        waiting.steps.append(step)
        self.waiting_bytes += queries.nbytes
        self.waiting_bytes_peak = max(self.waiting_bytes_peak, self.waiting_bytes)
        if len(waiting.steps) == waiting.queries.shape[1]:
            self._work_off(index, plan, waiting)
            self.waiting_bytes -= waiting.queries.nbytes

    def _work_off(self, index: int, plan: RowPlan, waiting: Waiting) -> None:
        """Turn a layer's waiting queries into shares and maps."""
        layer, module, steps = self.layers[index], self.layers[index].module, waiting.steps
        waiting.steps = []
        for row, (image, number, share) in enumerate(plan.entries):
            query = split_heads(waiting.queries[row, : len(steps)].flatten(0, 1), module.heads)
            key = split_heads(waiting.keys[row], module.heads)
            # a phrase's share is what attention returns where the phrase's tokens have the value 1 and all others 0
            values, n, n_values = plan.roles[row].expand(module.heads, -1, -1), self.n_phrases, plan.roles.shape[-1]
            if parts := self.splits and self.splits.parts(index, module, image, number):
                values = torch.cat([values, parts.values], -1)
            attended = attend(query, key, values, module.scale)  # (heads, steps * positions, features)
            by_phrase = attended[..., :n].mean(0).unflatten(0, (len(steps), -1)).mul_(share)
            if layer.maps is None:
                layer.maps = by_phrase.new_zeros(len(self.images), *by_phrase.shape[1:])
            layer.maps[image] += by_phrase.sum(0)
            self._found.append((index, image, steps, by_phrase.mean(1)))
            of_tokens = attended[..., n:n_values].mean((0, 1)) * (share * len(steps))
            self._by_token[image] += of_tokens.cpu()
            if self.splits and parts:
                self.splits.observe(index, module, image, steps, query, attended[..., n_values:], parts)

    def share_table(self, image: int) -> torch.Tensor:
        """Shares of one image's attention: (steps, layers, phrases), over all phrases they sum to 1."""
        n_phrases = len(self.images[image].phrases)
        return self.shares[:, :, image, :n_phrases]

    def token_shares(self, image: int) -> list[list[float]]:
        """The share of each token of each phrase, mean over steps and layers; a phrase's sum to the phrase's share."""
        shares = iter((self._by_token[image] / (self.n_steps * len(self.layers))).tolist())
        return [[round(next(shares), 6) for _ in cut] for cut in self.images[image].tokens]

    def heat_maps(self, image: int, latent_size: tuple[int, int]) -> torch.Tensor:
        """Heat maps of one image: (phrases, height, width) in shares of attention, mean over steps, layers and heads.

        Args:
            image: Which image of the batch.
            latent_size: (height, width) of the latents; smaller layers are scaled up to it (bicubic, clamped at 0).

        Source: DAAM, Tang et al. 2022, section 3: down and up blocks, the middle left out. Where DAAM scales each
        word to its own range, these keep one absolute scale for all phrases.
        """
        n_phrases = len(self.images[image].phrases)
        height, width = latent_size
        total = torch.zeros(n_phrases, height, width)
        used = [layer for layer in self.layers if not layer.name.startswith("mid_block") and layer.maps is not None]
        for layer in used:
            assert layer.maps is not None
            size = layer_size(layer.maps.shape[1], height, width)
            maps = layer.maps[image, :, :n_phrases].T.reshape(1, n_phrases, *size).cpu() / self.n_steps
            scaled = nn.functional.interpolate(maps, size=latent_size, mode="bicubic") if size != latent_size else maps
            total += scaled[0].clamp(min=0)
        return total / max(1, len(used))

    def kept_bytes(self) -> tuple[int, int]:
        """What is kept: bytes per step, and bytes that do not grow with steps."""
        per_step = 4 * len(self.layers) * len(self.images) * self.n_phrases
        if self.splits is not None:
            per_step += self.splits.bytes_per_step()
        maps = sum(layer.maps.nbytes for layer in self.layers if layer.maps is not None)
        return per_step, maps


def cross_attention_layers(unet: nn.Module) -> list[tuple[str, nn.Module]]:
    """Find a UNet's cross-attention layers in the order in which they run: (name, module).

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
    return sorted(found, key=lambda pair: pair[0].partition("_")[0])  # down, mid, up; a UNet lists its middle last


def layer_size(positions: int, height: int, width: int) -> tuple[int, int]:
    """The (height, width) of a layer with so many positions, in a UNet whose latents are height x width.

    A stride of 2 rounds up, so a size of 9 is followed by 5 and 3.
    """
    while height * width > positions:
        height, width = (height + 1) // 2, (width + 1) // 2
    if height * width != positions:
        raise ValueError(f"no layer of {positions} positions in latents of this size")
    return height, width
