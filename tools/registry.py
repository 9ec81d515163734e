"""The tools as LangChain tools: `search_corpus` and `blend_styles`.

The edge between an agent and the tools: here errors become one line that a model can read. It knows nothing of the
conversation. The image model is opened at the first render, not before.
"""

import io
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool, ToolException, tool
from langgraph.config import get_stream_writer
from pydantic import BaseModel

from tools.search import Searcher, SearchResult

if TYPE_CHECKING:
    from tools.blend.results import BlendRequest, OnStep, Preview
    from tools.models import ImageModel

PASSAGES_READ = 24
PREVIEW_EVERY_S = 0.4


class StyleChoice(BaseModel):
    """One style of a blend."""

    text: str
    weight: float


class ReferenceChoice(BaseModel):
    """One reference: a prompt to draw it by, or the id of a picture that was uploaded."""

    prompt: str | None = None
    image: str | None = None
    weight: float = 1.0


def build_tools(searcher: Searcher, image_model_name: str, renders: Path) -> list[BaseTool]:
    """Make the agent's tools.

    Args:
        searcher: Searches the corpus.
        image_model_name: What `blend_styles` renders with.
        renders: Each render gets a folder of its own in here.
    """

    @tool(response_format="content_and_artifact", parse_docstring=True)
    def search_corpus(query: str) -> tuple[str, SearchResult]:
        """Search the papers' summaries and the model cards for passages that answer a question.

        Args:
            query: The question, in plain words.
        """
        result = searcher.search(query, top_k=PASSAGES_READ)
        return describe_search(result), result

    @tool(response_format="content_and_artifact", parse_docstring=True)
    def blend_styles(
        subject: str,
        styles: list[StyleChoice],
        method: str = "composable",
        steps: int = 20,
        guidance: float | None = None,
        seed: int = 0,
        references: list[ReferenceChoice] | None = None,
    ) -> tuple[str, dict[str, Any]]:
        """Render a picture that blends styles, and measure what happened inside the image model.

        Args:
            subject: What to draw, without any style: "a red house in a meadow".
            styles: 1 to 4 styles, each a text and a weight; only the proportion between weights counts. None are needed
                with a reference; beside one they are words of the picture's prompt.
            method: prompt (both styles named in one prompt), embedding (mean of the prompts' embeddings), composable
                (weighted noise predictions), schedule (one style, then the next), alternate (in turns) or reference
                (keys and values of a reference picture's self-attention).
            steps: Denoising steps, 1 to 150.
            guidance: Guidance scale, 0 to 30; leave it out for the model's own.
            seed: The same seed and arguments give the same picture.
            references: For the method reference: 1 or 2, each a prompt that draws it or the id of an uploaded picture.
        """
        given = {
            "subject": subject,
            "styles": [style.model_dump() for style in styles],
            "method": method,
            "steps": steps,
            "guidance": guidance,
            "seed": seed,
            "references": [reference.model_dump() for reference in references or []],
        }
        run_id = time.strftime("%Y%m%d-%H%M%S-") + secrets.token_hex(3)
        return render_blend(given, image_model_name, renders / run_id, on_step=_stream_progress())

    blend_styles.handle_tool_error = True
    search_corpus.handle_tool_error = True
    return [search_corpus, blend_styles]


def render_blend(
    arguments: dict[str, Any], image_model_name: str, folder: Path, *, on_step: "OnStep | None" = None
) -> tuple[str, dict[str, Any]]:
    """Render what `blend_styles` was called with and keep it in `folder`.

    Args:
        arguments: The tool call's arguments.
        image_model_name: The model to render with.
        folder: Where the image, record and measurements go; its name becomes the run's id.
        on_step: As in `tools.blend.results.blend`.

    Returns:
        What was rendered and measured, in sentences, and the artifact for the page: run_id, folder, record,
        measurements, facts ({topic, text, figure} each), unknown_words.

    Raises:
        ToolException: If the arguments or the image model cannot be used; its text is one line.
    """
    # torch and diffusers take seconds to import, and a conversation without a render never needs them
    from tools.blend.references import REFERENCES_FOLDER, load_references
    from tools.blend.results import blend, save
    from tools.blend.style_prompting import StylePrompting
    from tools.models import ModelUnavailable, load_image_model
    from tools.trace.afterwards import explain
    from tools.trace.summary import facts_of

    try:
        model = load_image_model(image_model_name)
        request = _request(arguments, model)
        # renders and references stand side by side under a home, and `folder` is one of the renders
        pictures = load_references(request.references, folder.parent.parent / REFERENCES_FOLDER)
        prompting = StylePrompting(pictures=pictures, compare=True)
        result = blend(request, model, on_step=on_step, prompting=prompting)
        if request.references or not model.is_large:  # styles left out of a large one would cost minutes on a CPU
            result = explain(result, model)
        save(result, folder)
    except (ValueError, ModelUnavailable, OSError) as error:
        raise ToolException(f"Nothing was rendered: {error}") from error
    facts = facts_of(result.measurements)
    artifact = {
        "run_id": folder.name,
        "folder": str(folder),
        "record": result.record,
        "measurements": result.measurements,
        "facts": [asdict(fact) for fact in facts],
        "unknown_words": list(result.unknown_words),
    }
    return "\n".join((result.sentence(), "Measured in this run:", *(f"- {fact.text}" for fact in facts))), artifact


