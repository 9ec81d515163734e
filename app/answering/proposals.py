"""What an answer proposes to run: the tool call, and the sentence that says it; a person's click runs it.

Made from a Request and what was proposed or made last. It knows the registry of tools, no engine and no document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.understanding.request import Request, StyleShare
from tools.registry import TOOLS
from tools.rendering import BLEND_STYLES, RUN_EXPERIMENT, BlendArguments
from tools.vocabulary import words_not_taught

BETWEEN_TWO = 2
"""Styles of an experiment; those that take more say so by what they are asked of."""
DEFAULT_SUBJECT = "a red house in a meadow"
DEFAULT_STYLES = (("photographic style", 0.5), ("digital illustration", 0.5))
REFERENCE_SUBJECT = "a blue boat"  # another thing than the subject: what comes over is style, not content
SEE_IT = "See it happen."
SEE_IT_HAPPEN = Request(message=SEE_IT, kind="render", question=SEE_IT, method="reference")
"""What the button beside a sentence about keys and values asks for: no message needs to be read."""
SHOWN = "The render proposed below shows what your own mix does: how far the model follows each style, step by step."
FINDS_OUT = "The experiment proposed below finds out by rendering, with a verdict on what was measured."
OTHER = "something else there; ask what it can draw, or name another model in UNDERTONE_IMAGE_MODEL."
KEPT = ("steps", "guidance", "seed")

Styles = Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Proposed:
    """A tool call for a click, or none where it cannot be made.

    Args:
        call: {"tool", "arguments"}.
        sentence: Says what it is.
        notes: What was assumed.
    """

    call: dict[str, Any] | None
    sentence: str = ""
    notes: tuple[str, ...] = ()


def blend_proposal(request: Request, last: Mapping[str, Any] | None, spoken: Styles = ()) -> Proposed:
    """Propose a render.

    Args:
        request: What is wanted; in `adjust`, what it leaves out stays as it was.
        last: The tool and arguments of what was proposed or made last.
        spoken: The styles that were spoken of last, for a request that names none.
    """
    before = dict(last["arguments"]) if last else {}
    notes: list[str] = []
    styles = _weights(request.styles) or (before.get("styles") if request.kind == "adjust" else None)
    if not styles:
        known = spoken or DEFAULT_STYLES[:1]
        styles = [{"text": text, "weight": round(share, 4)} for text, share in known]
        if not spoken:
            notes.append(f"No style was named, so it is proposed in {known[0][0]}.")
    subject = request.subject or before.get("subject") or DEFAULT_SUBJECT
    method = request.method or before.get("method") or BlendArguments.model_fields["method"].default
    arguments: dict[str, Any] = {"subject": subject, "styles": styles, "method": method}
    arguments |= _settings(request, before)
    if method == "reference":
        arguments |= _reference(styles, before)
    elif request.kind == "adjust" and last and {**before, **arguments} == before:
        arguments["seed"] = int(before.get("seed") or 0) + 1
        notes.append("Nothing else to change was read, so it has another seed.")
    return Proposed({"tool": BLEND_STYLES.name, "arguments": arguments}, _sentence(arguments), tuple(notes))


def see_it_happen(tool: str | None = None) -> Request:
    """What the button beside a sentence asks for: the tool that shows what it says; None: the swap of key and value."""
    return SEE_IT_HAPPEN if tool is None else SEE_IT_HAPPEN.model_copy(update={"method": None, "tool": tool})


def tool_proposal(request: Request) -> Proposed:
    """Propose a tool by its name, as its own example has it."""
    spec = TOOLS[request.tool or ""]
    arguments = dict(spec.shows.example if spec.shows else {})
    if request.subject and "subject" in arguments:
        arguments["subject"] = request.subject
    call = {"tool": spec.name, "arguments": arguments}
    return Proposed(call, f"Proposed: {spec.description[0].lower()}{spec.description[1:]} It runs at your click.")


def experiment_proposal(request: Request, last: Mapping[str, Any] | None, spoken: Styles = ()) -> Proposed:
    """Propose an experiment; what the request leaves out is taken from what was proposed or made last."""
    from tools.experiments.experiments import EXPERIMENTS

    before = dict(last["arguments"]) if last else {}
    name = request.experiment or str(before.get("experiment", ""))
    if name not in EXPERIMENTS:
        return Proposed(None, notes=(f"There is no experiment for that yet. There are: {', '.join(EXPERIMENTS)}.",))
    experiment = EXPERIMENTS[name]
    styles = _weights(request.styles)
    if len(styles) < BETWEEN_TWO:
        known = before.get("styles") or [{"text": text, "weight": share} for text, share in spoken]
        fill = [{"text": text, "weight": share} for text, share in DEFAULT_STYLES]
        styles = list(known if len(known) >= BETWEEN_TWO else fill)
    subject = request.subject or before.get("subject") or DEFAULT_SUBJECT
    arguments: dict[str, Any] = {"experiment": name, "styles": _taken(experiment, styles), "subject": subject}
    is_again = request.kind == "adjust" and before.get("experiment") == name
    if method := request.method or (before.get("method") if is_again else None):
        arguments["method"] = method
    arguments |= _settings(request, before if is_again else {})
    if request.seeds and "seeds" in experiment.arguments.model_fields:
        arguments["more"] = {"seeds": request.seeds}
    said = f"Proposed: the experiment “{name}” with {_said(arguments['styles'])}, {subject}."
    return Proposed(
        {"tool": RUN_EXPERIMENT.name, "arguments": arguments},
        f"{said} It answers: {experiment.question} It runs at your click.",
    )


def untaught_sentence(arguments: Mapping[str, Any], image_model: str) -> str:
    """Say, before a click, which words of a proposal the image model was never taught; "" where it knows them all.

    Args:
        arguments: Of the proposed call.
        image_model: Which model renders, as the settings name it.
    """
    styles = [style["text"] for style in arguments.get("styles", ())]
    pictures = [one.get("prompt") or "" for one in arguments.get("references") or ()]
    words = words_not_taught(image_model, [arguments.get("subject", ""), *styles, *pictures])
    if not words:
        return ""
    *before, last = (f"“{word}”" for word in words)
    named = f"{', '.join(before)} or {last}" if before else last
    return f"This image model was never taught {named}, so it will draw {OTHER}"


def _taken(experiment: Any, styles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many of the styles as an experiment goes between: two, where it refuses three."""
    from tools.blend.requests import WeightedStyle

    chosen = tuple(WeightedStyle(style["text"], style["weight"]) for style in styles)
    try:
        experiment.plan(experiment.arguments(styles=chosen))
    except ValueError:
        return styles[:BETWEEN_TWO]
    return styles


