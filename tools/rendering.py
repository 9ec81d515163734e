"""The tools that render: `blend_styles` and `run_experiment`.

A call of theirs waits for a person's click. torch and diffusers take seconds to import, and a conversation without a
render never needs them: they are imported when something is rendered.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from langchain_core.tools import ToolException
from pydantic import BaseModel, Field

from tools.blend.limits import DEFAULT_STEPS, MAX_GUIDANCE, MAX_STEPS, MAX_STYLES
from tools.blend.methods import DEFAULT_METHOD, described_methods
from tools.specs import Ran, ToolContext, ToolSpec

if TYPE_CHECKING:
    from tools.blend.results import BlendRequest
    from tools.models import ImageModel


class StyleChoice(BaseModel):
    """One style of a blend."""

    text: str
    weight: float


class ReferenceChoice(BaseModel):
    """One reference: a prompt to draw it by, or the id of a picture that was uploaded."""

    prompt: str | None = None
    image: str | None = None
    weight: float = 1.0


class BlendArguments(BaseModel):
    subject: str = Field(description='What to draw, without any style: "a red house in a meadow".')
    styles: list[StyleChoice] = Field(
        description=f"1 to {MAX_STYLES} styles, each a text and a weight; only the proportion between weights counts. "
        "None are needed with a reference; beside one they are words of the picture's prompt.",
    )
    method: str = Field(
        default=DEFAULT_METHOD,
        description=f"How the styles are blended, by what the UNet is asked: {described_methods()}.",
    )
    steps: int = Field(default=DEFAULT_STEPS, description=f"Denoising steps, 1 to {MAX_STEPS}.")
    guidance: float | None = Field(
        default=None, description=f"Guidance scale, 0 to {MAX_GUIDANCE:g}; leave it out for the model's own."
    )
    seed: int = Field(default=0, description="The same seed and arguments give the same picture.")
    references: list[ReferenceChoice] = Field(
        default=[],
        description="For the method reference: 1 or 2, each a prompt that draws it or the id of an uploaded picture.",
    )


class ExperimentCall(BaseModel):
    experiment: str = Field(description="Which experiment: a name that `python -m tools experiment --help` lists.")
    styles: list[StyleChoice] = Field(description="The styles that it is about, each a text and a weight.")
    subject: str = Field(default="a house", description="What to draw, without any style.")
    method: str | None = Field(default=None, description="How the styles are blended, as for blend_styles.")
    steps: int | None = Field(default=None, description="Denoising steps.")
    guidance: float | None = Field(default=None, description="Guidance scale; leave it out for the model's own.")
    seed: int = Field(default=0, description="The same seed and arguments give the same pictures.")
    more: dict[str, Any] = Field(default={}, description="Arguments that this experiment alone has.")

    def own_arguments(self) -> dict[str, Any]:
        """The arguments as the experiment takes them."""
        from tools.experiments.experiments import has_own_method  # torch takes seconds to import

        own = {"method"} if has_own_method(self.experiment) else set()
        given = self.model_dump(exclude={"experiment", "more", *own}, exclude_none=True)
        return {**given, **self.more}


def blend_styles(arguments: BlendArguments, context: ToolContext) -> Ran:
    """Render a blend, measure it, and keep it in the context's folder.

    Returns:
        What was rendered and measured, in sentences, and the artifact: run_id, folder, record, measurements, verdict
        (None of one style), facts ({topic, text, figure, numbers} each), unknown_words.
    """
    from tools.blend.references import REFERENCES_FOLDER, load_references
    from tools.blend.style_prompting import StylePrompting
    from tools.experiments.explained import explain, save_explained
    from tools.models import ModelUnavailable, load_image_model
    from tools.trace.measures import facts_of

    try:
        model = load_image_model(context.image_model)
        request = request_of(arguments, model)
        # renders and references stand side by side under a home, and the folder is one of the renders
        pictures = load_references(request.references, context.folder.parent.parent / REFERENCES_FOLDER)
        prompting = StylePrompting(pictures=pictures, compare=True)
        result = explain(request, model, on_step=context.on_step, prompting=prompting)
        save_explained(result, context.folder)
    except (ValueError, ModelUnavailable, OSError) as error:
        raise ToolException(f"Nothing was rendered: {error}") from error
    facts = facts_of(result.measurements)
    artifact = {
        "run_id": context.folder.name,
        "folder": str(context.folder),
        "record": result.record,
        "measurements": result.measurements,
        "verdict": result.measurements["images"][0].get("verdict"),
        "facts": [asdict(fact) for fact in facts],
        "unknown_words": list(result.unknown_words),
        "notes": list(result.notes),
    }
    return _told(result.sentence(), facts), artifact


def run_experiment(arguments: ExperimentCall, context: ToolContext) -> Ran:
    """Run an experiment and keep it in the context's folder.

    Returns:
        The verdict and the facts, in sentences, and the artifact: what findings.json holds, run_id, folder, record.
    """
    from tools.experiments.experiments import run_experiment as run
    from tools.experiments.experiments import save_experiment, unknown_sentence
    from tools.models import ModelUnavailable, load_image_model

    try:
        model = load_image_model(context.image_model)
        result = run(arguments.experiment, arguments.own_arguments(), model, on_step=context.on_step)
        save_experiment(result, context.folder)
    except (ValueError, ModelUnavailable, OSError) as error:
        raise ToolException(f"Nothing was rendered: {error}") from error
    found = {**result.to_json(), "record": {**result.record, "files": result.files()}}
    unknown = unknown_sentence(result.unknown_words)
    sentence = " ".join(filter(None, (result.findings.verdict, result.basis_sentence(), unknown, *result.notes)))
    text = _told(sentence, result.findings.facts)
    return text, {"run_id": context.folder.name, "folder": str(context.folder), **found}


def blend_command(arguments: Mapping[str, Any]) -> str:
    """The command that renders a blend."""
    words = ["python", "-m", "tools", "blend", "--subject", arguments["subject"]]
    for style in arguments["styles"]:
        words += ["--style", f"{style['text']}={style['weight']:g}"]
    for one in arguments.get("references") or ():
        if one.get("prompt"):
            words += ["--reference-prompt", f"{one['prompt']}={one.get('weight', 1.0):g}"]
    for name in ("method", "steps", "guidance", "seed"):
        if arguments.get(name) is not None:
            words += [f"--{name}", str(arguments[name])]
    return shlex.join([*words, "--out", "blend"])


def experiment_command(arguments: Mapping[str, Any]) -> str:
    """The command that runs an experiment."""
    call = ExperimentCall.model_validate(arguments)
    words = ["python", "-m", "tools", "experiment", call.experiment]
    for name, value in call.own_arguments().items():
        if name == "styles":
            words += [word for style in value for word in ("--style", f"{style['text']}={style['weight']:g}")]
        else:
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join([*words, "--out", call.experiment])


def _told(sentence: str, facts: Any) -> str:
    return "\n".join((sentence, "Measured in this run:", *(f"- {fact.text}" for fact in facts)))


def request_of(arguments: BlendArguments, model: ImageModel) -> BlendRequest:
    """What is rendered for these arguments.

    Raises:
        ValueError: They cannot be used.
    """
    from tools.blend.references import Reference
    from tools.blend.results import BlendRequest, WeightedStyle

    return BlendRequest(
        subject=arguments.subject,
        styles=tuple(WeightedStyle(style.text, style.weight) for style in arguments.styles),
        method=arguments.method,
        num_inference_steps=arguments.steps,
        guidance_scale=model.default_guidance if arguments.guidance is None else arguments.guidance,
        seed=arguments.seed,
        references=tuple(Reference(one.prompt, one.image, one.weight) for one in arguments.references),
    )


BLEND_STYLES = ToolSpec(
    name="blend_styles",
    description="Render a picture that blends styles, and measure what happened inside the image model.",
    arguments=BlendArguments,
    run=blend_styles,
    status=lambda arguments: f"Rendering “{arguments.get('subject', '')}”",
    view="blend",
    needs_approval=True,
    verb="Render",
    command=blend_command,
)

RUN_EXPERIMENT = ToolSpec(
    name="run_experiment",
    description="Find out something about the weights of a blend by rendering, with a verdict: at which weight "
    "one style turns into the other, what each style did, and whatever else "
    "`python -m tools experiment --help` lists.",
    arguments=ExperimentCall,
    run=run_experiment,
    status=lambda arguments: f"Running the experiment {arguments.get('experiment', '')}",
    view="experiment",
    needs_approval=True,
    verb="Run",
    command=experiment_command,
)
