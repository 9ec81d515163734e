"""Undertone, opened: the corpus indexed, the agent built, the conversations at hand.

What the command line and the page share.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from app.agent.engines import EngineUnavailable, load_chat_model
from app.agent.graph import build_agent
from app.answers import Citation, CitedAnswer, WorkflowStage
from app.conversation.chat import Agent, Chat
from app.conversation.database import open_database
from app.conversation.feedback import Feedback
from app.conversation.render_jobs import RenderJob
from app.conversation.render_queue import OnStep, RenderQueue
from app.conversation.shared_queue import SharedRenderQueue
from app.conversation.shared_store import open_conversations, open_feedback
from app.conversation.sources import all_sources_of
from app.conversation.store import Conversations, ConversationsRefused
from app.conversation.workflow_runs import WorkflowRuns, weights_of
from app.corpora.homes import check_corpus, home_of
from app.corpora.sources import KEPT, Sourced, Sources
from app.settings import Settings, UnusableSettings
from app.understanding.request import Known, State
from app.understanding.understand import understand
from ingest.cluster import ClusterUnavailable, join_cluster
from ingest.documents import Document
from ingest.index import Index, IndexRefused
from ingest.queries import IndexQueries
from ingest.store_process import stop_worker
from ingest.vectors import EmbedderUnavailable, load_embedder
from tools.registry import build_tools, paced_previews, run_tool
from tools.render_pool import RenderPool
from tools.search import Searcher
from tools.specs import ToolContext

OPENING_ERRORS = (
    UnusableSettings, EngineUnavailable, EmbedderUnavailable, IndexRefused, ConversationsRefused, ClusterUnavailable,
)  # fmt: skip
"""What a person can mend; each message is one line that says how."""


@dataclass(frozen=True)
class Shared:
    """What all who ask have in common; nothing in it belongs to a person.

    Args:
        rendering: Held while something renders, which fills the processor and the image model; as many hold it as a
            pool has workers.
        pool: The workers of a cluster that render; None renders here.
        sources: The corpora that this one was joined with.
    """

    settings: Settings
    model: BaseChatModel
    index: IndexQueries
    searcher: Searcher
    known: KnownDocuments
    rendering: AbstractContextManager[Any] = field(default_factory=threading.Lock)
    pool: RenderPool | None = None
    sources: Sources = field(default_factory=Sources)

    def joined(self, index: IndexQueries) -> Shared:
        """The same over another index."""
        return replace(self, index=index, searcher=Searcher(index), known=KnownDocuments(index))


@dataclass(frozen=True)
class Undertone:
    settings: Settings
    shared: Shared
    chat: Chat

    @property
    def index(self) -> IndexQueries:
        return self.shared.index

    @property
    def searcher(self) -> Searcher:
        return self.shared.searcher

    @property
    def conversations(self) -> Conversations:
        assert self.chat.conversations is not None, "opened without conversations"
        return self.chat.conversations

    @property
    def feedback(self) -> Feedback:
        return open_feedback(self.settings)

    def document(self, document_id: str) -> Document | None:
        """A document of the corpus; None when it has been removed since it was cited."""
        try:
            return self.index.document(document_id)
        except KeyError:
            return None

    def sourced(self, names: Collection[str]) -> Sourced:
        """What is searched where these corpora are searched beside this one."""
        return self.shared.sources.join(self.shared, names)

    def cited(self, conversation_id: str, citations: Sequence[Citation]) -> Document | None:
        """The document that a conversation cites, of whichever corpus it searched then.

        Args:
            citations: Of one document.

        Returns:
            What holds the quotes to the letter, where anything of that id does; None where there is none of that id.
        """
        index = self.sourced(all_sources_of(self.chat.messages(conversation_id))).shared.index
        meant = index.meant(citations[0].document_id)
        return next((d for d in meant if all(d.text[c.start : c.end] == c.quote for c in citations)), [*meant, None][0])

    def answer(
        self, question: str, conversation_id: str | None = None, sources: Sequence[str] | None = None
    ) -> CitedAnswer:
        """Answer one question, in a conversation of its own unless one is given; `sources` as in `Chat.begin`."""
        *_, answer = self.chat.ask(conversation_id or uuid.uuid4().hex, question, sources)
        if not isinstance(answer, CitedAnswer):
            raise RuntimeError("the engine ended without an answer; ask again")
        return answer

    def run(self, tool: str, arguments: Mapping[str, Any]) -> Any:
        """Run a tool that needs no click of its own and leaves nothing behind; returns its artifact.

        Raises:
            ToolException: It cannot be run; its text is one line.
        """
        context = ToolContext(self.searcher, self.settings.image_model, self.settings.renders)
        _, artifact = run_tool(tool, arguments, context)
        return artifact

    def workflow_runs(self, name: str, stages: Sequence[WorkflowStage]) -> WorkflowRuns:
        """The runs of a workflow's stages; what they make is kept among the person's belongings.

        Args:
            name: Of the workflow, stable for as long as its stages are to be found again.
        """

        def run(tool: str, arguments: Mapping[str, Any], folder: Path, before: Sequence[Path]) -> tuple[str, Any]:
            context = ToolContext(self.searcher, self.settings.image_model, folder, upstream=tuple(before))
            with self.shared.rendering:
                return run_tool(tool, arguments, context)

        weights = weights_of(self.settings.image_model)
        return WorkflowRuns(self.settings.belongings / "stages", name, stages, run, weights)

    def approve(self, conversation_id: str) -> dict[str, Any]:
        """Run what the last answer of a conversation proposes.

        Returns:
            `results`, the artifact of each run with its tool, arguments and text, and `told`, the answer that says what
            came of them (None where nothing was proposed).
        """
        already = len(self.chat.messages(conversation_id))
        events = list(self.chat.approve(conversation_id))
        made = [m for m in self.chat.messages(conversation_id)[already:] if isinstance(m, ToolMessage)]
        told = next((event for event in reversed(events) if isinstance(event, CitedAnswer)), None)
        return {
            "results": [{"tool": m.name, "text": m.text, **(m.artifact or {})} for m in made],
            "told": told.to_json() if told else None,
        }


def open_undertone(settings: Settings, *, keep: bool) -> Undertone:
    """Open the conversations, the engine and the index.

    Args:
        keep: Keep conversations under the home; False for questions that belong to none.

    Raises:
        ConversationsRefused: Their file cannot be used.
        EngineUnavailable, EmbedderUnavailable, IndexRefused: As `open_shared`.
    """
    conversations = open_conversations(settings) if keep else None
    return _with_chat(settings, open_shared(settings), conversations)


def open_for(shared: Shared, person: str | None) -> Undertone:
    """Open what belongs to one person, beside what all have in common.

    Args:
        person: As in `Settings`; nothing of anybody else's can be reached through what is returned.

    Raises:
        ConversationsRefused: Their file cannot be used.
    """
    settings = replace(shared.settings, person=person)
    return _with_chat(settings, shared, open_conversations(settings))


def open_shared(settings: Settings, *, is_seeded: bool = True) -> Shared:
    """Open the engine and the index.

    Args:
        is_seeded: Make the index from the packaged corpus when the home has none.

    Raises:
        EngineUnavailable: The chat engine cannot be used.
        EmbedderUnavailable: The embedder cannot be loaded.
        IndexRefused: The index was made with another embedder, cannot be reached, or another run is changing it.
        ClusterUnavailable: The cluster that is named cannot be joined.
    """
    model = load_chat_model(settings)
    index = Index(settings.home, load_embedder(settings.embedder), settings.chroma_url)
    if is_seeded and not index.is_begun:  # or the first run was cut off, before anything that it made could be searched
        index.sync_paths([settings.corpus])
        stop_worker()
    searcher = Searcher(index)
    searcher.search("style")  # embedder and heads load at their first text; that belongs to the start, not to an answer
    understand("style", State())
    known = KnownDocuments(index)
    if settings.ray is None:
        return Shared(settings, model, index, searcher, known)
    pool = RenderPool(join_cluster(settings.ray), settings.image_model)
    return Shared(settings, model, index, searcher, known, threading.BoundedSemaphore(pool.size), pool)


def open_corpus(settings: Settings, name: str) -> Shared:
    """Open a corpus by its name; only the first one begins with the documents that come with the program.

    Raises:
        NoSuchCorpus: It is not there any more.
    """
    check_corpus(settings, name)
    return open_shared(replace(settings, home=home_of(settings, name), corpus_name=name), is_seeded=not name)


def _with_chat(settings: Settings, shared: Shared, conversations: Conversations | None) -> Undertone:
    checkpointer = conversations.checkpointer if conversations else InMemorySaver()

    @lru_cache(maxsize=KEPT)
    def build(searcher: Searcher, known: KnownDocuments) -> Agent:
        return build_agent(
            shared.model, build_tools(searcher, settings.image_model, settings.renders), checkpointer, known
        )

    def agent_for(names: Sequence[str]) -> tuple[Agent, Sequence[str]]:
        sourced = shared.sources.join(shared, names)
        return build(sourced.shared.searcher, sourced.shared.known), sourced.lacking

    return Undertone(settings, shared, Chat(build(shared.searcher, shared.known), conversations, agent_for))


class KnownDocuments:
    """The index's documents as far as a message can name them; read again when the index has changed."""

    def __init__(self, index: IndexQueries) -> None:
        self._index = index
        self._read: tuple[int, tuple[Known, ...]] | None = None

    def __call__(self) -> tuple[Known, ...]:
        revision = self._index.revision
        if self._read is None or self._read[0] != revision:
            documents = self._index.documents()
            self._read = revision, tuple(Known(d.id, d.title, d.kind, d.github_url) for d in documents)
        return self._read[1]


def open_render_queue(undertone: Undertone) -> RenderQueue:
    """Start the queue that renders what a person approved and puts it into its conversation."""

    def render(job: RenderJob, folder: Path, on_step: OnStep) -> dict[str, Any]:
        if (pool := undertone.shared.pool) and pool.runs(job.tool):
            content, artifact = pool.render(job.tool, job.arguments, folder, on_step)
            return {"content": content, "artifact": artifact}
        context = ToolContext(undertone.searcher, undertone.settings.image_model, folder, paced_previews(on_step))
        content, artifact = run_tool(job.tool, job.arguments, context)
        return {"content": content, "artifact": artifact}

    def hand_over(job: RenderJob) -> None:
        result = job.result or {}
        message = ToolMessage(result["content"], name=job.tool, tool_call_id=job.call_id, artifact=result["artifact"])
        undertone.chat.hand_over(job.conversation_id, job.call_id, job.arguments, message)

    settings, rendering = undertone.settings, undertone.shared.rendering
    if settings.database_url:
        database = open_database(settings.database_url)
        return SharedRenderQueue(database, settings.whose, settings.renders, render, hand_over, rendering)
    return RenderQueue(settings.renders, render, hand_over, rendering)