def _weights(styles: Sequence[StyleShare]) -> list[dict[str, Any]]:
    return [{"text": style.text, "weight": round(style.share, 4)} for style in styles]


def _settings(request: Request, before: Mapping[str, Any]) -> dict[str, Any]:
    said = {"steps": request.steps, "guidance": request.guidance, "seed": request.seed}
    kept = {
        key: value for key in KEPT if (value := said[key] if said[key] is not None else before.get(key)) is not None
    }
    return kept


def _reference(styles: Sequence[Mapping[str, Any]], before: Mapping[str, Any]) -> dict[str, Any]:
    """A picture in the last style as the reference; the words of the render name the others, as shares of one whole."""
    if before.get("references"):
        return {"references": before["references"]}
    *named, drawn = styles
    total = sum(style["weight"] for style in named) or 1.0
    return {
        "styles": [{**style, "weight": round(style["weight"] / total, 4)} for style in named],
        "references": [{"prompt": f"{REFERENCE_SUBJECT}, {drawn['text']}"}],
    }


def _said(styles: Sequence[Mapping[str, Any]]) -> str:
    return " and ".join(f"“{style['text']}”" for style in styles)


def _sentence(arguments: Mapping[str, Any]) -> str:
    total = sum(style["weight"] for style in arguments["styles"]) or 1.0
    parts = " and ".join(
        f"{style['weight'] / total:.0%} “{style['text']}”".replace("%", " %") for style in arguments["styles"]
    )
    if references := arguments.get("references"):
        prompt = references[0].get("prompt")
        picture = f"a picture, “{prompt}” or one of yours," if prompt else "the picture that you gave"
        return f"Proposed: the keys and values of {picture} for those of the render."
    drawn = f"Proposed: {arguments['subject']}"
    blend = f", {parts}" if parts else ""
    set_ = "".join(f", {name} {arguments[name]}" for name in ("seed", "steps") if name in arguments)
    return f"{drawn}{blend}, method {arguments['method']}{set_}. It renders when you click Render."
