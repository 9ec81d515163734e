"""Weighted styles -> what the UNet is conditioned on, step by step.

Each method of blending is a table: which prompt embeddings are run at a step, and with which share of the conditional
noise prediction. It knows the text encoder; it knows nothing about latents, guidance or images.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch

from tools.models import ImageModel
from tools.trace.passes import OTHER_PHRASES, TracedImage, TracedPass

METHODS = ("prompt", "embedding", "composable", "schedule", "alternate")


@dataclass(frozen=True)
class Branch:
    """One conditional pass of the UNet: embeddings, and which phrase each of their rows stands for."""

    text: str
    prompt_embeds: torch.Tensor  # (n_tokens, n_features)
    roles: torch.Tensor  # (n_tokens, n_phrases) float32; a row sums to 1
    parts: tuple[tuple[float, torch.Tensor], ...] = ()  # of a mean of embeddings: (share, embeddings) of each style


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
        if self.method == "composable":
            return self.shares
        ruler = ruling_styles(self.method, self.shares, total)[step]
        return tuple(1.0 if i == ruler else 0.0 for i in range(len(self.branches)))

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
    if method == "prompt" or len(texts) == 1:
        branches: tuple[Branch, ...] = (_encode(model, subject, texts, texts, shares),)
    else:
        branches = tuple(_encode(model, subject, (text,), texts) for text in texts)
        if method == "embedding":
            branches = (_mean(branches, shares),)
    check_length(model, negative_prompt)
    negative = model.pipeline.encode_prompt(negative_prompt, model.device, 1, False)[0][0]
    texts_of_phrases = (subject or "", *texts)
    tokens = tuple(tuple(model.pipeline.tokenizer.tokenize(text)) for text in texts_of_phrases)
    return Conditioning(
        method, texts, shares, phrases, branches, negative, negative_prompt, (*tokens, *((),) * len(OTHER_PHRASES))
    )


def merge_styles(styles: Sequence[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Add up the shares of styles that the text encoder reads alike, and leave out those without a share."""
    merged: dict[str, tuple[str, float]] = {}
    for text, share in styles:
        key = " ".join(unicodedata.normalize("NFC", text).casefold().split())
        first_text, first_share = merged.get(key, (text, 0.0))
        merged[key] = (first_text, first_share + share)
    return tuple((text, share) for text, share in merged.values() if share > 0)


def ruling_styles(method: str, shares: Sequence[float], total: int) -> tuple[int, ...]:
    """Return which style rules each of `total` steps in a method that takes one at a time.

    `schedule` gives each style one unbroken run of steps, in order. `alternate` gives each step to the style that is
    furthest behind its share; equal shares take turns.
    """
    if method == "schedule":
        ends = [round(total * end) for end in accumulate(shares)]
        return tuple(next((i for i, end in enumerate(ends) if step < end), len(shares) - 1) for step in range(total))
    counts = [0] * len(shares)
    rulers = []
    for step in range(1, total + 1):
        behind = [round(share * step - count, 9) for share, count in zip(shares, counts, strict=True)]
        ruler = behind.index(max(behind))
        counts[ruler] += 1
        rulers.append(ruler)
    return tuple(rulers)


def check_length(model: ImageModel, text: str) -> None:
    """Raise ValueError, showing the words that would be lost, if a prompt is longer than the model reads."""
    offsets = model.pipeline.tokenizer(text, truncation=False, return_offsets_mapping=True)["offset_mapping"]
    if len(offsets) <= model.max_tokens:
        return
    lost = text[offsets[model.max_tokens - 1][0] :]
    raise ValueError(
        f"the prompt has {len(offsets)} tokens and the model reads {model.max_tokens}: "
        f'it would lose "{lost}". Shorten the subject or the styles.'
    )


def unknown_words(model: ImageModel, texts: Sequence[str]) -> tuple[str, ...]:
    """Return the words that a model with a closed vocabulary never saw: those that fall apart into pieces."""
    if not model.has_closed_vocabulary:
        return ()
    tokenizer = model.pipeline.tokenizer
    found: dict[str, None] = {}
    for text in texts:
        # a single character is in the tokenizer's alphabet whether or not it was ever trained: left out
        for word in re.findall(r"[^\W\d_]{2,}", text.lower()):
            if tokenizer.tokenize(word) != [f"{word}</w>"]:
                found[word] = None
    return tuple(found)


