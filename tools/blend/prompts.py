"""A subject and styles -> prompt embeddings, and which phrase each of their rows stands for.

It knows the text encoder; it knows nothing about methods of blending, latents or images. The one door to compel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from tools.models import ImageModel
from tools.trace.passes import OTHER_PHRASES
from tools.vocabulary import words_outside


@dataclass(frozen=True)
class Branch:
    """One conditional pass of the UNet: embeddings, and which phrase each of their rows stands for."""

    text: str
    prompt_embeds: torch.Tensor  # (n_tokens, n_features)
    roles: torch.Tensor  # (n_tokens, n_phrases) float32; a row sums to 1
    parts: tuple[tuple[float, torch.Tensor], ...] = ()  # of a mean of embeddings: (share, embeddings) of each style


@dataclass(frozen=True)
class PromptEncoder:
    """Encodes the prompts of one image.

    Args:
        model: The model whose text encoder reads them.
        subject: What to draw; None for the styles alone.
        styles: All styles of the image: the phrases behind the subject, in this order.
    """

    model: ImageModel
    subject: str | None
    styles: tuple[str, ...]

    def encode(self, styles: Sequence[str], weights: Sequence[float] = ()) -> Branch:
        """Encode "subject, style, ..." for some of the styles; `weights` that differ go through compel."""
        model, subject = self.model, self.subject
        parts = [(subject, 0)] if subject is not None else []
        parts += [(style, 1 + self.styles.index(style)) for style in styles]
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
        return Branch(text, embeds, _roles(model, pieces, spans, len(self.styles) + 1))

    def mean(self, branches: Sequence[Branch], shares: Sequence[float]) -> Branch:
        """Blend embeddings by their weighted mean; a row then stands for each branch's phrase by the branch's share."""
        pairs = list(zip(shares, branches, strict=True))
        embeds = torch.stack([share * branch.prompt_embeds.float() for share, branch in pairs]).sum(0)
        return Branch(
            text=" + ".join(f"{share:.3g} ({branch.text})" for share, branch in pairs),
            prompt_embeds=embeds.to(branches[0].prompt_embeds.dtype),
            roles=torch.stack([share * branch.roles for share, branch in pairs]).sum(0),
            parts=tuple((share, branch.prompt_embeds) for share, branch in pairs),
        )

    def tokens(self) -> tuple[tuple[str, ...], ...]:
        """The tokens of the subject and of each style, and none for OTHER_PHRASES."""
        cut = self.model.pipeline.tokenizer.tokenize
        return (*(tuple(cut(text)) for text in (self.subject or "", *self.styles)), *((),) * len(OTHER_PHRASES))


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
    return words_outside(model.pipeline.tokenizer.get_vocab().keys(), texts)


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
