"""Every tool as one `ToolSpec` in `TOOLS`: agent, chat, transcript, command line and page read it.

The edge between an agent and the tools: here errors become one line that a model can read. It knows nothing of the
conversation. The image model is opened at the first render, not before.
"""

from __future__ import annotations

import io
import secrets
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.config import get_stream_writer
from pydantic import BaseModel, Field

from tools.search import Searcher, SearchResult

if TYPE_CHECKING:
    from tools.blend.results import BlendRequest, OnStep, Preview
    from tools.models import ImageModel

SEARCH = "search_corpus"
"""What every engine begins with."""
PASSAGES_READ = 24
PREVIEW_EVERY_S = 0.4


@dataclass(frozen=True)
class ToolContext:
    """What a tool runs with.

    Args:
        searcher: Searches the corpus.
        image_model: The name of the model to render with.
        folder: Where a run that renders keeps its files; its name becomes the run's id.
        on_step: As in `tools.blend.results.blend`.
    """

    searcher: Searcher | None
    image_model: str
    folder: Path
    on_step: OnStep | None = None


Ran = tuple[str, Any]
"""What a tool returns: its result in sentences, and the artifact for the page."""


@dataclass(frozen=True)
class ToolSpec:
    """One tool.

    Args:
        name: What a model calls it by, `verb_noun`.
        description: What it does, for a model.
        arguments: Their schema, each field with its description.
        run: Runs it; raises ToolException with one line where the arguments or what it needs cannot be used.
        status: One line on a call under way, from its arguments.
        view: Which view draws its result, and the form of a call that waits.
        needs_approval: Whether a call waits for a person's click; its result then stands in the conversation.
        verb: What the click is called.
        command: The shell command that does the same, from the call's arguments.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    run: Callable[[Any, ToolContext], Ran]
    status: Callable[[Mapping[str, Any]], str]
    view: str
    needs_approval: bool = False
    verb: str = "Run"
    command: Callable[[Mapping[str, Any]], str] | None = None


class SearchArguments(BaseModel):
    query: str = Field(description="The question, in plain words.")


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
        description="1 to 4 styles, each a text and a weight; only the proportion between weights counts. None are "
        "needed with a reference; beside one they are words of the picture's prompt.",
    )
    method: str = Field(
        default="composable",
        description="prompt (both styles named in one prompt), embedding (mean of the prompts' embeddings), composable "
        "(weighted noise predictions), schedule (one style, then the next), alternate (in turns) or reference (keys "
        "and values of a reference picture's self-attention).",
    )
    steps: int = Field(default=20, description="Denoising steps, 1 to 150.")
    guidance: float | None = Field(
        default=None, description="Guidance scale, 0 to 30; leave it out for the model's own."
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
        given = self.model_dump(exclude={"experiment", "more"}, exclude_none=True)
        return {**given, **self.more}


def search_corpus(arguments: SearchArguments, context: ToolContext) -> Ran:
    """Search; the artifact is the SearchResult."""
    assert context.searcher is not None, "search_corpus runs with a searcher"
    result = context.searcher.search(arguments.query, top_k=PASSAGES_READ)
    return describe_search(result), result


def blend_styles(arguments: BlendArguments, context: ToolContext) -> Ran:
    """Render a blend, measure it, and keep it in the context's folder.

    Returns:
        What was rendered and measured, in sentences, and the artifact: run_id, folder, record, measurements, verdict
        (None of one style), facts ({topic, text, figure, numbers} each), unknown_words.
    """
    # torch and diffusers take seconds to import, and a conversation without a render never needs them
    from tools.blend.references import REFERENCES_FOLDER, load_references
    from tools.blend.style_prompting import StylePrompting
    from tools.experiments.explained import explain, save_explained
    from tools.models import ModelUnavailable, load_image_model
    from tools.trace.summary import facts_of

    try:
        model = load_image_model(context.image_model)
        request = _request(arguments, model)
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
    }
    return _told(result.sentence(), facts), artifact


def run_experiment(arguments: ExperimentCall, context: ToolContext) -> Ran:
    """Run an experiment and keep it in the context's folder.

    Returns:
        The verdict and the facts, in sentences, and the artifact: what findings.json holds, run_id, folder, record.
    """
    from tools.experiments.experiments import run_experiment as run
    from tools.experiments.experiments import save_experiment
    from tools.models import ModelUnavailable, load_image_model

    try:
        model = load_image_model(context.image_model)
        result = run(arguments.experiment, arguments.own_arguments(), model, on_step=context.on_step)
        save_experiment(result, context.folder)
    except (ValueError, ModelUnavailable, OSError) as error:
        raise ToolException(f"Nothing was rendered: {error}") from error
    found = {**result.to_json(), "record": {**result.record, "files": result.files()}}
    text = _told(f"{result.findings.verdict} {result.basis_sentence()}", result.findings.facts)
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
    words = ["python", "-m", "tools", "experiment", arguments["experiment"]]
    for style in arguments["styles"]:
        words += ["--style", f"{style['text']}={style['weight']:g}"]
    for name in ("subject", "method", "steps", "guidance", "seed"):
        if arguments.get(name) is not None:
            words += [f"--{name}", str(arguments[name])]
    for name, value in (arguments.get("more") or {}).items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join([*words, "--out", arguments["experiment"]])


TOOLS: dict[str, ToolSpec] = {
    spec.name: spec
    for spec in (
        ToolSpec(
            name=SEARCH,
            description="Search the papers' summaries and the model cards for passages that answer a question.",
            arguments=SearchArguments,
            run=search_corpus,
            status=lambda arguments: f"Searching the corpus for “{arguments.get('query', '')}”",
            view="search",
        ),
        ToolSpec(
            name="blend_styles",
            description="Render a picture that blends styles, and measure what happened inside the image model.",
            arguments=BlendArguments,
            run=blend_styles,
            status=lambda arguments: f"Rendering “{arguments.get('subject', '')}”",
            view="blend",
            needs_approval=True,
            verb="Render",
            command=blend_command,
        ),
        ToolSpec(
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
        ),
    )
}


def needs_approval(name: str) -> bool:
    """Whether a call of this tool waits for a person's click; False for a name that no tool has."""
    return name in TOOLS and TOOLS[name].needs_approval


