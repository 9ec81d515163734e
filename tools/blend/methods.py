"""Every method of blending: what the UNet is asked, what the weights mean there, and what it cannot do.

Adding one is a subclass of BlendMethod and a line in METHODS. It knows nothing about how a prompt is encoded, nor about
latents; it needs no image model, so that a form can read it at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from tools.blend.prompts import Branch


class Encoder(Protocol):
    """Encodes the prompts of one image: its subject and its styles."""

    def encode(self, styles: Sequence[str], weights: Sequence[float] = ()) -> Branch:
        """One prompt of the subject and these styles; weights that differ go through compel."""

    def mean(self, branches: Sequence[Branch], shares: Sequence[float]) -> Branch:
        """The weighted mean of prompts' embeddings."""


class BlendMethod(ABC):
    """One way to blend styles; it is asked only where there are two or more."""

    name: ClassVar[str]
    label: ClassVar[str]  # for a form: what it does, in a few words
    asks: ClassVar[str]  # what the UNet is asked at each step
    weights: ClassVar[str]  # what a style's share means
    limits: ClassVar[str]  # what it cannot do
    fewest_styles: ClassVar[int] = 1
    takes_references: ClassVar[bool] = False

    @abstractmethod
    def branches(self, prompts: Encoder, styles: Sequence[str], shares: Sequence[float]) -> tuple[Branch, ...]:
        """The conditional passes of the UNet that it needs, of which not all must run at each step."""

    def branch_shares(self, shares: Sequence[float], step: int, total: int) -> tuple[float, ...]:
        """Each branch's share of the conditional prediction at a step, from 0; they sum to 1."""
        return (1.0,)

    def rulers(self, shares: Sequence[float], total: int) -> tuple[int, ...] | None:
        """Which style rules each of `total` steps; None where all have their part in each."""
        return None


class Composable(BlendMethod):
    name = "composable"
    label = "Composable: weigh each style's noise prediction"
    asks = "each style's noise prediction, weighted: eps_u + g sum p_i (eps_i - eps_u)"
    weights = "the share of a style's pull in the noise prediction, at every step"
    limits = "One pass of the UNet for each style, so it takes longer with more styles."

    def branches(self, prompts: Encoder, styles: Sequence[str], shares: Sequence[float]) -> tuple[Branch, ...]:
        return tuple(prompts.encode((style,)) for style in styles)

    def branch_shares(self, shares: Sequence[float], step: int, total: int) -> tuple[float, ...]:
        return tuple(shares)


class Prompt(BlendMethod):
    name = "prompt"
    label = "Prompt: name the styles in one prompt"
    asks = "one prompt that names all styles, with word weights by compel"
    weights = "the share over the largest share is the weight of a style's words; equal shares are the plain prompt"
    limits = "How strongly a word works is up to the text encoder: half the weight is not half the style."
    fewest_styles = 0  # a prompt of the subject alone is a prompt too

    def branches(self, prompts: Encoder, styles: Sequence[str], shares: Sequence[float]) -> tuple[Branch, ...]:
        return (prompts.encode(styles, shares),)


class Embedding(BlendMethod):
    name = "embedding"
    label = "Embedding: average the prompts' embeddings"
    asks = "the weighted mean of the prompts' embeddings"
    weights = "the share of a style's embedding in the mean"
    limits = "A mean is no embedding that the model was trained on: both styles can come out weak."

    def branches(self, prompts: Encoder, styles: Sequence[str], shares: Sequence[float]) -> tuple[Branch, ...]:
        return (prompts.mean([prompts.encode((style,)) for style in styles], shares),)


class TakesTurns(BlendMethod):
    """A method in which one style at a time rules."""

    def branches(self, prompts: Encoder, styles: Sequence[str], shares: Sequence[float]) -> tuple[Branch, ...]:
        return tuple(prompts.encode((style,)) for style in styles)

    def branch_shares(self, shares: Sequence[float], step: int, total: int) -> tuple[float, ...]:
        ruler = self.rulers(shares, total)[step]
        return tuple(1.0 if number == ruler else 0.0 for number in range(len(shares)))

    @abstractmethod
    def rulers(self, shares: Sequence[float], total: int) -> tuple[int, ...]: ...


class Schedule(TakesTurns):
    name = "schedule"
    label = "Schedule: one style first, then the next"
    asks = "the first style until its share of the steps is over, then the next"
    weights = "the share of the steps that a style rules, in one run, in the order given"
    limits = "Early steps settle the layout: the first style has more say than its share. A small share can be no step."

    def rulers(self, shares: Sequence[float], total: int) -> tuple[int, ...]:
        ends = [round(total * end) for end in accumulate(shares)]
        return tuple(next((i for i, end in enumerate(ends) if step < end), len(shares) - 1) for step in range(total))


class Alternate(TakesTurns):
    name = "alternate"
    label = "Alternate: styles take turns, step by step"
    asks = "one style at a time, in turns, step by step"
    weights = "the share of the steps that a style rules, spread over all of them; equal shares take turns as given"
    limits = "Which style comes first counts, and a small share can be no step."

    def rulers(self, shares: Sequence[float], total: int) -> tuple[int, ...]:
        """Each step goes to the style that is furthest behind its share."""
        counts = [0] * len(shares)
        found = []
        for step in range(1, total + 1):
            behind = [round(share * step - count, 9) for share, count in zip(shares, counts, strict=True)]
            ruler = behind.index(max(behind))
            counts[ruler] += 1
            found.append(ruler)
        return tuple(found)


class ReferenceMethod(Prompt):
    name = "reference"
    label = "Reference: take the style of a picture"
    asks = "the prompt, with keys and values of a reference picture's self-attention in place of its own"
    weights = "of two references, the share of each in the swapped layers' output; styles are words of the prompt"
    limits = "One or two references; where the model looked in them is not measured."
    takes_references = True


METHODS: dict[str, BlendMethod] = {
    method.name: method for method in (Composable(), Prompt(), Embedding(), Schedule(), Alternate(), ReferenceMethod())
}
"""By name, in the order in which they are offered."""
DEFAULT_METHOD = Composable.name
STYLE_METHODS = tuple(name for name, method in METHODS.items() if not method.takes_references)
"""Those that blend styles by their weights alone."""


def described_methods() -> str:
    """All methods in one line: what the UNet is asked by each."""
    return "; ".join(f"{method.name} ({method.asks})" for method in METHODS.values())
