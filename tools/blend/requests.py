"""What to render: a subject, weighted styles, a method, and what a render of it needs to be told.

A BlendRequest is checked when it is made. It knows nothing about how it will be rendered.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tools.blend.limits import (
    DEFAULT_STEPS,
    MAX_GUIDANCE,
    MAX_REFERENCES,
    MAX_SEED,
    MAX_SIZE_PX,
    MAX_STEPS,
    MAX_STYLES,
    MIN_SIZE_PX,
    SIZE_STEP_PX,
)
from tools.blend.methods import DEFAULT_METHOD, METHODS
from tools.blend.references import Reference

REFERENCE_SEEDS_FROM = 1_000_003
"""A reference's seed is the request's plus this and its place: from the same noise, a target would copy its layout."""


@dataclass(frozen=True)
class WeightedStyle:
    """A style and its weight; only the proportion between weights counts."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True)
class BlendRequest:
    """What to render. Checked when it is made: a BlendRequest that exists can be rendered."""

    subject: str | None  # None: the styles alone
    styles: tuple[WeightedStyle, ...]
    method: str = DEFAULT_METHOD
    num_inference_steps: int = DEFAULT_STEPS
    guidance_scale: float = 7.5  # the pipeline's own: at 1 and below there is no guidance
    seed: int = 0
    height_px: int | None = None  # None: the model's own size
    width_px: int | None = None
    negative_prompt: str = ""
    references: tuple[Reference, ...] = ()  # of the method `reference`, which may do without styles

    def __post_init__(self) -> None:
        if self.subject is not None:
            object.__setattr__(self, "subject", _clean(self.subject, "the subject"))
        elif not self.styles:
            raise ValueError("neither a subject nor a style was given; say what to draw.")
        object.__setattr__(self, "negative_prompt", _clean(self.negative_prompt, "the negative prompt", empty=True))
        object.__setattr__(
            self, "styles", tuple(WeightedStyle(_clean(s.text, "a style"), s.weight) for s in self.styles)
        )
        if self.method not in METHODS:
            raise ValueError(f"there is no method {self.method!r}. Choose one of: {', '.join(METHODS)}.")
        _check_styles(self.styles, fewest=METHODS[self.method].fewest_styles)
        _check_number("steps", self.num_inference_steps, 1, MAX_STEPS, whole=True)
        _check_number("guidance", self.guidance_scale, 0, MAX_GUIDANCE)
        _check_number("the seed", self.seed, 0, MAX_SEED, whole=True)
        for name, size in (("the height", self.height_px), ("the width", self.width_px)):
            if size is not None:
                _check_number(f"{name} in pixels", size, MIN_SIZE_PX, MAX_SIZE_PX, whole=True)
                if size % SIZE_STEP_PX:
                    raise ValueError(f"{name} of {size} px is not a multiple of {SIZE_STEP_PX}.")
        object.__setattr__(self, "references", _checked_references(self))

    @property
    def shares(self) -> tuple[float, ...]:
        """The styles' weights, scaled to sum to 1."""
        return shares_of([style.weight for style in self.styles])

    @property
    def reference_shares(self) -> tuple[float, ...]:
        """The references' weights, scaled to sum to 1."""
        return shares_of([reference.weight for reference in self.references])

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text that the model is to understand."""
        prompts = [one.prompt for one in self.references if one.prompt]
        subject = () if self.subject is None else (self.subject,)
        return (*subject, *(style.text for style in self.styles), *prompts)

    def to_json(self) -> dict[str, Any]:
        """The request as JSON, with the shares that its weights come to."""
        data = {**asdict(self), "styles": [asdict(style) for style in self.styles], "shares": list(self.shares)}
        del data["references"]
        if self.references:
            data["references"] = [asdict(reference) for reference in self.references]
            data["reference_shares"] = list(self.reference_shares)
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "BlendRequest":
        """Read what `to_json` wrote.

        Raises:
            ValueError: If something is missing, of the wrong kind, or out of its limits.
        """
        try:
            styles = tuple(WeightedStyle(style["text"], style["weight"]) for style in data["styles"])
            references = tuple(Reference(**reference) for reference in data.get("references", ()))
            apart = ("styles", "shares", "references", "reference_shares")
            rest = {name: value for name, value in data.items() if name not in apart}
            return cls(styles=styles, references=references, **rest)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not a blend request: {error}") from error


def shares_of(weights: Sequence[float]) -> tuple[float, ...]:
    """Weights scaled to sum to 1."""
    largest = max(weights, default=0.0)  # weights near the largest float must not overflow
    total = sum(weight / largest for weight in weights)
    return tuple(weight / largest / total for weight in weights)


def _check_styles(styles: tuple[WeightedStyle, ...], fewest: int) -> None:
    if not fewest <= len(styles) <= MAX_STYLES:
        raise ValueError(f"{len(styles)} styles were given; give {fewest} to {MAX_STYLES}.")
    _check_weights([(f'"{style.text}"', style.weight) for style in styles], "style")


def _checked_references(request: BlendRequest) -> tuple[Reference, ...]:
    """The references with clean prompts and seeds of their own."""
    if not METHODS[request.method].takes_references:
        if request.references:
            raise ValueError(f"the method {request.method} takes no reference; choose the method reference.")
        return ()
    if not 1 <= len(request.references) <= MAX_REFERENCES:
        raise ValueError(
            f"{len(request.references)} references were given; the method reference takes 1 to {MAX_REFERENCES}."
        )
    _check_weights([(f"reference {n}", one.weight) for n, one in enumerate(request.references, 1)], "reference")
    found = []
    for number, one in enumerate(request.references):
        prompt = None if one.prompt is None else _clean(one.prompt, "a reference's prompt")
        seed = (request.seed + REFERENCE_SEEDS_FROM + number) % (MAX_SEED + 1) if one.seed is None else one.seed
        _check_number("a reference's seed", seed, 0, MAX_SEED, whole=True)
        found.append(replace(one, prompt=prompt, seed=seed))
    return tuple(found)


def _check_weights(weights: Sequence[tuple[str, float]], kind: str) -> None:
    for name, weight in weights:
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise ValueError(f"the weight of {name} is not a number: {weight!r}.")
        if not math.isfinite(weight) or weight < 0:
            raise ValueError(f"the weight of {name} is {weight}; give 0 or a positive number.")
    if weights and not any(weight > 0 for _, weight in weights):
        raise ValueError(f"every weight is 0; give at least one {kind} a positive weight.")


def _check_number(name: str, value: float, low: float, high: float, whole: bool = False) -> None:
    kinds = int if whole else int | float
    if isinstance(value, bool) or not isinstance(value, kinds):
        raise ValueError(f"{name} must be a {'whole ' if whole else ''}number, not {value!r}.")
    if not low <= value <= high:  # also false for NaN
        raise ValueError(f"{name} must be between {low:g} and {high:g}, not {value}.")


def _clean(text: str, name: str, empty: bool = False) -> str:
    """Normalise a text of the prompt; raise ValueError for one that cannot stand in a prompt."""
    if not isinstance(text, str):
        raise ValueError(f"{name} must be text, not {text!r}.")
    text = unicodedata.normalize("NFC", text).strip()
    bad = next((c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")), None)
    if bad is not None:
        raise ValueError(f"{name} holds a line break or control character (U+{ord(bad):04X}); write it on one line.")
    if "<|startoftext|>" in text or "<|endoftext|>" in text:
        raise ValueError(f"{name} holds a marker of the tokenizer (<|...|>); leave it out.")
    text = " ".join(text.split())
    if not text and not empty:
        raise ValueError(f"{name} is empty; write what it should be.")
    return text