def render_sweep(
    arguments: dict[str, Any], image_model_name: str, folder: Path, points: int = 9, *, on_step: "OnStep | None" = None
) -> tuple[str, dict[str, Any]]:
    """Render what `blend_styles` was called with at N weights from its first style to its second.

    Returns:
        What was rendered and measured, in sentences, and the artifact: run_id, folder (with sweep.png and curves.json),
        record, facts as in `render_blend`, unknown_words, and measurements, whose "sweep" holds the curves that
        `tools.experiments.flip.measure_curves` describes; each image's own stay in the folder's measurements.json.

    Raises:
        ToolException: As in `render_blend`, and where there are not two styles.
    """
    from tools.experiments.flip import save_sweep, sweep
    from tools.models import ModelUnavailable, load_image_model
    from tools.trace.summary import facts_of_sweep

    try:
        model = load_image_model(image_model_name)
        request = _request(arguments, model)
        result = sweep(request, points, model, on_step=on_step)
        save_sweep(result, folder)
    except (ValueError, ModelUnavailable, OSError) as error:
        raise ToolException(f"Nothing was rendered: {error}") from error
    facts = facts_of_sweep(result.measurements["sweep"])
    start, end = result.measurements["sweep"]["styles"]
    sentence = f'Rendered "{request.subject}" at {points} weights from "{start}" to "{end}", seed {request.seed}.'
    return "\n".join((sentence, "Measured in this run:", *(f"- {fact.text}" for fact in facts))), {
        "run_id": folder.name,
        "folder": str(folder),
        "record": result.record,
        "measurements": {name: value for name, value in result.measurements.items() if name != "images"},
        "facts": [asdict(fact) for fact in facts],
        "unknown_words": list(result.unknown_words),
    }


def _request(arguments: dict[str, Any], model: "ImageModel") -> "BlendRequest":
    from tools.blend.references import Reference
    from tools.blend.results import BlendRequest, WeightedStyle

    guidance = arguments.get("guidance")
    return BlendRequest(
        subject=arguments["subject"],
        styles=tuple(WeightedStyle(style["text"], style["weight"]) for style in arguments.get("styles") or ()),
        method=arguments.get("method", "composable"),
        num_inference_steps=arguments.get("steps", 20),
        guidance_scale=model.default_guidance if guidance is None else guidance,
        seed=arguments.get("seed", 0),
        references=tuple(
            Reference(one.get("prompt"), one.get("image"), one.get("weight", 1.0))
            for one in arguments.get("references") or ()
        ),
    )


def describe_search(result: SearchResult) -> str:
    """Write a search result for a language model: passages with their ids, or that there are none."""
    if not result.relevant:
        return f"The corpus holds nothing on this ({result.reason})."
    return "\n".join(
        f"[{evidence.document.id} {evidence.passage.id}] {evidence.passage.text}" for evidence in result.evidence
    )


def _stream_progress() -> "OnStep | None":
    """Report steps to the graph's stream; None outside a graph, where nobody listens."""
    try:
        write = get_stream_writer()
    except (RuntimeError, KeyError):  # the second is raised outside a graph, but inside a runnable
        return None
    return paced_previews(
        lambda step, total, png: write({"step": step, "total": total, "preview_png": png}),
    )


def paced_previews(tell: Callable[[int, int, bytes | None], None]) -> "OnStep":
    """Tell of every step, with a PNG of the preview no more often than each PREVIEW_EVERY_S seconds: it costs a decode.

    Args:
        tell: Called with (steps done, steps in all, PNG or None).
    """
    last_preview_s = 0.0

    def step_done(step: int, total: int, preview: "Preview") -> None:
        nonlocal last_preview_s
        png = None
        if time.monotonic() - last_preview_s >= PREVIEW_EVERY_S:
            buffer = io.BytesIO()
            preview().save(buffer, "PNG")
            png, last_preview_s = buffer.getvalue(), time.monotonic()
        tell(step, total, png)

    return step_done
