"""What a tool is to whoever calls it: a `ToolSpec`, and the `ToolContext` that it runs with.

It knows no tool; `registry.py` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from tools.search import Searcher

if TYPE_CHECKING:
    from tools.blend.results import OnStep


@dataclass(frozen=True)
class ToolContext:
    """What a tool runs with.

    Args:
        searcher: Searches the corpus.
        image_model: The name of the model to render with.
        folder: Where a run that renders keeps its files; its name becomes the run's id.
        on_step: As in `tools.blend.results.blend`.
        upstream: The folders of the runs that this one follows in a workflow, in their order.
    """

    searcher: Searcher | None
    image_model: str
    folder: Path
    on_step: OnStep | None = None
    upstream: tuple[Path, ...] = ()


Ran = tuple[str, Any]
"""What a tool returns: its result in sentences, and the artifact for the page."""


@dataclass(frozen=True)
class StageCall:
    """The call that shows a stage of a workflow, made of the call that the workflow is offered with.

    Args:
        changes: What differs from its arguments.
        tool: Another tool, by its name; it takes those of the arguments that it has.
    """

    changes: Mapping[str, Any] = field(default_factory=dict)
    tool: str | None = None


@dataclass(frozen=True)
class Shows:
    """What a run of a tool lets one see.

    A claim speaks of it that holds a word of every group, and is like one of the sentences.

    Args:
        like: Sentences that say it, in anybody's words.
        words: Groups of beginnings of words.
        example: The arguments that an offer begins with.
        stages: What shows each stage of a workflow, by its name: input, model, output.
    """

    like: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    example: Mapping[str, Any]
    stages: Mapping[str, StageCall] = field(default_factory=dict)


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
        weights: Files that its results depend on, beside the image model.
        shows: What a run of it lets one see, so that a claim that speaks of it can offer it; None where none does.
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
    weights: tuple[Path, ...] = ()
    shows: Shows | None = None