def run_tool(name: str, arguments: Mapping[str, Any], context: ToolContext) -> Ran:
    """Check a call's arguments and run it.

    Raises:
        ToolException: They cannot be used, or what the tool needs cannot; its text is one line.
    """
    spec = TOOLS[name]
    try:
        checked = spec.arguments.model_validate(arguments)
    except ValueError as error:
        first = error.errors()[0] if hasattr(error, "errors") else {"loc": (), "msg": str(error)}
        where = ".".join(str(part) for part in first["loc"])
        raise ToolException(f"{name} cannot be run: {where}: {first['msg']}") from error
    return spec.run(checked, context)


def build_tools(searcher: Searcher, image_model: str, renders: Path) -> list[BaseTool]:
    """Make the agent's tools of `TOOLS`.

    Args:
        searcher: Searches the corpus.
        image_model: What renders.
        renders: Each run that renders gets a folder of its own in here.
    """

    def langchain_tool(spec: ToolSpec) -> BaseTool:
        def run(**arguments: Any) -> Ran:
            folder = renders / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
            context = ToolContext(searcher, image_model, folder, _stream_progress() if spec.needs_approval else None)
            return spec.run(spec.arguments.model_validate(arguments), context)

        return StructuredTool.from_function(
            run,
            name=spec.name,
            description=spec.description,
            args_schema=spec.arguments,
            response_format="content_and_artifact",
            handle_tool_error=True,
        )

    return [langchain_tool(spec) for spec in TOOLS.values()]


def _told(sentence: str, facts: Any) -> str:
    return "\n".join((sentence, "Measured in this run:", *(f"- {fact.text}" for fact in facts)))


def _request(arguments: BlendArguments, model: ImageModel) -> BlendRequest:
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


def describe_search(result: SearchResult) -> str:
    """Write a search result for a language model: passages with their ids, or that there are none."""
    if not result.relevant:
        return f"The corpus holds nothing on this ({result.reason})."
    return "\n".join(
        f"[{evidence.document.id} {evidence.passage.id}] {evidence.passage.text}" for evidence in result.evidence
    )


def _stream_progress() -> OnStep | None:
    """Report steps to the graph's stream; None outside a graph, where nobody listens."""
    try:
        write = get_stream_writer()
    except (RuntimeError, KeyError):  # the second is raised outside a graph, but inside a runnable
        return None
    return paced_previews(
        lambda step, total, png: write({"step": step, "total": total, "preview_png": png}),
    )


def paced_previews(tell: Callable[[int, int, bytes | None], None]) -> OnStep:
    """Tell of every step, with a PNG of the preview no more often than each PREVIEW_EVERY_S seconds: it costs a decode.

    Args:
        tell: Called with (steps done, steps in all, PNG or None).
    """
    last_preview_s = 0.0

    def step_done(step: int, total: int, preview: Preview) -> None:
        nonlocal last_preview_s
        png = None
        if time.monotonic() - last_preview_s >= PREVIEW_EVERY_S:
            buffer = io.BytesIO()
            preview().save(buffer, "PNG")
            png, last_preview_s = buffer.getvalue(), time.monotonic()
        tell(step, total, png)

    return step_done
