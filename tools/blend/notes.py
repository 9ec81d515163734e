"""What a person should be told of a request that is rendered all the same.

Other programs have a syntax for weights inside a prompt. Here a text is text: it is read as letters, and the weight
stands apart from it. Nothing here changes what is rendered.
"""

import re
from collections.abc import Mapping

from tools.blend.conditioning import merge_styles
from tools.blend.methods import METHODS
from tools.blend.requests import BlendRequest

_WEIGHT_SYNTAX = (
    re.compile(r"\([^()]*:\s*[-+]?\d*\.?\d+\s*\)"),  # (text:1.4)
    re.compile(r"\[[^\[\]]*[|:][^\[\]]*\]"),  # [a|b], [a:b:0.5]
    re.compile(r"\(\(+[^()]+\)\)+|\[\[+[^\[\]]+\]\]+|\{[^{}]+\}"),  # ((text)), [[text]], {text}
    re.compile(r"(?<=[\w)\"'])(?:\+{1,}|-{2,})(?=\s|$|,)"),  # text++, text--
    re.compile(r"<(?:lora|lyco|hypernet):[^<>]*>"),  # <lora:name:0.8>
    re.compile(r"\b(?:BREAK|AND)\b"),  # in capitals alone
)


def notes_of_all(requests: Mapping[str, BlendRequest]) -> tuple[str, ...]:
    """The notes of several requests by their labels; what holds for all is said once."""
    labels: dict[str, list[str]] = {}
    for label, request in requests.items():
        for note in notes_of(request):
            labels.setdefault(note, []).append(label)
    return tuple(
        note if len(where) == len(requests) else f"{', '.join(where)}: {note[:1].lower()}{note[1:]}"
        for note, where in labels.items()
    )


def notes_of(request: BlendRequest) -> tuple[str, ...]:
    """Say what may not be as a person meant it, one sentence each."""
    notes = []
    if found := [piece for text in (*request.texts, request.negative_prompt) for piece in foreign_syntax(text)]:
        listed = ", ".join(f'"{piece}"' for piece in dict.fromkeys(found))
        notes.append(f'Read as letters, as no syntax is known here: {listed}; weights go behind "=" or its slider.')
    styles = merge_styles([(style.text, share) for style, share in zip(request.styles, request.shares, strict=True)])
    shares = [share for _, share in styles]
    rulers = METHODS[request.method].rulers(shares, request.num_inference_steps) if len(styles) > 1 else None
    if rulers is not None and (idle := [text for number, (text, _) in enumerate(styles) if number not in rulers]):
        listed = ", ".join(f'"{text}"' for text in idle)
        notes.append(
            f"Of {request.num_inference_steps} steps none goes to {listed}: give it more weight, or take more steps."
        )
    if request.negative_prompt and request.guidance_scale <= 1:
        notes.append("Without guidance (1 and below) the negative prompt does nothing.")
    return tuple(notes)


def foreign_syntax(text: str) -> tuple[str, ...]:
    """Find what other programs would read as weights or as several prompts, as it stands in the text."""
    found = sorted({match.span() for pattern in _WEIGHT_SYNTAX for match in pattern.finditer(text)})
    outermost: list[tuple[int, int]] = []
    for start, end in found:
        if not outermost or start >= outermost[-1][1]:
            outermost.append((start, end))
    return tuple(text[start:end] for start, end in outermost)
