"""Method, seed, steps and guidance that a message sets: a closed grammar. It knows the blend methods by their field names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.understanding.request import Method
from tools.blend.limits import MAX_GUIDANCE, MAX_SEED, MAX_STEPS

MAX_SEEDS = 64

_SEED = re.compile(r"\bseeds?\s?(?:of\s|is\s|number\s|no\.?\s|to\s|nr\.?\s)?[:=#]?\s?(\d{1,20})\b", re.I)
_STEPS = re.compile(
    r"\bsteps?\s?(?:to\s|of\s)?[:=]?\s?(\d{1,4})\b|\b(\d{1,4})[\s-]*(?:sampling\s+|denoising\s+|inference\s+)?steps?\b",
    re.I,
)
_GUIDANCE = re.compile(r"\b(?:cfg|guidance)(?:[\s_]scale)?\s?(?:of\s|at\s|to\s)?[:=]?\s?(\d{1,3}(?:\.\d{1,3})?)", re.I)
_SEEDS = re.compile(r"\b(\d{1,3})\s+(?:different\s+|random\s+|other\s+|more\s+)?seeds\b", re.I)
_AT_STEP = re.compile(r"\b(?:at|after|from|by|until|till|in)\s+(?:the\s+)?step\s+\d", re.I)

_METHODS: tuple[tuple[re.Pattern[str], Method], ...] = (
    (re.compile(r"\[[^\[\]|]{1,120}\|[^\[\]]{1,120}\]|\balternat\w*\b|\btak(?:e|ing) turns\b|\bevery other step\b|\beach step in turn\b", re.I), "alternate"),
    (re.compile(r"\[[^\[\]:|]{0,120}:[^\[\]:|]{0,120}:\s?[\d.]{1,6}\s?\]|\bschedul(?:e|ed|ing)\b|\bprompt[- ]editing\b|\b(?:switch|hand)\w*(?: over)? (?:from .{1,60} to|to|halfway|at step|in the middle)\b|\bstart(?:s|ing)? (?:as|with|in) .{1,60}\b(?:end|finish|switch)", re.I), "schedule"),
    (re.compile(r"\bcompos(?:able|e|ed|ition|itional)\b(?! of)|\bAND\b(?=\s+[a-z(\"])|\b(?:conjunction|noise predictions?)\b"), "composable"),
    (re.compile(r"\b(?:averag\w+|interpolat\w+|lerp|slerp|mean of)\b.{0,30}\bembedd?ings?\b|\bembedd?ings?\b.{0,25}\b(?:averag\w+|interpolat\w+|blend\w*|method|mean)\b|\bembedding (?:method|blend\w*)|\b(?:with|by|use|using|via|method:?) embedding\b|\.blend\(|\bwith embeddings\b|\baverag(?:e|ed|ing) (?:them|both|the (?:two|styles))\b", re.I), "embedding"),
    (re.compile(r"\breference (?:method|image|picture)\b|\b(?:by|use|using|with|via|method:?) (?:a |the )?reference\b|\bstyle reference\b|\bswap\w* (?:the )?keys?\b|\b(?:k/v|key[- ]value) swap", re.I), "reference"),
    (re.compile(r"\b(?:in|into|using|with|as|through) (?:one|a single|the same|1) prompt\b|\bprompt (?:method|weight(?:ing|s))\b|\b(?:with|by|use|using|via|method:?) prompt\b(?!\s*[:\"“])", re.I), "prompt"),
)  # fmt: skip


@dataclass(frozen=True)
class Parameters:
    method: Method | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    seeds: int | None = None  # how many


def read_parameters(text: str) -> Parameters:
    """Read what a message sets; a number beyond what can be rendered counts as not said."""
    seeds = _SEEDS.search(text)
    seed, guidance = _SEED.search(text), _GUIDANCE.search(text)
    steps = _STEPS.search(_AT_STEP.sub(" ", text))
    return Parameters(
        next((method for pattern, method in _METHODS if pattern.search(text)), None),
        _within(seed and seed[1], MAX_SEED),
        _within(steps and (steps[1] or steps[2]), MAX_STEPS, least=1),
        float(guidance[1]) if guidance and float(guidance[1]) <= MAX_GUIDANCE else None,
        _within(seeds and seeds[1], MAX_SEEDS, least=2),
    )


def _within(said: str | None, most: int, least: int = 0) -> int | None:
    return int(said) if said and least <= int(said) <= most else None
