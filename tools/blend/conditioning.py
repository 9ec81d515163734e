"""Weighted styles -> what the UNet is conditioned on, step by step.

Which prompts are run at a step, and with which share of the conditional noise prediction, is up to the method of
blending (`methods.py`). It knows nothing about latents, guidance or images.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from tools.blend.methods import METHODS
from tools.blend.prompts import Branch, PromptEncoder, check_length
from tools.models import ImageModel
from tools.trace.passes import OTHER_PHRASES, TracedImage, TracedPass


@dataclass(frozen=True)
class Conditioning:
    """How one image is conditioned, from its first step to its last."""

    method: str
    styles: tuple[str, ...]  # as rendered: duplicates merged, those without a share left out
    shares: tuple[float, ...]  # sum to 1
    phrases: tuple[str, ...]  # columns of every branch's roles: the subject, the styles, OTHER_PHRASES
    branches: tuple[Branch, ...]
    negative_prompt_embeds: torch.Tensor  # (n_tokens, n_features)
    negative_prompt: str = ""
    tokens: tuple[tuple[str, ...], ...] = ()  # of each phrase, as the tokenizer cut them

    def branch_shares(self, step: int, total: int) -> tuple[float, ...]:
        """Return each branch's share of the conditional prediction at a step; they sum to 1."""
        if len(self.branches) == 1:
            return (1.0,)
        return METHODS[self.method].branch_shares(self.shares, step, total)

    def traced(self) -> TracedImage:
        """What a trace is told of it."""
        passes = tuple(TracedPass(branch.roles, branch.parts) for branch in self.branches)
        return TracedImage(self.styles, self.shares, self.phrases, self.tokens, passes, self.negative_prompt)


def make_conditioning(
    model: ImageModel, subject: str | None, styles: Sequence[tuple[str, float]], method: str, negative_prompt: str = ""
) -> Conditioning:
    """Encode a weighted blend of styles.

    A style's own prompt is "subject, style". `prompt` instead names all styles in one, "subject, style, style", where
    compel weighs each style's words by its share over the largest share: equal shares are the plain prompt, and a
    style fades towards the prompt that is masked from it as its share goes to 0 (compel's weights below 1).

    Args:
        model: The model whose text encoder reads the prompts.
        subject: What to draw; None for the styles alone.
        styles: (text, share) with shares that sum to 1; equal texts count as one style, a share of 0 as absent.
        method: One of METHODS.
        negative_prompt: What guidance moves away from.

    Raises:
        ValueError: If a prompt has more tokens than the model reads; the message shows the words that would be lost.
    """
    merged = merge_styles(styles)
    texts = tuple(text for text, _ in merged)
    shares = tuple(share for _, share in merged)
    phrases = ("subject", *texts, *OTHER_PHRASES)
    prompts = PromptEncoder(model, subject, texts)
    branches = METHODS[method].branches(prompts, texts, shares) if len(texts) > 1 else (prompts.encode(texts),)
    check_length(model, negative_prompt)
    negative = model.pipeline.encode_prompt(negative_prompt, model.device, 1, False)[0][0]
    return Conditioning(method, texts, shares, phrases, branches, negative, negative_prompt, prompts.tokens())


def merge_styles(styles: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Add up the shares of styles that the text encoder reads alike, and leave out those without a share."""
    merged: dict[str, tuple[str, float]] = {}
    for text, share in styles:
        key = " ".join(unicodedata.normalize("NFC", text).casefold().split())
        first_text, first_share = merged.get(key, (text, 0.0))
        merged[key] = (first_text, first_share + share)
    return tuple((text, share) for text, share in merged.values() if share > 0)
