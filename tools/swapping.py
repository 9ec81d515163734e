"""The tool `show_swap`: the references of a render, or its picture without the swap and with it.

It renders what `blend_styles` renders with the same arguments, and keeps the pictures alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from langchain_core.tools import ToolException
from pydantic import Field

from tools.rendering import BlendArguments, request_of
from tools.specs import Ran, ToolContext, ToolSpec

WITHOUT = "without_reference.png"


class SwapArguments(BlendArguments):
    method: Literal["reference"] = Field("reference", description="keys and values of references")
    part: Literal["references", "pictures"] = Field(
        "pictures", description="The references alone, or the picture without the swap and with it."
    )


def show_swap(arguments: SwapArguments, context: ToolContext) -> Ran:
    """Render with the swap off and on, and keep the pictures in the context's folder.

    Returns:
        A sentence, and the artifact: run_id, folder, rows ({"line", "pictures": [{"file", "label", "alt"}]} each),
        verdict, record.
    """
    from tools.blend.references import REFERENCES_FOLDER, load_references
    from tools.blend.results import blend
    from tools.blend.style_prompting import StylePrompting
    from tools.models import ModelUnavailable, load_image_model  # torch and diffusers take seconds to import
    from tools.trace.distance import distance

    folder = context.folder
    try:
        model = load_image_model(context.image_model)
        request = request_of(arguments, model)
        pictures = load_references(request.references, folder.parent.parent / REFERENCES_FOLDER)
        prompting = StylePrompting(pictures=pictures, compare=True)
        result = blend(request, model, on_step=context.on_step, trace=False, prompting=prompting)
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in {**result.beside, "image.png": result.images[0]}.items():
            picture.save(folder / name)
    except (ValueError, ModelUnavailable, OSError) as error:
        raise ToolException(f"Nothing was rendered: {error}") from error
    latents = result.arrays["latents_without"][0], result.arrays["latents"][0]
    alike = distance(latents, (result.beside[WITHOUT], result.images[0])).ssim
    if arguments.part == "references":
        rows, verdict = _references(arguments, [name for name in result.beside if name != WITHOUT]), ""
    else:
        rows = _pictures(arguments)
        verdict = f"With the swap the picture is another: {alike:.2f} alike (SSIM), where 1 is the same picture."
    artifact = {"run_id": folder.name, "folder": str(folder), "rows": rows, "verdict": verdict, "record": result.record}
    return verdict or rows[0]["line"], artifact


def _references(arguments: SwapArguments, files: list[str]) -> list[dict[str, Any]]:
    said = [one.prompt or "the picture that was given" for one in arguments.references]
    pictures = [{"file": file, "label": label, "alt": label} for file, label in zip(sorted(files), said, strict=False)]
    return [{"line": "What keys and values are taken from", "pictures": pictures}]


def _pictures(arguments: SwapArguments) -> list[dict[str, Any]]:
    shown = {WITHOUT: "without the swap", "image.png": "with the swap"}
    pictures = [{"file": file, "label": label, "alt": f"{arguments.subject}, {label}"} for file, label in shown.items()]
    return [{"line": f"{arguments.subject}, one seed", "pictures": pictures}]


def _status(arguments: Mapping[str, Any]) -> str:
    return f"Rendering “{arguments.get('subject', '')}” with and without its reference"


SHOW_SWAP = ToolSpec(
    name="show_swap",
    description="Show the references of a render, or its picture with their keys and values and without them.",
    arguments=SwapArguments,
    run=show_swap,
    status=_status,
    view="pictures",
)
