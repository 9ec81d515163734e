"""Every tool as one `ToolSpec` in `TOOLS`: agent, chat, transcript, command line and page read it.

The edge between an agent and the tools: here errors become one line that a model can read. It knows nothing of the
conversation.
"""

from __future__ import annotations

import io
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException
from langgraph.config import get_stream_writer
from pydantic import BaseModel, Field

from tools.rendering import BLEND_STYLES, RUN_EXPERIMENT
from tools.search import Searcher, SearchResult
from tools.specs import Ran, ToolContext, ToolSpec
from tools.stressing import STRESS_PICTURE
from tools.style_search.artists import DRAW_ARTISTS, FIND_WORK
from tools.style_search.tool import ALIGN_STYLES, SEARCH_STYLE
from tools.swapping import SHOW_SWAP
from tools.tokens import READ_PROMPT

if TYPE_CHECKING:
    from tools.blend.results import OnStep, Preview

SEARCH = "search_corpus"
"""What every engine begins with."""
PASSAGES_READ = 24
PREVIEW_EVERY_S = 0.4


class SearchArguments(BaseModel):
    query: str = Field(description="The question, in plain words.")


def search_corpus(arguments: SearchArguments, context: ToolContext) -> Ran:
    """Search; the artifact is the SearchResult."""
    assert context.searcher is not None, "search_corpus runs with a searcher"
    result = context.searcher.search(arguments.query, top_k=PASSAGES_READ)
    return describe_search(result), result


SEARCH_CORPUS = ToolSpec(
    name=SEARCH,
    description="Search the papers' summaries and the model cards for passages that answer a question.",
    arguments=SearchArguments,
    run=search_corpus,
    status=lambda arguments: f"Searching the corpus for “{arguments.get('query', '')}”",
    view="search",
)

TOOLS: dict[str, ToolSpec] = {
    spec.name: spec
    for spec in (
        SEARCH_CORPUS,
        READ_PROMPT,
        BLEND_STYLES,
        RUN_EXPERIMENT,
        STRESS_PICTURE,
        *(SEARCH_STYLE, ALIGN_STYLES, DRAW_ARTISTS, FIND_WORK),
        SHOW_SWAP,
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
