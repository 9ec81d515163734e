"""The tool `read_prompt`: the tokens that the image model makes of a subject and styles. Nothing is rendered."""

from __future__ import annotations

from langchain_core.tools import ToolException
from pydantic import BaseModel, Field

from tools.specs import Ran, ToolContext, ToolSpec

SUBJECT = "subject"


class PromptArguments(BaseModel):
    subject: str = Field(description="What to draw, without any style.")
    styles: list[str] = Field(description="The styles that the prompt names, each a text.")


def read_prompt(arguments: PromptArguments, context: ToolContext) -> Ran:
    """Cut a prompt into tokens, as the image model's tokenizer does.

    Returns:
        A sentence, and the artifact: `phrases` ({"phrase", "tokens"} each, the subject first), `count` (tokens of all
        of them), `max_tokens` (that a prompt may have, the marks at its ends included), `unknown_words`.
    """
    from tools.blend.prompts import PromptEncoder, unknown_words
    from tools.models import ModelUnavailable, load_image_model  # torch and diffusers take seconds to import

    try:
        model = load_image_model(context.image_model)
    except (ModelUnavailable, OSError) as error:
        raise ToolException(f"The prompt was not read: {error}") from error
    styles = tuple(arguments.styles)
    cut = PromptEncoder(model, arguments.subject, styles).tokens()
    phrases = [
        {"phrase": phrase, "tokens": list(tokens)} for phrase, tokens in zip((SUBJECT, *styles), cut, strict=False)
    ]
    count = sum(len(phrase["tokens"]) for phrase in phrases)
    artifact = {
        "phrases": phrases,
        "count": count,
        "max_tokens": model.max_tokens,
        "unknown_words": list(unknown_words(model, (arguments.subject, *styles))),
    }
    return f"The model reads {count} tokens; a prompt may have {model.max_tokens}.", artifact


READ_PROMPT = ToolSpec(
    name="read_prompt",
    description="Show the tokens that the image model makes of a subject and styles.",
    arguments=PromptArguments,
    run=read_prompt,
    status=lambda arguments: f"Reading the prompt of “{arguments.get('subject', '')}”",
    view="tokens",
)
