"""What a message asks for: the Request, and the state of the conversation that it is read in.

Plain data. It knows nothing of how a message is read, of documents or of tools.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

Kind = Literal["ask", "links", "render", "adjust", "experiment", "run", "compare", "program", "social", "foreign"]
Experiment = Literal[
    "flip", "order", "methods", "timing", "seeds", "leave_one_out", "guidance", "where", "weaken", "reference"
]
Method = Literal["prompt", "embedding", "composable", "schedule", "alternate", "reference"]
KINDS: tuple[Kind, ...] = get_args(Kind)
EXPERIMENTS: tuple[Experiment, ...] = get_args(Experiment)


class StyleShare(BaseModel):
    """A style and its share of the blend, 0..1."""

    model_config = ConfigDict(frozen=True)

    text: str
    share: float


class Request(BaseModel):
    """What one message asks for, in the conversation that it stands in."""

    model_config = ConfigDict(frozen=True)

    message: str
    kind: Kind
    runner_up: Kind | None = None  # set where it is nearly as likely: ask back
    confidence: float = 1.0  # probability of `kind`, calibrated
    question: str  # the message in a form that can be searched for by itself
    documents: tuple[str, ...] = ()  # ids of the documents that are named or meant
    styles: tuple[StyleShare, ...] = ()  # shares sum to 1; equal where none were said
    subject: str | None = None
    method: Method | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    experiment: Experiment | None = None
    seeds: int | None = None  # how many, where several were asked for
    notes: tuple[str, ...] = ()  # what was assumed, a sentence each
    refusal: str | None = None  # why the shares cannot be used
    tool: str | None = None  # which tool a button asks for by its name; no message is read as one that has it


@dataclass(frozen=True)
class Run:
    """A finished render or experiment.

    Args:
        tool: "blend", "sweep" or "experiment:NAME".
        styles: Texts and shares.
        is_done: Whether it was rendered, or only proposed.
    """

    tool: str = "blend"
    subject: str | None = None
    styles: tuple[tuple[str, float], ...] = ()
    method: str | None = None
    is_done: bool = True


@dataclass(frozen=True)
class Known:
    """A document of the index as far as a message can name it."""

    id: str
    title: str
    kind: str = "paper"
    github_url: str | None = None


@dataclass(frozen=True)
class State:
    """Where a conversation stands.

    Args:
        runs: What was rendered, oldest first; a proposal that still waits for its click comes last.
        spoken: Ids of the documents that the last answer from the corpus spoke of, in its order.
        focus: The one of them that it was most about; None: the first.
        earlier: Ids of documents that were spoken of before, oldest first.
        questions: What the corpus was asked, in standalone form, oldest first.
        documents: The documents of the index.
        open: A Request that was asked back about, until it is settled.
    """

    runs: tuple[Run, ...] = ()
    spoken: tuple[str, ...] = ()
    focus: str | None = None
    earlier: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    documents: tuple[Known, ...] = ()
    open: Request | None = None