def _encode(
    model: ImageModel, subject: str | None, named: Sequence[str], styles: Sequence[str], weights: Sequence[float] = ()
) -> Branch:
    """Encode "subject, style, ..." for the styles `named`; `weights` that differ go through compel."""
    parts = [(subject, 0)] if subject is not None else []
    parts += [(style, 1 + styles.index(style)) for style in named]
    text = ", ".join(part for part, _ in parts)
    check_length(model, text)
    if len(set(weights)) <= 1:
        embeds = model.pipeline.encode_prompt(text, model.device, 1, False)[0][0]
        pieces = [text]
    else:
        pieces = [parts[0][0], *(f", {part}" for part, _ in parts[1:])]
        scaled = [weight / max(weights) for weight in weights]
        embeds = _encode_weighted(model, pieces, scaled if subject is None else [1.0, *scaled])
    # where each phrase stands in the text, in characters
    starts = [sum(len(part) + 2 for part, _ in parts[:i]) for i in range(len(parts))]
    spans = [(start, start + len(part), phrase) for start, (part, phrase) in zip(starts, parts, strict=True)]
    return Branch(text, embeds, _roles(model, pieces, spans, len(styles) + 1))


def _encode_weighted(model: ImageModel, fragments: list[str], weights: list[float]) -> torch.Tensor:
    """Encode fragments of one prompt with compel's word weights. Its prompt syntax is not parsed: text stays text."""
    # imported here as it takes seconds: compel opens every pipeline that it wraps, and only this case needs it
    from compel import EmbeddingsProvider

    pipeline = model.pipeline
    provider = EmbeddingsProvider(
        pipeline.tokenizer, pipeline.text_encoder, truncate=False, device=model.device, padding_attention_mask_value=1
    )
    with torch.no_grad():
        embeds = provider.get_embeddings_for_weighted_prompt_fragments([fragments], [weights], device=model.device)
    if embeds.shape[1] != model.max_tokens:  # apart, a phrase and its comma can need one token more than together
        raise ValueError(f"the prompt has more tokens than the {model.max_tokens} that the model reads. Shorten it.")
    return embeds[0]


def _roles(
    model: ImageModel, pieces: Sequence[str], spans: Sequence[tuple[int, int, int]], n_phrases: int
) -> torch.Tensor:
    """Say for every token position which phrase it belongs to: (n_tokens, n_phrases + 4), one-hot rows."""
    other, start, end, padding = range(n_phrases, n_phrases + len(OTHER_PHRASES))
    roles, character = [start], 0
    for piece in pieces:
        tokens = model.pipeline.tokenizer(piece, add_special_tokens=False, return_offsets_mapping=True)
        for begin, _ in tokens["offset_mapping"]:
            at = character + begin
            roles.append(next((phrase for a, b, phrase in spans if a <= at < b), other))
        character += len(piece)
    roles.append(end)
    roles += [padding] * (model.max_tokens - len(roles))
    return torch.nn.functional.one_hot(torch.tensor(roles), n_phrases + len(OTHER_PHRASES)).float()


def _mean(branches: Sequence[Branch], shares: Sequence[float]) -> Branch:
    """Blend embeddings by their weighted mean; a row then stands for each branch's phrase by the branch's share."""
    pairs = list(zip(shares, branches, strict=True))
    embeds = torch.stack([share * branch.prompt_embeds.float() for share, branch in pairs]).sum(0)
    return Branch(
        text=" + ".join(f"{share:.3g} ({branch.text})" for share, branch in pairs),
        prompt_embeds=embeds.to(branches[0].prompt_embeds.dtype),
        roles=torch.stack([share * branch.roles for share, branch in pairs]).sum(0),
        parts=tuple((share, branch.prompt_embeds) for share, branch in pairs),
    )
